#[crons::main(slug = "job", schedule = "@daily")]
fn job(all: &[u8]) -> usize {
    all.len()
}

fn main() {
    job(&[]);
}
