#[crons::monitor]
fn job() {
    let m =
}

fn main() {
    job();
}
