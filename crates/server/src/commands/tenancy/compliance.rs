use serde_json::json;

use super::{ComplianceCommand, Office, TenancyError, read_text, rfc3339};
use crate::{
    commands::{CommandError, Form},
    config::Loaded,
};

pub(in crate::commands) async fn run(
    loaded: Loaded,
    command: ComplianceCommand,
    form: Form,
) -> Result<(), CommandError> {
    let office = Office::open(&loaded, form).await?;
    let devices = &office.assurance.devices;
    match command {
        ComplianceCommand::Set { file, of } => {
            let (tenant, policy) = (office.tenant(of.tenant).await?, read_text(&file)?);
            let set = devices.set_policy(tenant, &policy).await.map_err(TenancyError::from)?;
            let (id, rules) = (set.id.to_string(), set.rules.len());
            office.say(&format!("{id} has {rules} rules from now on."), &json!({ "policy": id, "rules": rules }))?;
        }
        ComplianceCommand::List { of } => {
            let tenant = office.tenant(of.tenant).await?;
            for policy in devices.policies(tenant).await.map_err(TenancyError::from)? {
                let json = serde_json::to_value(&policy).unwrap_or_default();
                office.say(&json.to_string(), &json)?;
            }
        }
        ComplianceCommand::Remove { policy, of } => {
            let tenant = office.tenant(of.tenant).await?;
            devices.remove_policy(tenant, &policy).await.map_err(TenancyError::from)?;
            office.say("Removed.", &json!({ "policy": policy }))?;
        }
        ComplianceCommand::Device { device, of } => {
            let tenant = office.tenant(of.tenant).await?;
            let found = devices.worst(tenant, device).await.map_err(TenancyError::from)?;
            let until = rfc3339(found.expires_at);
            let mut text = format!("{device}: {} (until {until})", found.state.name());
            for result in &found.results {
                let state = result.state.name();
                text.push_str(&format!("\n  {}/{}  {state}  {}", result.policy, result.rule, result.reason));
            }
            let json = json!({ "device": device.to_string(), "state": found.state.name(), "expires_at": until,
                "results": found.results });
            office.say(&text, &json)?;
        }
    }
    office.close().await
}
