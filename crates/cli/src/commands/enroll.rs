use std::{path::Path, pin::pin, sync::Arc};

use keyfold_client::{
    CheckCode,
    enrolment::{Completion, Confirmed, EnrolmentPath, NewDevice, Offered, Opened, Resumed, forget, resume},
    storage::{Condition, Profile, Storage},
    vault::UnlockedVault,
};
use serde::Serialize;

use super::{
    account::{algorithm, device_name},
    keyring,
};
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
    /// Whether the keyring opens it.
    keyring: bool,
}

pub(crate) async fn run(app: &App, enroll: EnrollDevice) -> Result<(), Failure> {
    keyring::must_be_ready(app, &enroll.keyring).await?;
    let mut codes = CodeExchange::new(&enroll.codes)?;
    let storage = app.new_storage().await?;
    if enroll.anew {
        forget_begun(app, storage.as_ref()).await?;
    }
    let vault = match storage.profile().await? {
        Some(profile) if matches!(profile.condition, Condition::Enrolling | Condition::Joining) => {
            go_on(app, &enroll, storage, &profile, &mut codes).await?
        }
        _ => begin(app, &enroll, storage, &mut codes).await?,
    };
    // Before the sync, which may fail: the device is in by now.
    let keyring = keyring::enable_if_chosen(app, &enroll.keyring, &vault).await;
    let engine = app.engine(vault)?;
    engine.sync().await?;
    let status = engine.vault().local().status().await?;
    let name = status.devices.iter().find(|device| device.this).map(|device| device.name.clone());
    let enrolled = Enrolled {
        account: status.account.to_string(),
        device: status.device.to_string(),
        name: name.unwrap_or_default(),
        server: status.server,
        passkeys: status.items,
        keyring,
    };
    app.out.result(&enrolled, |enrolled| {
        format!(
            "This device is \"{}\" ({}) of account {} now, with {} passkeys.",
            enrolled.name, enrolled.device, enrolled.account, enrolled.passkeys
        )
    })
}

async fn begin(
    app: &App,
    enroll: &EnrollDevice,
    storage: Arc<dyn Storage>,
    codes: &mut CodeExchange,
) -> Result<UnlockedVault, Failure> {
    codes.must_be_to_come()?;
    let trust = app.trust()?;
    let api = app.api(&enroll.server, &trust)?;
    let new = NewDevice {
        name: device_name(enroll.name.as_deref())?,
        algorithm: algorithm(enroll.device_key),
        passphrase: terminal::passphrase::chosen(&app.global.passphrase)?,
        ca: trust.pem().map(<[u8]>::to_vec),
    };
    let path = match enroll.typed {
        true => EnrolmentPath::Typed,
        false => EnrolmentPath::QrCode { ca_fingerprint: trust.fingerprint() },
    };
    let offered = new.begin(storage, api, path).await?;
    show(&offered, codes, enroll.qr_file.as_deref()).await?;
    let confirmed = confirm(offered.approved().await?, codes).await?;
    Ok(confirmed.join().await?)
}

/// The profile holds an enrolment that was interrupted.
async fn go_on(
    app: &App,
    enroll: &EnrollDevice,
    storage: Arc<dyn Storage>,
    profile: &Profile,
    codes: &mut CodeExchange,
) -> Result<UnlockedVault, Failure> {
    let api = app.api(&enroll.server, &app.trust_of(profile)?)?;
    let passphrase = terminal::passphrase::typed(&app.global.passphrase)?;
    let confirmed = match resume(Arc::clone(&storage), api, &passphrase).await? {
        Resumed::Joined(vault) => return Ok(vault),
        Resumed::Confirmed(confirmed) => confirmed,
        Resumed::Opened(opened) => {
            say("Going on with the enrolment that was begun here.");
            confirm(opened, codes).await?
        }
        Resumed::LetIn(opened) => {
            say(
                "This device has been let in, but nothing has shown yet that it was by your account. On a device of your",
            );
            say(
                "account run `keyfold sync`, then `keyfold device list --check-codes`, and type what it shows for this one.",
            );
            confirm_by_code(opened, codes).await?
        }
        Resumed::Ended => {
            say("The enrolment that was begun here has ended, and this device was not let in. Another one begins.");
            return begin(app, enroll, storage, codes).await;
        }
    };
    Ok(confirmed.join().await?)
}

