use keyfold_client::evidence::{TenantError, TenantStanding};
use serde::Serialize;

use super::sync::later;
use crate::{
    app::App,
    args::TenantCommand,
    exit::Exit,
    failure::Failure,
    posture,
    terminal::{printable, rfc3339},
};

#[derive(Serialize)]
struct Tenants {
    tenants: Vec<Tenant>,
}

#[derive(Serialize)]
struct Tenant {
    tenant: String,
    name: String,
    /// Whether the organisation has the account as a member, by its last answer to this device.
    member: bool,
    /// How this device stands to its rules; null before it was told.
    compliance: Option<String>,
    reasons: Vec<String>,
    /// Where it wants evidence.
    rp_ids: Vec<String>,
    /// Relying parties that this device has a leaf for.
    leaves: usize,
    /// Leaves for relying parties to come.
    spare_leaves: usize,
    /// Statements and exports that it has yet to take.
    waiting: usize,
    /// Null before it was asked.
    asked_at: Option<String>,
}

#[derive(Serialize)]
struct Done<'a> {
    tenant: String,
    name: &'a str,
}

pub(crate) async fn run(app: &App, command: TenantCommand) -> Result<(), Failure> {
    match command {
        TenantCommand::Join { code, confirm } => join(app, code.trim(), confirm.as_deref()).await,
        TenantCommand::List => list(app).await,
        TenantCommand::Report => {
            let engine = app.engine(app.unlocked().await?)?;
            engine.sync().await?;
            engine.ask_tenants(app.posture()?.as_ref()).await?;
            shown(app, &engine.tenants().await?)
        }
        TenantCommand::Leave { tenant, confirm } => {
            let engine = app.engine(app.verified().await?)?;
            let standing = engine.tenants().await?.into_iter().find(|standing| standing.tenant == tenant);
            let name = standing.ok_or(TenantError::NotJoined)?.name;
            confirmed(app, &format!("Leave {}?", printable(&name)), &name, confirm.as_deref())?;
            engine.leave_tenant(tenant).await?;
            app.out.result(&Done { tenant: tenant.to_string(), name: &name }, |done| {
                format!("Left {}.", printable(done.name))
            })
        }
        TenantCommand::Posture => {
            let posture = posture::View::of(app)?;
            app.out.result(&posture, posture::View::text)
        }
    }
}

/// Whoever joins is asked for the passphrase, and types what they join.
async fn join(app: &App, code: &str, confirm: Option<&str>) -> Result<(), Failure> {
    let engine = app.engine(app.verified().await?)?;
    let invitation = engine.invitation(code).await?;
    if !invitation.is_joined {
        let question = format!(
            "The invite is to {}.\nIt will learn your devices' names and how they are kept, how often the vault was exported or recovered, \
             and how many passkeys there are.",
            printable(&invitation.name)
        );
        confirmed(app, &question, &invitation.name, confirm)?;
    }
    engine.join_tenant(&invitation).await?;
    // The account has joined; what the organisation gives to this device may come with the next sync.
    if let Err(error) = engine.serve_tenants(app.posture()?.as_ref()).await {
        later(&error);
    }
    let done = Done { tenant: invitation.tenant.to_string(), name: &invitation.name };
    app.out.result(&done, |done| format!("Joined {} ({}).", printable(done.name), done.tenant))
}

fn confirmed(app: &App, question: &str, name: &str, confirm: Option<&str>) -> Result<(), Failure> {
    match confirm {
        Some(confirm) if confirm == name => Ok(()),
        Some(_) => {
            let detail = format!("not confirmed; nothing was changed: the organisation's name is {}", printable(name));
            Err(Failure::new(Exit::NotAllowed, detail))
        }
        None => {
            let question = format!("{question}\nType its name, {}, to go on:", printable(name));
            app.confirm_again(&question, name, "--confirm NAME")
        }
    }
}

async fn list(app: &App) -> Result<(), Failure> {
    let engine = app.engine(app.unlocked().await?)?;
    shown(app, &engine.tenants().await?)
}

fn shown(app: &App, standings: &[TenantStanding]) -> Result<(), Failure> {
    let tenants = standings.iter().map(Tenant::from).collect();
    app.out.result(&Tenants { tenants }, Tenants::text)
}

impl From<&TenantStanding> for Tenant {
    fn from(standing: &TenantStanding) -> Self {
        let compliance = standing.compliance.as_ref();
        Self {
            tenant: standing.tenant.to_string(),
            name: standing.name.clone(),
            member: standing.is_member,
            compliance: compliance.map(|compliance| state_name(compliance.state().as_str_name())),
            reasons: compliance.map(|compliance| compliance.reasons.clone()).unwrap_or_default(),
            rp_ids: standing.rp_ids.clone(),
            leaves: standing.leaves.0,
            spare_leaves: standing.leaves.1,
            waiting: standing.waiting,
            asked_at: (standing.asked_at > 0).then(|| rfc3339(standing.asked_at)),
        }
    }
}

/// COMPLIANCE_STATE_IN_GRACE_PERIOD is written in-grace-period.
fn state_name(name: &str) -> String {
    name.trim_start_matches("COMPLIANCE_STATE_").to_ascii_lowercase().replace('_', "-")
}

impl Tenants {
    fn text(&self) -> String {
        if self.tenants.is_empty() {
            return "The account has joined no organisation.".to_owned();
        }
        self.tenants.iter().map(Tenant::text).collect::<Vec<_>>().join("\n")
    }
}

impl Tenant {
    fn text(&self) -> String {
        let mut text = format!("{}  {}", self.tenant, printable(&self.name));
        if !self.member {
            text.push_str("\n  It has not said that the account is a member: it is asked again within ten minutes.");
        }
        if let Some(compliance) = &self.compliance {
            text.push_str(&format!("\n  This device is {compliance} there."));
        }
        for reason in &self.reasons {
            text.push_str(&format!("\n    {}", printable(reason)));
        }
        text.push_str(&format!(
            "\n  It wants evidence at {} sites; leaves here: {}, and {} for sites to come.",
            self.rp_ids.len(),
            self.leaves,
            self.spare_leaves
        ));
        if self.waiting > 0 {
            text.push_str(&format!("\n  {} statements wait to be sent.", self.waiting));
        }
        text
    }
}
