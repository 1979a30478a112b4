#![deny(unused_variables, unused_mut, dead_code)]

#[crons::monitor]
fn job(unused: u8, mut never_changed: u8) -> u8 {
    never_changed
}

#[crons::monitor]
fn only_assigned(mut written: u8) {
    written = 1;
}

#[crons::monitor]
fn dead() {}

fn main() {
    job(1, 2);
    only_assigned(1);
}
