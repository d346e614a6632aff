use zbus::Connection;

use super::{NotVerified, fingerprint, password};
use crate::agent::cancel::Cancel;

/// A way that works on this machine: a fingerprint reader that knows one of the user's fingers (fprintd), else the password,
/// asked for by polkit.
pub(crate) struct SystemPrompt {
    bus: Connection,
    way: Way,
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
            return Ok(Self { bus, way: Way::Fingerprint });
        };
        match password::is_ready(&bus).await {
            Ok(()) => Ok(Self { bus, way: Way::Password }),
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
        match self.way {
            Way::Fingerprint => fingerprint::verify(&self.bus, cancel).await,
            Way::Password => password::verify(&self.bus, cancel).await,
        }
    }
}
