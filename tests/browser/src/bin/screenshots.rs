//! Takes the pictures of the README: the list, the page of a monitor, and why, in both schemes, with the data of `crons demo`.
//!
//! usage: `screenshots PATH_OF_CRONS FOLDER`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a script for maintainers")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crons_browser_tests::{Browser, Look, look_at};

/// A demo that is running. Its drop ends it.
struct Demo {
    process: Child,
    origin: String,
}

impl Demo {
    fn start(crons: &str) -> Self {
        let mut process = Command::new(crons).arg("demo").stdout(Stdio::piped()).spawn().unwrap();
        // The line is "Demo: 90 days of invented jobs. Open http://127.0.0.1:40571/".
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let origin = line.trim_end().rsplit(' ').next().unwrap().trim_end_matches('/').to_owned();
        Self { process, origin }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // The process has ended by itself if this fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (crons, folder) = (arguments.next().unwrap(), arguments.next().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let demo = Demo::start(&crons);
    for (dark, scheme) in [(false, "light"), (true, "dark")] {
        let look = Look { dark, width: 1_080, scripts: true };
        look_at(demo.origin.clone(), look, async |browser| {
            browser.open_page("/?window=7d").await;
            save(browser, Path::new(&folder), "list", scheme).await;
            browser.click("#monitors .monitor.missed h2 a").await;
            browser.find(".monitor-page").await;
            save(browser, Path::new(&folder), "monitor", scheme).await;
            browser.click(".runs a[href^='/why/']").await;
            browser.find("article.why").await;
            save(browser, Path::new(&folder), "why", scheme).await;
        })
        .await;
    }
}

async fn save(browser: &Browser, folder: &Path, name: &str, scheme: &str) {
    let path = folder.join(format!("{name}-{scheme}.png"));
    let picture = browser.screenshot().await;
    println!("{}: {} kB", path.display(), picture.len().div_ceil(1_000));
    std::fs::write(path, picture).unwrap();
}
