#![deny(unsafe_op_in_unsafe_fn)]

#[crons::monitor]
unsafe fn job(n: *const u8) -> u8 {
    *n
}

#[crons::monitor]
unsafe fn well(n: *const u8) -> u8 {
    unsafe { *n }
}

fn main() {
    let _ = unsafe { (job(&3), well(&3)) };
}
