#[crons::monitor(slug = "job", interval = "1h", slug = "other")]
fn job() {}

fn main() {
    job();
}
