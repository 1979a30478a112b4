#![deny(warnings)]

const RATE: u8 = 3;

#[crons::monitor(
    slug = "nightly-backup",
    schedule = "@daily",
    timezone = "Europe/Vienna",
    checkin_margin = 10,
    max_runtime = "2h",
    failure_issue_threshold = 2,
    recovery_threshold = 1,
    owner = "team:ops",
    on_cancel = "ignore",
    crate = crons
)]
async fn every_argument() {}

#[crons::monitor]
#[must_use]
#[inline]
#[cold]
#[track_caller]
/// Documented.
fn kept() -> u8 {
    RATE
}

#[crons::monitor]
fn inner_attributes() {
    //! Documented.
    #![expect(unused_variables)]
    let x = 3;
}

#[crons::monitor]
async fn inner_attributes_async() {
    #![expect(unused_variables)]
    let x = 3;
    std::future::ready(()).await;
}

#[expect(dead_code, reason = "the lint still sees the function")]
#[crons::monitor]
fn dead() {}

#[crons::monitor(slug = "foreign")]
extern "C" fn foreign(n: u8) -> u8 {
    n
}

#[crons::monitor]
unsafe fn with_unsafe_operations(n: *const u8) -> u8 {
    unsafe { *n }
}

#[crons::monitor(interval = "1 hour")]
fn r#match() {}

macro_rules! made {
    ($vis:vis $name:ident, $slug:literal, $ty:ty, $body:block) => {
        #[crons::monitor(slug = $slug)]
        $vis fn $name(_: $ty) -> $ty $body
    };
}

made!(pub(crate) made, "made", u8, { 1 });

fn main() {
    drop(every_argument());
    inner_attributes();
    drop(inner_attributes_async());
    assert_eq!(kept() + made(0), 4);
    r#match();
    assert_eq!(foreign(1), 1);
    assert_eq!(unsafe { with_unsafe_operations(&2) }, 2);
}
