use std::rc::Rc;

fn spawn(_: impl Future + Send) {}

#[crons::monitor]
async fn job() {
    let rc = Rc::new(1);
    std::future::ready(()).await;
    drop(rc);
}

fn main() {
    spawn(job());
}
