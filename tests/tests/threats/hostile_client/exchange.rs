use keyfold_client::{
    ItemId,
    authenticator::{AllowList, CredentialId, CredentialStore, RpId},
    exchange::{Exchange, Remains},
    item::{Algorithm, Content, ExchangeId, ExportRecord, FieldTag, Fields, Foreign, Imported, Item, Key},
};
use keyfold_crypto::envelope::Context;
use keyfold_ledger::Content as Change;

use crate::world::{Device, World, any_passkey, enrolled, push};

/// That one device exported, said by another.
fn laid_to(culprit: &Device, by: &Device) -> Content {
    let record = ExportRecord {
        account: culprit.vault().local().profile().account,
        device: culprit.id(),
        at: 1_700_000_000_000,
        passkeys: 2,
        others: 0,
        file_hash: [7; 32],
        encrypted: false,
    };
    Content::Export(record.sign(&by.vault().keys().author.signing))
}

/// A new item of the phone's, whatever it is.
async fn writes(phone: &Device, id: ItemId, item: &Item) {
    let (held, at) = (phone.held().await, phone.now().await);
    let (account, epoch) = (held.roster.account(), held.roster.epoch().number);
    let context = Context { account, item: id, revision: 1, epoch, at };
    let envelope = phone.seals(&context, &item.encode(at, None)).await;
    phone.writes(at, vec![(id, &envelope)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_export_that_is_laid_to_another_device_is_not_believed() {
    let World { laptop, phone, home: _home, .. } = World::new().await;
    let forged = Item { content: laid_to(&laptop, &phone), fields: Fields::default() };
    writes(&phone, ItemId::new([1; 16]), &forged).await;
    let honest = Item { content: laid_to(&phone, &phone), fields: Fields::default() };
    phone.syncs().await;
    writes(&phone, ItemId::new([2; 16]), &honest).await;
    laptop.syncs().await;
    let exports = laptop.vault().exports().await.unwrap().0;
    let mut told: Vec<_> =
        exports.iter().map(|export| (export.record.device == phone.id(), export.is_signed)).collect();
    told.sort_unstable();
    assert_eq!(told, [(false, false), (true, true)]);
}

/// Who says again what another has signed says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_export_that_is_told_again_is_one() {
    let World { laptop, phone, home: _home, .. } = World::new().await;
    laptop.vault().export(None).await.unwrap();
    laptop.syncs().await;
    phone.syncs().await;
    let contents = phone.vault().contents().await.unwrap();
    let record = contents.items.iter().find(|item| matches!(item.item.content, Content::Export(_))).unwrap();
    writes(&phone, ItemId::new([1; 16]), &record.item).await;
    laptop.syncs().await;
    assert_eq!(laptop.vault().exports().await.unwrap().0.len(), 1);
}

/// Nobody purges it either: whoever has seen it brings it back, for devices that come later as well.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_the_record_of_an_export_cannot_be_purged() {
    let World { laptop, phone, home, .. } = World::new().await;
    phone.vault().export(None).await.unwrap();
    phone.syncs().await;
    laptop.syncs().await;
    let contents = phone.vault().contents().await.unwrap();
    let record = contents.items.iter().find(|item| matches!(item.item.content, Content::Export(_))).unwrap().id;
    let commit = phone.commit_of(phone.now().await, &[(record, Change::Tombstone)]).await;
    phone.engine.api().push(&push(phone.signing().sign(&commit), &[])).await.unwrap();
    laptop.syncs().await;
    laptop.syncs().await;
    let newcomer = enrolled(&home, &laptop).await;
    newcomer.syncs().await;
    for device in [&laptop, &newcomer] {
        let exports = device.vault().exports().await.unwrap().0;
        assert_eq!(exports.iter().map(|export| export.is_signed).collect::<Vec<_>>(), [true]);
    }
}

/// What one device makes of its items keeps no other from taking all the rest along.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_what_a_member_writes_spoils_no_export() {
    let World { laptop, phone, home: _home, .. } = World::new().await;
    let account = laptop.vault().local().profile().account.to_vec();
    let mut no_key = any_passkey("no-key.example", phone.id());
    no_key.algorithm = Algorithm::Es256;
    let Key::Synced(secrets) = &mut no_key.key else { panic!("it is bound to a device") };
    secrets.private_key = vec![0; 32].into();
    let mut odd = any_passkey("odd.example", phone.id());
    let from = |item: &[u8]| ExchangeId { account: account.clone(), item: Some(item.to_vec()) };
    odd.imported = Some(Imported {
        from: from(b"odd"),
        position: 7,
        foreign_before: 9,
        credential: r#"{"fido2Extensions":1,"key":"none","type":"note"}"#.to_owned().into(),
        shell: String::new().into(),
    });
    let document = |from: ExchangeId| Content::Foreign(Foreign { from, document: "{}".to_owned().into() });
    let contents = [
        Content::from(no_key),
        Content::from(odd),
        document(from(b"odd")),
        document(from(&[])),
        document(ExchangeId { account: account.clone(), item: None }),
    ];
    let mut written = Vec::new();
    for (number, content) in (1..).zip(contents) {
        let id = ItemId::new([number; 16]);
        writes(&phone, id, &Item { content, fields: Fields::default() }).await;
        phone.syncs().await;
        written.push(id);
    }
    laptop.syncs().await;
    let exported = laptop.vault().export(None).await.unwrap();
    let [Remains::Broken { item, .. }] = exported.plan.remains.as_slice() else {
        panic!("{:?}", exported.plan.remains)
    };
    assert_eq!(*item, written[0]);
    let read = Exchange::read(&exported.file, laptop.vault().importer()).unwrap();
    assert!(read.left_out.is_empty(), "{:?}", read.left_out);
    let again = laptop.vault().plan_import(&read).await.unwrap();
    assert_eq!((again.passkeys.len(), again.left_out.len()), (0, 0), "mail, bank and the odd one are what they were");
}

