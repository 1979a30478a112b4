#[crons::monitor]
mod jobs {
    pub fn job() {}
}

fn main() {
    jobs::job();
}
