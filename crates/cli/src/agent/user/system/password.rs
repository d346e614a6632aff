//! polkit (org.freedesktop.PolicyKit1): the session's own program asks for the user's password.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::Deserialize;
use zbus::{
    Connection, proxy,
    zvariant::{Type, Value},
};

use super::NotVerified;
use crate::agent::cancel::Cancel;

#[proxy(
    interface = "org.freedesktop.PolicyKit1.Authority",
    default_service = "org.freedesktop.PolicyKit1",
    default_path = "/org/freedesktop/PolicyKit1/Authority"
)]
trait Authority {
    fn check_authorization(
        &self,
        subject: &(&str, HashMap<&str, Value<'_>>),
        action_id: &str,
        details: HashMap<&str, &str>,
        flags: u32,
        cancellation_id: &str,
    ) -> zbus::Result<(bool, bool, HashMap<String, String>)>;

    fn cancel_check_authorization(&self, cancellation_id: &str) -> zbus::Result<()>;

    fn enumerate_actions(&self, locale: &str) -> zbus::Result<Vec<ActionDescription>>;
}

/// PolicyKit1's ActionDescription.
#[derive(Deserialize, Type)]
struct ActionDescription {
    id: String,
    _description: String,
    _message: String,
    _vendor: String,
    _vendor_url: String,
    _icon: String,
    any: u32,
    inactive: u32,
    active: u32,
    _annotations: HashMap<String, String>,
}

/// Whether polkit would ask this user, each time; why not, for the person. Where it lets anybody pass unasked, remembers that it
/// asked, or is content with another's password, it is not the owner who is verified.
pub(super) async fn is_ready(bus: &Connection) -> Result<(), String> {
    let authority = AuthorityProxy::new(bus).await.map_err(|error| format!("polkit is out of reach ({error})"))?;
    match check(bus, &authority, ASK_NOBODY, "").await {
        Ok((false, true, details)) if details.contains_key(RETAINS) => {
            Err(format!("polkit remembers that it asked for {ACTION}, and then verifies nobody"))
        }
        Ok((false, true, _)) => asks_the_user(&authority).await,
        Ok((false, false, _)) => Err(format!("polkit refuses {ACTION}")),
        Ok((true, ..)) => Err(format!("polkit allows {ACTION} without asking, which verifies nobody")),
        Err(error) => {
            Err(format!("polkit does not know {ACTION} ({error}); install deploy/polkit/org.keyfold.agent.policy"))
        }
    }
}

pub(super) async fn verify(bus: &Connection, cancel: &Cancel) -> Result<(), NotVerified> {
    // It may have become lax meanwhile, or remember that it asked before.
    is_ready(bus).await.map_err(NotVerified::Unavailable)?;
    let authority = AuthorityProxy::new(bus).await?;
    let id = format!("keyfold-{}", CHECKS.fetch_add(1, Ordering::Relaxed));
    let checked = tokio::select! {
        checked = check(bus, &authority, MAY_ASK, &id) => checked?,
        () = cancel.cancelled() => {
            drop(authority.cancel_check_authorization(&id).await);
            return Err(NotVerified::Cancelled);
        }
    };
    match checked {
        (true, ..) => Ok(()),
        // A challenge that nobody could be asked.
        (false, true, details) if !details.contains_key(DISMISSED) => {
            Err(NotVerified::Unavailable("no program of this session asks for passwords".to_owned()))
        }
        (false, ..) => Err(NotVerified::Failed("the system did not find out that it is you")),
    }
}

/// As the policy has it: a rule of the administrator's may say otherwise.
async fn asks_the_user(authority: &AuthorityProxy<'_>) -> Result<(), String> {
    let actions =
        authority.enumerate_actions("").await.map_err(|error| format!("polkit tells no policies ({error})"))?;
    let own = actions.into_iter().find(|action| action.id == ACTION);
    let own = own.ok_or_else(|| format!("polkit does not know {ACTION}"))?;
    let is_user_asked = [own.any, own.inactive, own.active].iter().all(|implicit| matches!(*implicit, NO | AUTH_SELF));
    if is_user_asked {
        Ok(())
    } else {
        Err(format!("polkit's policy for {ACTION} is another than auth_self, which does not verify the owner"))
    }
}

async fn check(
    bus: &Connection,
    authority: &AuthorityProxy<'_>,
    flags: u32,
    id: &str,
) -> zbus::Result<(bool, bool, HashMap<String, String>)> {
    let own_name = bus.unique_name().map(|name| name.as_str()).unwrap_or_default();
    let subject = ("system-bus-name", HashMap::from([("name", Value::from(own_name))]));
    authority.check_authorization(&subject, ACTION, HashMap::new(), flags, id).await
}

static CHECKS: AtomicU64 = AtomicU64::new(0);
const ACTION: &str = "org.keyfold.agent.verify";
const ASK_NOBODY: u32 = 0;
const MAY_ASK: u32 = 1;
const RETAINS: &str = "polkit.retains_authorization_after_challenge";
/// Of PolicyKit1's ImplicitAuthorization.
const NO: u32 = 0;
const AUTH_SELF: u32 = 1;
const DISMISSED: &str = "polkit.dismissed";
