use std::path::Path;

use keyfold_client::api::Frame;
use keyfold_ledger::{Chain, ForkError, ForkProof};
use tempfile::TempDir;

use crate::world::{World, enrolled};

#[tokio::test(flavor = "multi_thread")]
async fn threat_10_an_older_state_is_refused_also_after_a_restart() {
    let mut world = World::new().await;
    world.phone.syncs().await;
    let then = world.phone.wire.last_pull();
    world.laptop_edits_both().await;
    world.phone.syncs().await;
    world.phone.restart().await;
    world.phone.wire.answers_pulls(then);
    world.phone.finds_it_behind("the server is behind this device").await;
    world.phone.wire.is_honest();
    assert!(world.phone.syncs().await.items_pushed > 0, "the edit that waited");
}

/// The whole account as it was two commits ago: a backup was restored, or the server forgets on purpose.
#[tokio::test(flavor = "multi_thread")]
async fn threat_17_a_server_that_was_rolled_back_is_told_from_one_that_was_not() {
    let mut world = World::new().await;
    let old = world.home.copy().await;
    world.laptop_edits_both().await;
    world.phone.syncs().await;
    let seen = world.phone.sees().await;

    world.phone.wire.leads_to(&old);
    world.phone.finds_it_behind("it stands at roster entry 2 and commit 1").await;
    world.phone.finds_it_behind("it stands at roster entry 2 and commit 1").await;
    assert_eq!(world.phone.sees().await[..2], seen);

    world.phone.wire.leads_to(&world.home);
    world.phone.syncs().await;
}

/// On top of the older state another history grows, until it is as long as the one that the phone holds.
#[tokio::test(flavor = "multi_thread")]
async fn threat_17_a_server_that_was_rolled_back_and_went_on_has_another_history() {
    let mut world = World::new().await;
    let old = world.home.copy().await;
    world.phone.labels(world.mail, "written before the rollback").await;
    world.phone.syncs().await;

    world.laptop.wire.leads_to(&old);
    world.laptop.labels(world.mail, "written after the rollback").await;
    world.laptop.syncs().await;
    world.phone.wire.leads_to(&old);
    world.phone.stops("forked", "another history").await;

    world.laptop.labels(world.bank, "and on").await;
    world.laptop.syncs().await;
    world.phone.engine.resume().await.unwrap();
    world.phone.stops("forked", "another history").await;
    assert_eq!(world.phone.sees().await[1], "mail.example \"written before the rollback\"");
}

/// The other history is shorter than the phone's: that is no server which was restored, and nobody is asked to mend it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_17_a_shorter_history_that_is_another_is_not_taken_for_a_restored_one() {
    let mut world = World::new().await;
    let old = world.home.copy().await;
    for label in ["one", "two"] {
        world.phone.labels(world.mail, label).await;
        world.phone.syncs().await;
    }
    world.laptop.wire.leads_to(&old);
    world.laptop.labels(world.mail, "written after the rollback").await;
    world.laptop.syncs().await;
    world.phone.wire.leads_to(&old);
    world.phone.stops("forked", "another history").await;
    assert_eq!(world.phone.sees().await[1], "mail.example \"two\"");
}

