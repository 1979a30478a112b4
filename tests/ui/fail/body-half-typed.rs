//! The compiler says what it would without us, and knows the function.

#[crons::monitor]
fn job(n: u8) -> u8 {
    let m = ;
    n
}

fn main() {
    let _: u8 = job(3);
}
