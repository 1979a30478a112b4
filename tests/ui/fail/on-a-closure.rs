fn main() {
    let rotate = #[crons::monitor(slug = "rotate-logs")] || 1;
    rotate();
}
