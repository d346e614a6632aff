//! A root whose keys are in a token (PKCS#11) and never leave it. The token keeps its certificates beside them, so that the root is
//! found again by the tenant's name alone.

mod error;
mod key;
mod objects;
mod session;

pub use error::{TokenError, Tries};

use std::{ops::Range, rc::Rc};

use keyfold_assurance::{
    authority::{Certified, Request, Root, SelfSigned, names_of},
    evidence::{Day, UnixMillis, issue::Names},
};

use self::{
    key::TokenKey,
    objects::Part,
    session::{Access, Token},
};
use super::root_arguments::InToken;

/// A root in a token that is open.
pub(super) struct TokenRoot {
    token: Rc<Token>,
    root: Root<TokenKey, TokenKey>,
}

impl TokenRoot {
    /// Has a token draw keys, certifies them for these days, and has it keep the certificates. It keeps nothing of what fails.
    pub(super) fn make(place: &InToken, names: Names, days: Range<Day>) -> Result<Self, TokenError> {
        let token = Token::open(place, Access::Writes)?;
        let name = names.organization.clone();
        if token.has_anything_of(&name)? {
            return Err(TokenError::Exists { token: token.label.clone(), name });
        }
        let made = Self::certified(&token, names, days);
        if made.is_err() {
            token.take_back();
        }
        made
    }

    fn certified(token: &Rc<Token>, names: Names, days: Range<Day>) -> Result<Self, TokenError> {
        let name = names.organization.clone();
        let (key, metadata_key) =
            (TokenKey::draw(token, Part::Root, &name)?, TokenKey::draw(token, Part::Metadata, &name)?);
        let root = Root::certify(names, days, key, metadata_key).map_err(|error| token.cause_of(error))?;
        let [certificate, metadata] = root.certificates();
        token.keep_certificate(Part::Root, &name, certificate)?;
        token.keep_certificate(Part::Metadata, &name, metadata)?;
        Ok(Self { token: Rc::clone(token), root })
    }

    /// The root of this tenant; without a name the only one.
    pub(super) fn open(place: &InToken, name: Option<&str>) -> Result<Self, TokenError> {
        let token = Token::open(place, Access::Reads)?;
        let there = token.roots()?;
        let name = match (name, there.as_slice()) {
            (Some(name), _) if there.iter().any(|other| other == name) => name.to_owned(),
            (None, [only]) => only.clone(),
            (None, [_, _, ..]) => return Err(TokenError::WhichRoot { token: token.label.clone(), there }),
            (Some(_), _) | (None, []) => return Err(TokenError::NoRoot { token: token.label.clone(), there }),
        };
        let (certificate, key) = Self::part(&token, Part::Root, &name)?;
        let metadata = Self::part(&token, Part::Metadata, &name)?;
        let names = names_of(&certificate).filter(|names| names.organization == name);
        let names = names.ok_or_else(|| TokenError::Certificate { label: Part::Root.label(&name) })?;
        let root = Root::new(names, certificate, key, metadata)?;
        Ok(Self { token, root })
    }

    /// A certificate and its key. Whoever has the token may write certificates without its PIN: one counts only if its own key has
    /// signed it, and every signature is held against that key.
    fn part(token: &Rc<Token>, part: Part, name: &str) -> Result<(Vec<u8>, TokenKey), TokenError> {
        let certificate = token.certificate(part, name)?;
        let of_certificate = SelfSigned::of(&certificate);
        let point = of_certificate.ok_or_else(|| TokenError::Certificate { label: part.label(name) })?.key;
        Ok((certificate, TokenKey::found(token, part, name, point)?))
    }

    /// Certifies what a server asks for, for these days.
    pub(super) fn sign(&self, request: &Request, days: Range<Day>) -> Result<Certified, TokenError> {
        self.root.sign(request, days).map_err(|error| self.token.cause_of(error))
    }

    /// The list of those that it takes back.
    pub(super) fn revoke(
        &self,
        serials: &[[u8; 16]],
        previous: Option<&[u8]>,
        now: UnixMillis,
        next: UnixMillis,
    ) -> Result<Vec<u8>, TokenError> {
        self.root.revoke(serials, previous, now, next).map_err(|error| self.token.cause_of(error))
    }

    /// Destroys what was made: it is the root of nothing.
    pub(super) fn discard(self) {
        self.token.take_back();
    }
}
