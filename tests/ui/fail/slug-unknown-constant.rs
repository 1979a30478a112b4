#[crons::monitor(slug = NIGHTLY)]
fn job() {}

fn main() {
    job();
}
