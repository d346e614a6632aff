use keyfold_client::{SigningAlgorithm, api::Frame};
use keyfold_wire::v1::{Commit, Envelope, Heads, RosterEntry, Signed, change::Content, roster_entry::Body};
use prost::Message;

use crate::world::{Device, Home, Notary, World, enrolled};

/// A message inside a signed one, changed; the signature stays.
fn change<M: Message + Default>(signed: &mut Signed, change: impl Fn(&mut M)) {
    let mut message = M::decode(signed.body.as_slice()).unwrap();
    change(&mut message);
    signed.body = message.encode_to_vec();
}

fn change_commits(frames: &mut [Frame], with: impl Fn(&mut Commit)) {
    for frame in frames {
        if let Frame::Commit(commit) = frame {
            change(commit, &with);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_a_commit_that_the_server_changes_is_noticed() {
    let mut world = World::new().await;
    world.laptop_edits_both().await;
    let changes: [(fn(&mut Commit), &str, &str); 9] = [
        (|commit| commit.at += 1, "rule", "signature"),
        (|commit| commit.at = 0, "rule", "before that of the commit before it"),
        (|commit| commit.epoch += 1, "rule", "of epoch 2"),
        (|commit| commit.count -= 1, "rule", "signature"),
        (|commit| commit.set_hash[0] ^= 1, "rule", "signature"),
        (|commit| commit.seq += 1, "forked", "another history"),
        (|commit| commit.changes[0].revision += 1, "rule", "signature"),
        (|commit| commit.changes[0].content = Some(Content::Tombstone(true)), "rule", "signature"),
        (|commit| drop(commit.changes.pop()), "rule", "signature"),
    ];
    for (change, code, because) in changes {
        let notary = world.notary().await;
        world.phone.wire.rewrites_pulls(move |frames| {
            change_commits(frames, change);
            notary.signs_for(frames);
        });
        world.phone.stops(code, because).await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_an_entry_that_the_server_changes_is_noticed() {
    let mut world = World::new().await;
    world.laptop.engine.rename_device(world.laptop.id(), &"Ana's old laptop".parse().unwrap()).await.unwrap();
    let changes: [(fn(&mut RosterEntry), &str, &str); 5] = [
        (|entry| entry.at += 1, "rule", "signature"),
        (|entry| entry.seq += 1, "forked", "another history"),
        (|entry| entry.author[0] ^= 1, "rule", "not an active member"),
        (|entry| entry.vault_head[0] ^= 1, "rule", "another vault head"),
        (
            |entry| {
                let Some(Body::RenameDevice(rename)) = &mut entry.body else { panic!("a renaming") };
                rename.name = "Mallory's".to_owned();
            },
            "rule",
            "signature",
        ),
    ];
    for (with, code, because) in changes {
        let notary = world.notary().await;
        world.phone.wire.rewrites_pulls(move |frames| {
            for frame in frames.iter_mut() {
                if let Frame::Entry(entry) = frame {
                    change(entry, with);
                }
            }
            notary.signs_for(frames);
        });
        world.phone.stops(code, because).await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_an_envelope_that_the_server_changes_is_noticed() {
    let changes: [fn(&mut Envelope); 5] = [
        |envelope| envelope.revision += 1,
        |envelope| envelope.epoch += 1,
        |envelope| envelope.at += 1,
        |envelope| envelope.item[0] ^= 1,
        |envelope| envelope.suite = 2,
    ];
    let mut world = World::new().await;
    world.laptop_edits_both().await;
    for change in changes {
        refuses_envelopes(&mut world.phone, move |bytes| {
            let mut envelope = Envelope::decode(bytes.as_slice()).unwrap();
            change(&mut envelope);
            *bytes = envelope.encode_to_vec();
        })
        .await;
    }
    world.phone.syncs().await;
}

/// Whatever was done to an envelope on the way, the device says the same of it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_09_a_ciphertext_that_the_server_cuts_or_changes_is_one_error() {
    let mut world = World::new().await;
    world.laptop_edits_both().await;
    let changes: [fn(&mut Vec<u8>); 5] = [
        |envelope| *envelope.last_mut().unwrap() ^= 1,
        |envelope| envelope[100] ^= 1,
        |envelope| envelope.truncate(envelope.len() - 1),
        |envelope| envelope.truncate(1),
        |envelope| envelope.push(0),
    ];
    for change in changes {
        refuses_envelopes(&mut world.phone, change).await;
    }
    world.phone.syncs().await;
}

async fn refuses_envelopes(phone: &mut Device, change: impl Fn(&mut Vec<u8>) + Send + 'static) {
    phone.wire.rewrites_pulls(move |frames| {
        for frame in frames {
            if let Frame::Envelope(envelope) = frame {
                change(envelope);
            }
        }
    });
    phone.stops("withheld", "the server withholds an envelope, and gives another").await;
    phone.engine.resume().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_04_heads_that_the_server_does_not_sign_for_are_refused() {
    let mut world = World::new().await;
    world.laptop_edits_both().await;
    let other = world.notary().await;
    let changes: [(Box<dyn Fn(&mut Heads) + Send>, &str, &str); 7] = [
        (Box::new(|heads| heads.vault_seq += 1), "withheld", "a part of its history"),
        (Box::new(|heads| heads.roster_seq += 1), "withheld", "a part of its history"),
        (Box::new(|heads| heads.vault_head[0] ^= 1), "forked", "another history"),
        (Box::new(|heads| heads.vault_receipt = None), "receipt", "missing"),
        (Box::new(|heads| heads.roster_receipt = heads.vault_receipt.clone()), "receipt", "another head"),
        (
            Box::new(|heads| heads.vault_receipt.as_mut().unwrap().signature[0] ^= 1),
            "receipt",
            "signature does not verify",
        ),
        (
            Box::new(move |heads| heads.vault_receipt = Some(of_another_account(&other, heads))),
            "receipt",
            "another head",
        ),
    ];
    for (change, code, because) in changes {
        world.phone.wire.rewrites_pulls(move |frames| {
            let Some(Frame::Heads(heads)) = frames.first_mut() else { panic!("heads come first") };
            change(heads);
        });
        world.phone.stops(code, because).await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
}

/// The same position and head, but in an account that is not Ana's.
fn of_another_account(notary: &Notary, heads: &Heads) -> Signed {
    use keyfold_ledger::{Chain, Receipt};
    let head = heads.vault_head.as_slice().try_into().unwrap();
    let account = keyfold_client::AccountId::new([9; 16]);
    Receipt { account, chain: Chain::Vault, seq: heads.vault_seq, head }.issue(&notary.key)
}

/// The curve has a second signature, (r, n − s), for what an ES256 device has signed: it is none here.
#[tokio::test(flavor = "multi_thread")]
async fn threat_20_a_mauled_signature_is_not_a_second_one() {
    let home = Home::start().await;
    let laptop = Device::founded_with(&home, "Ana's laptop", SigningAlgorithm::Es256).await;
    let mail = laptop.makes("mail.example").await;
    laptop.syncs().await;
    let mut phone = enrolled(&home, &laptop).await;
    phone.syncs().await;
    laptop.labels(mail, "new mail").await;
    laptop.syncs().await;
    phone.wire.rewrites_pulls(|frames| {
        for frame in frames {
            if let Frame::Commit(commit) = frame {
                let (r, s) = p256::ecdsa::Signature::from_slice(&commit.signature).unwrap().split_scalars();
                commit.signature = p256::ecdsa::Signature::from_scalars(r, -s).unwrap().to_bytes().to_vec();
            }
        }
    });
    phone.stops_for_now("rule", "signature does not verify").await;
}
