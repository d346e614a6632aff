use keyfold_client::authenticator::{DeviceMemory, DeviceState, PinError, set_pin};
use keyfold_client::vault::new_pin;
use serde::Serialize;

use crate::{app::App, args::PinCommand, exit::Exit, failure::Failure, terminal::passphrase};

#[derive(Serialize)]
struct Pin {
    is_set: bool,
    /// Before it is of no use any more.
    attempts_left: u8,
    /// In characters.
    least_length: u8,
}

pub(crate) async fn run(app: &App, command: PinCommand) -> Result<(), Failure> {
    let vault = match command {
        PinCommand::Set => app.verified().await?,
        PinCommand::Status => app.unlocked().await?,
    };
    if matches!(command, PinCommand::Set) {
        let pin = new_pin(passphrase::chosen_pin()?).map_err(|error| refused(&error))?;
        vault.with_device(move |memory| set_pin(memory, &pin)).await?.map_err(|error| refused(&error))?;
    }
    let state = vault.with_device(|memory: &mut dyn DeviceMemory| memory.device()).await?;
    let state: DeviceState = state.map_err(|error| Failure::new(Exit::Storage, error.to_string()))?;
    let pin = Pin { is_set: state.has_pin(), attempts_left: state.pin_retries(), least_length: state.min_pin_length() };
    app.out.result(&pin, Pin::text)
}

fn refused(error: &PinError) -> Failure {
    let exit = if *error == PinError::Unavailable { Exit::Storage } else { Exit::NotAllowed };
    Failure::new(exit, error.to_string())
}

impl Pin {
    fn text(&self) -> String {
        match (self.is_set, self.attempts_left) {
            (false, _) => "No PIN is set on this device.".to_owned(),
            (true, 0) => "The PIN was wrong too often; set another with `keyfold pin set`.".to_owned(),
            (true, left) => format!("A PIN is set on this device; {left} attempts are left."),
        }
    }
}
