//! `keyfold`: the companion client.
//!
//! It reads the command line, asks and shows; every rule lives in `keyfold-client`. Results go to standard output, and
//! everything else to standard error; each failure is one line and an exit status of [`exit::Exit`].

#![allow(rustdoc::bare_urls, reason = "comments on arguments are the program's help")]

mod agent;
mod app;
mod args;
mod commands;
mod exit;
mod failure;
mod keyring;
mod output;
mod posture;
mod terminal;
#[cfg(all(target_os = "linux", feature = "tpm"))]
#[allow(dead_code, unused_imports, reason = "no command uses it yet")]
mod tpm;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let json = cli.global.json;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(THREADS).build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failure::Failure::internal(&error).report(json),
    };
    let code = match runtime.block_on(commands::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    };
    // A prompt may still wait in a thread; nobody will answer it.
    runtime.shutdown_background();
    code
}

/// What clap says of the command line: its own words for people, one problem object for programs. `--help` is no failure.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || !std::env::args_os().any(|argument| argument == "--json") {
        error.exit();
    }
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let detail = lines.join(" ");
    failure::Failure::new(exit::Exit::Usage, detail.trim_start_matches("error: ")).report(true)
}

/// More than all ceremonies of all browsers at once: none waits for another's person.
const THREADS: usize = 1_024;
