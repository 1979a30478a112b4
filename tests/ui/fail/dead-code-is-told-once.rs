#![deny(dead_code)]

#[crons::monitor]
fn job() {}

#[crons::monitor(interval = "1 hour")]
async fn later() {}

fn main() {}
