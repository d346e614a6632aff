//! The world of this crate's unit tests.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

use rand_core::{TryCryptoRng, TryRng};

use zeroize::Zeroizing;

use crate::passkey::Blueprint;
use crate::{
    Algorithm, AllowList, Answer, AttestationFormat, Authenticator, BackupEligibility, BackupState, CredProtect,
    CredentialId, CredentialStore, DeviceMemory, DeviceState, Discoverability, Label, LargeBlob, Listing,
    MakeCredential, MakeExtensions, MemoryStore, Model, Passkey, Prompt, RelyingParty, RpId, StoreError, UnixMillis,
    User, UserHandle, VerificationRequirement,
};

/// Randomness that first gives what it was told to, draw by draw, then counts. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Script(Rc<RefCell<ScriptState>>);

#[derive(Default)]
struct ScriptState {
    draws: VecDeque<Vec<u8>>,
    counter: u64,
}

impl Script {
    pub(crate) fn endless() -> Self {
        Script::default()
    }

    pub(crate) fn of<const N: usize>(draws: &[&[u8]; N]) -> Self {
        let script = Script::default();
        script.then(draws);
        script
    }

    pub(crate) fn then(&self, draws: &[&[u8]]) {
        self.0.borrow_mut().draws.extend(draws.iter().map(|draw| draw.to_vec()));
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let mut state = self.0.borrow_mut();
        if let Some(draw) = state.draws.pop_front() {
            bytes.copy_from_slice(&draw);
            return Ok(());
        }
        for chunk in bytes.chunks_mut(32) {
            state.counter += 1;
            let block = ring::digest::digest(&ring::digest::SHA256, &state.counter.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Script {}

pub(crate) type TestAuthenticator = Authenticator<MemoryStore, Script>;

pub(crate) fn authenticator() -> TestAuthenticator {
    Authenticator::new(Model::SYNCED, MemoryStore::default(), Script::endless())
}

pub(crate) fn user(handle: u8, name: &str) -> User {
    User {
        handle: UserHandle::try_from([handle].as_slice()).unwrap(),
        name: Some(Label::clipped(name)),
        display_name: Some(Label::clipped(&name.to_uppercase())),
    }
}

pub(crate) fn example_org() -> RelyingParty {
    RelyingParty { id: RpId::try_from("example.org").unwrap(), name: Some(Label::clipped("Example")) }
}

pub(crate) fn registration_of(user: User) -> MakeCredential {
    MakeCredential {
        client_data_hash: [3; 32],
        relying_party: example_org(),
        user,
        algorithms: vec![-7],
        exclude: Vec::new(),
        verification: VerificationRequirement::Required,
        discoverability: Discoverability::Discoverable,
        extensions: MakeExtensions::default(),
        attestation: AttestationFormat::None,
        prf: None,
    }
}

pub(crate) fn example_passkey(rng: &mut Script) -> Passkey {
    let blueprint = Blueprint {
        algorithm: Algorithm::Es256,
        rp_id: example_org().id,
        user: user(1, "alice"),
        created_at: UnixMillis(1),
        backup_eligibility: BackupEligibility::Eligible,
        discoverability: Discoverability::Discoverable,
        cred_protect: CredProtect::default(),
        cred_blob: Zeroizing::default(),
    };
    Passkey::generate(blueprint, rng).unwrap()
}

pub(crate) fn verified(_: &Prompt<'_>) -> Answer {
    Answer::Verified { account: 0 }
}

pub(crate) fn present(_: &Prompt<'_>) -> Answer {
    Answer::Present { account: 0 }
}

pub(crate) fn denied(_: &Prompt<'_>) -> Answer {
    Answer::Denied
}

pub(crate) fn nobody_is_asked(prompt: &Prompt<'_>) -> Answer {
    panic!("nobody should be asked, but was: {:?}", prompt.action)
}

/// A store that does not do as it should.
#[derive(Default)]
pub(crate) struct Altered {
    /// Fails to save.
    pub(crate) on_save: Option<StoreError>,
    /// Gives this passkey to whoever asks for any.
    pub(crate) gives: Option<Passkey>,
    pub(crate) memory: MemoryStore,
}

impl CredentialStore for Altered {
    fn find(&self, rp_id: &RpId, only: Option<&[CredentialId]>) -> Result<Vec<Listing>, StoreError> {
        match &self.gives {
            Some(passkey) => Ok(vec![Listing::from(passkey)]),
            None => self.memory.find(rp_id, only),
        }
    }

    fn load(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        self.gives.clone().map_or_else(|| self.memory.load(rp_id, id), |passkey| Ok(Some(passkey)))
    }

    fn save(&mut self, passkey: &Passkey, name: Option<&Label>, replaces: &[CredentialId]) -> Result<(), StoreError> {
        self.on_save.map_or_else(|| self.memory.save(passkey, name, replaces), Err)
    }

    fn backup_state(&self, rp_id: &RpId, id: &CredentialId) -> Result<BackupState, StoreError> {
        self.memory.backup_state(rp_id, id)
    }

    fn used(&mut self, rp_id: &RpId, id: &CredentialId, allow: &AllowList) {
        self.memory.used(rp_id, id, allow);
    }

    fn inventory(&self) -> Result<Vec<(RelyingParty, Listing)>, StoreError> {
        self.memory.inventory()
    }

    fn delete(&mut self, rp_id: &RpId, id: &CredentialId) -> Result<(), StoreError> {
        self.memory.delete(rp_id, id)
    }

    fn rename(&mut self, rp_id: &RpId, id: &CredentialId, user: &User) -> Result<(), StoreError> {
        self.memory.rename(rp_id, id, user)
    }

    fn room(&self) -> Result<u32, StoreError> {
        self.memory.room()
    }

    fn large_blob(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<LargeBlob>, StoreError> {
        self.memory.large_blob(rp_id, id)
    }

    fn set_large_blob(&mut self, rp_id: &RpId, id: &CredentialId, blob: Option<&LargeBlob>) -> Result<(), StoreError> {
        self.memory.set_large_blob(rp_id, id, blob)
    }

    fn foreign_blobs(&self) -> Result<Vec<u8>, StoreError> {
        self.memory.foreign_blobs()
    }

    fn set_foreign_blobs(&mut self, array: &[u8]) -> Result<(), StoreError> {
        self.memory.set_foreign_blobs(array)
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        self.memory.reset()
    }
}

impl DeviceMemory for Altered {
    fn device(&self) -> Result<DeviceState, StoreError> {
        self.memory.device()
    }

    fn set_device(&mut self, state: &DeviceState) -> Result<(), StoreError> {
        self.memory.set_device(state)
    }
}
