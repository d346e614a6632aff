//! A device that is removed, or said to be.

use std::{fs, path::Path};

use keyfold_client::{
    api::Frame,
    item::FieldTag,
    storage::Farewell,
    sync::{RemoveError, SyncError},
    vault::{LocalVault, Locked, VaultError},
};
use keyfold_crypto::{
    EpochKey,
    envelope::Envelope,
    epoch::{Epochs, SealContext},
};
use keyfold_ledger::{Entry, Roster};
use keyfold_vault::storage::{PullStorage, Span as Seqs};
use keyfold_wire::{
    MemberId,
    v1::{Problem, ProblemCode, Remove, Signed, roster_entry::Body},
};
use prost::Message;

use crate::world::{Device, Interruption, Reply, Span, World, enrolled};

/// An account with a third device, which knows all that there is.
async fn world_with_thief() -> (World, Device) {
    let world = World::new().await;
    let thief = Box::pin(enrolled(&world.home, &world.laptop)).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    world.phone.syncs().await;
    (world, thief)
}

/// The server gives it all that it has, also what is sealed to others; it tries every key of its own on everything.
#[tokio::test(flavor = "multi_thread")]
async fn threat_13_all_secrets_of_a_removed_device_and_the_whole_database_open_nothing_written_later() {
    let (world, thief) = Box::pin(world_with_thief()).await;
    let before = envelopes(&world.laptop.everything().await);
    world.laptop.engine.remove_devices(&[thief.id()]).await.unwrap();
    world.laptop.labels(world.mail, "a secret").await;
    assert_eq!(world.laptop.syncs().await.items_reencrypted, 1, "the one that was not written anew");
    world.phone.syncs().await;
    world.phone.makes("later.example").await;
    world.phone.syncs().await;
    world.laptop.syncs().await;

    let held = world.laptop.held().await;
    let sealed = all_sealed(&world, &held.roster).await;
    let links = world.laptop.vault().local().storage().chains().await.unwrap().links;
    let later = envelopes(&world.laptop.everything().await);
    assert_eq!((before.len(), later.len()), (2, 3));

    let opens = |device: &Device, envelopes: &[Vec<u8>]| {
        let mut keys = epoch_keys(device, &held.roster, &held.entries, &sealed);
        // Whatever a link leads to from a key that is known.
        for link in links.iter().rev() {
            let later = held.entries[usize::try_from(link.roster_seq).unwrap()].rotation().unwrap().epoch;
            let epochs = Epochs { epoch: later, earlier: link.epoch };
            let commitment = held.roster.epochs()[usize::try_from(link.epoch).unwrap() - 1].commitment;
            let led: Vec<EpochKey> = keys
                .iter()
                .filter_map(|key| key.open_link(&held.roster.account(), epochs, &commitment, &link.sealed).ok())
                .collect();
            keys.extend(led);
        }
        let opened = |bytes: &&Vec<u8>| {
            let envelope = Envelope::parse(held.roster.account(), bytes).unwrap();
            keys.iter().any(|key| envelope.open(key).is_ok())
        };
        envelopes.iter().filter(opened).count()
    };
    assert_eq!(opens(&world.phone, &later), 3, "a member reads all of it");
    assert_eq!(opens(&thief, &before), 2, "what it had it has");
    assert_eq!(opens(&thief, &later), 0);
}

fn envelopes(frames: &[Frame]) -> Vec<Vec<u8>> {
    let envelopes = frames.iter().filter_map(|frame| match frame {
        Frame::Envelope(envelope) => Some(envelope.clone()),
        _ => None,
    });
    envelopes.collect()
}

/// Every epoch key that the database has, sealed to whomever.
async fn all_sealed(world: &World, roster: &Roster) -> Vec<(u64, Vec<u8>)> {
    let database = world.home.database().await;
    let mut sealed = Vec::new();
    for member in roster.members().keys().chain(roster.removed().keys()) {
        let span = Seqs { first: 0, last: roster.seq() };
        let rows = database.entries(roster.account(), span, Some(*member), 1_000).await.unwrap();
        sealed.extend(rows.into_iter().filter_map(|row| Some((row.seq, row.sealed_key?))));
    }
    database.close().await.unwrap();
    sealed
}

/// Whatever opens with a device's wrapping key, as anybody's key of any epoch and place.
fn epoch_keys(device: &Device, roster: &Roster, entries: &[Entry], sealed: &[(u64, Vec<u8>)]) -> Vec<EpochKey> {
    let members: Vec<MemberId> = roster.members().keys().chain(roster.removed().keys()).copied().collect();
    let mut keys = Vec::new();
    for (seq, sealed) in sealed {
        let prev = entries[usize::try_from(*seq).unwrap()].prev();
        for epoch in roster.epochs() {
            for member in &members {
                let context = SealContext { account: roster.account(), epoch: epoch.number, member: *member, prev };
                let wrapping = &device.vault().keys().author.wrapping;
                keys.extend(EpochKey::open(wrapping, &context, &epoch.commitment, sealed).ok());
            }
        }
    }
    keys
}

