use std::path::PathBuf;

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{measurement::Measurement, report::Form};

/// Measures the real keyfoldd and the client SDK, each beside what the machine can do without them.
#[derive(Debug, Parser)]
#[command(name = "keyfold-bench", version, after_long_help = TEACH, args_conflicts_with_subcommands = true)]
#[command(arg_required_else_help = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// What to measure: `all`, or names that `keyfold-bench list` shows
    #[arg(required = true, value_name = "NAME", value_parser = names(), hide_possible_values = true)]
    names: Vec<String>,
    /// Print a JSON array of {name, value, unit, limit, ratio, target, holds} instead of a table
    #[arg(long)]
    json: bool,
    /// How long each side of a comparison is measured, in seconds
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Where data folders are made and removed again: a real disk, not a tmpfs [default: beside this program]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// An empty PostgreSQL database of your own, instead of one that is started and removed again
    #[arg(long, value_name = "URL")]
    pub(crate) postgres: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Name the measurements
    List,
    /// Serve ready bodies in turn, as little as actix can do
    #[command(hide = true)]
    BareRoute {
        /// The files that hold them
        #[arg(required = true)]
        bodies: Vec<PathBuf>,
    },
    /// Keep a core from going to sleep
    #[command(hide = true)]
    StayAwake,
}

impl Arguments {
    /// What is measured, in the order of the list, each once.
    pub(crate) fn measurements(&self) -> Vec<Measurement> {
        let named = |name: &str| self.names.iter().any(|given| given == name || given == ALL);
        Measurement::ALL.into_iter().filter(|measurement| named(measurement.name())).collect()
    }

    pub(crate) const fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Table }
    }
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Measurement::ALL.map(Measurement::name).into_iter().chain([ALL]))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    // What is signed before the clock starts has room in memory, and its nonces in the server's.
    if (0.05..=10.0).contains(&seconds) { Ok(seconds) } else { Err("0.05 to 10".to_owned()) }
}

const ALL: &str = "all";

const TEACH: &str = "\
Build the programs that it measures first; it starts the keyfoldd that lies beside it:
  cargo build --release --workspace

Then:
  cargo run --release -p keyfold-bench -- all           everything, in less than ten minutes on two cores
  cargo run --release -p keyfold-bench -- poll push     two measurements
  cargo run --release -p keyfold-bench -- all --json    for programs

Nothing else should run meanwhile: the ratios stand more noise than the values, but not all of it. PostgreSQL's programs \
(initdb, postgres, pgbench) are looked for below /usr/lib/postgresql.

Exit status: 0 if every target holds, 1 if one does not or could not be measured, 2 for a wrong command line.";
