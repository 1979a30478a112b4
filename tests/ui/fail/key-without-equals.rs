#[crons::monitor(slug("job"))]
fn job() {}

fn main() {
    job();
}
