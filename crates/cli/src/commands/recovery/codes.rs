use std::{io::Write, path::Path};

use keyfold_client::{Clock, RecoveryCode, SystemClock, random, vault::Status};
use zeroize::Zeroizing;

use super::nobody_has_it;
use crate::{
    app::App,
    args::{NewCode, written},
    exit::Exit,
    failure::Failure,
    output::say,
    terminal::{ask_line, create_new, page::Page, read_qr, rfc3339},
};

/// Refuses early where a new code would be shown to nobody, or over what is there.
pub(super) fn must_go_somewhere(app: &App, new: &NewCode) -> Result<(), Failure> {
    if app.global.yes && new.new_code_file.is_none() && new.page.is_none() {
        return Err(nobody_has_it());
    }
    if new.page.as_ref().is_some_and(|page| page.extension().is_none_or(|extension| extension != "svg")) {
        return Err(Failure::new(Exit::Usage, "--page takes a file that ends in .svg"));
    }
    for path in [&new.new_code_file, &new.page].into_iter().flatten() {
        if path.exists() {
            let detail = format!("{}: it exists; a code is not written over anything", path.display());
            return Err(Failure::new(Exit::Usage, detail));
        }
    }
    Ok(())
}

/// A new code, which its user has: on paper, as they show, or in the files that they asked for.
pub(super) async fn made(app: &App, new: &NewCode, status: &Status) -> Result<RecoveryCode, Failure> {
    let code = RecoveryCode::generate(&mut random::system());
    let text = code.to_text();
    if let Some(path) = &new.new_code_file {
        write_new(path, &Zeroizing::new(format!("{}\n", *text)))?;
    }
    if let Some(path) = &new.page {
        let page = Page {
            code: &text,
            account: status.account.to_string(),
            server: &status.server,
            made_at: rfc3339(SystemClock.now()),
            delay: written(new.delay.0),
        };
        write_new(path, &page.to_svg()?)?;
    }
    if app.global.yes {
        return Ok(code);
    }
    say("The new recovery code. Write it down; it is not shown again:");
    say(&format!("\n    {}\n", *text));
    let last = text.rsplit(' ').next().unwrap_or_default();
    let typed =
        Zeroizing::new(ask_line("Type its last group, to show that you have it: ", "--new-code-file FILE and --yes")?);
    if typed.trim().eq_ignore_ascii_case(last) {
        Ok(code)
    } else {
        Err(Failure::new(Exit::NotAllowed, "that is not the last group; the code was not set up, and is worth nothing"))
    }
}

/// The code that is to be used: from a file, or as a person types it. A wrong character is noticed here.
pub(super) fn given(file: Option<&Path>) -> Result<RecoveryCode, Failure> {
    let text = Zeroizing::new(match file {
        Some(path) => read_qr(path)?,
        None => ask_line("Recovery code: ", "--code-file FILE")?,
    });
    Ok(RecoveryCode::parse(text.trim())?)
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = create_new(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| Failure::file(path, &error))
}
