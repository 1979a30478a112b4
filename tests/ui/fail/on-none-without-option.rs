type Done = Result<u8, String>;

#[crons::monitor(on_none = "error")]
fn no_option() -> Done {
    Ok(1)
}

#[crons::monitor(on_none = "error")]
fn nothing() {}

fn main() {
    let _ = no_option();
    nothing();
}
