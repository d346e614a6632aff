use std::{sync::Arc, time::Duration};

use keyfold_wire::v1::ProblemCode;

use super::{Confirmed, EnrolmentError, Opened, pending::Pending, poll::Step};
use crate::{
    api::{Api, ApiError, MemberApi},
    device::{Passphrase, SecretsError},
    storage::{Condition, Profile, Storage, Write},
    sync::CreateError,
    vault::{LocalVault, UnlockedVault, VaultError, open_secrets},
};

/// How an enrolment that was interrupted on the new device stands.
pub enum Resumed {
    /// It goes on: the device has yet to make sure that the approver saw the same.
    Opened(Opened),
    /// It ended, but the device had been let in before. Only the check code can confirm that now, which every device of the
    /// account can show.
    LetIn(Opened),
    /// The device's own check held before; it remains to join.
    Confirmed(Confirmed),
    /// The device had joined already; the next sync takes the vault.
    Joined(UnlockedVault),
    /// It ended without the device being let in. The profile is empty again.
    Ended,
}

/// Goes on with the enrolment that `storage` keeps.
///
/// # Errors
/// [`EnrolmentError`]; the profile keeps the enrolment.
pub async fn resume(storage: Arc<dyn Storage>, api: Api, passphrase: &Passphrase) -> Result<Resumed, EnrolmentError> {
    let profile = storage.profile().await?.ok_or(VaultError::NoProfile)?;
    if profile.server != api.server().as_str() {
        return Err(EnrolmentError::BegunElsewhere(profile.server));
    }
    match profile.condition {
        Condition::Enrolling => {}
        Condition::Joining => {
            let local = LocalVault::open(storage, api.clock()).await?;
            return Ok(Resumed::Joined(local.unlock(passphrase).await?));
        }
        Condition::Recovering => return Err(VaultError::Recovering.into()),
        Condition::Creating | Condition::Active => return Err(CreateError::ProfileInUse.into()),
    }
    let opened = reopen(storage, api, &profile, passphrase).await?;
    let standing = standing(&opened).await?;
    match standing {
        Standing::Over => {
            forget(opened.storage.as_ref()).await?;
            Ok(Resumed::Ended)
        }
        _ if opened.pending.held.is_some() => Ok(Resumed::Confirmed(Confirmed(opened))),
        Standing::Live => Ok(Resumed::Opened(opened)),
        Standing::LetIn => Ok(Resumed::LetIn(opened)),
    }
}

/// Forgets the enrolment that `storage` keeps. If an approver has let the device in, the account has a member from then on
/// that nobody can use.
///
/// # Errors
/// [`CreateError::ProfileInUse`] if the device has joined.
pub async fn forget(storage: &dyn Storage) -> Result<(), EnrolmentError> {
    let step = storage.step().await?;
    match storage.profile().await? {
        None => Ok(()),
        Some(profile) if profile.condition == Condition::Enrolling => {
            Ok(storage.apply(&step, vec![Write::Erase]).await?)
        }
        Some(_) => Err(CreateError::ProfileInUse.into()),
    }
}

async fn reopen(
    storage: Arc<dyn Storage>,
    api: Api,
    profile: &Profile,
    passphrase: &Passphrase,
) -> Result<Opened, VaultError> {
    let (account, keys) =
        open_secrets(storage.as_ref(), api.clock().as_ref(), &profile.sealed_secrets, passphrase).await?;
    if account != profile.account || keys.id() != profile.device {
        return Err(SecretsError::Contents.into());
    }
    let sealed = storage.enrolment().await?;
    let sealed = sealed.ok_or_else(|| VaultError::Damaged("the enrolment is missing".to_owned()))?;
    let pending = Pending::open(account, &keys, &sealed)?;
    Ok(Opened { api, storage, keys: Arc::new(keys), pending })
}

/// What the server says of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It can go on.
    Live,
    /// Nothing more comes of it, and the device is a member.
    LetIn,
    /// Nothing more comes of it, and the device is none.
    Over,
}

/// The opening may have been lost on its way, so it is sent again. One that was taken is answered as it was then, so the
/// enrolment is asked as well whether it goes on.
async fn standing(opened: &Opened) -> Result<Standing, EnrolmentError> {
    let Opened { api, pending, .. } = opened;
    let is_live = match api.open_enrolment(pending.id, &pending.opening).await {
        Ok(()) => api.enrolment(pending.id, Step::Approved.name(), Duration::ZERO).await.map(drop),
        refused => refused,
    };
    match is_live {
        Ok(()) => return Ok(Standing::Live),
        Err(error) if is_over(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let member = MemberApi::new(opened.api.clone(), opened.pending.account, Arc::clone(&opened.keys));
    if !is_member(&member).await? {
        return Ok(Standing::Over);
    }
    // The server keeps the last word of an enrolment for a while.
    match opened.completion().await {
        Ok(_) => Ok(Standing::Live),
        Err(EnrolmentError::Expired) => Ok(Standing::LetIn),
        Err(error) => Err(error),
    }
}

fn is_over(error: &ApiError) -> bool {
    matches!(error.code(), Some(ProblemCode::EnrolmentEnded | ProblemCode::EnrolmentStep | ProblemCode::NotFound))
}

/// Whether the server has the device in the account's roster.
pub(crate) async fn is_member(member: &MemberApi) -> Result<bool, ApiError> {
    match member.head().await {
        Ok(_) => Ok(true),
        Err(error) => match error.code() {
            // Who never was a member is told no more than that its signature is nobody's.
            Some(
                ProblemCode::Unauthenticated
                | ProblemCode::NotAMember
                | ProblemCode::NotFound
                | ProblemCode::AccountDeleted,
            ) => Ok(false),
            _ => Err(error),
        },
    }
}
