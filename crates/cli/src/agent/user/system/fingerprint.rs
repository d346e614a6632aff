//! fprintd (net.reactivated.Fprint). It lets one program at a time use the reader, and releases it when that is gone.

use futures_util::StreamExt;
use zbus::{Connection, proxy, zvariant::OwnedObjectPath};

use super::NotVerified;
use crate::agent::cancel::Cancel;

#[proxy(
    interface = "net.reactivated.Fprint.Manager",
    default_service = "net.reactivated.Fprint",
    default_path = "/net/reactivated/Fprint/Manager"
)]
trait Manager {
    fn get_default_device(&self) -> zbus::Result<OwnedObjectPath>;
}

#[proxy(interface = "net.reactivated.Fprint.Device", default_service = "net.reactivated.Fprint")]
trait Device {
    fn list_enrolled_fingers(&self, username: &str) -> zbus::Result<Vec<String>>;
    fn claim(&self, username: &str) -> zbus::Result<()>;
    fn release(&self) -> zbus::Result<()>;
    fn verify_start(&self, finger: &str) -> zbus::Result<()>;
    fn verify_stop(&self) -> zbus::Result<()>;

    #[zbus(signal)]
    fn verify_status(&self, result: &str, done: bool) -> zbus::Result<()>;
}

/// Whether the default reader knows a finger of this user; why not, for the person.
pub(super) async fn is_ready(bus: &Connection) -> Result<(), String> {
    let device = device(bus).await.map_err(|error| format!("fprintd has no reader ({error})"))?;
    match device.list_enrolled_fingers(OWN).await {
        Ok(fingers) if !fingers.is_empty() => Ok(()),
        Ok(_) => Err("no finger is enrolled; use fprintd-enroll".to_owned()),
        Err(error) => Err(format!("no finger is enrolled ({error})")),
    }
}

pub(super) async fn verify(bus: &Connection, cancel: &Cancel) -> Result<(), NotVerified> {
    let device = device(bus).await?;
    device.claim(OWN).await?;
    let verified = tries(&device, cancel).await;
    // Whatever became of it, others may use the reader now.
    drop(device.release().await);
    verified
}

async fn tries(device: &DeviceProxy<'_>, cancel: &Cancel) -> Result<(), NotVerified> {
    let stranger = || NotVerified::Failed("that is no finger of yours");
    for tried in 0..TRIES {
        let scan = one_try(device, cancel).await;
        drop(device.verify_stop().await);
        match scan {
            Ok(Scan::Match) => return Ok(()),
            Ok(Scan::NoMatch) => {}
            // However it ends after a stranger's finger, that was one.
            Err(_) if tried > 0 => return Err(stranger()),
            Err(error) => return Err(error),
        }
    }
    Err(stranger())
}

enum Scan {
    Match,
    NoMatch,
}

async fn one_try(device: &DeviceProxy<'_>, cancel: &Cancel) -> Result<Scan, NotVerified> {
    let mut statuses = device.receive_verify_status().await?;
    device.verify_start(ANY_FINGER).await?;
    loop {
        let status = tokio::select! {
            status = statuses.next() => status,
            () = cancel.cancelled() => return Err(NotVerified::Cancelled),
        };
        let Some(status) = status else { return Err(NotVerified::Unavailable("fprintd is gone".to_owned())) };
        let status = status.args()?;
        match (*status.result(), *status.done()) {
            ("verify-match", true) => return Ok(Scan::Match),
            ("verify-no-match", true) => return Ok(Scan::NoMatch),
            (result, true) => return Err(NotVerified::Unavailable(format!("the reader says {result}"))),
            // It wants another look at the same finger.
            (_, false) => {}
        }
    }
}

async fn device(bus: &Connection) -> zbus::Result<DeviceProxy<'_>> {
    let path = ManagerProxy::new(bus).await?.get_default_device().await?;
    DeviceProxy::builder(bus).path(path)?.build().await
}

impl From<zbus::Error> for NotVerified {
    fn from(error: zbus::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Of whoever asks.
const OWN: &str = "";
const ANY_FINGER: &str = "any";
const TRIES: u32 = 3;
