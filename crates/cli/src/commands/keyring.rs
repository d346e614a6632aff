use keyfold_client::{
    device::Keyring as _,
    vault::{KeyringState, UnlockedVault, VaultError},
};
use serde::Serialize;

use crate::{
    app::App,
    args::{KeyringChoice, KeyringCommand},
    failure::Failure,
    output::say,
    terminal::{self, printable},
};

#[derive(Serialize)]
struct Keyring {
    /// Whether the user wants the keyring to open this device.
    enabled: bool,
    /// Whether it does so now.
    opens: bool,
    /// Why it does not, or what is left to do.
    detail: Option<String>,
}

pub(crate) async fn run(app: &App, command: KeyringCommand) -> Result<(), Failure> {
    let keyring = match command {
        KeyringCommand::Enable => enable(app).await?,
        KeyringCommand::Disable => disable(app).await?,
        KeyringCommand::Status => app.local().await?.keyring_state(&app.keyring).await?.into(),
    };
    app.out.result(&keyring, Keyring::text)
}

async fn enable(app: &App) -> Result<Keyring, Failure> {
    app.verified().await?.enable_keyring(&app.keyring).await?;
    Ok(KeyringState::Opens.into())
}

async fn disable(app: &App) -> Result<Keyring, Failure> {
    let local = app.local().await?;
    let passphrase = terminal::passphrase::typed(&app.global.passphrase)?;
    let disabled = local.disable_keyring(&passphrase, &app.keyring).await?;
    let detail = disabled.not_forgotten.map(|error| {
        format!("the keyring still holds the key, which opens nothing any more ({})", printable(&error.to_string()))
    });
    Ok(Keyring { enabled: false, opens: false, detail })
}

/// Before a device is made: that its user wants a keyring and there is none should show before anything is done.
pub(super) async fn must_be_ready(app: &App, choice: &KeyringChoice) -> Result<(), Failure> {
    if choice.keyring { Ok(app.keyring.ready().await?) } else { Ok(()) }
}

/// Once the device is made; gives whether the keyring opens it. That it does not is no failure of what was made.
pub(super) async fn enable_if_chosen(app: &App, choice: &KeyringChoice, vault: &UnlockedVault) -> bool {
    if !choice.keyring {
        return false;
    }
    let enabled = vault.enable_keyring(&app.keyring).await;
    if let Err(error) = &enabled {
        let error = printable(&error.to_string());
        say(&format!("keyfold: the passphrase alone opens this device ({error}); try `keyfold keyring enable`"));
    }
    enabled.is_ok()
}

/// Once an account is deleted: the profile is erased, and what the keyring may hold opens nothing.
pub(super) async fn forget(app: &App, owner: &keyfold_client::device::Owner) {
    if let Err(error) = app.keyring.forget(owner).await {
        let error = printable(&VaultError::from(error).to_string());
        say(&format!("keyfold: the keyring still holds this device's key, which opens nothing any more ({error})"));
    }
}

impl From<KeyringState> for Keyring {
    fn from(state: KeyringState) -> Self {
        match state {
            KeyringState::Off => Self { enabled: false, opens: false, detail: None },
            KeyringState::Opens => Self { enabled: true, opens: true, detail: None },
            KeyringState::Locked => {
                let detail = "this device is locked; `keyfold unlock` unlocks it with the passphrase".to_owned();
                Self { enabled: true, opens: false, detail: Some(detail) }
            }
            KeyringState::Fails(error) => Self { enabled: true, opens: false, detail: Some(error.to_string()) },
        }
    }
}

impl Keyring {
    fn text(&self) -> String {
        let state = match (self.enabled, self.opens) {
            (true, true) => {
                "On: while the keyring is unlocked, no passphrase is asked for. Keep the passphrase all the same."
            }
            (true, false) => "On, but the keyring does not open this device now: the passphrase does.",
            (false, _) => "Off: the passphrase alone opens this device. `keyfold keyring enable` changes that.",
        };
        match &self.detail {
            Some(detail) => format!("{state}\nWhy: {}", printable(detail)),
            None => state.to_owned(),
        }
    }
}
