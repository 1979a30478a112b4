#[crons::monitor(options = crons::ClientOptions::new())]
fn job() {}

fn main() {
    job();
}
