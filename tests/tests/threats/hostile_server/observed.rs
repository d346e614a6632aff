use keyfold_client::item::FieldTag;
use keyfold_wire::v1::{Field, Item};
use prost::Message;

use crate::world::{Device, World};

const ROUTES: [&str; 7] =
    ["/v1/server", "/v1/accounts", "/v1/sessions", "/v1/pull", "/v1/commits", "/v1/roster", "/v1/enrolments"];

fn asked_only_the_server(device: &Device) {
    for request in device.wire.seen() {
        assert!(ROUTES.iter().any(|route| request.path.starts_with(route)), "{request:?}");
        assert!(!request.path.contains("evil"), "{request:?}");
    }
}

/// A relying party, or whoever wrote the item, names pictures and pages; nobody looks at them.
#[tokio::test(flavor = "multi_thread")]
async fn threat_22_nothing_is_fetched_from_an_address_in_an_item() {
    let world = World::new().await;
    let address = "https://evil.example/picture.png";
    for tag in [FieldTag::Label, FieldTag::UserName, FieldTag::UserDisplayName, FieldTag::RpName] {
        world.laptop.vault().set(world.mail, tag, address.into()).await.unwrap();
    }
    world.laptop.makes(address).await;
    world.laptop.syncs().await;
    world.phone.syncs().await;
    assert_eq!(world.phone.sees().await[2], format!("mail.example {address:?}"));
    assert_eq!(world.phone.vault().contents().await.unwrap().items.len(), 3);
    asked_only_the_server(&world.phone);
    asked_only_the_server(&world.laptop);
}

/// An item has no field for an address; one that carries such a field is no item.
#[tokio::test(flavor = "multi_thread")]
async fn threat_22_an_item_with_a_field_for_an_address_is_set_aside() {
    let world = World::new().await;
    let changes: [(&str, fn(Vec<u8>) -> Vec<u8>); 2] = [
        ("not an item", |item| [item.as_slice(), b"\x7a\x15https://evil.example/"].concat()),
        ("a bad field", |item| {
            let mut item = Item::decode(item.as_slice()).unwrap();
            item.fields.push(Field { tag: 100, value: b"https://evil.example/".to_vec(), ..item.fields[0].clone() });
            item.encode_to_vec()
        }),
    ];
    for (reason, change) in changes {
        let draft = world.phone.draft(world.phone.now().await, world.mail, "new mail").await;
        let item = change(draft.item.encode(draft.context.at, draft.previous).to_vec());
        let envelope = world.phone.seals(&draft.context, &item).await;
        world.phone.writes(draft.context.at, vec![(world.mail, &envelope)]).await;
        world.phone.syncs().await;
        let report = world.laptop.syncs().await;
        let [(_, fault)] = report.quarantined.as_slice() else { panic!("it is taken instead of {reason}: {report:?}") };
        assert_eq!(fault.reason, reason);
    }
    asked_only_the_server(&world.laptop);
}

/// Whoever counts bytes on the way learns the bucket of an item, not its length.
#[tokio::test(flavor = "multi_thread")]
async fn threat_24_what_is_sent_and_what_comes_shows_at_most_the_bucket() {
    let world = World::new().await;
    let mut sizes = Vec::new();
    for length in [100, 150] {
        world.laptop.labels(world.mail, &"x".repeat(length)).await;
        world.laptop.syncs().await;
        world.phone.syncs().await;
        sizes.push((world.laptop.wire.last_sent("/v1/commits").len(), world.phone.wire.last_pull().body.len()));
    }
    assert_eq!(sizes[0], sizes[1]);
    world.laptop.labels(world.mail, &"x".repeat(1_000)).await;
    world.laptop.syncs().await;
    assert!(world.laptop.wire.last_sent("/v1/commits").len() > sizes[0].0, "a larger bucket shows");
}
