//! A root that is open, wherever it is kept.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use keyfold_assurance::{
    authority::{Certified, Request, Root},
    evidence::{Day, UnixMillis, issue::Names},
};
use rcgen::KeyPair;
use serde_json::{Value, json};

use super::{TenancyError, root_arguments::Place, root_file, token::TokenRoot};

pub(super) enum KeptRoot {
    File(PathBuf, Root<KeyPair, KeyPair>),
    Token(String, TokenRoot),
}

impl KeptRoot {
    /// Makes one, and keeps it there.
    pub(super) fn make(place: Place<'_>, names: Names, days: Range<Day>) -> Result<Self, TenancyError> {
        match place {
            Place::File(file, passphrase) => {
                let root = Root::generate(names, days)?;
                root_file::write(file, &root, passphrase)?;
                Ok(Self::File(file.to_owned(), root))
            }
            Place::Token(token) => Ok(Self::Token(token.token.clone(), TokenRoot::make(token, names, days)?)),
        }
    }

    /// Opens it. A token may have those of several tenants: it is that of this name, or the only one.
    pub(super) fn open(place: Option<Place<'_>>, name: Option<&str>) -> Result<Self, TenancyError> {
        match place.ok_or(TenancyError::WhichRoot)? {
            Place::File(file, passphrase) => Ok(Self::File(file.to_owned(), root_file::read(file, passphrase)?)),
            Place::Token(token) => Ok(Self::Token(token.token.clone(), TokenRoot::open(token, name)?)),
        }
    }

    pub(super) fn sign(&self, request: &Request, days: Range<Day>) -> Result<Certified, TenancyError> {
        match self {
            Self::File(_, root) => Ok(root.sign(request, days)?),
            Self::Token(_, root) => Ok(root.sign(request, days)?),
        }
    }

    pub(super) fn revoke(
        &self,
        serials: &[[u8; 16]],
        previous: Option<&[u8]>,
        now: UnixMillis,
        next: UnixMillis,
    ) -> Result<Vec<u8>, TenancyError> {
        match self {
            Self::File(_, root) => Ok(root.revoke(serials, previous, now, next)?),
            Self::Token(_, root) => Ok(root.revoke(serials, previous, now, next)?),
        }
    }

    /// Removes it where it was made: it is the root of nothing.
    pub(super) fn discard(self) {
        match self {
            Self::File(file, _) => {
                let _ = std::fs::remove_file(file);
            }
            Self::Token(_, root) => root.discard(),
        }
    }

    /// Where it is, for people.
    pub(super) fn told(&self) -> String {
        match self {
            Self::File(file, _) => file.display().to_string(),
            Self::Token(label, _) => format!("the token {label:?}"),
        }
    }

    /// Where it is, and until when it counts.
    pub(super) fn json(&self, until: Day) -> Value {
        let until = until.to_string();
        match self {
            Self::File(file, _) => json!({ "file": Path::new(file), "until": until }),
            Self::Token(label, _) => json!({ "token": label, "until": until }),
        }
    }
}
