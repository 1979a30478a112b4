trait Job {
    #[crons::monitor(slug = "job")]
    fn run(&self);
}

fn main() {}
