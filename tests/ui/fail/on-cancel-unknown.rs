#[crons::monitor(on_cancel = "fail")]
async fn job() {}

fn main() {
    drop(job());
}
