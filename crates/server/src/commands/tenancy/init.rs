use keyfold_assurance::{authority::OtherRoot, evidence::issue::Names};
use serde_json::json;

use super::{Init, Office, TenancyError, TenantCommand, rfc3339, root_arguments::Place, root_kept::KeptRoot};
use crate::{
    commands::{CommandError, Form},
    config::Loaded,
};

pub(in crate::commands) async fn init(loaded: Loaded, options: &Init, form: Form) -> Result<(), CommandError> {
    let office = Office::open(&loaded, form).await?;
    let today = office.assurance.now().day();
    // Before the tenant: one whose root nobody has would be of no use.
    let root = Place::of(options.root.as_deref(), &options.passphrase, options.in_token.as_ref())
        .map(|place| {
            let names = Names { country: options.country.clone(), organization: options.name.clone() };
            KeptRoot::make(place, names, today..today.plus(ROOT_DAYS))
        })
        .transpose()?;
    let made = office.assurance.tenants.create(&options.name, &options.country).await;
    let tenant = match made {
        Ok(tenant) => tenant,
        Err(error) => {
            if let Some(root) = root {
                root.discard();
            }
            return Err(TenancyError::from(error).into());
        }
    };
    let (id, url) = (tenant.id, office.assurance.tenants.url(tenant.id));
    let mut told = format!("Tenant {id}: {}\n{url}", tenant.name);
    if let Some(root) = root {
        let request = office.assurance.authorities.request(id).await.map_err(TenancyError::from)?;
        let certified = root.sign(&request, today..today.plus(CERTIFIED_DAYS))?;
        let installed = office.assurance.authorities.install(id, &certified, OtherRoot::Refused).await;
        installed.map_err(TenancyError::from)?;
        told.push_str(&format!(
            "\nIts root is in {}: keep it, and what opens it, where this server is not. It certified this server until {}; \
             see `keyfoldd ca --help`.",
            root.told(),
            today.plus(CERTIFIED_DAYS)
        ));
    } else {
        told.push_str("\nIt issues nothing yet: `keyfoldd ca request` says what its root is to certify.");
    }
    office.say(&told, &json!({ "tenant": id.to_string(), "name": tenant.name, "url": url }))?;
    office.close().await
}

pub(in crate::commands) async fn tenant(
    loaded: Loaded,
    command: TenantCommand,
    form: Form,
) -> Result<(), CommandError> {
    let office = Office::open(&loaded, form).await?;
    match command {
        TenantCommand::List => {
            for tenant in office.assurance.tenants.list().await.map_err(TenancyError::from)? {
                let (id, url) = (tenant.id.to_string(), office.assurance.tenants.url(tenant.id));
                let created_at = rfc3339(tenant.created_at);
                let json = json!({ "tenant": id, "name": tenant.name, "country": tenant.country, "url": url,
                    "created_at": created_at, "certified": tenant.root.is_some() });
                office.say(&format!("{id}  {}", tenant.name), &json)?;
            }
        }
    }
    office.close().await
}

const ROOT_DAYS: u32 = 20 * 365;
const CERTIFIED_DAYS: u32 = 90;
