//! Log lines on standard error: for people or, one JSON object a line, for machines.

use std::io::IsTerminal;

use tracing_subscriber::{
    EnvFilter, Layer, fmt,
    layer::SubscriberExt,
    util::{SubscriberInitExt, TryInitError},
};

use crate::{
    config::{LogFormat, LogSettings},
    traces::Traces,
};

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is not a level.
    #[error("log.level: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Something else logs in this process already.
    #[error("cannot begin to log: {0}")]
    Taken(#[from] TryInitError),
}

/// Begins to log, and to trace where that is wanted. Once in a process.
///
/// # Errors
/// [`LogError`].
pub fn begin(settings: &LogSettings, traces: Option<&Traces>) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&settings.level)?;
    // Each has a filter of its own: what is not logged may be traced.
    let registry = tracing_subscriber::registry().with(traces.map(Traces::layer));
    match settings.format {
        LogFormat::Human => {
            let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
            registry.with(layer.with_target(false).with_filter(filter)).try_init()?;
        }
        LogFormat::Json => {
            let layer = fmt::layer().json().with_writer(std::io::stderr).with_current_span(true).with_span_list(false);
            registry.with(layer.with_filter(filter)).try_init()?;
        }
    }
    Ok(())
}
