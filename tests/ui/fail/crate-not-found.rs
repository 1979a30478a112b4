#[crons::monitor(crate = nowhere)]
fn job() {}

fn main() {
    job();
}
