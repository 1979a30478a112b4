#[crons::monitor]
async fn job(early: bool) -> Result<u8, String> {
    if early {
        return 3;
    }
    "4".parse()?;
    Ok(5)
}

fn main() {
    drop(job(true));
}
