#[crons::monitor(slug = "a-slug-of-more-than-fifty-characters-is-cut-by-the-server")]
fn job() {}

fn main() {
    job();
}
