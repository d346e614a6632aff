use std::io::Write;

use crate::failure::Failure;

/// Prints a result on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(Failure::io("standard output"))
}

/// Prints a line on standard error. Where that is closed, nobody is there to miss it.
pub(crate) fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Says how far something long has come.
pub(crate) fn progress(what: &str) {
    say(&format!("    {what}"));
}
