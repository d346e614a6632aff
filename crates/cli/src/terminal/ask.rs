use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
};

use crate::{exit::Exit, failure::Failure};

/// Asks a question that is answered by yes or no; anything but yes is no.
pub(crate) fn ask_yes(question: &str) -> Result<bool, Failure> {
    let answer = ask_line(&format!("{question} [y/N] "), "--yes")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line on the terminal, whatever standard input is. Without one, says which option to give.
pub(crate) fn ask_line(prompt: &str, option: &str) -> Result<String, Failure> {
    let no_terminal = || Failure::new(Exit::Usage, format!("there is no terminal to ask at; give {option}"));
    let mut terminal = terminal().ok_or_else(no_terminal)?;
    terminal.write_all(prompt.as_bytes()).map_err(|_| no_terminal())?;
    let mut line = String::new();
    BufReader::new(terminal).read_line(&mut line).map_err(|_| no_terminal())?;
    Ok(line)
}

/// Whether somebody can be asked.
pub(crate) fn has_terminal() -> bool {
    terminal().is_some()
}

fn terminal() -> Option<File> {
    let path = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
    OpenOptions::new().read(true).write(true).open(path).ok()
}
