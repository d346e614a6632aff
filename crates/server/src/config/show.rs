use std::{
    fmt::{Display, Write},
    str::FromStr,
};

use serde_json::{Value, json};

use super::{Loaded, Settings, meaning::meaning};

/// The effective settings as a TOML file, each with what it is for and where it came from. A password in the database's URL is
/// hidden.
#[must_use]
pub fn show(loaded: &Loaded) -> String {
    let mut text = String::new();
    let mut table = String::new();
    for (name, value) in shown(loaded) {
        let (section, key) = name.rsplit_once('.').unwrap_or(("", &name));
        if section != table {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n[{section}]");
            section.clone_into(&mut table);
        }
        let origin = loaded.origin(&name);
        let _ = writeln!(text, "# {}.", meaning(&name));
        let _ = match value {
            Value::Null => writeln!(text, "# {key} is not set  # {origin}"),
            value => writeln!(text, "{key} = {value}  # {origin}"),
        };
    }
    text
}

/// The same for programs: an object with a member for each setting's dotted name, which holds its `value`, its `origin` and its
/// `meaning`.
#[must_use]
pub fn to_json(loaded: &Loaded) -> Value {
    let origin = |name: &str| loaded.origin(name).to_string();
    let settings = shown(loaded).into_iter();
    settings
        .map(|(name, value)| {
            let told = json!({ "value": value, "origin": origin(&name), "meaning": meaning(&name) });
            (name, told)
        })
        .collect()
}

/// The settings without what nobody should read.
fn shown(loaded: &Loaded) -> Vec<(String, Value)> {
    let mut settings = loaded.settings.clone();
    settings.database = settings.database.as_ref().map(|url| hidden::<keyfold_store::DatabaseUrl>(url));
    settings.redis = settings.redis.as_ref().map(|url| hidden::<keyfold_store::RedisUrl>(url));
    flat(&settings)
}

/// The dotted names of all settings.
pub(super) fn names() -> Vec<String> {
    flat(&Settings::default()).into_iter().map(|(name, _)| name).collect()
}

/// Top-level settings first, then table by table, as TOML wants them.
fn flat(settings: &Settings) -> Vec<(String, Value)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(settings) else { return Vec::new() };
    let (tables, mut values): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, value)| value.is_object());
    for (table, fields) in tables {
        if let Value::Object(fields) = fields {
            values.extend(fields.into_iter().map(|(name, value)| (format!("{table}.{name}"), value)));
        }
    }
    values
}

fn hidden<U: FromStr + Display>(url: &str) -> String {
    url.parse::<U>().map_or_else(|_| "***".to_owned(), |url| url.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Flags, load};

    #[test]
    fn a_password_is_hidden_and_every_setting_says_where_it_came_from() {
        let settings = BTreeMap::from([
            ("database", "postgres://ana:secret@db/keyfold".to_owned()),
            ("redis", "redis://:secret@cache".to_owned()),
        ]);
        let shown = show(&load(&Flags { settings, ..Flags::default() }, std::iter::empty()).unwrap());
        assert!(shown.contains("database = \"postgres://ana:***@db/keyfold\"  # flag"), "{shown}");
        assert!(shown.contains("redis = \"redis://***@cache\"  # flag"), "{shown}");
        assert!(!shown.contains("secret"));
        assert!(shown.contains("[limits]\n") && shown.contains("devices = 64  # default"), "{shown}");
    }
}
