use keyfold_client::{ItemId, item::FieldTag};
use keyfold_crypto::envelope::Context;
use keyfold_ledger::Content as Change;
use keyfold_wire::v1;
use prost::Message;

use crate::world::{Device, World, enrolled};

/// What the phone may write of a passkey that is not a revision of it, and what the others say of that.
async fn written_by(phone: &Device, mail: ItemId, at: u64) -> Vec<(&'static str, Vec<u8>)> {
    let draft = phone.draft(at, mail, "garbage").await;
    let (context, previous) = (draft.context, draft.previous);
    let honest = draft.item.encode(at, previous);
    let item = |change: fn(&mut v1::Item)| {
        let mut item = v1::Item::decode(honest.as_slice()).unwrap();
        change(&mut item);
        item.encode_to_vec()
    };
    let sealed = v1::Envelope::decode(&*phone.seals(&context, &honest).await).unwrap();
    let moved = |change: fn(&mut v1::Envelope)| {
        let mut envelope = sealed.clone();
        change(&mut envelope);
        envelope.encode_to_vec()
    };
    let earlier = Context { at: at - 1, ..context };
    vec![
        ("not an envelope", vec![0xff; 400]),
        ("not an envelope: an envelope of suite 2", moved(|envelope| envelope.suite = 2)),
        ("an envelope that belongs elsewhere", moved(|envelope| envelope.item[0] ^= 1)),
        ("an envelope that belongs elsewhere", moved(|envelope| envelope.revision += 1)),
        ("an envelope that belongs elsewhere", moved(|envelope| envelope.epoch += 1)),
        ("an envelope that belongs elsewhere", phone.seals(&earlier, &draft.item.encode(at - 1, previous)).await),
        ("an envelope that does not open", moved(|envelope| envelope.ciphertext[0] ^= 1)),
        ("not an item", phone.seals(&context, b"garbage").await),
        ("an item of version 0", phone.seals(&context, &item(|item| item.version = 0)).await),
        ("an item of version 2", phone.seals(&context, &item(|item| item.version = 2)).await),
        ("its time is not its commit's", phone.seals(&context, &item(|item| item.at -= 1)).await),
        ("it does not follow the revision before it", phone.seals(&context, &draft.item.encode(at, None)).await),
        ("it changes what never changes, such as the passkey's key", {
            phone.seals(&context, &item(|item| item.passkey.as_mut().unwrap().private_key[0] ^= 1)).await
        }),
        ("a bad field", phone.seals(&context, &item(|item| item.fields.reverse())).await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_garbage_is_set_aside_under_its_authors_name_and_stops_nobody() {
    let World { laptop, phone, mail, bank, home: _home } = World::new().await;
    let cases = written_by(&phone, mail, phone.now().await).await.len();
    for case in 0..cases {
        laptop.labels(mail, &format!("good {case}")).await;
        laptop.syncs().await;
        phone.syncs().await;
        let at = phone.now().await;
        let (reason, garbage) = written_by(&phone, mail, at).await.swap_remove(case);
        let label = format!("bank, case {case}");
        let honest = phone.envelope(at, bank, &label).await;
        phone.writes(at, vec![(mail, &garbage), (bank, &honest)]).await;

        let report = laptop.syncs().await;
        let [(item, fault)] = report.quarantined.as_slice() else { panic!("{reason}: {report:?}") };
        assert_eq!((*item, fault.author), (mail, Some(phone.id())));
        assert!(fault.reason.starts_with(reason), "{} instead of {reason}", fault.reason);
        let seen = laptop.sees().await;
        assert_eq!(seen[0], format!("bank.example {label:?}"));
        assert_eq!(seen[1], format!("mail.example \"good {case}\", but {}", fault.reason));
    }
    laptop.labels(mail, "mended").await;
    laptop.syncs().await;
    phone.syncs().await;
    assert_eq!(phone.sees().await[1], "mail.example \"mended\"");
    assert_eq!(phone.sees().await, laptop.sees().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_one_envelope_for_two_items_is_one_items_and_stops_nobody() {
    let World { laptop, phone, mail, bank, home: _home } = World::new().await;
    let at = phone.now().await;
    let envelope = phone.envelope(at, mail, "new mail").await;
    phone.writes(at, vec![(mail, &envelope), (bank, &envelope)]).await;
    laptop.syncs().await;
    let elsewhere = "bank.example \"\", but an envelope that belongs elsewhere";
    assert_eq!(laptop.sees().await, [elsewhere, "mail.example \"new mail\""]);
}

/// A device that was away is not shown what came before a purge: so much it must have been before.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_passkey_that_was_not_deleted_is_not_purged_behind_a_devices_back() {
    let World { laptop, phone, mail, home: _home, .. } = World::new().await;
    let at = phone.now().await;
    phone.writes(at, vec![(mail, &phone.envelope(at, mail, "new mail").await)]).await;
    phone.syncs().await;
    let commit = phone.commit_of(phone.now().await, &[(mail, Change::Tombstone)]).await;
    phone.pushes(&commit, &[]).await.unwrap();
    let report = laptop.syncs().await;
    let [(item, fault)] = report.quarantined.as_slice() else { panic!("it was taken: {report:?}") };
    assert_eq!((*item, fault.author), (mail, Some(phone.id())));
    assert!(
        laptop.sees().await[1].starts_with("mail.example \"\", but it purges a passkey"),
        "{:?}",
        laptop.sees().await
    );
}

/// Revisions that name another item's envelope, until the first of them is pruned.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_revisions_that_come_and_go_take_no_other_items_envelope_with_them() {
    let World { laptop, phone, mail, bank, home: _home } = World::new().await;
    let mails = phone.vault().local().storage().item(mail).await.unwrap().unwrap().shown.unwrap().envelope;
    for _ in 0..11 {
        phone.writes(phone.now().await, vec![(bank, &mails)]).await;
        phone.syncs().await;
        laptop.syncs().await;
    }
    let elsewhere = "bank.example \"\", but an envelope that belongs elsewhere";
    assert_eq!(laptop.sees().await, [elsewhere, "mail.example \"\""]);
    assert_eq!(phone.sees().await, laptop.sees().await);
}

const YEAR_9999: u64 = 253_402_300_799_000;

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_stamp_of_the_year_9999_does_not_win_every_later_edit() {
    let World { laptop, phone, mail, home: _home, .. } = World::new().await;
    let at = phone.now().await;
    let mut draft = phone.draft(at, mail, "").await;
    draft.item.fields.set(FieldTag::Label, b"for ever".to_vec(), YEAR_9999, phone.id());
    let envelope = phone.seals(&draft.context, &draft.item.encode(at, draft.previous)).await;
    phone.writes(at, vec![(mail, &envelope)]).await;
    laptop.syncs().await;
    assert_eq!(laptop.sees().await[1], "mail.example \"for ever\"");
    let shown = laptop.vault().passkey(mail).await.unwrap().item.fields;
    assert_eq!(shown.field(FieldTag::Label).unwrap().stamp.ms, at, "as its commit says");

    laptop.labels(mail, "no longer").await;
    laptop.syncs().await;
    phone.syncs().await;
    assert_eq!(phone.sees().await[1], "mail.example \"no longer\"");
}

/// Who did not see the commit, because it begins with a snapshot, still knows when the last one was.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_envelope_of_the_year_9999_is_set_aside_by_all() {
    let World { home, laptop, phone, mail, bank } = World::new().await;
    let draft = phone.draft(phone.now().await, mail, "for ever").await;
    let context = Context { at: YEAR_9999, ..draft.context };
    let envelope = phone.seals(&context, &draft.item.encode(YEAR_9999, draft.previous)).await;
    phone.writes(draft.context.at, vec![(mail, &envelope)]).await;
    laptop.syncs().await;
    assert_eq!(laptop.sees().await[1], "mail.example \"\", but an envelope that belongs elsewhere");

    laptop.labels(bank, "new bank").await;
    laptop.syncs().await;
    let tablet = enrolled(&home, &laptop).await;
    tablet.syncs().await;
    assert_eq!(tablet.sees().await, ["bank.example \"new bank\"", "unreadable: an envelope that belongs elsewhere"]);
}
