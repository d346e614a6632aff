//! Recovery codes as the server knows them: how an account is found, what a recovery member may do, and when.

use keyfold_crypto::{
    Hash, SUITE,
    epoch::sealed_hash,
    recovery::{RecoveryCode, lookup_hash},
};
use keyfold_ledger::{Entry, RosterError, author::Author};
use keyfold_vault::{
    RecoveryError,
    chains::{AppendError, PushError},
};
use keyfold_wire::v1::{
    self, AddDevice, AppendEntry, RecoveryBegin, RecoveryLookup, RecoveryTranscript, add_device::Transcript,
    roster_entry::Body,
};
use prost::Message;

use crate::{
    edits::{Edit, SMALL},
    household::{Household, description, device},
    server::{DAY, MINUTE, SECOND, Server},
};

fn code(byte: u8) -> RecoveryCode {
    RecoveryCode::new([byte; 20])
}

fn member(ana: &Household, code: &RecoveryCode, delay: u64) -> (Author, v1::RecoveryMember) {
    let keys = code.keys(&ana.caller().account).unwrap();
    let author = Author { signing: keys.signing, wrapping: keys.wrapping };
    let lookup_hash = lookup_hash(&code.lookup()).to_vec();
    let member = v1::RecoveryMember { keys: Some(author.keys().to_wire()), delay, lookup_hash };
    (author, member)
}

/// Ana's account with this code; gives it as the code's member holds it.
async fn with_code(server: &Server, ana: &mut Household, code: &RecoveryCode, delay: u64) -> Household {
    let (author, member) = member(ana, code, delay);
    let sealed = ana.sealed_to(&author.keys());
    let add = v1::AddRecovery { member: Some(member), sealed_key_hash: sealed_hash(&sealed.sealed).to_vec() };
    let message = AppendEntry { sealed_keys: vec![sealed], ..ana.entry(Body::AddRecovery(add)) };
    ana.append(server, message).await.unwrap();
    ana.seen_by(author)
}

async fn found(server: &Server, code: &RecoveryCode) -> Result<Vec<Vec<u8>>, RecoveryError> {
    let lookup = RecoveryLookup { lookup: code.lookup().to_vec() };
    server.services.recovery.find(&lookup).await.map(|found| found.accounts)
}

fn begin(new: &Author) -> Body {
    Body::RecoveryBegin(RecoveryBegin {
        device: Some(new.keys().to_wire()),
        description: Some(description("New laptop")),
    })
}

/// The entry by which the code's member lets the new device in.
fn lets_in(recovery: &Household, begin: Hash, new: &Author) -> AppendEntry {
    let transcript = RecoveryTranscript {
        suite: SUITE,
        account: recovery.caller().account.to_vec(),
        begin: begin.to_vec(),
        device: Some(new.keys().to_wire()),
    }
    .encode_to_vec();
    let sealed = recovery.sealed_to(&new.keys());
    let signature = new.signing.sign_bytes::<RecoveryTranscript>(&transcript).as_bytes().to_vec();
    let add = AddDevice {
        transcript: Some(Transcript::Recovery(transcript)),
        signature,
        sealed_key_hash: sealed_hash(&sealed.sealed).to_vec(),
    };
    AppendEntry { sealed_keys: vec![sealed], ..recovery.entry(Body::AddDevice(add)) }
}

#[tokio::test]
async fn an_account_is_found_by_its_code_until_that_is_replaced_or_removed() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let account = ana.caller().account.to_vec();
    assert!(matches!(found(&server, &code(1)).await, Err(RecoveryError::Unknown)));
    let recovery = with_code(&server, &mut ana, &code(1), DAY).await;
    assert_eq!(found(&server, &code(1)).await.unwrap(), std::slice::from_ref(&account));
    assert!(matches!(found(&server, &code(2)).await, Err(RecoveryError::Unknown)));

    // What the roster says of it finds nothing.
    let hash = RecoveryLookup { lookup: lookup_hash(&code(1).lookup()).to_vec() };
    assert!(matches!(server.services.recovery.find(&hash).await, Err(RecoveryError::Unknown)));
    let short = RecoveryLookup { lookup: vec![1; 31] };
    assert!(matches!(server.services.recovery.find(&short).await, Err(RecoveryError::Field)));

    let (author, replacement) = member(&ana, &code(2), DAY);
    let replace = ana.replacing(recovery.laptop.keys().id(), &author.keys(), replacement);
    ana.append(&server, replace).await.unwrap();
    assert!(matches!(found(&server, &code(1)).await, Err(RecoveryError::Unknown)));
    assert_eq!(found(&server, &code(2)).await.unwrap(), [account]);
    let removal = ana.removal(author.keys().id());
    ana.append(&server, removal).await.unwrap();
    assert!(matches!(found(&server, &code(2)).await, Err(RecoveryError::Unknown)));
}

