//! The server's program: it reads the command line, installs the cryptography provider, and runs the command.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use keyfold_server::{
    commands::{Arguments, run},
    tls,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if tls::provider().install_default().is_err() {
        return failed("another cryptography provider is installed");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => match runtime.block_on(run(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error.to_string()),
        },
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(error: &str) -> ExitCode {
    // If standard error is gone, nobody reads it.
    let _ = writeln!(std::io::stderr(), "keyfoldd: {error}");
    ExitCode::FAILURE
}
