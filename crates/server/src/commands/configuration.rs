use std::io::{Write, stdout};

use super::CommandError;
use crate::config::{Loaded, show};

pub(super) fn run(loaded: &Loaded) -> Result<(), CommandError> {
    Ok(stdout().write_all(show(loaded).as_bytes())?)
}
