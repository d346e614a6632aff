//! `keyfold-bench`: how near the real server and client come to the limits of the machine.
//!
//! Each measurement runs what is measured and its limit by turns, in the same run, on the same cores and the same disk,
//! and gives rows of a value, its limit and their ratio. A limit is what the machine does without us: a bare actix route,
//! a raw commit of SQLite, pgbench, AES-256-GCM alone. [`report`] says which ratios must hold.
//!
//! The server is the release `keyfoldd` beside this program, started on loopback with a data folder of its own; requests
//! are signed before the clock starts, so that two cores are not spent on the client. Nothing is faked: every request is
//! answered by the program that people run.

#![allow(rustdoc::bare_urls, reason = "comments on arguments are the program's help")]

mod arguments;
mod children;
mod compare;
mod device;
mod failure;
mod limits;
mod line;
mod load;
mod measurement;
mod output;
mod report;
mod server;
mod stage;
mod subjects;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;
use measurement::Measurement;
use report::{Row, Verdict};
use stage::Stage;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::Misses) => ExitCode::FAILURE,
        Err(failure) => {
            output::say(&format!("keyfold-bench: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<Verdict, Failure> {
    match &arguments.command {
        Some(Command::List) => output::print(&measurement::list())?,
        Some(Command::BareRoute { bodies }) => limits::bare::serve(bodies)?,
        Some(Command::StayAwake) => limits::awake::spin(),
        None => return measure(&arguments),
    }
    Ok(Verdict::Holds)
}

fn measure(arguments: &Arguments) -> Result<Verdict, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::io("a runtime"))?;
    let stage = Stage::set(arguments)?;
    let (rows, failed) = runtime.block_on(async {
        tokio::select! {
            measured = all(&stage, arguments.measurements()) => Ok(measured),
            () = interrupted() => Err(Failure::Interrupted),
        }
    })?;
    // What the last measurement still had to say to its sockets is of no interest to anyone.
    runtime.shutdown_background();
    output::print(&report::render(&rows, arguments.form())?)?;
    for (measurement, failure) in &failed {
        output::say(&format!("keyfold-bench: {}: {failure}", measurement.name()));
    }
    Ok(if failed.is_empty() { report::verdict(&rows) } else { Verdict::Misses })
}

/// Every measurement, whatever becomes of the others.
async fn all(stage: &Stage, measurements: Vec<Measurement>) -> (Vec<Row>, Vec<(Measurement, Failure)>) {
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (index, measurement) in measurements.iter().enumerate() {
        measurement::announce(*measurement, index + 1, measurements.len());
        match subjects::measure(*measurement, stage).await {
            Ok(measured) => rows.extend(measured),
            Err(failure) => failed.push((*measurement, failure)),
        }
    }
    (rows, failed)
}

/// Ctrl-C or SIGTERM: what was started is stopped, and its folders go.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Then the signal ends the program without us.
        _ => std::future::pending().await,
    }
}
