//! What browsers need on this machine.

mod doctor;
mod host;
mod install;
mod manifest;

use crate::{app::App, args::BrowserCommand, failure::Failure};

pub(crate) async fn run(app: &App, command: BrowserCommand) -> Result<(), Failure> {
    match command {
        BrowserCommand::Install(browsers) => install::run(app, &browsers).await,
        BrowserCommand::Doctor(browsers) => doctor::run(app, &browsers),
        BrowserCommand::Host { .. } => host::run(app).await,
    }
}
