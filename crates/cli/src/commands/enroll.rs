use std::path::Path;

use keyfold_client::{
    CheckCode,
    enrolment::{Completion, Confirmed, EnrolmentPath, NewDevice, Offered, Opened},
};
use serde::Serialize;

use super::account::{algorithm, device_name};
use crate::{
    app::App,
    args::EnrollDevice,
    exit::Exit,
    failure::Failure,
    output::say,
    terminal::{self, CodeExchange, rfc3339, to_png, to_svg, to_text, write_whole},
};

#[derive(Serialize)]
struct Enrolled {
    account: String,
    device: String,
    name: String,
    server: String,
    passkeys: u64,
}

pub(crate) async fn run(app: &App, enroll: EnrollDevice) -> Result<(), Failure> {
    let name = device_name(enroll.name.as_deref())?;
    let trust = app.trust()?;
    let api = app.api(&enroll.server, &trust)?;
    let passphrase = terminal::passphrase::chosen(&app.global.passphrase)?;
    let storage = app.new_storage().await?;
    let path = match enroll.typed {
        true => EnrolmentPath::Typed,
        false => EnrolmentPath::QrCode { ca_fingerprint: trust.fingerprint() },
    };
    let new = NewDevice { name: name.clone(), algorithm: algorithm(enroll.device_key) };
    let offered = new.begin(storage, api, path).await?;
    let mut codes = CodeExchange::new(&enroll.codes);
    show(&offered, &mut codes, enroll.qr_file.as_deref())?;
    let opened = offered.approved().await?;
    let confirmed = confirm(opened, &mut codes, enroll.typed).await?;
    let vault = confirmed.join(&passphrase, trust.pem().map(<[u8]>::to_vec)).await?;
    let engine = app.engine(vault)?;
    engine.sync().await?;
    let status = engine.vault().local().status().await?;
    let enrolled = Enrolled {
        account: status.account.to_string(),
        device: status.device.to_string(),
        name: name.to_string(),
        server: status.server,
        passkeys: status.items,
    };
    app.out.result(&enrolled, |enrolled| {
        format!(
            "This device is \"{}\" ({}) of account {} now, with {} passkeys.",
            enrolled.name, enrolled.device, enrolled.account, enrolled.passkeys
        )
    })
}

/// The QR code and the short code: either is enough for the approving device.
fn show(offered: &Offered, codes: &mut CodeExchange, file: Option<&Path>) -> Result<(), Failure> {
    if let Some(qr) = offered.qr() {
        let uri = qr.to_uri();
        if let Some(path) = file {
            write_qr(path, &uri)?;
        }
        say(&to_text(&uri)?);
        say("On a device of your account, run `keyfold device approve --qr FILE` with this QR code,");
        say("or `keyfold device approve` and type");
    } else {
        say("On a device of your account, run `keyfold device approve` and type");
    }
    let (first, last) = offered.short_code().split_at(4);
    codes.show("the code", &format!("{first}-{last}"))?;
    say(&format!("It can be used until {}.", rfc3339(offered.expires_at())));
    Ok(())
}

fn write_qr(path: &Path, uri: &str) -> Result<(), Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt") => write_whole(path, format!("{uri}\n").as_bytes()),
        Some("png") => write_whole(path, &to_png(uri)?),
        Some("svg") => write_whole(path, to_svg(uri)?.as_bytes()),
        _ => Err(Failure::new(Exit::Usage, "the QR code's file must end in .txt, .png or .svg")),
    }
}

/// What shows that both devices saw the same.
enum Proof {
    /// The approver read the QR code.
    QrCode(Completion),
    /// A person typed the approver's check code here.
    Typed(CheckCode),
}

async fn confirm(opened: Opened, codes: &mut CodeExchange, typed_only: bool) -> Result<Confirmed, Failure> {
    match proof(&opened, codes, typed_only).await {
        Ok(Proof::QrCode(completion)) => Ok(opened.confirm_qr(completion).await?),
        Ok(Proof::Typed(code)) => Ok(opened.confirm_typed(code).await?),
        Err(failure) => {
            // The approver must not let in a device that has given up.
            opened.deny().await;
            Err(failure)
        }
    }
}

/// Either the approver proves that it read the QR code, or a person types its check code here.
async fn proof(opened: &Opened, codes: &mut CodeExchange, typed_only: bool) -> Result<Proof, Failure> {
    codes
        .show("If the code was typed there: the check code to type there next is", &opened.check_code().to_string())?;
    let typed = if typed_only || codes.are_carried() {
        codes.next(CHECK_CODE).await?
    } else {
        tokio::select! {
            completion = opened.completion() => {
                let completion = completion?;
                if completion.claims_qr() {
                    return Ok(Proof::QrCode(completion));
                }
                codes.next(CHECK_CODE).await?
            }
            // Where nobody can be asked, the QR code is the only way.
            typed = codes.next(CHECK_CODE), if codes.can_come() => typed?,
        }
    };
    Ok(Proof::Typed(CheckCode::parse(&typed)?))
}

const CHECK_CODE: &str = "The check code that the other device shows: ";
