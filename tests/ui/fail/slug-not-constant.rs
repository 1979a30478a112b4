fn name() -> &'static str {
    "job"
}

#[crons::monitor(slug = name())]
fn job() {}

fn main() {
    job();
}
