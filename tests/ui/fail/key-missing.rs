#[crons::monitor("job")]
fn job() {}

fn main() {
    job();
}
