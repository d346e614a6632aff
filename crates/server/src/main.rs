//! The server's program: it reads the command line, installs the cryptography provider, and runs the command.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use keyfold_server::{
    commands::{Arguments, Form, run},
    tls,
};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    let form = arguments.form();
    if tls::provider().install_default().is_err() {
        return failed("another cryptography provider is installed", form);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => match runtime.block_on(run(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error.to_string(), form),
        },
        Err(error) => failed(&error.to_string(), form),
    }
}

fn failed(detail: &str, form: Form) -> ExitCode {
    match form {
        Form::Text => say(&format!("keyfoldd: {detail}")),
        Form::Json => say(&problem("failed", detail, FAILED)),
    }
    ExitCode::from(FAILED)
}

/// What clap says of the command line: its own words for people, one problem object for programs. `--help` is no failure.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || !std::env::args_os().any(|argument| argument == "--json") {
        error.exit();
    }
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    say(&problem("usage", lines.join(" ").trim_start_matches("error: "), USAGE));
    ExitCode::from(USAGE)
}

/// A problem object (RFC 9457).
fn problem(title: &str, detail: &str, exit_status: u8) -> String {
    let kind = format!("urn:keyfold:problem:{title}");
    serde_json::json!({ "type": kind, "title": title, "detail": detail, "exit_status": exit_status }).to_string()
}

fn say(line: &str) {
    // If standard error is gone, nobody reads it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
