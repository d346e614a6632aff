use std::time::Duration;

use tokio::{sync::Mutex, time::sleep};
use zbus::Connection;

use super::{NotVerified, fingerprint, password};
use crate::agent::cancel::Cancel;

/// A way that works on this machine: a fingerprint reader that knows one of the user's fingers (fprintd), else the password,
/// asked for by polkit.
pub(crate) struct SystemPrompt {
    bus: Connection,
    way: Way,
    /// One request at a time: a finger is for what was shown, and for nothing that another program slipped in between.
    asking: Mutex<()>,
}

enum Way {
    Fingerprint,
    Password,
}

impl SystemPrompt {
    /// Finds one; why there is none, for the person.
    pub(crate) async fn find() -> Result<Self, String> {
        let bus =
            Connection::system().await.map_err(|error| format!("the system's D-Bus is out of reach ({error})"))?;
        let Err(no_fingerprint) = fingerprint::is_ready(&bus).await else {
            return Ok(Self { bus, way: Way::Fingerprint, asking: Mutex::default() });
        };
        match password::is_ready(&bus).await {
            Ok(()) => Ok(Self { bus, way: Way::Password, asking: Mutex::default() }),
            Err(no_password) => Err(format!("no fingerprint: {no_fingerprint}; no password: {no_password}")),
        }
    }

    /// What the person is to do.
    pub(crate) const fn hint(&self) -> &'static str {
        match self.way {
            Way::Fingerprint => "touch the fingerprint reader",
            Way::Password => "answer the system's own prompt",
        }
    }

    /// Asks, each time anew, and returns once the owner has shown that they are there.
    pub(crate) async fn verify(&self, cancel: &Cancel) -> Result<(), NotVerified> {
        let Ok(_asking) = self.asking.try_lock() else {
            return Err(NotVerified::Unavailable("the system is asking for another request".to_owned()));
        };
        let asks = async {
            match self.way {
                Way::Fingerprint => fingerprint::verify(&self.bus, cancel).await,
                Way::Password => password::verify(&self.bus, cancel).await,
            }
        };
        // A system that does not answer holds nobody up for long.
        let gives_up = async {
            cancel.cancelled().await;
            sleep(TO_END).await;
        };
        tokio::select! {
            verified = asks => verified,
            // Whoever touched what, nobody knows: it counts.
            () = gives_up => Err(NotVerified::Failed("the system does not answer")),
        }
    }
}

/// What the system may take to end what was begun.
const TO_END: Duration = Duration::from_secs(5);