/// The credential id of one relying party's passkey, in a passkey for another: ids are no secret.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_passkey_is_never_taken_for_one_of_another_relying_party() {
    let World { laptop, phone, home: _home, .. } = World::new().await;
    let bank = any_passkey("bank.example", phone.id());
    let mut evil = any_passkey("evil.example", phone.id());
    evil.credential_id.clone_from(&bank.credential_id);
    // After the bank's, however items are sorted.
    let id = ItemId::new([0xff; 16]);
    writes(&phone, id, &Item { content: Content::from(evil), fields: Fields::default() }).await;
    phone.syncs().await;
    laptop.syncs().await;
    let (rp_id, credential) =
        (RpId::try_from("evil.example").unwrap(), CredentialId::try_from(&*bank.credential_id).unwrap());
    let mut snapshot = laptop.vault().snapshot().await.unwrap();
    let evil = snapshot.load(&rp_id, &credential).unwrap().unwrap();
    snapshot.save(&evil, None, std::slice::from_ref(&credential)).unwrap();
    laptop.vault().keep(&mut snapshot).await.unwrap();
    let contents = laptop.vault().contents().await.unwrap();
    let of_bank = contents.items.iter().find(|item| item.item.passkey().is_some_and(|key| key.rp_id == "bank.example"));
    assert_eq!(of_bank.unwrap().item.fields.deleted_at(), None, "the bank's is still there");

    let mut snapshot = laptop.vault().snapshot().await.unwrap();
    snapshot.used(&rp_id, &credential, &AllowList::Discoverable);
    laptop.vault().keep(&mut snapshot).await.unwrap();
    let contents = laptop.vault().contents().await.unwrap();
    let used = contents.items.iter().filter(|item| item.item.fields.last_used().is_some());
    assert!(used.map(|item| &item.item.passkey().unwrap().rp_id).eq(["evil.example"]));
}

/// What is deleted is purged some day: a record is not.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_the_record_of_an_export_cannot_be_deleted() {
    let World { laptop, phone, home: _home, .. } = World::new().await;
    let mut fields = Fields::default();
    fields.set(FieldTag::Deleted, vec![1], 1, phone.id());
    let id = ItemId::new([1; 16]);
    writes(&phone, id, &Item { content: laid_to(&phone, &phone), fields }).await;
    let report = laptop.syncs().await;
    let [(item, fault)] = report.quarantined.as_slice() else { panic!("it was taken: {report:?}") };
    assert_eq!((*item, fault.reason.as_str()), (id, "a bad field"));
}
