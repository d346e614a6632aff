//! An invite is good for one account, and only an account that came to be has used it.

use keyfold_vault::{Invite, Settings, SignUp, accounts::CreateAccountError};
use keyfold_wire::v1::CreateAccount;

use crate::{
    household::Household,
    server::{DAY, Server, settings},
};

async fn by_invite_only() -> Server {
    Server::start_with(Settings { sign_up: SignUp::Invite, ..settings() }).await
}

fn founding(server: &Server, invite: &Invite) -> (Household, CreateAccount) {
    let (household, message) = Household::founding(server);
    (household, CreateAccount { invite: invite.to_string(), ..message })
}

#[tokio::test]
async fn an_invite_makes_one_account_which_hears_the_same_again_after_the_invites_end() {
    let server = by_invite_only().await;
    let invite = server.services.invites.create(7).await.unwrap();
    let ((_, ana), (_, ben)) = (founding(&server, &invite), founding(&server, &invite));
    let first = server.services.accounts.create(ana.clone()).await.unwrap();
    let refused = server.services.accounts.create(ben).await;
    assert!(matches!(refused, Err(CreateAccountError::InviteInvalid)), "{refused:?}");

    server.clock.advance(8 * DAY);
    assert_eq!(server.services.accounts.create(ana).await.unwrap(), first);
}

#[tokio::test]
async fn a_creation_that_fails_leaves_its_invite_to_another() {
    let server = by_invite_only().await;
    let (ana, message) = founding(&server, &server.services.invites.create(7).await.unwrap());
    server.services.accounts.create(message.clone()).await.unwrap();
    server.services.accounts.delete(&ana.deletion()).await.unwrap();

    let invite = server.services.invites.create(7).await.unwrap();
    let again = CreateAccount { invite: invite.to_string(), ..message };
    let refused = server.services.accounts.create(again).await;
    assert!(matches!(refused, Err(CreateAccountError::Deleted)), "{refused:?}");
    server.services.accounts.create(founding(&server, &invite).1).await.unwrap();
}

#[tokio::test]
async fn an_invite_that_has_expired_makes_no_account() {
    let server = by_invite_only().await;
    let invite = server.services.invites.create(1).await.unwrap();
    server.clock.advance(DAY);
    let (_, message) = founding(&server, &invite);
    let refused = server.services.accounts.create(message.clone()).await;
    assert!(matches!(refused, Err(CreateAccountError::InviteInvalid)), "{refused:?}");

    let invite = server.services.invites.create(1).await.unwrap();
    let message = CreateAccount { invite: invite.to_string(), ..message };
    server.services.accounts.create(message).await.unwrap();
}
