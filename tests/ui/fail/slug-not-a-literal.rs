#[crons::monitor(slug = concat!("nightly", "-backup"))]
fn job() {}

fn main() {
    job();
}