/// It is told by whom, and keeps nothing that could be read.
#[tokio::test(flavor = "multi_thread")]
async fn threat_removal_a_device_that_is_shown_its_removal_wipes_itself() {
    let (world, thief) = Box::pin(world_with_thief()).await;
    thief.labels(world.mail, "never sent").await;
    let profile = thief.vault().local().profile().clone();
    let storage = thief.vault().local().storage().clone();
    let envelope = storage.item(world.mail).await.unwrap().unwrap().shown.unwrap().envelope;
    let sealed_key = storage.chains().await.unwrap().sealed_keys[0].sealed.clone();
    let secrets = [profile.sealed_secrets.as_slice(), &envelope, &sealed_key];
    assert!(secrets.iter().all(|secret| holds(thief.profile.path(), secret)), "they were there");

    world.laptop.engine.remove_devices(&[thief.id()]).await.unwrap();
    let told = Box::pin(thief.engine.sync()).await.unwrap_err();
    let SyncError::Vault(VaultError::Removed(farewell)) = &told else { panic!("{told:?}") };
    let Farewell { account, remover, unsent, .. } = farewell.clone();
    assert_eq!((account, remover.as_str(), unsent), (profile.account, "Ana's laptop", 1));
    assert!(told.to_string().contains("removed from the account"), "{told}");
    assert!(told.to_string().contains("one change that was never sent is lost"), "{told}");
    for secret in secrets {
        assert!(!holds(thief.profile.path(), secret), "it is still in the profile's files");
    }
    let again = LocalVault::open(storage, thief.clock.clone()).await.map(drop).unwrap_err();
    assert!(matches!(&again, VaultError::Removed(again) if again == farewell), "{again}");
    // So a program is told that has had it open all the time.
    let open = thief.vault().contents().await.unwrap_err();
    assert!(matches!(&open, VaultError::Removed(open) if open == farewell), "{open}");
    assert_eq!(world.laptop.sees().await.len(), 2, "nobody else is touched");
}

/// Whether these bytes are in a profile's files.
fn holds(profile: &Path, bytes: &[u8]) -> bool {
    let middle = &bytes[bytes.len() / 4..][..32];
    fs::read_dir(profile).unwrap().any(|file| {
        let content = fs::read(file.unwrap().path()).unwrap();
        content.windows(middle.len()).any(|window| window == middle)
    })
}

/// Its only copy may be at stake: what does not show it, wipes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn threat_removal_a_device_that_is_only_told_of_its_removal_wipes_nothing() {
    let (mut world, thief) = Box::pin(world_with_thief()).await;
    let phone = world.phone.id();
    // The thief was removed; what it signs from then on is nobody's word.
    world.laptop.engine.remove_devices(&[thief.id()]).await.unwrap();
    world.laptop.syncs().await;
    world.phone.syncs().await;
    let of_another = world.laptop.held().await.entries.iter().rfind(|entry| entry.rotation().is_some()).cloned();
    let genuine = removal_of(&world.laptop, &world.laptop, phone).await;
    let late = {
        let rotation = world.laptop.rotation(&world.laptop.members_without(&[phone]).await).await.rotate;
        let remove = Remove { members: vec![phone.to_vec()], rotation: Some(rotation), replacement: None };
        let mut entry = world.laptop.entry(Body::Remove(remove)).await;
        entry.prev = vec![7; 32];
        world.laptop.signing().sign(&entry)
    };
    let mut mauled = genuine.clone();
    mauled.signature[10] ^= 1;
    let cases = [
        ("no entry", None),
        ("another's removal", of_another.map(|entry| entry.signed().clone())),
        ("by who was removed itself", Some(removal_of(&world.laptop, &thief, phone).await)),
        ("by itself", Some(removal_of(&world.laptop, &world.phone, phone).await)),
        ("a signature that does not hold", Some(mauled)),
        ("no removal", Some(world.laptop.held().await.entries[0].signed().clone())),
        ("a removal that lost its race", Some(late)),
        ("no entry at all", Some(Signed { body: vec![7; 40], signature: vec![7; 64] })),
    ];
    for (case, removal) in cases {
        world.phone.wire.answers(refuses(removal));
        let before = world.phone.kept().await;
        world.phone.restart().await;
        let told = Box::pin(world.phone.engine.sync()).await.unwrap_err();
        assert!(matches!(&told, SyncError::Stopped(stop) if stop.code == "not-a-member"), "{case}: {told:?}");
        assert_eq!(world.phone.kept().await, before, "{case}");
        let locked = world.phone.vault().local().locked().await.unwrap();
        assert_eq!(locked, Some(Locked::OnRequest), "{case}: nothing but the passphrase opens it");
        world.phone.restart().await;
        assert!(world.phone.vault().contents().await.unwrap().items.len() == 2, "{case}");
        world.phone.wire.is_honest();
        world.phone.engine.resume().await.unwrap();
        world.phone.syncs().await;
    }
    // The same entry, signed by a member, is believed.
    world.phone.wire.answers(refuses(Some(genuine)));
    world.phone.restart().await;
    let told = Box::pin(world.phone.engine.sync()).await.unwrap_err();
    assert!(matches!(told, SyncError::Vault(VaultError::Removed(_))), "{told:?}");
}