/// Whoever changes answers on their way makes no server look restored: the heads that are behind want its receipts, too.
#[tokio::test(flavor = "multi_thread")]
async fn threat_17_older_heads_without_their_receipts_are_no_restored_server() {
    let mut world = World::new().await;
    let old = world.laptop.engine.api().head().await.unwrap();
    world.laptop_edits_both().await;
    world.phone.syncs().await;
    world.phone.wire.rewrites_pulls(move |frames| {
        let Some(Frame::Heads(heads)) = frames.first_mut() else { panic!("heads come first") };
        // The receipts are those of the newer heads.
        (heads.vault_seq, heads.vault_head) = (old.vault_seq, old.vault_head.clone());
    });
    world.phone.stops_for_now("receipt", "does not stand by its history").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_18_two_devices_that_are_shown_different_histories_find_out() {
    let mut world = World::new().await;
    let other = world.home.copy().await;
    world.phone.wire.leads_to(&other);
    world.laptop.labels(world.mail, "shown to the laptop").await;
    world.laptop.syncs().await;
    world.phone.labels(world.mail, "shown to the phone").await;
    world.phone.syncs().await;

    let (on_laptop, on_phone) = (world.laptop.vault().local().clone(), world.phone.vault().local().clone());
    let (before, after) = (Some((2, 1)), Some((2, 2)));
    assert_eq!(on_laptop.safety_number(before).await.unwrap(), on_phone.safety_number(before).await.unwrap());
    assert_ne!(on_laptop.safety_number(after).await.unwrap(), on_phone.safety_number(after).await.unwrap());

    world.phone.wire.leads_to(&world.home);
    world.phone.stops("forked", "another history").await;
    assert_eq!(world.phone.sees().await[1], "mail.example \"shown to the phone\"");
}

/// The rosters are two, though the commits are the same.
#[tokio::test(flavor = "multi_thread")]
async fn threat_18_two_devices_that_are_shown_different_members_find_out() {
    let mut world = World::new().await;
    let other = world.home.copy().await;
    world.phone.wire.leads_to(&other);
    let laptop = world.laptop.id();
    world.laptop.engine.rename_device(laptop, &"renamed on the laptop".parse().unwrap()).await.unwrap();
    world.phone.engine.rename_device(laptop, &"renamed on the phone".parse().unwrap()).await.unwrap();
    let (on_laptop, on_phone) = (world.laptop.vault().local().clone(), world.phone.vault().local().clone());
    let at = Some((3, 1));
    assert_ne!(on_laptop.safety_number(at).await.unwrap(), on_phone.safety_number(at).await.unwrap());

    world.laptop.labels(world.mail, "new mail").await;
    world.laptop.syncs().await;
    world.phone.wire.leads_to(&world.home);
    world.phone.stops("forked", "another history").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_18_honest_edits_at_the_same_time_accuse_nobody() {
    let world = World::new().await;
    world.laptop.labels(world.mail, "on the laptop").await;
    world.phone.labels(world.bank, "on the phone").await;
    let (on_laptop, on_phone) = tokio::join!(world.laptop.engine.sync(), world.phone.engine.sync());
    assert_eq!((on_laptop.unwrap().items_pushed, on_phone.unwrap().items_pushed), (1, 1));
    world.laptop.syncs().await;
    world.phone.syncs().await;
    assert_eq!(world.laptop.sees().await, ["bank.example \"on the phone\"", "mail.example \"on the laptop\""]);
    assert_eq!(world.phone.sees().await, world.laptop.sees().await);
    let (laptop, phone) = (world.laptop.vault().local(), world.phone.vault().local());
    assert_eq!(laptop.safety_number(None).await.unwrap(), phone.safety_number(None).await.unwrap());
}

/// The server keeps the removal of the thief's device from the phone.
#[tokio::test(flavor = "multi_thread")]
async fn threat_13_a_removal_that_is_left_out_is_missed_with_the_first_write_after_it() {
    let mut world = World::new().await;
    let thief = enrolled(&world.home, &world.laptop).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    world.phone.syncs().await;
    let (notary, held) = (world.notary().await, world.phone.held().await.roster);
    world.laptop.removes(thief.id()).await;
    world.laptop.labels(world.mail, "a secret").await;
    world.laptop.syncs().await;
    world.phone.wire.rewrites_pulls(move |frames| {
        frames.retain(|frame| !matches!(frame, Frame::Entry(_) | Frame::SealedKey(_) | Frame::Link(_)));
        let Some(Frame::Heads(heads)) = frames.first_mut() else { panic!("heads come first") };
        notary.sign(heads, Chain::Roster, Some((held.seq(), held.head())));
    });
    world.phone.stops_for_now("rule", "names another roster entry").await;
}

/// Not even from a server that gives it all that the phone is given.
#[tokio::test(flavor = "multi_thread")]
async fn threat_13_a_removed_device_reads_nothing_that_is_written_later() {
    let world = World::new().await;
    let thief = enrolled(&world.home, &world.laptop).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    world.phone.syncs().await;
    world.laptop.removes(thief.id()).await;
    world.laptop.labels(world.mail, "a secret").await;
    world.laptop.syncs().await;
    world.phone.syncs().await;
    let phones = world.phone.wire.last_pull();
    thief.wire.answers_pulls(phones);
    thief.syncs().await;
    assert_eq!(thief.sees().await[1], "mail.example \"\", but this device has no key for it yet");
    assert_eq!(world.phone.sees().await[1], "mail.example \"a secret\"");
}

/// The laptop and the phone were shown two histories, of so many entries of this chain each, and the phone has found out.
async fn forked(chain: Chain, on_laptop: usize, on_phone: usize) -> World {
    let mut world = World::new().await;
    let other = world.home.copy().await;
    world.phone.wire.leads_to(&other);
    for (device, commits) in [(&world.laptop, on_laptop), (&world.phone, on_phone)] {
        for number in 0..commits {
            if chain == Chain::Roster {
                let name = format!("{} on {on_laptop} {number}", device.id()).parse().unwrap();
                device.engine.rename_device(device.id(), &name).await.unwrap();
            } else {
                device.labels(world.mail, &format!("{number}")).await;
                device.syncs().await;
            }
        }
    }
    world.phone.wire.leads_to(&world.home);
    world.phone.wire.lets_brief_pass();
    let stopped = Box::pin(world.phone.engine.sync()).await.unwrap_err();
    assert!(stopped.to_string().contains("keyfold fork-proof FILE"), "{on_laptop} {on_phone}: {stopped}");
    world
}

/// What the phone keeps of it convinces a stranger.
#[tokio::test(flavor = "multi_thread")]
async fn threat_18_a_fork_leaves_a_proof_that_anybody_can_check() {
    let lengths = [(1, 1), (3, 1), (1, 3)];
    for (chain, (on_laptop, on_phone)) in
        [Chain::Vault, Chain::Roster].into_iter().flat_map(|chain| lengths.map(|both| (chain, both)))
    {
        let world = forked(chain, on_laptop, on_phone).await;
        let proof = world.phone.vault().local().storage().proof().await.unwrap().unwrap();
        let proved = ForkProof::verify(&world.home.log_key().await.verifying_key(), &proof).unwrap();
        assert_eq!((proved.earlier().chain, proved.later().chain), (chain, chain), "{on_laptop} {on_phone}");
        assert_eq!(proved.earlier().account, world.laptop.held().await.roster.account());
        let strangers = world.phone.signing().verifying_key();
        assert_eq!(ForkProof::verify(&strangers, &proof), Err(ForkError::LogKey));
    }
}

/// The phone's program writes the proof; one on a machine that has no account and asks no server says what it means.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_a_proof_and_says_what_it_means() {
    let world = forked(Chain::Vault, 2, 1).await;
    let phone = &world.phone;
    let (of_phone, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let file = elsewhere.path().join("proof");
    let run = |home: &Path, words: &[&str]| {
        let mut command = std::process::Command::new(keyfold_tests::program("keyfold"));
        command.arg("--home").arg(home).arg(words[0]).arg(&file).args(&words[1..]).output().unwrap()
    };
    std::fs::create_dir(of_phone.path().join("profiles")).unwrap();
    std::os::unix::fs::symlink(phone.profile.path(), of_phone.path().join("profiles/default")).unwrap();
    let written = run(of_phone.path(), &["fork-proof"]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));

    let base32 = |key: &[u8]| data_encoding::BASE32_NOPAD.encode(key).to_lowercase();
    let told = run(
        elsewhere.path(),
        &["verify-proof", "--log-key", &base32(world.home.log_key().await.verifying_key().as_bytes())],
    );
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.status.success() && text.contains("has signed two histories") && text.contains("What to do"),
        "{text}"
    );
    assert!(run(of_phone.path(), &["verify-proof"]).status.success(), "the phone has pinned the same key");
    let strangers = phone.signing().verifying_key();
    let refused = run(elsewhere.path(), &["verify-proof", "--log-key", &base32(strangers.as_bytes())]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not signed by that log key"), "{refused:?}");
    // Any byte of what the server has signed.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(!run(of_phone.path(), &["verify-proof"]).status.success());
}

/// A server that is behind has signed one history.
#[tokio::test(flavor = "multi_thread")]
async fn threat_18_an_honest_server_is_proved_nothing() {
    let mut world = World::new().await;
    let before = world.home.copy().await;
    world.phone.labels(world.mail, "new mail").await;
    world.phone.syncs().await;
    world.phone.wire.leads_to(&before);
    assert!(Box::pin(world.phone.engine.sync()).await.is_err(), "it is behind");
    assert_eq!(world.phone.vault().local().storage().proof().await.unwrap(), None);
}
