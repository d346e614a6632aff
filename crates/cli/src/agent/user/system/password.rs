//! polkit (org.freedesktop.PolicyKit1): the session's own program asks for the user's password.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use zbus::{Connection, proxy, zvariant::Value};

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
}

/// Whether polkit would ask; why not, for the person. Where it would let anybody pass unasked, nobody is verified.
pub(super) async fn is_ready(bus: &Connection) -> Result<(), String> {
    let authority = AuthorityProxy::new(bus).await.map_err(|error| format!("polkit is out of reach ({error})"))?;
    match check(bus, &authority, ASK_NOBODY, "").await {
        Ok((false, true, _)) => Ok(()),
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
const DISMISSED: &str = "polkit.dismissed";
