#[crons::monitor(on_cancel = "fail")]
fn job() {}

fn main() {
    job();
}
