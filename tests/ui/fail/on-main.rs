#[crons::monitor(slug = "nightly-backup", schedule = "@daily")]
fn main() {
    let _crons = crons::init(crons::ClientOptions::default());
}
