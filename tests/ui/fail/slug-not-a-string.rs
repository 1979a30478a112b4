#[crons::monitor(slug = 3)]
fn job() {}

fn main() {
    job();
}
