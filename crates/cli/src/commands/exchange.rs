mod view;

use std::path::Path;

use keyfold_client::{
    exchange::{self, Exchange, ExportPlan, MAX_FILE},
    vault::UnlockedVault,
};
use zeroize::Zeroizing;

use self::view::{ExportView, Exports, ImportView, relying_parties};
use super::passkey::send;
use crate::{
    app::App,
    args::{Export, Import},
    exit::Exit,
    failure::Failure,
    terminal::{self, is_stream, printable, read_large_file, rfc3339, write_new},
};

pub(crate) async fn export(app: &App, export: &Export) -> Result<(), Failure> {
    if !export.dry_run {
        check_place(&export.file)?;
    }
    let vault = app.verified().await?;
    let plan = vault.plan_export().await?;
    if export.dry_run {
        return app.out.result(&ExportView::planned(&plan), ExportView::text);
    }
    confirm_export(app, export, &plan)?;
    let passphrase = match export.plaintext {
        true => None,
        false => Some(terminal::passphrase::chosen_for_file(&export.passphrase)?),
    };
    let spinner = terminal::spinner("exporting", app.out);
    let exported = vault.export(passphrase.as_ref()).await;
    spinner.finish_and_clear();
    let exported = exported?;
    let written = write_new(&export.file, exported.file.to_vec()).await;
    send(app, &vault).await?;
    written?;
    app.out.result(&ExportView::done(&exported, &export.file), ExportView::text)
}

/// Before anything is recorded.
fn check_place(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let detail = if file.is_dir() {
        format!("{} is a folder; name a file in it", file.display())
    } else if file.exists() && !is_stream(file) {
        format!("{} is there already; name a file that is not", file.display())
    } else if !folder.is_dir() {
        format!("there is no folder {}", folder.display())
    } else {
        return Ok(());
    };
    Err(Failure::new(Exit::Usage, detail))
}

/// Nobody types a file's name by the way.
fn confirm_export(app: &App, export: &Export, plan: &ExportPlan) -> Result<(), Failure> {
    let name = export.file.file_name().unwrap_or(export.file.as_os_str()).to_string_lossy().into_owned();
    if let Some(confirmed) = &export.confirm {
        return if *confirmed == name {
            Ok(())
        } else {
            Err(Failure::new(
                Exit::NotAllowed,
                format!("not confirmed; nothing was exported: the file's name is {name}"),
            ))
        };
    }
    let opens = if export.plaintext { "whoever reads the file" } else { "whoever has the file and its passphrase" };
    let question = format!(
        "{} passkeys and {} other items go into {}: for {}.\nFrom then on {opens} signs in as you, and no removal of a device \
         takes that back.\nType the file's name, {name}, to go on:",
        plan.passkeys.len(),
        plan.others,
        if export.plaintext { "an UNENCRYPTED file" } else { "an encrypted file" },
        relying_parties(plan.passkeys.iter().map(|passkey| passkey.rp_id.as_str())),
    );
    app.confirm_again(&printable_lines(&question), &name, "--confirm NAME")
}

pub(crate) async fn exports(app: &App) -> Result<(), Failure> {
    let exports = app.unlocked().await?.exports().await?;
    app.out.result(&Exports::from(&exports), Exports::text)
}

pub(crate) async fn import(app: &App, import: &Import) -> Result<(), Failure> {
    let vault = app.unlocked().await?;
    let exchange = read(app, import, &vault)?;
    let plan = vault.plan_import(&exchange).await?;
    if import.dry_run {
        return app.out.result(&ImportView::of(&exchange, &plan, false), ImportView::text);
    }
    let replaced = match plan.replaced.len() {
        0 => String::new(),
        number => format!(" (in place of {number} earlier ones, which are deleted)"),
    };
    app.confirm(&format!(
        "Import {} passkeys and {} other items{replaced}{} into this account?",
        plan.passkeys.len(),
        plan.others,
        origin(&exchange)
    ))?;
    let plan = vault.import(&exchange).await?;
    send(app, &vault).await?;
    app.out.result(&ImportView::of(&exchange, &plan, true), ImportView::text)
}

fn read(app: &App, import: &Import, vault: &UnlockedVault) -> Result<Exchange, Failure> {
    let named = |failure: keyfold_client::exchange::ExchangeError| {
        let failure = Failure::from(failure);
        failure.about(&import.file)
    };
    let file = Zeroizing::new(read_large_file(&import.file, MAX_FILE)?);
    let document = if exchange::is_encrypted(&file) {
        let passphrase = terminal::passphrase::typed_for_file(&import.passphrase)?;
        let spinner = terminal::spinner("opening the file", app.out);
        let document = exchange::open(&file, &passphrase);
        spinner.finish_and_clear();
        document.map_err(named)?
    } else {
        file
    };
    Exchange::read(&document, vault.importer()).map_err(named)
}

/// As the file says; nobody signed that.
fn origin(exchange: &Exchange) -> String {
    match &exchange.exporter {
        Some(exporter) => {
            let at = rfc3339(exporter.at.saturating_mul(1_000));
            format!(" that \"{}\" exported at {at}", printable(&exporter.name))
        }
        None => String::new(),
    }
}

fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
