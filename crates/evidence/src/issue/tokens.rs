use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash},
};
use serde::Serialize;

use crate::{
    Report,
    jose::provide,
    report,
    status_list::{self, StatusListClaims},
};

/// A key that tokens are signed with: P-256.
pub struct TokenKey {
    key: EncodingKey,
    jwk: Jwk,
    id: String,
}

/// Why a key or token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("tokens cannot be signed: {0}")]
pub struct TokenKeyError(#[from] jsonwebtoken::errors::Error);

impl TokenKey {
    /// Of a private key (PKCS #8, DER). Its id is its thumbprint (RFC 7638).
    ///
    /// # Errors
    /// If it is no P-256 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, TokenKeyError> {
        provide();
        let key = EncodingKey::from_ec_der(der);
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
        let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(id.clone());
        jwk.common.key_algorithm = Some(KeyAlgorithm::ES256);
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { key, jwk, id })
    }

    /// Its `kid`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its public half, for the tenant's JWK set.
    #[must_use]
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs a report.
    ///
    /// # Errors
    /// [`TokenKeyError`].
    pub fn report(&self, report: &Report) -> Result<String, TokenKeyError> {
        self.token(report::TYP, report)
    }

    /// Signs a status list.
    ///
    /// # Errors
    /// [`TokenKeyError`].
    pub fn status_list(&self, list: &StatusListClaims) -> Result<String, TokenKeyError> {
        self.token(status_list::TYP, list)
    }

    fn token(&self, kind: &str, claims: &impl Serialize) -> Result<String, TokenKeyError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(kind.to_owned());
        header.kid = Some(self.id.clone());
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}
