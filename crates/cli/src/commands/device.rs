use keyfold_client::vault::DeviceStatus;
use serde::Serialize;

use super::{approve, by_id::by_id, enroll};
use crate::{
    app::App,
    args::DeviceCommand,
    failure::Failure,
    terminal::{rfc3339, table},
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

pub(crate) async fn run(app: &App, command: DeviceCommand) -> Result<(), Failure> {
    match command {
        DeviceCommand::Enroll(enroll) => enroll::run(app, enroll).await,
        DeviceCommand::Approve(approve) => approve::run(app, approve).await,
        DeviceCommand::List { check_codes } => list(app, check_codes).await,
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

async fn rename(app: &App, device: &str, name: &str) -> Result<(), Failure> {
    let name = name.parse()?;
    let vault = app.unlocked().await?;
    let engine = app.engine(vault)?;
    engine.sync().await?;
    let status = engine.vault().local().status().await?;
    let id = by_id(&status.devices, |found| found.id, device, ("device", "devices"))?.id;
    engine.rename_device(id, &name).await?;
    app.out.result(&Renamed { device: id.to_string(), name: name.to_string() }, |renamed| {
        format!("Device {} is now called \"{}\".", renamed.device, renamed.name)
    })
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
