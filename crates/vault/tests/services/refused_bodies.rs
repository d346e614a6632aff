//! Entries that a roster could hold, and this server refuses.

use keyfold_crypto::{SigningAlgorithm, VerifyingKey};
use keyfold_vault::{
    chains::AppendError,
    storage::{KeyKind, ServerKey, ServerKeyStorage},
};
use keyfold_wire::v1::{self, roster_entry::Body};

use crate::{
    household::{Household, device},
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

fn replace_log_key(log_key: &VerifyingKey) -> Body {
    Body::ReplaceLogKey(v1::ReplaceLogKey { log_key: log_key.as_bytes().to_vec() })
}
