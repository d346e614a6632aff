//! What every command needs: the profile, what opens it, its server.

use std::{path::PathBuf, sync::Arc};

use keyfold_client::{
    SystemClock,
    api::Api,
    evidence::PostureSource,
    storage::{Profile, SqliteStorage, Storage},
    sync::SyncEngine,
    transport::{HttpsTransport, ServerUrl, Trust},
    vault::{LocalVault, UnlockedVault, VaultError},
};

use crate::{
    args::Global,
    exit::Exit,
    failure::Failure,
    keyring::DesktopKeyring,
    output::{Form, Output, Remarks, say},
    posture::Machine,
    terminal::{self, SyncProgress, printable, read_small_file},
};

pub(crate) struct App {
    pub(crate) global: Global,
    pub(crate) out: Output,
    pub(crate) keyring: DesktopKeyring,
}

/// A profile with its secrets open.
pub(crate) struct Opened {
    pub(crate) vault: UnlockedVault,
    pub(crate) by: OpenedBy,
}

/// What opened a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    /// It was given for this very call: the user is verified.
    Passphrase,
    /// Somebody logged in once. Who is there now, nobody knows.
    Keyring,
}

impl App {
    pub(crate) fn new(global: Global) -> Self {
        let form = if global.json { Form::Json } else { Form::Text };
        let remarks = if global.quiet { Remarks::Quiet } else { Remarks::Wanted };
        Self { global, out: Output { form, remarks }, keyring: DesktopKeyring }
    }

    /// The storage of a profile that may be about to be made.
    pub(crate) async fn new_storage(&self) -> Result<Arc<dyn Storage>, Failure> {
        Ok(Arc::new(SqliteStorage::open(&self.folder()?).await?))
    }

    /// The storage of a profile, which must be there.
    pub(crate) async fn storage(&self) -> Result<Arc<dyn Storage>, Failure> {
        let folder = self.folder()?;
        if !SqliteStorage::exists(&folder) {
            return Err(VaultError::NoProfile.into());
        }
        Ok(Arc::new(SqliteStorage::open(&folder).await?))
    }

    /// The profile, which must be there.
    pub(crate) async fn local(&self) -> Result<LocalVault, Failure> {
        Ok(LocalVault::open(self.storage().await?, Arc::new(SystemClock)).await?)
    }

    /// The profile with its secrets open, by whatever opens it.
    pub(crate) async fn unlocked(&self) -> Result<UnlockedVault, Failure> {
        Ok(self.opened().await?.vault)
    }

    /// The same, with what opened it: the keyring where it can, unless a passphrase was given.
    pub(crate) async fn opened(&self) -> Result<Opened, Failure> {
        if !self.global.passphrase.is_given() {
            let local = self.local().await?;
            let spinner = terminal::spinner("asking the keyring", self.out);
            let vault = local.unlock_by_keyring(&self.keyring).await;
            spinner.finish_and_clear();
            match vault {
                Ok(Some(vault)) => return Ok(Opened { vault, by: OpenedBy::Keyring }),
                Ok(None) => {}
                Err(VaultError::Keyring(error)) => {
                    self.remark(&format!("{error}. The passphrase opens this device too."));
                }
                Err(error @ VaultError::Locked(_)) => self.remark(&format!("{error}. The passphrase unlocks it.")),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Opened { vault: self.verified().await?, by: OpenedBy::Passphrase })
    }

    /// The profile, opened by the passphrase: whoever asks for this is who they should be.
    pub(crate) async fn verified(&self) -> Result<UnlockedVault, Failure> {
        let local = self.local().await?;
        let passphrase = terminal::passphrase::typed(&self.global.passphrase)?;
        let spinner = terminal::spinner("opening the profile", self.out);
        let vault = local.unlock(&passphrase).await;
        spinner.finish_and_clear();
        Ok(vault?)
    }

    /// Tells a person what no program needs to know.
    fn remark(&self, text: &str) {
        if self.out.remarks == Remarks::Wanted {
            say(&format!("keyfold: {}", printable(text)));
        }
    }

    /// A sync engine for the profile.
    pub(crate) fn engine(&self, vault: UnlockedVault) -> Result<SyncEngine, Failure> {
        let api = self.api_of(vault.local().profile())?;
        Ok(SyncEngine::new(vault, api)
            .with_progress(Arc::new(SyncProgress::new(self.out)))
            .with_keyring(Arc::new(DesktopKeyring))
            .with_posture(self.posture()?))
    }

    /// What this machine says of itself.
    pub(crate) fn posture(&self) -> Result<Arc<dyn PostureSource>, Failure> {
        Ok(Arc::new(Machine::new(self.folder()?)))
    }

    /// A server's API, as a new profile will reach it.
    pub(crate) fn api(&self, server: &str, trust: &Trust) -> Result<Api, Failure> {
        let server: ServerUrl = server.parse()?;
        let transport = HttpsTransport::new(server.clone(), trust)?;
        Ok(Api::new(server, Arc::new(transport), Arc::new(SystemClock)))
    }

    fn api_of(&self, profile: &Profile) -> Result<Api, Failure> {
        self.api(&profile.server, &self.trust_of(profile)?)
    }

    /// Whom a profile trusts: what was pinned when it was made, unless `--ca` says otherwise now.
    pub(crate) fn trust_of(&self, profile: &Profile) -> Result<Trust, Failure> {
        match (&self.global.ca, &profile.ca) {
            (None, Some(pem)) => Ok(Trust::pinned(pem)?),
            _ => self.trust(),
        }
    }

    /// Whom `--ca` says to trust.
    pub(crate) fn trust(&self) -> Result<Trust, Failure> {
        match &self.global.ca {
            None => Ok(Trust::Platform),
            Some(path) => Ok(Trust::pinned(&read_small_file(path)?)?),
        }
    }

    /// Asks whether to go on, unless `--yes` was given.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.global.yes || terminal::ask_yes(question)? {
            Ok(())
        } else {
            Err(Failure::new(Exit::NotAllowed, "not confirmed; nothing was changed"))
        }
    }

    /// Asks for something to be typed that nobody types by the way; `--yes` does not answer it, `option` does.
    pub(crate) fn confirm_again(&self, question: &str, expected: &str, option: &str) -> Result<(), Failure> {
        if self.global.yes {
            let detail = format!("not confirmed; nothing was changed: give {option} as well");
            return Err(Failure::new(Exit::NotAllowed, detail));
        }
        let typed = terminal::ask_line(&format!("{question} "), option)?;
        if typed.trim() == expected {
            Ok(())
        } else {
            Err(Failure::new(Exit::NotAllowed, "not confirmed; nothing was changed"))
        }
    }

    /// Where the profile is kept.
    pub(crate) fn folder(&self) -> Result<PathBuf, Failure> {
        Ok(self.home()?.join("profiles").join(&self.global.profile.0))
    }

    /// Where all profiles are kept.
    pub(crate) fn home(&self) -> Result<PathBuf, Failure> {
        match &self.global.home {
            Some(home) => std::path::absolute(home).map_err(|error| Failure::file(home, &error)),
            None => Ok(data_folder()?.join("keyfold")),
        }
    }
}

/// The user's data folder: `XDG_DATA_HOME`, or `.local/share` in the home folder.
fn data_folder() -> Result<PathBuf, Failure> {
    let xdg = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|path| path.is_absolute()).map(|home| home.join(".local/share"));
    xdg.or_else(home).ok_or_else(|| Failure::new(Exit::Usage, "there is no home folder; say where with --home DIR"))
}
