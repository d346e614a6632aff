use keyfold_assurance::relying_parties::Proof;
use serde_json::{Value, json};

use super::{ClientCommand, Office, RpIdCommand, TenancyError, read_text, rfc3339};
use crate::{
    commands::{CommandError, Form},
    config::Loaded,
};

pub(in crate::commands) async fn client(
    loaded: Loaded,
    command: ClientCommand,
    form: Form,
) -> Result<(), CommandError> {
    let office = Office::open(&loaded, form).await?;
    let registry = &office.assurance.relying_parties;
    match command {
        ClientCommand::Add { name, keys, scope, of } => {
            let (tenant, keys) = (office.tenant(of.tenant).await?, read_text(&keys)?);
            let added = registry.add(tenant, &name, &keys, scope).await.map_err(TenancyError::from)?;
            let client = added.client.to_string();
            office.say(
                &client,
                &json!({ "client": client, "token_endpoint":
                format!("{}/token", office.assurance.tenants.url(tenant)) }),
            )?;
        }
        ClientCommand::List { of } => {
            let tenant = office.tenant(of.tenant).await?;
            for found in registry.list(tenant).await.map_err(TenancyError::from)? {
                let (client, scope) = (found.client.to_string(), found.scopes.to_string());
                let json = json!({ "client": client, "name": found.name, "scope": scope,
                    "created_at": rfc3339(found.created_at) });
                office.say(&format!("{client}  {}  ({scope})", found.name), &json)?;
            }
        }
        ClientCommand::Keys { client, keys, of } => {
            let (tenant, keys) = (office.tenant(of.tenant).await?, read_text(&keys)?);
            registry.set_keys(tenant, client, &keys).await.map_err(TenancyError::from)?;
            office.say("Its keys are these from now on.", &json!({ "client": client.to_string() }))?;
        }
        ClientCommand::Remove { client, of } => {
            let tenant = office.tenant(of.tenant).await?;
            registry.remove(tenant, client).await.map_err(TenancyError::from)?;
            office.say("Removed.", &json!({ "client": client.to_string() }))?;
        }
    }
    office.close().await
}

pub(in crate::commands) async fn rp_id(loaded: Loaded, command: RpIdCommand, form: Form) -> Result<(), CommandError> {
    let office = Office::open(&loaded, form).await?;
    let registry = &office.assurance.relying_parties;
    match command {
        RpIdCommand::Add { client, rp_id, of } => {
            let tenant = office.tenant(of.tenant).await?;
            let proof = registry.list_domain(tenant, client, &rp_id).await.map_err(TenancyError::from)?;
            let text = format!("Listed. {} proves that the client owns it by the line\n{}", proof.url, proof.line);
            office.say(&text, &told(&proof))?;
        }
        RpIdCommand::Prove { client, rp_id, of } => {
            let tenant = office.tenant(of.tenant).await?;
            let proof = registry.prove(tenant, client, &rp_id).await.map_err(TenancyError::from)?;
            office.say(&format!("{rp_id} is proved."), &told(&proof))?;
        }
        RpIdCommand::List { of } => {
            let tenant = office.tenant(of.tenant).await?;
            for proof in registry.domains(tenant).await.map_err(TenancyError::from)? {
                let state = if proof.counts { "proved" } else { "not proved" };
                office.say(&format!("{}  {}  {state}", proof.client, proof.rp_id), &told(&proof))?;
            }
        }
        RpIdCommand::Remove { client, rp_id, of } => {
            let tenant = office.tenant(of.tenant).await?;
            registry.remove_domain(tenant, client, &rp_id).await.map_err(TenancyError::from)?;
            office.say("Removed.", &json!({ "client": client.to_string(), "rp_id": rp_id }))?;
        }
    }
    office.close().await
}

fn told(proof: &Proof) -> Value {
    json!({ "client": proof.client.to_string(), "rp_id": proof.rp_id, "url": proof.url, "line": proof.line,
        "proved": proof.counts, "proved_at": proof.proved_at.map(rfc3339) })
}
