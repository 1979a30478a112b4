struct Job;

#[crons::monitor]
impl Job {
    fn run(&self) {}
}

fn main() {
    Job.run();
}