/// Whoever was shown a roster may name its hash in their own; that hides nobody's account.
#[tokio::test]
async fn threat_recovery_whoever_copies_a_hash_hides_no_account() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    with_code(&server, &mut ana, &code(1), DAY).await;
    server.clock.advance(SECOND);
    let mut mallory = Household::founded(&server).await;
    mallory.now += SECOND;
    with_code(&server, &mut mallory, &code(1), DAY).await;
    let [first, second] = [&ana, &mallory].map(|account| account.caller().account.to_vec());
    assert_eq!(found(&server, &code(1)).await.unwrap(), [first, second], "the oldest first");
}

#[tokio::test]
async fn threat_recovery_the_delay_is_held_against_the_servers_own_clock() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let mut recovery = with_code(&server, &mut ana, &code(1), DAY).await;
    let new = device();
    server.clock.advance(2 * DAY);

    // Dated a day back, its delay would be over at once.
    recovery.now += DAY;
    let refused = recovery.append(&server, recovery.entry(begin(&new))).await;
    assert!(matches!(refused, Err(AppendError::BadTime)), "{refused:?}");
    recovery.now += DAY - MINUTE;
    let entry = recovery.entry(begin(&new));
    let begun = Entry::parse(entry.entry.as_ref().unwrap()).unwrap();
    recovery.append(&server, entry).await.unwrap();

    // The chain would take it: the entry says that it is due.
    server.clock.advance(DAY - MINUTE - 1);
    recovery.now = begun.at() + DAY;
    let early = recovery.append(&server, lets_in(&recovery, begun.hash(), &new)).await;
    assert!(matches!(early, Err(AppendError::Rule(RosterError::TooEarly))), "{early:?}");
    server.clock.advance(1);
    recovery.append(&server, lets_in(&recovery, begun.hash(), &new)).await.unwrap();
}

#[tokio::test]
async fn threat_recovery_a_recovery_member_does_nothing_but_recover() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    ana.push(&server, &[Edit::Write("mail", SMALL)]).await.unwrap();
    let mut recovery = with_code(&server, &mut ana, &code(1), 0).await;
    let caller = recovery.caller();
    server.services.heads.poll(&caller).await.unwrap();
    drop(server.services.pulls.pull(&caller, keyfold_vault::pull::Since::Nothing).await.unwrap());

    let pushed = recovery.push(&server, &[Edit::Write("mail", SMALL)]).await;
    assert!(matches!(pushed, Err(PushError::NotAMember)), "{pushed:?}");
    for entry in [recovery.rename("mine"), recovery.rotation(), recovery.removal(ana.laptop.keys().id())] {
        let refused = recovery.append(&server, entry).await;
        assert!(matches!(refused, Err(AppendError::Rule(RosterError::NotAllowed))), "{refused:?}");
    }
    assert!(server.services.enrolments.find(&caller, "23456789").await.is_err());
    assert!(server.services.accounts.delete(&recovery.deletion()).await.is_err());

    // A recovered device writes nothing before it has replaced the code.
    let new = device();
    let entry = recovery.entry(begin(&new));
    let begun = Entry::parse(entry.entry.as_ref().unwrap()).unwrap().hash();
    recovery.append(&server, entry).await.unwrap();
    recovery.append(&server, lets_in(&recovery, begun, &new)).await.unwrap();
    let mut new = recovery.seen_by(new);
    assert!(new.push(&server, &[Edit::Write("mail", SMALL)]).await.is_err());
    let refused = new.append(&server, new.rename("mine")).await;
    assert!(matches!(refused, Err(AppendError::Rule(RosterError::RecoveryUnfinished))), "{refused:?}");
    let (author, replacement) = member(&new, &code(2), DAY);
    let replace = new.replacing(recovery.laptop.keys().id(), &author.keys(), replacement);
    new.append(&server, replace).await.unwrap();
    new.push(&server, &[Edit::Write("mail", SMALL)]).await.unwrap();
}
