use std::sync::Arc;

use keyfold_client::{
    ProblemCode, SigningAlgorithm, SystemClock,
    sync::{CreateError, NewAccount, SyncEngine, create_account},
    vault::{LocalVault, UnlockedVault, VaultError},
};
use keyfold_wire::v1::Problem;
use prost::Message;

use crate::world::{Home, Newcomer, Reply, any_passkey, passphrase};

async fn creates(newcomer: &Newcomer) -> Result<UnlockedVault, CreateError> {
    let new = NewAccount {
        name: "Ana's laptop".parse().unwrap(),
        algorithm: SigningAlgorithm::Ed25519,
        passphrase: passphrase(),
        invite: String::new(),
        ca: None,
    };
    Box::pin(create_account(Arc::clone(&newcomer.storage), &newcomer.api, new)).await
}

/// The server says this to whoever creates an account.
fn says(newcomer: &Newcomer, code: ProblemCode, status: u16) {
    let problem = Problem { code: code.into(), ..Problem::default() }.encode_to_vec();
    newcomer
        .wire
        .answers(move |request| (request.path == "/v1/accounts").then(|| Reply { status, body: problem.clone() }));
}

/// What nobody has acknowledged might be refused yet, and its passkeys with it.
#[tokio::test(flavor = "multi_thread")]
async fn no_passkey_is_made_before_the_account_is_acknowledged() {
    let home = Home::start().await;
    let newcomer = Newcomer::new(&home).await;
    says(&newcomer, ProblemCode::Unavailable, 503);
    assert!(creates(&newcomer).await.is_err());
    let local = LocalVault::open(Arc::clone(&newcomer.storage), Arc::new(SystemClock)).await.unwrap();
    let vault = local.unlock(&passphrase()).await.unwrap();
    let passkey = any_passkey("mail.example", vault.keys().id());
    assert!(matches!(vault.add(&passkey, []).await, Err(VaultError::NotCreated)));

    newcomer.wire.is_honest();
    let vault = creates(&newcomer).await.unwrap();
    vault.add(&passkey, []).await.unwrap();
    let report = Box::pin(SyncEngine::new(vault, newcomer.api.clone()).sync()).await.unwrap();
    assert_eq!(report.items_pushed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_a_profile_without_passkeys_as_empty_as_before() {
    let home = Home::start().await;
    let newcomer = Newcomer::new(&home).await;
    says(&newcomer, ProblemCode::SignUpClosed, 403);
    assert!(creates(&newcomer).await.is_err());
    assert!(newcomer.is_nobody().await);
}
