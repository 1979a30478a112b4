#[crons::monitor]
struct Job;

fn main() {
    let _ = Job;
}
