#[crons::main(schedule = "@daily")]
fn main() {}