async fn forget_begun(app: &App, storage: &dyn Storage) -> Result<(), Failure> {
    let begun = storage.profile().await?.is_some_and(|profile| profile.condition == Condition::Enrolling);
    if begun {
        app.confirm(
            "Forget the enrolment that was begun here? If another device has let this one in already, your account keeps a device that nobody can use.",
        )?;
        forget(storage).await?;
    }
    Ok(())
}

/// The QR code and the short code: either is enough for the approving device.
async fn show(offered: &Offered, codes: &mut CodeExchange, file: Option<&Path>) -> Result<(), Failure> {
    if let Some(qr) = offered.qr() {
        let uri = qr.to_uri();
        if let Some(path) = file {
            write_qr(path, &uri).await?;
        }
        say(&to_text(&uri)?);
        say("On a device of your account, run `keyfold device approve --qr FILE` with this QR code,");
        say("or `keyfold device approve` and type");
    } else {
        say("On a device of your account, run `keyfold device approve` and type");
    }
    let (first, last) = offered.short_code().split_at(4);
    codes.show("the code", &format!("{first}-{last}")).await?;
    say(&format!("It can be used until {}.", rfc3339(offered.expires_at())));
    Ok(())
}

async fn write_qr(path: &Path, uri: &str) -> Result<(), Failure> {
    let bytes = match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt") => format!("{uri}\n").into_bytes(),
        Some("png") => to_png(uri)?,
        Some("svg") => to_svg(uri)?.into_bytes(),
        _ => return Err(Failure::new(Exit::Usage, "the QR code's file must end in .txt, .png or .svg")),
    };
    write_whole(path, bytes).await
}

/// What may show that the approver saw the same.
enum Shown {
    Code(CheckCode),
    Completion(Completion),
}

/// Either the approver proves that it read the QR code, or a person types its check code here.
async fn confirm(opened: Opened, codes: &mut CodeExchange) -> Result<Confirmed, Failure> {
    let code = opened.check_code().to_string();
    let shown = match codes.show(CODE_TO_TYPE, &code).await {
        Ok(()) if opened.has_qr() && !codes.are_carried() => either(&opened, codes).await,
        Ok(()) => codes.check_code(CHECK_CODE).await.map(Shown::Code),
        Err(failure) => Err(failure),
    };
    match shown {
        Ok(Shown::Code(code)) => Ok(opened.confirm_typed(code).await?),
        Ok(Shown::Completion(completion)) => Ok(opened.confirm_qr(completion).await?),
        Err(failure) => {
            opened.deny().await;
            Err(failure)
        }
    }
}

async fn confirm_by_code(opened: Opened, codes: &mut CodeExchange) -> Result<Confirmed, Failure> {
    let code = codes.check_code(CHECK_CODE).await?;
    Ok(opened.confirm_typed(code).await?)
}

/// One prompt from beginning to end, whatever comes first: a line that was begun is not lost.
async fn either(opened: &Opened, codes: &mut CodeExchange) -> Result<Shown, Failure> {
    // Where nobody can be asked, the QR code is the only way.
    let can_come = codes.can_come();
    let mut typed = pin!(codes.check_code(CHECK_CODE));
    let completion = tokio::select! {
        completion = opened.completion() => completion?,
        code = typed.as_mut(), if can_come => return code.map(Shown::Code),
    };
    if completion.claims_qr() {
        return Ok(Shown::Completion(completion));
    }
    say("\nThe other device has let this one in. Its check code is still to be typed here.");
    typed.await.map(Shown::Code)
}

const CODE_TO_TYPE: &str = "If the code was typed there: the check code to type there next is";
const CHECK_CODE: &str = "The check code that the other device shows: ";
