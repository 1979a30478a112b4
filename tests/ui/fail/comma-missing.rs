#[crons::monitor(slug = "job" interval = "1h")]
fn job() {}

fn main() {
    job();
}
