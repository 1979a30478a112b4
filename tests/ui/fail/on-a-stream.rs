trait Stream {
    type Item;
}

impl Stream for () {
    type Item = u8;
}

#[crons::monitor]
fn job() -> impl Stream<Item = u8> {}

fn main() {
    let _ = job();
}
