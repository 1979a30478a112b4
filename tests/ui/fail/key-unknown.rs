#[crons::monitor(color = "green")]
fn job() {}

fn main() {
    job();
}
