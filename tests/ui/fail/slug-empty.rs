#[crons::monitor(slug = "")]
fn job() {}

fn main() {
    job();
}
