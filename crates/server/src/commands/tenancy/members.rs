use serde_json::json;

use super::{MemberCommand, Office, TenancyError, rfc3339};
use crate::{
    commands::{CommandError, Form},
    config::Loaded,
};

pub(in crate::commands) async fn run(loaded: Loaded, command: MemberCommand, form: Form) -> Result<(), CommandError> {
    let office = Office::open(&loaded, form).await?;
    let members = &office.assurance.members;
    match command {
        MemberCommand::Invite { name, days, of } => {
            let tenant = office.tenant(of.tenant).await?;
            let code = members.invite(tenant, &name, days).await.map_err(TenancyError::from)?.to_string();
            office.say(&code, &json!({ "code": code }))?;
        }
        MemberCommand::List { of } => {
            let tenant = office.tenant(of.tenant).await?;
            let mut after = None;
            loop {
                let page = members.list(tenant, after).await.map_err(TenancyError::from)?;
                let Some(last) = page.last() else { break };
                after = Some(last.account);
                for member in page {
                    let devices = members.devices(tenant, member.account).await.map_err(TenancyError::from)?;
                    let device = |device: &keyfold_assurance::storage::Device| {
                        json!({ "device": device.device.to_string(), "name": device.name,
                            "state": device.compliance.name(), "removed_at": device.removed_at.map(rfc3339) })
                    };
                    let json = json!({ "account": member.account.to_string(), "name": member.name,
                        "joined_at": rfc3339(member.joined_at), "left_at": member.left_at.map(rfc3339),
                        "exports": member.exports, "recoveries": member.facts.recoveries,
                        "devices": devices.iter().map(device).collect::<Vec<_>>() });
                    let mut text = format!("{}  {}", member.account, member.name);
                    if member.left_at.is_some() {
                        text.push_str("  (left)");
                    }
                    for device in devices.iter().filter(|device| device.removed_at.is_none()) {
                        let state = device.compliance.name();
                        text.push_str(&format!("\n  {}  {}  {state}", device.device, device.name));
                    }
                    office.say(&text, &json)?;
                }
            }
        }
    }
    office.close().await
}
