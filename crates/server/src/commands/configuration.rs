use std::io::{Write, stdout};

use super::{CommandError, Form};
use crate::config::{Loaded, show, to_json};

pub(super) fn run(loaded: &Loaded, form: Form) -> Result<(), CommandError> {
    match form {
        Form::Text => stdout().write_all(show(loaded).as_bytes())?,
        Form::Json => writeln!(stdout(), "{}", to_json(loaded))?,
    }
    Ok(())
}
