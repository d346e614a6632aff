use keyfold_client::{
    CheckCode,
    enrolment::{Approval, Candidate, Checked, Claim},
    sync::SyncEngine,
};
use serde::Serialize;

use crate::{
    app::App,
    args::ApproveDevice,
    failure::Failure,
    output::say,
    terminal::{CodeExchange, printable, read_qr},
};

#[derive(Serialize)]
struct Approved {
    device: String,
    name: String,
    platform: String,
    /// Whether the new device knows that it is in.
    told: bool,
}

pub(crate) async fn run(app: &App, approve: ApproveDevice) -> Result<(), Failure> {
    let mut codes = CodeExchange::new(&approve.codes)?;
    let qr = match &approve.qr {
        Some(path) => Some(Box::new(read_qr(path)?.parse()?)),
        None => None,
    };
    let vault = app.verified().await?;
    let ca_fingerprint = app.trust_of(vault.local().profile())?.fingerprint();
    let engine = app.engine(vault)?;
    let claim = match qr {
        Some(qr) => Claim::QrCode(qr, ca_fingerprint),
        None => Claim::ShortCode(codes.next("The code that the new device shows: ").await?),
    };
    let checked = check(&engine, claim, &mut codes).await?;
    let description = checked.description().clone();
    let mut approved = Approved {
        device: checked.fingerprint().to_string(),
        name: description.name,
        platform: description.platform,
        told: false,
    };
    let question = format!(
        "Let \"{}\" ({}), fingerprint {}, into your account? It will be able to use every passkey.",
        printable(&approved.name),
        printable(&approved.platform),
        approved.device
    );
    if let Err(denied) = app.confirm(&question) {
        checked.deny().await;
        return Err(denied);
    }
    let added = checked.approve().await?;
    approved.told = added.not_told.is_none();
    if let Some(error) = added.not_told {
        say(&format!("keyfold: the new device could not be told ({error})."));
        say("Run `keyfold device enroll` there again; should it ask for this device's check code, type");
        codes.show("there", &added.check_code.to_string()).await?;
    }
    app.out.result(&approved, |approved| format!("\"{}\" ({}) is in your account now.", approved.name, approved.device))
}

/// Both devices see the same: by the QR code, or by the check codes.
async fn check<'e>(engine: &'e SyncEngine, claim: Claim, codes: &mut CodeExchange) -> Result<Checked<'e>, Failure> {
    let candidate: Candidate<'e> = Approval::claim(engine, claim).await?.candidate().await?;
    let candidate = match candidate.checked_by_qr() {
        Ok(checked) => return Ok(checked),
        Err(candidate) => *candidate,
    };
    match check_code(&candidate, codes).await {
        Ok(code) => Ok(candidate.checked_by_code(code).await?),
        Err(failure) => {
            candidate.deny().await;
            Err(failure)
        }
    }
}

/// The new device's check code, in exchange for this device's.
async fn check_code(candidate: &Candidate<'_>, codes: &mut CodeExchange) -> Result<CheckCode, Failure> {
    if let Some(code) = candidate.check_code() {
        codes.show("The check code to type on the new device is", &code.to_string()).await?;
    }
    codes.check_code("The check code that the new device shows: ").await
}
