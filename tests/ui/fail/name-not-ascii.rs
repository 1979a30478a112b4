#[crons::monitor]
fn größe() {}

fn main() {
    größe();
}
