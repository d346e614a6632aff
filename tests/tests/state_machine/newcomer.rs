//! A device that is let in, as the protocol has it: the SDK would derive a key from its passphrase first, which takes longer
//! than all the rest of a program. Over the real storages the SDK does it.

use std::{sync::Arc, time::Duration};

use keyfold_client::{
    AccountId, SigningAlgorithm,
    api::{Api, Frame, MemberApi, PullFrom},
    device::{DeviceKeys, DeviceName, KeyringKey, describe},
    enrolment::QrCode,
    storage::{Condition, Profile, SealedKey, Storage, Write},
    transport::ServerUrl,
};
use keyfold_crypto::{SUITE, enrolment::offer_commitment, exact, random};
use keyfold_ledger::{Body, Entry};
use keyfold_tests::sdk::InProcess;
use keyfold_wire::{
    EnrolmentId,
    v1::{
        BeginEnrolment, EnrolmentApproval, EnrolmentOffer, EnrolmentOpening, EnrolmentState, EnrolmentTranscript,
        Signed,
    },
};
use prost::Message;

/// A device that has committed to its keys.
pub(crate) struct Newcomer {
    api: Api,
    keys: Arc<DeviceKeys>,
    offer: EnrolmentOffer,
    pub(crate) qr: QrCode,
}

/// A device that is a member, and has yet to take the vault.
pub(crate) struct LetIn {
    pub(crate) keys: Arc<DeviceKeys>,
    account: AccountId,
    entries: Vec<Signed>,
    sealed_key: SealedKey,
}

impl Newcomer {
    pub(crate) async fn begin(api: Api, name: &DeviceName) -> Self {
        let mut rng = random::system();
        let keys = DeviceKeys::generate(SigningAlgorithm::Ed25519, &mut rng);
        let offer = EnrolmentOffer {
            suite: SUITE,
            device: Some(keys.public().to_wire()),
            description: Some(describe(name)),
            device_nonce: random::bytes::<32>(&mut rng).to_vec(),
        };
        let begin = BeginEnrolment { commitment: offer_commitment(&offer.encode_to_vec()).to_vec() };
        let begun = api.begin_enrolment(&begin).await.unwrap();
        let id = EnrolmentId::try_from(begun.enrolment.as_slice()).unwrap();
        let qr = QrCode::new(url(), None, id);
        Self { api, keys: keys.into(), offer, qr }
    }

    /// Opens its part once it was approved, and goes on until it knows whether it was let in.
    pub(crate) async fn joins(self) -> Option<LetIn> {
        let approval = self.once("begun", |state| (!state.approval.is_empty()).then(|| state.approval.clone())).await?;
        let approval: EnrolmentApproval = exact::decode(&approval, usize::MAX).unwrap();
        let transcript = self.transcript(&approval).encode_to_vec();
        let signature = self.keys.author.signing.sign_bytes::<EnrolmentTranscript>(&transcript);
        let opening = EnrolmentOpening {
            offer: self.offer.encode_to_vec(),
            signature: signature.as_bytes().to_vec(),
            mac: self.qr.secret.transcript_mac(&transcript).to_vec(),
        };
        // The approver may have given up meanwhile.
        drop(self.api.open_enrolment(self.qr.enrolment, &opening).await);
        // It is a member from its entry on, whatever it is told.
        self.once("opened", |state| state.completion.clone()).await;
        let account = AccountId::try_from(approval.account.as_slice()).unwrap();
        let member = MemberApi::new(self.api.clone(), account, Arc::clone(&self.keys));
        member.head().await.ok()?;
        Some(self.let_in(account, &member, &transcript).await)
    }

    fn transcript(&self, approval: &EnrolmentApproval) -> EnrolmentTranscript {
        EnrolmentTranscript {
            suite: SUITE,
            enrolment: approval.enrolment.clone(),
            account: approval.account.clone(),
            log_key: approval.log_key.clone(),
            approver: approval.approver.clone(),
            roster_head: approval.roster_head.clone(),
            device: self.offer.device.clone(),
            description: self.offer.description.clone(),
            device_nonce: self.offer.device_nonce.clone(),
            approver_nonce: approval.approver_nonce.clone(),
        }
    }

    /// What the other side's next step brings; `None` once the enrolment is over.
    async fn once<T>(&self, known: &str, taken: impl Fn(&EnrolmentState) -> Option<T>) -> Option<T> {
        loop {
            let state = self.api.enrolment(self.qr.enrolment, known, Duration::from_secs(20)).await.ok()?;
            if let Some(taken) = taken(&state) {
                return Some(taken);
            }
        }
    }

    /// The roster up to its own entry, and the key that came with that.
    async fn let_in(&self, account: AccountId, member: &MemberApi, transcript: &[u8]) -> LetIn {
        let mut stream = member.pull(PullFrom::Nothing).await.unwrap();
        let (mut entries, mut sealed_key, mut is_in) = (Vec::new(), None, false);
        while let Some(frame) = stream.frame().await.unwrap() {
            match frame {
                Frame::Entry(_) if is_in => break,
                Frame::Entry(entry) => {
                    is_in = adds(&entry, transcript);
                    entries.push(entry);
                }
                Frame::SealedKey(key) if is_in => sealed_key = Some(key.into()),
                Frame::Heads(_) | Frame::SealedKey(_) | Frame::Link(_) => {}
                _ => break,
            }
        }
        LetIn { keys: Arc::clone(&self.keys), account, entries, sealed_key: sealed_key.unwrap() }
    }
}

impl LetIn {
    /// Lays all of it down, and how a keyring opens it.
    pub(crate) async fn lay_down(&self, storage: &dyn Storage) -> KeyringKey {
        let entries = self.entries.iter().zip(0..).map(|(entry, seq)| Write::Entry { seq, entry: entry.clone() });
        let writes = entries.chain([Write::SealedKey(self.sealed_key.clone())]).collect();
        begin_profile(storage, self.account, &self.keys, writes).await
    }
}

/// Begins a profile that has joined, with no passphrase: a keyring opens it.
pub(crate) async fn begin_profile(
    storage: &dyn Storage,
    account: AccountId,
    keys: &DeviceKeys,
    mut writes: Vec<Write>,
) -> KeyringKey {
    let (key, sealed) = keys.seal_for_keyring(account);
    let profile = Profile {
        account,
        device: keys.id(),
        server: InProcess::URL.to_owned(),
        ca: None,
        sealed_secrets: Vec::new(),
        condition: Condition::Joining,
        stopped: None,
    };
    writes.insert(0, Write::Profile(Box::new(profile)));
    writes.push(Write::KeyringSecrets(sealed));
    let step = storage.step().await.unwrap();
    storage.apply(&step, writes).await.unwrap();
    key
}

fn adds(entry: &Signed, transcript: &[u8]) -> bool {
    let entry = Entry::parse(entry).unwrap();
    matches!(entry.body(), Body::AddDevice(add) if add.transcript_bytes == transcript)
}

pub(crate) fn url() -> ServerUrl {
    InProcess::URL.parse().unwrap()
}
