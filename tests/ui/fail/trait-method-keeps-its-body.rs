struct Job;

impl Iterator for Job {
    type Item = u8;

    // The fault causes one error: the method is not missing as well.
    #[crons::monitor(slug = "Job")]
    fn next(&mut self) -> Option<u8> {
        None
    }
}

fn main() {
    Job.next();
}
