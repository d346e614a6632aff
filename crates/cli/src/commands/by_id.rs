use std::fmt::Display;

use crate::{exit::Exit, failure::Failure};

/// The only one of these whose id begins so; `what` names them, one, several, and the command for them.
pub(super) fn by_id<T, I: Display>(
    things: impl IntoIterator<Item = T>,
    id: impl Fn(&T) -> I,
    beginning: &str,
    what: (&str, &str, &str),
) -> Result<T, Failure> {
    let (one, several, command) = what;
    if beginning.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("give at least the first letter of the {one}'s id")));
    }
    let mut found = things.into_iter().filter(|thing| id(thing).to_string().starts_with(beginning));
    match (found.next(), found.next()) {
        (Some(thing), None) => Ok(thing),
        (None, _) => {
            let detail = format!("there is no such {one}; `keyfold {command} list` shows those that are there");
            Err(Failure::new(Exit::NotFound, detail))
        }
        (Some(_), Some(_)) => {
            Err(Failure::new(Exit::NotFound, format!("several {several} have ids that begin so; give more of it")))
        }
    }
}
