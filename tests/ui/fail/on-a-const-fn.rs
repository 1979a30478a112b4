#[crons::monitor]
const fn job() -> u8 {
    1
}

const ONE: u8 = job();

fn main() {
    let _ = ONE;
}
