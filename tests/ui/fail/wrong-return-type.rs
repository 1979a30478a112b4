#[crons::monitor]
fn job() -> u8 {
    "text"
}

#[crons::monitor]
async fn async_job() {
    "text"
}

fn main() {
    job();
    drop(async_job());
}
