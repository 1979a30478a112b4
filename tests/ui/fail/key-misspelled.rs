#[crons::monitor(scedule = "@daily", max_runtime = 5)]
fn job() {}

fn main() {
    job();
}
