fn main() {
    #[crons::monitor(slug = "rotate-logs")]
    let rotated = 1;
    drop(rotated);
}
