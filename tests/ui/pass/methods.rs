#![deny(warnings)]

use std::pin::Pin;
use std::sync::Arc;

#[derive(Default)]
struct Job {
    names: Vec<String>,
    n: u8,
}

impl Job {
    #[crons::monitor(slug = "job")]
    fn field(&mut self) -> &mut u8 {
        &mut self.n
    }

    #[crons::monitor(slug = "job")]
    async fn lookup(&mut self, name: &str) -> Option<&mut String> {
        self.names.iter_mut().find(|known| *known == name)
    }

    #[crons::monitor(slug = "job")]
    fn consumed(mut self) -> Vec<String> {
        self.names.push(String::new());
        self.names
    }

    #[crons::monitor(slug = "job")]
    fn shared(self: Arc<Self>) -> u8 {
        self.n
    }

    #[crons::monitor(slug = "job")]
    async fn pinned(self: Pin<&mut Self>) -> u8 {
        self.n
    }

    #[crons::monitor]
    fn made() -> Self {
        Self::default()
    }
}

trait Nightly {
    fn run(&self) -> u8;
    fn run_async(&self) -> impl Future<Output = u8> + Send;

    #[crons::monitor(slug = "job")]
    fn twice(&self) -> u8 {
        self.run() * 2
    }
}

impl Nightly for Job {
    #[crons::monitor(slug = "job")]
    fn run(&self) -> u8 {
        self.n
    }

    #[crons::monitor(slug = "job")]
    async fn run_async(&self) -> u8 {
        self.n
    }
}

fn main() {
    let mut job = Job::made();
    *job.field() = 3;
    assert_eq!(job.twice(), 6);
    drop(job.run_async());
    drop(job.lookup("x"));
    drop(Pin::new(&mut job).pinned());
    assert_eq!(Arc::new(Job::default()).shared(), 0);
    assert_eq!(job.consumed().len(), 1);
}
