//! The world of this crate's unit tests.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

use rand_core::{TryCryptoRng, TryRng};

use crate::{
    Algorithm, Answer, Authenticator, BackupEligibility, Label, MakeCredential, MemoryStore, Model, Passkey, Prompt,
    RelyingParty, RpId, UnixMillis, User, UserHandle, VerificationRequirement,
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
        hmac_secret: false,
        prf: None,
    }
}

pub(crate) fn example_passkey(rng: &mut Script) -> Passkey {
    Passkey::generate(
        Algorithm::Es256,
        example_org().id,
        user(1, "alice"),
        BackupEligibility::Eligible,
        UnixMillis(1),
        rng,
    )
    .unwrap()
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
