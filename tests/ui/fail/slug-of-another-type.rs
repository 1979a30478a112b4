const NUMBER: u8 = 3;

#[crons::monitor(slug = NUMBER)]
fn job() {}

fn main() {
    job();
}