/// A removal of `device` on the roster as `on` holds it, in `signer`'s own name. It is sent to nobody.
async fn removal_of(on: &Device, signer: &Device, device: MemberId) -> Signed {
    let rotation = on.rotation(&on.members_without(&[device]).await).await.rotate;
    let remove = Remove { members: vec![device.to_vec()], rotation: Some(rotation), replacement: None };
    let mut entry = on.entry(Body::Remove(remove)).await;
    entry.author = signer.id().to_vec();
    signer.signing().sign(&entry)
}

/// Refuses everything, with this as what shows why.
fn refuses(
    removal: Option<Signed>,
) -> impl FnMut(&keyfold_client::transport::Request) -> Option<Reply> + Send + 'static {
    let problem = Problem { code: ProblemCode::NotAMember.into(), removal, ..Problem::default() };
    let body = problem.encode_to_vec();
    move |_| Some(Reply { status: 403, body: body.clone() })
}

/// Its process is killed at each request of a removal and of what is encrypted anew after it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_a_removal_whose_device_dies_at_any_step_leaves_everything_readable_to_who_stays() {
    for what in [Interruption::HeldBefore, Interruption::HeldAfter] {
        for request in 0.. {
            let (mut world, thief) = Box::pin(world_with_thief()).await;
            world.laptop.wire.interrupts("", request, what, Span::One);
            let removes = async {
                world.laptop.engine.remove_devices(&[thief.id()]).await.unwrap();
                world.laptop.engine.sync().await.unwrap()
            };
            let died = tokio::select! {
                _ = Box::pin(removes) => false,
                () = world.laptop.wire.holds() => true,
            };
            world.laptop.wire.heals();
            let when = format!("{what:?} {request}");
            for device in [&mut world.laptop, &mut world.phone] {
                device.restart().await;
                device.syncs().await;
            }
            world.laptop.engine.remove_devices(&[thief.id()]).await.unwrap();
            for device in [&world.laptop, &world.phone, &world.laptop] {
                device.syncs().await;
                assert_eq!(device.sees().await, ["bank.example \"\"", "mail.example \"\""], "{when}");
            }
            let held = world.laptop.held().await;
            assert!(held.roster.device(&thief.id()).is_none() && held.entries.len() < 6, "{when}: removed once");
            let storage = world.laptop.vault().local().storage();
            assert_eq!(storage.count_of_earlier_epochs(held.roster.epoch().number).await.unwrap(), 0, "{when}");
            if !died {
                assert!(request > 3, "it pulls, appends, pulls and pushes");
                break;
            }
        }
    }
}

/// What is encrypted anew is what it was, to everybody, and no edit: no stamp is later, and nobody's edit is overwritten.
#[tokio::test(flavor = "multi_thread")]
async fn threat_25_what_is_encrypted_anew_overwrites_no_edit() {
    let world = World::new().await;
    world.phone.labels(world.mail, "written before the phone saw the new epoch").await;
    world.laptop.engine.rotate().await.unwrap();
    assert_eq!(world.laptop.syncs().await.items_reencrypted, 2);
    let stamp = |item: keyfold_client::vault::VaultItem| item.item.fields.field(FieldTag::UserName).unwrap().stamp;
    let before = stamp(world.phone.vault().passkey(world.mail).await.unwrap());
    world.phone.syncs().await;
    world.laptop.syncs().await;
    for device in [&world.laptop, &world.phone] {
        let seen = device.sees().await;
        assert_eq!(seen, ["bank.example \"\"", "mail.example \"written before the phone saw the new epoch\""]);
        assert_eq!(stamp(device.vault().passkey(world.mail).await.unwrap()), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_does_not_remove_itself_and_removes_nobody_twice() {
    let (world, thief) = Box::pin(world_with_thief()).await;
    let own = world.laptop.id();
    let refused = world.laptop.engine.remove_devices(&[thief.id(), own]).await;
    assert!(matches!(refused, Err(RemoveError::OwnDevice)), "{refused:?}");
    world.laptop.engine.remove_devices(&[thief.id(), thief.id()]).await.unwrap();
    let entries = world.laptop.held().await.entries.len();
    world.phone.engine.remove_devices(&[thief.id()]).await.unwrap();
    assert_eq!(world.phone.held().await.entries.len(), entries, "it was removed already");
    let stranger = MemberId::new([9; 16]);
    assert!(matches!(world.phone.engine.remove_devices(&[stranger]).await, Err(RemoveError::Append(_))));
}
