#[crons::monitor(slug = "Has Space!")]
fn job() {}

fn main() {
    job();
}
