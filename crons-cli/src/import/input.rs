//! The texts that are imported, from files, standard input and `crontab -l`.

use std::io::Read;
use std::path::Path;
use std::process::Command;

/// Reads a file, or standard input for `-`.
pub(super) fn read(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = read.map_err(|error| format!("it cannot be read: {error}"))?;
    text(bytes, &format!("iconv -f LATIN1 -t UTF-8 {}", file.display()))
}

/// Converts a file to text. `convert` is a command that prints it in UTF-8.
fn text(bytes: Vec<u8>, convert: &str) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8; convert the file, such as by `{convert}`, and name `-` to read the output")
    })
}

/// The name of a file in messages.
pub(super) fn shown(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

/// The crontab of the user who runs the command; empty if there is none.
pub(super) fn own_crontab() -> Result<String, String> {
    let help = "name a file: crons import crontab FILE";
    let output = Command::new("crontab")
        .arg("-l")
        .output()
        .map_err(|error| format!("`crontab -l` cannot be run: {error}; {help}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`crontab -l` failed: {}; {help}", said.trim()));
    }
    text(output.stdout, "crontab -l | iconv -f LATIN1 -t UTF-8")
        .map_err(|reason| format!("your crontab: {reason}"))
}
