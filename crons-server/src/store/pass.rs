//! The parts of the due rows that the servers on a database take, and how far these servers are.

use jiff::Timestamp;

/// A part of the monitors: those whose row ids leave a remainder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// The number of slices, 1 at least.
    pub of: u32,
    /// The remainder.
    pub place: u32,
}

impl Slice {
    /// The slice that has all monitors.
    pub const WHOLE: Self = Self { of: 1, place: 0 };
}

/// The part of the due rows that a server takes, where several evaluate deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    pub slice: Slice,
    /// Whether monitors are passed over that a transaction of another server has locked; else they are waited for.
    pub skips_locked: bool,
}

impl Pass {
    /// The pass that takes all rows.
    pub const ALL: Self = Self { slice: Slice::WHOLE, skips_locked: false };
}

/// How far the servers on a database are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The instant until which all servers that receive have stored what they received.
    pub low_watermark: Timestamp,
    /// The deadlines of all minutes up to this one are evaluated; `None` if no server has evaluated any.
    pub evaluated_through: Option<Timestamp>,
    /// Whether this server evaluates the deadlines that others leave.
    pub decides: bool,
    /// The monitors whose deadlines this server evaluates first.
    pub slice: Slice,
    /// Whether there are other servers. One that was killed counts for some seconds.
    pub has_others: bool,
    /// Whether one of them has just said that it is receiving.
    pub others_receive: bool,
}
