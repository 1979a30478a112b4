#[crons::monitor(on_cancel = "ok")]
fn job() {}

fn main() {
    job();
}
