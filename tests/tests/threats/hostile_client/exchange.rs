use keyfold_client::{
    ItemId,
    item::{Content, ExportRecord, FieldTag, Fields, Item},
};
use keyfold_crypto::envelope::Context;

use crate::world::{Device, World};

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
