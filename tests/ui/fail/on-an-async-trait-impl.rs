trait Nightly {
    fn run(&self);
}

struct Job;

#[crons::monitor(slug = "job")]
impl Nightly for Job {
    fn run(&self) {}
}

fn main() {
    Job.run();
}
