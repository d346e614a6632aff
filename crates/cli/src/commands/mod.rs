//! One file for each group of commands.

mod account;
mod agent;
mod approve;
mod browser;
mod by_id;
mod device;
mod enroll;
mod epoch;
mod exchange;
mod foreign;
mod keyring;
mod lock;
mod offer;
mod passkey;
mod pin;
mod proof;
mod recovery;
mod safety_number;
mod status;
mod sync;
mod tenant;
mod webauthn;

use clap::CommandFactory;

use crate::{
    app::App,
    args::{Cli, Command},
    failure::Failure,
    output::print,
};

pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let app = App::new(cli.global);
    match cli.command {
        Command::Account(command) => account::run(&app, command).await,
        Command::Device(command) => device::run(&app, command).await,
        Command::Epoch(command) => epoch::run(&app, command).await,
        Command::Sync { watch, resume } => sync::run(&app, watch, resume).await,
        Command::Offer { end } => offer::run(&app, end).await,
        Command::Status => status::run(&app).await,
        Command::SafetyNumber { roster_seq, vault_seq } => safety_number::run(&app, roster_seq.zip(vault_seq)).await,
        Command::ForkProof { file } => proof::write(&app, &file).await,
        Command::VerifyProof { file, log_key } => proof::verify(&app, &file, log_key.as_deref()).await,
        Command::Passkey(command) => passkey::run(&app, command).await,
        Command::Webauthn(command) => webauthn::run(&app, command).await,
        Command::Browser(command) => browser::run(&app, command).await,
        Command::Pin(command) => pin::run(&app, command).await,
        Command::Agent(args) => agent::run(&app, &args).await,
        Command::Keyring(command) => keyring::run(&app, command).await,
        Command::Recovery(command) => recovery::run(&app, command).await,
        Command::Tenant(command) => tenant::run(&app, command).await,
        Command::Lock { after } => lock::lock(&app, after).await,
        Command::Unlock => lock::unlock(&app).await,
        Command::Wipe => lock::wipe(&app).await,
        Command::Export(export) => exchange::export(&app, &export).await,
        Command::Exports => exchange::exports(&app).await,
        Command::Import(import) => exchange::import(&app, &import).await,
        Command::Foreign(command) => foreign::run(&app, command).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "keyfold", &mut script);
            print(String::from_utf8_lossy(&script).trim_end())
        }
    }
}
