use std::fmt;

use keyfold_crypto::{
    EpochKey, Hash, MemberKeys, SigningAlgorithm, SigningKey, Unopenable, WrappingKey,
    epoch::SealContext,
    exact,
    keyring::{self, KeyringKey, KeyringKeyError, Owner},
    local::LocalKey,
    passphrase::{self, PassphraseError},
    random,
    recovery::RecoveryKeys,
};
use keyfold_ledger::author::Author;
use keyfold_wire::{AccountId, MemberId, v1::DeviceSecrets};
use prost::Message;
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::{KeyringError, Passphrase, opened_keys::OpenedKeys};

/// A device's secrets, open. They zeroize on drop and print as nothing.
pub struct DeviceKeys {
    /// Signs for the device, and opens what is sealed to it.
    pub author: Author,
    /// Seals what the device keeps for itself.
    pub local: LocalKey,
    public: MemberKeys,
    opened: OpenedKeys,
}

/// Why a device's secrets do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// Another passphrase, or damaged bytes.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// They opened to something else than a device's secrets.
    #[error("the device's secrets are of another version; update keyfold on this device")]
    Contents,
}

impl DeviceKeys {
    /// Draws a new device's secrets.
    pub fn generate(algorithm: SigningAlgorithm, rng: &mut impl CryptoRng) -> Self {
        let signing = SigningKey::generate(algorithm, rng);
        Self::of(signing, WrappingKey::generate(rng), LocalKey::generate(rng))
    }

    /// The keys that a recovery code comes to in an account, as those of the member that they are.
    pub(crate) fn of_recovery(keys: RecoveryKeys, rng: &mut impl CryptoRng) -> Self {
        Self::of(keys.signing, keys.wrapping, LocalKey::generate(rng))
    }

    fn of(signing: SigningKey, wrapping: WrappingKey, local: LocalKey) -> Self {
        let public = MemberKeys::of(&signing, &wrapping);
        Self { author: Author { signing, wrapping }, local, public, opened: OpenedKeys::default() }
    }

    /// The public halves.
    #[must_use]
    pub const fn public(&self) -> &MemberKeys {
        &self.public
    }

    /// The device's id, which is bound to its keys.
    #[must_use]
    pub fn id(&self) -> MemberId {
        self.public.id()
    }

    /// Opens an epoch key that is sealed to this device.
    ///
    /// # Errors
    /// As [`EpochKey::open`].
    pub(crate) fn open_epoch_key(
        &self,
        context: &SealContext,
        commitment: &Hash,
        sealed: &[u8],
    ) -> Result<EpochKey, Unopenable> {
        self.opened.open(&self.author.wrapping, context, commitment, sealed)
    }

    /// Seals the secrets under a passphrase, as the bytes of `SealedSecrets`.
    ///
    /// # Errors
    /// [`PassphraseError::Memory`].
    pub fn seal(&self, account: AccountId, passphrase: &Passphrase) -> Result<Vec<u8>, PassphraseError> {
        passphrase::seal(passphrase.as_bytes(), &self.secrets(account), &mut random::system())
    }

    /// Seals the secrets under a new key for a keyring, as the bytes of `KeyringSecrets`.
    #[must_use]
    pub fn seal_for_keyring(&self, account: AccountId) -> (KeyringKey, Vec<u8>) {
        let owner = Owner { account, device: self.id() };
        keyring::seal(&owner, &self.secrets(account), &mut random::system())
    }

    /// The bytes of `DeviceSecrets`.
    fn secrets(&self, account: AccountId) -> Zeroizing<Vec<u8>> {
        let mut secrets = DeviceSecrets {
            version: VERSION,
            account: account.to_vec(),
            signing_algorithm: match self.author.signing.algorithm() {
                SigningAlgorithm::Ed25519 => 1,
                SigningAlgorithm::Es256 => 2,
            },
            signing_key: self.author.signing.expose().to_vec(),
            wrapping_key: self.author.wrapping.expose().to_vec(),
            local_key: self.local.expose().to_vec(),
        };
        let bytes = Zeroizing::new(secrets.encode_to_vec());
        wipe(&mut secrets);
        bytes
    }

