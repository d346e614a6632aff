use keyfold_client::{
    sync::{RemoveError, SyncEngine},
    vault::DeviceStatus,
};
use serde::Serialize;

use super::{
    approve,
    by_id::by_id,
    enroll, epoch,
    passkey::{PasskeyView, Passkeys},
};
use crate::{
    app::App,
    args::DeviceCommand,
    failure::Failure,
    terminal::{printable, rfc3339, spinner, table},
};

#[derive(Serialize)]
struct Devices {
    devices: Vec<Device>,
}

#[derive(Serialize)]
pub(super) struct Device {
    id: String,
    name: String,
    platform: String,
    agent: String,
    joined_at: String,
    check_code: Option<String>,
    this: bool,
}

#[derive(Serialize)]
struct Renamed {
    device: String,
    name: String,
}

#[derive(Serialize)]
struct Removed {
    removed: Vec<Gone>,
    epoch: u64,
    passkeys_reencrypted: u64,
    /// What the removed devices may have copied.
    to_replace: Passkeys,
}

#[derive(Serialize)]
struct Gone {
    id: String,
    name: String,
}

pub(crate) async fn run(app: &App, command: DeviceCommand) -> Result<(), Failure> {
    match command {
        DeviceCommand::Enroll(enroll) => enroll::run(app, enroll).await,
        DeviceCommand::Approve(approve) => approve::run(app, approve).await,
        DeviceCommand::List { check_codes } => list(app, check_codes).await,
        DeviceCommand::Remove { devices } => remove(app, &devices).await,
        DeviceCommand::Rename { device, name } => rename(app, &device, &name).await,
    }
}

async fn list(app: &App, check_codes: bool) -> Result<(), Failure> {
    let status = app.local().await?.status().await?;
    let devices = Devices { devices: status.devices.iter().map(Device::from).collect() };
    app.out.result(&devices, |devices| {
        let rows = devices.devices.iter().map(|device| {
            let this = if device.this { "this device" } else { "" };
            let last = if check_codes { device.check_code.as_deref().unwrap_or_default() } else { this };
            [&device.id, &device.name, &device.platform, &device.joined_at, last].map(str::to_owned)
        });
        table(["ID", "NAME", "PLATFORM", "JOINED", if check_codes { "CHECK CODE" } else { "" }], rows)
    })
}

async fn remove(app: &App, devices: &[String]) -> Result<(), Failure> {
    let engine = app.engine(app.verified().await?)?;
    engine.look().await?;
    let status = engine.vault().local().status().await?;
    let gone = removed_before(&engine, devices).await?;
    let mut chosen: Vec<&DeviceStatus> = Vec::new();
    for device in devices.iter().filter(|device| !gone.iter().any(|gone| gone.id.starts_with(device.as_str()))) {
        let device = by_id(&status.devices, |found| found.id, device, ("device", "devices", "device"))?;
        if !chosen.iter().any(|chosen| chosen.id == device.id) {
            chosen.push(device);
        }
    }
    if chosen.iter().any(|device| device.this) {
        return Err(RemoveError::OwnDevice.into());
    }
    for device in &chosen {
        let (name, platform) = (printable(&device.name), printable(&device.platform));
        let joined = rfc3339(device.joined_at);
        app.confirm(&format!("Remove \"{name}\" ({platform}, joined {joined}, {}) from the account?", device.id))?;
    }
    let ids: Vec<_> = chosen.iter().map(|device| device.id).collect();
    let spinner = spinner("removing", app.out);
    let removed = engine.remove_devices(&ids).await;
    spinner.finish_and_clear();
    removed?;
    let passkeys_reencrypted = epoch::reencrypted(&engine).await;
    let contents = engine.vault().contents().await?;
    let removed = Removed {
        removed: gone.into_iter().chain(chosen.iter().map(|device| Gone::from(*device))).collect(),
        epoch: epoch::epoch(&engine).await?,
        passkeys_reencrypted,
        to_replace: Passkeys::new(contents.live().filter_map(PasskeyView::of).collect(), &[]),
    };
    app.out.result(&removed, Removed::text)
}

/// Those that somebody has removed already: an earlier attempt, whose answer was lost, may have.
async fn removed_before(engine: &SyncEngine, devices: &[String]) -> Result<Vec<Gone>, Failure> {
    let held = engine.vault().local().held().await?;
    let active = |beginning: &str| held.roster.devices().any(|(id, ..)| id.to_string().starts_with(beginning));
    let mut gone = Vec::new();
    for beginning in devices.iter().filter(|beginning| !beginning.is_empty() && !active(beginning)) {
        let mut found = held.roster.removed().keys().filter(|id| id.to_string().starts_with(beginning.as_str()));
        if let (Some(id), None) = (found.next(), found.next()) {
            gone.push(Gone { id: id.to_string(), name: held.name_of(id) });
        }
    }
    Ok(gone)
}

async fn rename(app: &App, device: &str, name: &str) -> Result<(), Failure> {
    let name = name.parse()?;
    let vault = app.unlocked().await?;
    let engine = app.engine(vault)?;
    engine.look().await?;
    let status = engine.vault().local().status().await?;
    let id = by_id(&status.devices, |found| found.id, device, ("device", "devices", "device"))?.id;
    engine.rename_device(id, &name).await?;
    app.out.result(&Renamed { device: id.to_string(), name: name.to_string() }, |renamed| {
        format!("Device {} is now called \"{}\".", renamed.device, renamed.name)
    })
}

impl From<&DeviceStatus> for Gone {
    fn from(device: &DeviceStatus) -> Self {
        Self { id: device.id.to_string(), name: device.name.clone() }
    }
}

impl Removed {
    fn text(&self) -> String {
        let mut lines: Vec<String> = self
            .removed
            .iter()
            .map(|device| format!("Device \"{}\" ({}) is removed.", printable(&device.name), device.id))
            .collect();
        lines.push(format!(
            "Epoch {} has begun; {} passkeys are encrypted anew.",
            self.epoch, self.passkeys_reencrypted
        ));
        if !self.to_replace.is_empty() {
            lines.push(
                "What was on it may have been copied. If somebody else has it, replace these passkeys at their relying parties \
                 (`keyfold passkey list --exposed` shows those that are left):"
                    .to_owned(),
            );
            lines.push(self.to_replace.text());
        }
        lines.join("\n")
    }
}

impl From<&DeviceStatus> for Device {
    fn from(device: &DeviceStatus) -> Self {
        Self {
            id: device.id.to_string(),
            name: device.name.clone(),
            platform: device.platform.clone(),
            agent: device.agent.clone(),
            joined_at: rfc3339(device.joined_at),
            check_code: device.check_code.map(|code| code.to_string()),
            this: device.this,
        }
    }
}
