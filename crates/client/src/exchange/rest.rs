use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::item::{json, json::Object};

/// The members of a credential that no field of a passkey holds: a JSON object, or nothing.
pub(super) fn rest_of(credential: &Object) -> Result<Zeroizing<String>, serde_json::Error> {
    let rest = without(credential.clone(), &PASSKEY)?;
    Ok(if rest.is_empty() { Zeroizing::default() } else { rest.text() })
}

/// Adds what was kept of a credential; what a passkey says itself stands.
pub(super) fn merge(written: &mut Object, rest: Object) -> Result<(), serde_json::Error> {
    for (name, value) in rest.into_members() {
        let present = written.get(&name).map(Object::parse);
        match (present, Object::parse(value.get())) {
            (None, _) => written.set(&name, value),
            (Some(Ok(mut present)), Ok(more)) => {
                merge(&mut present, more)?;
                written.set(&name, present.value()?);
            }
            (Some(_), _) => {}
        }
    }
    Ok(())
}

/// Members that are held elsewhere, and those within them.
struct Held(&'static [(&'static str, &'static Self)]);

const ALL: Held = Held(&[]);
const HMAC: Held = Held(&[("algorithm", &ALL), ("credWithUV", &ALL), ("credWithoutUV", &ALL)]);
const LARGE_BLOB: Held = Held(&[("uncompressedSize", &ALL), ("data", &ALL)]);
const EXTENSIONS: Held = Held(&[("hmacCredentials", &HMAC), ("credBlob", &ALL), ("largeBlob", &LARGE_BLOB)]);
const PASSKEY: Held = Held(&[
    ("type", &ALL),
    ("credentialId", &ALL),
    ("rpId", &ALL),
    ("username", &ALL),
    ("userDisplayName", &ALL),
    ("userHandle", &ALL),
    ("key", &ALL),
    ("fido2Extensions", &EXTENSIONS),
]);

fn without(object: Object, held: &Held) -> Result<Object, serde_json::Error> {
    let mut rest = Object::default();
    for (name, value) in object.into_members() {
        match held.0.iter().find(|(held, _)| *held == name) {
            None => rest.set(&name, value),
            Some((_, within)) if within.0.is_empty() => json::wipe(value),
            Some((_, within)) => {
                if let Some(left) = left_of(value, within)? {
                    rest.set(&name, left);
                }
            }
        }
    }
    Ok(rest)
}

fn left_of(value: Box<RawValue>, held: &Held) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    // An extension that is null is none.
    let object = if value.get() == "null" { Ok(Object::default()) } else { Object::parse(value.get()) };
    json::wipe(value);
    let left = without(object?, held)?;
    if left.is_empty() { Ok(None) } else { left.value().map(Some) }
}