    /// Opens the bytes of `SealedSecrets`: the account and the device's secrets.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn open(sealed: &[u8], passphrase: &Passphrase) -> Result<(AccountId, Self), SecretsError> {
        Self::parse(&passphrase::open(passphrase.as_bytes(), sealed)?).ok_or(SecretsError::Contents)
    }

    /// Opens the bytes of `KeyringSecrets` with the key that a keyring keeps for this owner.
    ///
    /// # Errors
    /// [`KeyringError::Key`].
    pub fn open_with_key(sealed: &[u8], owner: &Owner, key: &KeyringKey) -> Result<Self, KeyringError> {
        let opened = Self::parse(&keyring::open(key, owner, sealed)?);
        let own = opened.filter(|(account, keys)| (*account, keys.id()) == (owner.account, owner.device));
        own.map(|(_, keys)| keys).ok_or(KeyringError::Key(KeyringKeyError::WrongKey))
    }

    fn parse(bytes: &[u8]) -> Option<(AccountId, Self)> {
        let mut secrets: DeviceSecrets = exact::decode(bytes, MAX_LEN).ok()?;
        let opened = Self::read(&secrets);
        wipe(&mut secrets);
        opened
    }

    fn read(secrets: &DeviceSecrets) -> Option<(AccountId, Self)> {
        let algorithm = match (secrets.version, secrets.signing_algorithm) {
            (VERSION, 1) => SigningAlgorithm::Ed25519,
            (VERSION, 2) => SigningAlgorithm::Es256,
            _ => return None,
        };
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(secrets.signing_key.as_slice().try_into().ok()?);
        let keys = Self::of(
            SigningKey::from_secret(algorithm, &seed).ok()?,
            secrets.wrapping_key.as_slice().try_into().ok()?,
            secrets.local_key.as_slice().try_into().ok()?,
        );
        Some((AccountId::try_from(secrets.account.as_slice()).ok()?, keys))
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKeys(..)")
    }
}

fn wipe(secrets: &mut DeviceSecrets) {
    secrets.signing_key.zeroize();
    secrets.wrapping_key.zeroize();
    secrets.local_key.zeroize();
}

const VERSION: u32 = 1;
const MAX_LEN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::typed(Zeroizing::new(text.into()))
    }

    #[test]
    fn the_right_passphrase_opens_the_secrets_and_another_does_not() {
        let account = AccountId::new([4; 16]);
        for algorithm in [SigningAlgorithm::Ed25519, SigningAlgorithm::Es256] {
            let keys = DeviceKeys::generate(algorithm, &mut random::system());
            let sealed = keys.seal(account, &passphrase("correct horse")).unwrap();
            let (opened_account, opened) = DeviceKeys::open(&sealed, &passphrase("correct horse")).unwrap();
            assert_eq!((opened_account, opened.id()), (account, keys.id()));
            assert_eq!(opened.local, keys.local);
            assert_eq!(
                DeviceKeys::open(&sealed, &passphrase("correct house")).unwrap_err(),
                SecretsError::Passphrase(PassphraseError::WrongPassphrase)
            );
            assert_eq!(format!("{keys:?}"), "DeviceKeys(..)");

            let owner = Owner { account, device: keys.id() };
            let (key, sealed) = keys.seal_for_keyring(account);
            assert_eq!(DeviceKeys::open_with_key(&sealed, &owner, &key).unwrap().local, keys.local);
            let (another, _) = keys.seal_for_keyring(account);
            let refused = DeviceKeys::open_with_key(&sealed, &owner, &another).unwrap_err();
            assert_eq!(refused, KeyringError::Key(KeyringKeyError::WrongKey));
        }
    }
}
