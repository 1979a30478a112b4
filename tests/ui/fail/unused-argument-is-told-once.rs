#![deny(unused_variables, unused_mut, dead_code)]

#[crons::monitor]
fn job(unused: u8, mut never_changed: u8) -> u8 {
    never_changed
}

#[crons::monitor]
fn dead() {}

fn main() {
    job(1, 2);
}
