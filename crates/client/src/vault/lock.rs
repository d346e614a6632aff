use std::time::Duration;

use keyfold_crypto::passphrase::PassphraseError;
use keyfold_wire::{AccountId, MemberId};

use super::{LocalVault, UnlockedVault, VaultError};
use crate::{
    clock::Clock,
    device::{DeviceKeys, Keyring, Owner, Passphrase, SecretsError},
    storage::{LockState, Storage, Write},
};

/// Why nothing but the passphrase opens a profile now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// Its user has locked it, or somebody has to be asked what is wrong.
    OnRequest,
    /// Nobody has used it for a while.
    Idle,
}

impl LocalVault {
    /// Locks the profile: from here on, and in every process, nothing opens it but the passphrase.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn lock(&self) -> Result<(), VaultError> {
        let step = self.storage().step().await?;
        Ok(self.storage().apply(&step, vec![Write::Lock]).await?)
    }

    /// Whether it is locked.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn locked(&self) -> Result<Option<Locked>, VaultError> {
        let (_, lock) = self.storage().glance().await?;
        Ok(lock.locked(self.clock().now()))
    }

    /// After how long without use it locks by itself; `None` for never.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn locks_after(&self) -> Result<Option<Duration>, VaultError> {
        let idle_after = self.storage().lock_state().await?.idle_after;
        Ok(idle_after.map(Duration::from_millis))
    }

    /// Sets after how long without use it locks by itself; `None` for never.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn lock_after(&self, idle: Option<Duration>) -> Result<(), VaultError> {
        let idle = idle.map(|idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX));
        Ok(self.storage().lock_after(idle).await?)
    }

    /// Opens the device's secrets, and unlocks them for the keyring if there is one. This takes a while: the passphrase is meant
    /// to be slow to guess, and after some wrong ones in a row more so, also for whoever starts the program anew.
    ///
    /// # Errors
    /// [`SecretsError`] for another passphrase, [`VaultError::TooManyGuesses`].
    pub async fn unlock(&self, passphrase: &Passphrase) -> Result<UnlockedVault, VaultError> {
        let sealed = &self.profile().sealed_secrets;
        let (account, keys) = open_secrets(self.storage().as_ref(), self.clock().as_ref(), sealed, passphrase).await?;
        if account != self.profile().account || keys.id() != self.profile().device {
            return Err(SecretsError::Contents.into());
        }
        Ok(UnlockedVault::new(self.clone(), keys.into()))
    }
}

/// What was wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wiped {
    /// The account.
    pub account: AccountId,
    /// The device, which the account counts until another removes it.
    pub device: MemberId,
    /// Edits that were never sent and are lost.
    pub unsent: u64,
}

/// Forgets everything in a profile, whatever state it is in, here alone: the account goes on without it.
///
/// # Errors
/// [`VaultError::NoProfile`], [`VaultError::Storage`].
pub async fn wipe(storage: &dyn Storage, keyring: &dyn Keyring) -> Result<Wiped, VaultError> {
    let profile = storage.profile().await?.ok_or(VaultError::NoProfile)?;
    let has_keyring = storage.keyring_secrets().await?.is_some();
    let step = storage.step().await?;
    let unsent = storage.count_edits().await?;
    storage.apply(&step, vec![Write::Erase]).await?;
    if has_keyring {
        // What it may keep opens nothing any more.
        drop(keyring.forget(&Owner { account: profile.account, device: profile.device }).await);
    }
    Ok(Wiped { account: profile.account, device: profile.device, unsent })
}

/// Opens secrets under a passphrase. Each attempt is counted before it is made, durably, so that nothing is gained by ending
/// the program; the right one clears the count.
pub(crate) async fn open_secrets(
    storage: &dyn Storage,
    clock: &dyn Clock,
    sealed: &[u8],
    passphrase: &Passphrase,
) -> Result<(AccountId, DeviceKeys), VaultError> {
    loop {
        let (state, now) = (storage.lock_state().await?, clock.now());
        if let Some(wait) = state.wait(now) {
            return Err(VaultError::TooManyGuesses { seconds: wait.div_ceil(1_000) });
        }
        // Whoever guesses in another process at the same time counts as well.
        if storage.count_guess(state.guesses, now).await? {
            break;
        }
    }
    match DeviceKeys::open(sealed, passphrase) {
        Ok(opened) => {
            // Where this is not kept, what was counted stays so, and the profile locks sooner: nothing is given away.
            drop(storage.opened(clock.now()).await);
            Ok(opened)
        }
        Err(error @ SecretsError::Passphrase(PassphraseError::Memory)) => {
            storage.return_guess().await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

impl LockState {
    pub(super) fn locked(&self, now: u64) -> Option<Locked> {
        let idle = self.idle_after.zip(self.used_at).is_some_and(|(after, used_at)| now.abs_diff(used_at) >= after);
        match (self.is_locked, idle) {
            (true, _) => Some(Locked::OnRequest),
            (false, true) => Some(Locked::Idle),
            (false, false) => None,
        }
    }

    /// How many milliseconds the next attempt must wait. The clock is the machine's own: whoever may set it, or copy the
    /// file, is held up by the passphrase's cost alone.
    fn wait(&self, now: u64) -> Option<u64> {
        let beyond = self.guesses.checked_sub(FREE)?;
        let pause = FIRST_PAUSE.saturating_mul(1 << beyond.min(16)).min(LONGEST_PAUSE);
        let since = now.abs_diff(self.guessed_at?);
        pause.checked_sub(since).filter(|wait| *wait > 0)
    }
}

/// Attempts in a row that need not wait: people mistype.
const FREE: u32 = 5;
const FIRST_PAUSE: u64 = 5_000;
const LONGEST_PAUSE: u64 = 15 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000;

    fn after(guesses: u32) -> LockState {
        LockState { guesses, guessed_at: Some(NOW), ..LockState::default() }
    }

    #[test]
    fn the_pause_doubles_from_five_seconds_to_a_quarter_of_an_hour() {
        assert_eq!((after(0).wait(NOW), after(4).wait(NOW)), (None, None));
        assert_eq!(after(5).wait(NOW), Some(5_000));
        assert_eq!(after(6).wait(NOW), Some(10_000));
        assert_eq!(after(6).wait(NOW + 9_999), Some(1));
        assert_eq!(after(6).wait(NOW + 10_000), None);
        for many in [13, 40, u32::MAX] {
            assert_eq!(after(many).wait(NOW), Some(900_000));
        }
    }

    #[test]
    fn a_profile_is_locked_when_it_was_idle_for_as_long_as_its_user_said() {
        let used = LockState { used_at: Some(NOW), idle_after: Some(60_000), ..LockState::default() };
        assert_eq!(used.locked(NOW + 59_999), None);
        assert_eq!(used.locked(NOW + 60_000), Some(Locked::Idle));
        assert_eq!(LockState { is_locked: true, ..used.clone() }.locked(NOW), Some(Locked::OnRequest));
        assert_eq!(LockState { idle_after: None, ..used }.locked(u64::MAX), None);
    }
}
