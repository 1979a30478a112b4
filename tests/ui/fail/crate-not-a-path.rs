#[crons::monitor(crate = "crons")]
fn job() {}

fn main() {
    job();
}
