use keyfold_tests::sdk::{Hosted, Member};
use sha2::{Digest, Sha256};

use crate::document::{export, export_encrypted};

#[tokio::test]
async fn every_device_hears_of_an_export_and_who_made_it_even_when_it_is_gone() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "laptop").await;
    let phone = Member::enrolled(&server, "phone", &laptop).await;
    laptop.sync().await;
    phone.add("shop.example").await;
    export(&phone).await;
    server.time.pass(1_000);
    let file = export_encrypted(&phone, "open sesame").await;
    phone.sync().await;
    laptop.engine.remove_devices(&[phone.vault().keys().id()]).await.unwrap();
    laptop.sync().await;

    let exports = laptop.vault().exports().await.unwrap().0;
    let told: Vec<_> = exports
        .iter()
        .map(|export| (export.device_name.as_str(), export.record.passkeys, export.record.encrypted, export.is_signed))
        .collect();
    assert_eq!(told, [("phone", 1, true, true), ("phone", 1, false, true)]);
    assert_eq!(exports[0].record.file_hash.as_slice(), Sha256::digest(&file).as_slice());
}

/// What is exported counts as gone: it is recorded before there is a file, and a device that cannot record exports nothing.
#[tokio::test]
async fn no_export_goes_unrecorded() {
    let server = Hosted::start().await;
    let laptop = Member::founded(&server, "laptop").await;
    laptop.add("shop.example").await;
    let before = laptop.storage().count_edits().await.unwrap();
    drop(laptop.vault().export(None).await.unwrap());
    assert_eq!(laptop.storage().count_edits().await.unwrap(), before + 1);
    assert_eq!(laptop.vault().exports().await.unwrap().0.len(), 1, "though nobody has written it anywhere");
    laptop.vault().plan_export().await.unwrap();
    assert_eq!(laptop.vault().exports().await.unwrap().0.len(), 1, "a dry run is none");
}
