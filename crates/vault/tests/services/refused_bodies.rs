//! Entries that a roster could hold, and this server refuses.

use keyfold_crypto::{SigningAlgorithm, VerifyingKey, epoch::sealed_hash};
use keyfold_vault::{
    chains::AppendError,
    storage::{KeyKind, ServerKey, ServerKeyStorage},
};
use keyfold_wire::v1::{self, AppendEntry, roster_entry::Body};

use crate::{
    household::{Household, description, device},
    server::{NOW, Server, settings},
};

#[tokio::test]
async fn a_log_key_is_replaced_only_by_the_servers_own() {
    let before = Server::start().await;
    let mut ana = Household::founded(&before).await;
    let next = ServerKey { kid: 2, created_at: NOW, secret: [9; 32].into() };
    assert!(before.database.add_server_key(KeyKind::Log, next).await.unwrap());
    let server = before.beside(settings()).await;
    let own = VerifyingKey::new(SigningAlgorithm::Ed25519, &server.services.info().log_key).unwrap();

    let strange = ana.entry(replace_log_key(&device().signing.verifying_key()));
    assert!(matches!(ana.append(&server, strange).await, Err(AppendError::OtherLogKey)));
    let moved = ana.entry(replace_log_key(&own));
    ana.append(&server, moved).await.unwrap();
    assert_eq!(ana.account.roster().log_key(), &own);
}

#[tokio::test]
async fn nobody_is_given_a_recovery_code_that_would_bring_nothing_back() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let phone = ana.enrol(&server).await;

    let code = device().keys();
    let member = v1::RecoveryMember { keys: Some(code.to_wire()), delay: 0 };
    let sealed = ana.sealed_to(&code);
    let add = v1::AddRecovery { member: Some(member.clone()), sealed_key_hash: sealed_hash(&sealed.sealed).to_vec() };
    let add = AppendEntry { sealed_keys: vec![sealed], ..ana.entry(Body::AddRecovery(add)) };
    let begin = ana.entry(Body::RecoveryBegin(v1::RecoveryBegin {
        device: Some(device().keys().to_wire()),
        description: Some(description("New laptop")),
    }));
    let replace = ana.removal_with(phone.id(), Some(member));
    for message in [add, begin, replace] {
        let refused = ana.append(&server, message).await;
        assert!(matches!(refused, Err(AppendError::NoRecovery)), "{refused:?}");
    }
    ana.append(&server, ana.removal(phone.id())).await.unwrap();
}

fn replace_log_key(log_key: &VerifyingKey) -> Body {
    Body::ReplaceLogKey(v1::ReplaceLogKey { log_key: log_key.as_bytes().to_vec() })
}
