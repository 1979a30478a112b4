struct Job;

impl Job {
    #[crons::monitor]
    fn run(&self) {}
}

fn main() {
    Job.run();
}
