use std::io::{Write, stdout};

use data_encoding::HEXLOWER_PERMISSIVE;
use keyfold_assurance::{
    Clock, SystemClock,
    authority::{CertificateShown, Certified, OtherRoot, Request, from_pem_list, to_pem_list},
    evidence::issue::Names,
};
use serde_json::json;

use super::{Ca, Office, TenancyError, arguments::OfTenant, read, root_arguments::Place, root_kept::KeptRoot};
use crate::{
    commands::{CommandError, Form},
    config::Loaded,
};

pub(in crate::commands) async fn run(loaded: Loaded, command: Ca, form: Form) -> Result<(), CommandError> {
    match command {
        // These need no server, no settings and no database.
        Ca::Root { file, name, country, years, passphrase, in_token } => {
            let place = Place::of(file.as_deref(), &passphrase, in_token.as_ref()).ok_or(TenancyError::WhichRoot)?;
            let today = SystemClock.now().day();
            let until = today.plus(years * 365);
            let root = KeptRoot::make(place, Names { country, organization: name }, today..until)?;
            let text = format!("The root is in {}, until {until}.", root.told());
            let line = if form == Form::Json { root.json(until).to_string() } else { text };
            Ok(writeln!(stdout(), "{line}")?)
        }
        Ca::Sign { request, root, days } => {
            let request = Request::from_pem(&read(&request)?).map_err(TenancyError::from)?;
            let whose = request.organization().map_err(TenancyError::from)?;
            let root = KeptRoot::open(root.place(), Some(&whose))?;
            let today = SystemClock.now().day();
            Ok(write!(stdout(), "{}", root.sign(&request, today..today.plus(days))?.to_pem())?)
        }
        Ca::Revoke { serials, name, root, previous, days } => {
            let serials = serials.iter().map(|text| serial(text)).collect::<Result<Vec<_>, _>>()?;
            let previous = previous.map(|path| read(&path)).transpose()?;
            let previous = previous.map(|pem| from_pem_list(&pem)).transpose().map_err(TenancyError::from)?;
            let root = KeptRoot::open(root.place(), name.as_deref())?;
            let now = SystemClock.now();
            let next = now.day().plus(days).begins();
            let list = root.revoke(&serials, previous.as_deref(), now, next)?;
            Ok(write!(stdout(), "{}", to_pem_list(&list))?)
        }
        command => with_server(&loaded, command, form).await,
    }
}

async fn with_server(loaded: &Loaded, command: Ca, form: Form) -> Result<(), CommandError> {
    let office = Office::open(loaded, form).await?;
    let authorities = &office.assurance.authorities;
    match command {
        Ca::Request { of, new_keys } => {
            let tenant = office.tenant(of.tenant).await?;
            if new_keys {
                authorities.renew_keys(tenant).await.map_err(TenancyError::from)?;
            }
            let request = authorities.request(tenant).await.map_err(TenancyError::from)?;
            write!(stdout(), "{}", request.to_pem())?;
        }
        Ca::Install { certificates, of, replace_root } => {
            let tenant = office.tenant(of.tenant).await?;
            let certified = Certified::from_pem(&read(&certificates)?).map_err(TenancyError::from)?;
            let other = if replace_root { OtherRoot::Replaces } else { OtherRoot::Refused };
            authorities.install(tenant, &certified, other).await.map_err(TenancyError::from)?;
            office.say("Installed.", &json!({ "installed": true }))?;
        }
        Ca::InstallRevoked { list, of } => {
            let tenant = office.tenant(of.tenant).await?;
            let list = from_pem_list(&read(&list)?).map_err(TenancyError::from)?;
            authorities.install_revoked(tenant, &list).await.map_err(TenancyError::from)?;
            office.say("Installed.", &json!({ "installed": true }))?;
        }
        Ca::Show { of } => show(&office, of).await?,
        Ca::RotateTokenKey { of } => {
            let tenant = office.tenant(of.tenant).await?;
            let kid = authorities.rotate_token_key(tenant).await.map_err(TenancyError::from)?;
            office.say(&format!("{kid} signs in an hour."), &json!({ "kid": kid }))?;
        }
        Ca::Root { .. } | Ca::Sign { .. } | Ca::Revoke { .. } => {}
    }
    office.close().await
}

async fn show(office: &Office, of: OfTenant) -> Result<(), CommandError> {
    let tenant = office.tenant(of.tenant).await?;
    let told = office.assurance.authorities.told(tenant).await.map_err(TenancyError::from)?;
    let root = told.root.iter().map(|der| ("root", der));
    let issuers = told.issuers.iter().map(|der| ("issuer", der));
    for (role, der) in root.chain(issuers) {
        let Some(shown) = CertificateShown::of(der) else { continue };
        let CertificateShown { serial, from, until, fingerprint } = shown;
        let text = format!("{role:<6}  {serial}  {from} to {until}  sha256 {fingerprint}");
        let json = json!({ "role": role, "serial": serial, "from": from.to_string(), "until": until.to_string(),
            "sha256": fingerprint });
        office.say(&text, &json)?;
    }
    Ok(())
}

fn serial(text: &str) -> Result<[u8; 16], TenancyError> {
    let digits: String = text.chars().filter(|digit| *digit != ':').collect();
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| TenancyError::Serial(text.to_owned()))
}
