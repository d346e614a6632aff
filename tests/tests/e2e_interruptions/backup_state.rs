//! What relying parties are told: BS is 1 only while another member of the account could restore the passkey.

use std::collections::BTreeMap;

use keyfold_authenticator::{BackupState, CredentialId, CredentialStore, RpId};
use keyfold_client::{
    ItemId,
    item::{Algorithm, CredProtect, Discoverability, FieldTag, Key, Passkey, Secrets},
    sync::SyncEngine,
};
use keyfold_crypto::envelope::envelope_hash;
use keyfold_ledger::{Change, Content, Element};
use keyfold_tests::Server;
use keyfold_wire::v1::Push;
use prost::Message;

use crate::world::{Disk, checked_by_qr, claimed_by_qr};

const CREDENTIAL: [u8; 16] = [7; 16];

async fn makes_a_passkey(device: &SyncEngine) -> ItemId {
    let passkey = Passkey {
        rp_id: "shop.example".to_owned(),
        credential_id: CREDENTIAL.to_vec(),
        user_handle: vec![1],
        algorithm: Algorithm::EdDsa,
        key: Key::Synced(Secrets {
            private_key: vec![2; 32].into(),
            cred_random_with_uv: [3; 32].into(),
            cred_random_without_uv: [4; 32].into(),
        }),
        created_at: 5,
        created_by: device.vault().keys().id(),
        cred_blob: Vec::new().into(),
        imported: None,
        cred_protect: CredProtect::default(),
        discoverability: Discoverability::Discoverable,
    };
    device.vault().add(&passkey, []).await.unwrap()
}

async fn is_backed_up(device: &SyncEngine) -> bool {
    let snapshot = device.vault().snapshot().await.unwrap();
    let credential = CredentialId::try_from(CREDENTIAL.as_slice()).unwrap();
    snapshot.backup_state(&RpId::try_from("shop.example").unwrap(), &credential).unwrap() == BackupState::BackedUp
}

/// Lets the phone in over its QR code.
async fn let_in(laptop: &SyncEngine, phone: &Disk) -> SyncEngine {
    let offered = phone.offers().await.unwrap();
    let approval = claimed_by_qr(laptop, &offered).await;
    let opened = offered.approved().await.unwrap();
    checked_by_qr(approval).await.approve().await.unwrap();
    let completion = opened.completion().await.unwrap();
    let vault = opened.confirm_qr(completion).await.unwrap().join().await.unwrap();
    phone.engine(vault)
}

/// A device of the account overwrites an item with something that is no item, or nothing at all.
async fn spoils(device: &SyncEngine, item: ItemId, envelope: Option<Vec<u8>>) {
    device.sync().await.unwrap();
    let held = device.vault().local().held().await.unwrap();
    let account = held.account().unwrap();
    let elements = device.vault().local().storage().elements(&[item]).await.unwrap();
    let elements: BTreeMap<ItemId, Element> = elements.into_iter().map(|element| (element.item, element)).collect();
    let content = envelope.as_deref().map_or(Content::Tombstone, |bytes| Content::Envelope(envelope_hash(bytes)));
    let change = Change { item, revision: elements[&item].revision + 1, content };
    let keys = device.vault().keys();
    let at = device.api().anonymous().now();
    let commit = account.vault().draft(account.roster(), keys.id(), at, &[change], &elements).unwrap();
    let push = Push { commit: Some(keys.author.signing.sign(&commit)), envelopes: envelope.into_iter().collect() };
    device.api().push(&push.encode_to_vec()).await.unwrap();
}

#[tokio::test]
async fn a_passkey_is_backed_up_once_the_server_and_another_member_have_it() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    makes_a_passkey(&laptop).await;
    assert!(!is_backed_up(&laptop).await, "only this device has it");
    laptop.sync().await.unwrap();
    assert!(!is_backed_up(&laptop).await, "nobody else could open it");
    let phone = let_in(&laptop, &phone).await;
    assert!(is_backed_up(&laptop).await);
    phone.sync().await.unwrap();
    assert!(is_backed_up(&phone).await);
}

#[tokio::test]
async fn a_passkey_that_others_would_not_be_given_any_more_is_not_backed_up() {
    let server = Server::start();
    let (laptop, phone) = (Disk::new(&server), Disk::new(&server));
    let laptop = laptop.founds().await;
    let item = makes_a_passkey(&laptop).await;
    laptop.sync().await.unwrap();
    let phone = let_in(&laptop, &phone).await;

    spoils(&phone, item, Some(vec![0; 400])).await;
    assert_eq!(laptop.sync().await.unwrap().quarantined.len(), 1);
    assert!(!is_backed_up(&laptop).await, "a device that joins now would get nothing");
    laptop.vault().set(item, FieldTag::Label, b"mended".to_vec()).await.unwrap();
    assert!(!is_backed_up(&laptop).await, "the mended revision is here alone");
    laptop.sync().await.unwrap();
    assert!(is_backed_up(&laptop).await);

    spoils(&phone, item, None).await;
    assert_eq!(laptop.sync().await.unwrap().quarantined.len(), 1, "it was not deleted before");
    assert!(!is_backed_up(&laptop).await, "purged for everybody else");
}
