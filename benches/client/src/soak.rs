//! A soak test: minutes of jobs of all kinds, and then the balance of the books.

mod books;
mod jobs;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::contenders::{OurClient, crons_options};
use books::Books;
use server::Server;

/// Threads that run jobs.
const THREADS: u64 = 16;
/// The limit for delivering the rest once the server behaves: longer than any pause that it has asked for.
const LONGEST: Duration = Duration::from_secs(120);

pub fn run(seconds: u64, seed: u64) -> Result<()> {
    println!("{seconds} s with {THREADS} threads, seed {seed}");
    std::panic::set_hook(Box::new(|_| ()));
    let books = Arc::new(Books::default());
    let server = Server::start(Arc::clone(&books), seed)?;
    let options = crons_options(&OurClient::Dsn(&format!("http://key@{}/1", server.address())));
    // The timeout is shorter than the longest delays of the server.
    let crons = crons::try_init(options.request_timeout(Duration::from_millis(500)))?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let books = Arc::clone(&books);
            std::thread::spawn(move || jobs::run(&books, thread, seed, until))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a job has harmed its thread")?;
    }
    server.behave();
    let settled = crons.flush(LONGEST);
    let stats = crons.close(Duration::from_secs(1));
    println!("{server}\n{stats:?}\nsettled: {settled}");
    let account = books.account(&stats)?;
    println!("{account}\nthe books balance");
    Ok(())
}
