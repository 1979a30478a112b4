struct Job;

impl Job {
    const SLUG: &str = "job";

    #[crons::monitor(slug = Self::SLUG)]
    fn run(&self) {}
}

fn main() {
    Job.run();
}
