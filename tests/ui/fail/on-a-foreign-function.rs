unsafe extern "C" {
    #[crons::monitor]
    safe fn job();
}

fn main() {
    job();
}
