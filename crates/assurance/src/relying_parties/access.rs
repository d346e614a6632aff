//! `private_key_jwt` (RFC 7523 §2.2) for an access token (RFC 6749 §4.4) that is good for five minutes.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::Validation;
use keyfold_wire::{ClientId, TenantId};
use ring::hmac;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Client, RelyingParties, Scopes, keys};
use crate::{
    clock::{MINUTE, SECOND},
    keys::in_use,
    storage::{StorageError, TenantKey, What},
};

/// What a client shows to have an access token.
#[derive(Debug, Clone, Copy)]
pub struct ClientAssertion<'a> {
    /// The JWT.
    pub assertion: &'a str,
    /// Its `client_id`, if the request says that beside.
    pub client_id: Option<&'a str>,
    /// What it wants to ask, if less than it may.
    pub scope: Option<&'a str>,
}

/// An access token.
#[derive(Clone, PartialEq, Eq)]
pub struct Granted {
    /// To be sent as `Authorization: Bearer`.
    pub token: String,
    /// For how many seconds.
    pub expires_in: u64,
    /// For what.
    pub scopes: Scopes,
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessRefused {
    /// It is no assertion of a client of this tenant. Which rule it breaks is told to who is no stranger: its operator, by the log.
    #[error("the client assertion is refused")]
    Client(#[from] NotAClient),
    /// It asks for what it may not.
    #[error("the scope is unknown, or the client may not have it")]
    Scope,
    /// The access token is none, or counts no more.
    #[error("the access token is not valid: get another from the token endpoint")]
    Token,
    /// It may not ask this.
    #[error("the client may not ask this: its access token lacks the scope `{0}`")]
    Insufficient(Scopes),
    /// It could not be looked up.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What is wrong with a client assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAClient {
    /// It is no JWT, or too long.
    #[error("it is no JWT")]
    Malformed,
    /// Nobody has this id.
    #[error("its issuer is no client of this tenant, or its subject another")]
    Unknown,
    /// Its `kid` names none of the client's keys, or its `alg` is not the key's.
    #[error("it is signed by no key of this client")]
    Key,
    /// The signature is none of the key's.
    #[error("its signature does not verify")]
    Signature,
    /// It is for somebody else.
    #[error("its audience is neither the tenant nor its token endpoint")]
    Audience,
    /// It counts no more, or for longer than it may.
    #[error("it is expired, or expires in more than five minutes")]
    Time,
    /// Somebody has shown it before.
    #[error("it was used before")]
    Used,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneOrMany,
    exp: u64,
    jti: String,
    #[serde(default)]
    nbf: u64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl RelyingParties {
    /// Gives an access token to a client that shows who it is.
    ///
    /// # Errors
    /// [`AccessRefused`].
    pub async fn grant(&self, tenant: TenantId, shown: &ClientAssertion<'_>) -> Result<Granted, AccessRefused> {
        let client = self.verified(tenant, shown).await?;
        let scopes = match shown.scope {
            Some(scope) => Scopes::parse(scope).map_err(|_| AccessRefused::Scope)?,
            None => client.scopes,
        };
        if !client.scopes.contain(scopes) {
            return Err(AccessRefused::Scope);
        }
        let keys = self.storage.tenant_keys(tenant).await?;
        let now = self.clock.now().0;
        let key = in_use(&keys, now).into_iter().next().ok_or(StorageError::Damaged("a tenant has no keys"))?;
        let body = Body { client: Client { scopes, ..client }, expires_at: now.saturating_add(LIVES) };
        Ok(Granted { token: body.sealed(key), expires_in: LIVES / SECOND, scopes })
    }

    async fn verified(&self, tenant: TenantId, shown: &ClientAssertion<'_>) -> Result<Client, AccessRefused> {
        let (id, claimed) = claimed(shown)?;
        let party = self.storage.relying_party(tenant, id).await?.ok_or(NotAClient::Unknown)?;
        let known = keys::read(&party.keys).map_err(|_| StorageError::Damaged("a client's keys cannot be read"))?;
        let header = jsonwebtoken::decode_header(shown.assertion).map_err(|_| NotAClient::Malformed)?;
        let key = known.iter().find(|key| header.kid.as_ref() == Some(&key.id) && header.alg == key.algorithm);
        let key = key.filter(|_| header.crit.is_none()).ok_or(NotAClient::Key)?;
        let mut validation = Validation::new(key.algorithm);
        // The clock is whose who verifies, and so is what the claims must be.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<serde_json::Value>(shown.assertion, &key.key, &validation)
            .map_err(|_| NotAClient::Signature)?;
        let (url, now) = (crate::tenants::url(&self.public_url, tenant), self.clock.now());
        let endpoint = format!("{url}/token");
        let is_ours = |audience: &String| *audience == url || *audience == endpoint;
        let is_for_us = match &claimed.aud {
            OneOrMany::One(audience) => is_ours(audience),
            OneOrMany::Many(audiences) => audiences.len() == 1 && audiences.iter().all(is_ours),
        };
        if !is_for_us {
            return Err(NotAClient::Audience.into());
        }
        let seconds = now.seconds();
        let counts = claimed.exp > seconds && claimed.exp <= seconds + LIVES / SECOND + SKEW;
        if !counts || claimed.nbf > seconds + SKEW {
            return Err(NotAClient::Time.into());
        }
        // Last: what is refused for another reason is not used up.
        let until = claimed.exp.saturating_add(SKEW).saturating_mul(SECOND);
        if !self.storage.spend(tenant, id, What::Assertion, sha256(claimed.jti.as_bytes()), until).await? {
            return Err(NotAClient::Used.into());
        }
        Ok(Client { tenant, id, scopes: Scopes::from_number(party.scopes) })
    }

    /// Who sends an access token, if it may ask this. A client that was removed may nothing from then on.
    ///
    /// # Errors
    /// [`AccessRefused`].
    pub async fn recognise(&self, token: &str, needs: Scopes) -> Result<Client, AccessRefused> {
        let unsealed = Unsealed::of(token).ok_or(AccessRefused::Token)?;
        let keys = self.storage.tenant_keys(unsealed.tenant).await?;
        let now = self.clock.now().0;
        let known = in_use(&keys, now);
        let body = known.iter().find_map(|key| unsealed.verified(key)).ok_or(AccessRefused::Token)?;
        if body.expires_at <= now {
            return Err(AccessRefused::Token);
        }
        let party = self.storage.relying_party(body.client.tenant, body.client.id).await?;
        let may = party.map(|party| Scopes::from_number(party.scopes)).ok_or(AccessRefused::Token)?;
        let client = Client { scopes: body.client.scopes.common(may), ..body.client };
        if client.scopes.contain(needs) { Ok(client) } else { Err(AccessRefused::Insufficient(needs)) }
    }
}

/// What an assertion says of itself, before anything of it is verified.
fn claimed(shown: &ClientAssertion<'_>) -> Result<(ClientId, Claims), NotAClient> {
    if shown.assertion.len() > LONGEST {
        return Err(NotAClient::Malformed);
    }
    let payload = shown.assertion.split('.').nth(1).ok_or(NotAClient::Malformed)?;
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| NotAClient::Malformed)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| NotAClient::Malformed)?;
    let is_one = claims.iss == claims.sub && shown.client_id.is_none_or(|id| id == claims.iss);
    let has_id = (1..=256).contains(&claims.jti.len());
    let id = claims.iss.parse().map_err(|_| NotAClient::Unknown)?;
    match (is_one, has_id) {
        (true, true) => Ok((id, claims)),
        (false, _) => Err(NotAClient::Unknown),
        (true, false) => Err(NotAClient::Malformed),
    }
}

/// What an access token says: version, tenant, client, scopes, when it ends; and a MAC by a key that is derived from the tenant's
/// token key, so that each replica knows its own and the others'.
struct Body {
    client: Client,
    expires_at: u64,
}

struct Unsealed {
    tenant: TenantId,
    body: [u8; BODY],
    mac: Vec<u8>,
}

impl Body {
    fn bytes(&self) -> [u8; BODY] {
        let mut bytes = [0; BODY];
        let parts = [
            [VERSION].as_slice(),
            self.client.tenant.as_bytes(),
            self.client.id.as_bytes(),
            &self.client.scopes.number().to_be_bytes(),
            &self.expires_at.to_be_bytes(),
        ];
        for (to, from) in bytes.iter_mut().zip(parts.concat()) {
            *to = from;
        }
        bytes
    }

    fn sealed(&self, key: &TenantKey) -> String {
        let bytes = self.bytes();
        let mac = hmac::sign(&mac_key(key), &bytes);
        BASE64URL_NOPAD.encode(&[bytes.as_slice(), mac.as_ref()].concat())
    }

    fn parse(bytes: &[u8; BODY]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (tenant, rest) = rest.split_first_chunk::<16>()?;
        let (client, rest) = rest.split_first_chunk::<16>()?;
        let (scopes, rest) = rest.split_first_chunk::<2>()?;
        let expires_at = u64::from_be_bytes(rest.try_into().ok()?);
        let client = Client {
            tenant: TenantId::new(*tenant),
            id: ClientId::new(*client),
            scopes: Scopes::from_number(u16::from_be_bytes(*scopes)),
        };
        (*version == VERSION).then_some(Self { client, expires_at })
    }
}

impl Unsealed {
    fn of(token: &str) -> Option<Self> {
        if token.len() > 200 {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (body, mac) = bytes.split_first_chunk::<BODY>()?;
        Some(Self { tenant: Body::parse(body)?.client.tenant, body: *body, mac: mac.to_vec() })
    }

    fn verified(&self, key: &TenantKey) -> Option<Body> {
        hmac::verify(&mac_key(key), &self.body, &self.mac).ok()?;
        Body::parse(&self.body)
    }
}

fn mac_key(key: &TenantKey) -> hmac::Key {
    let secret = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.secret), ACCESS_TOKEN);
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref())
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

const ACCESS_TOKEN: &[u8] = b"keyfold/v1/access-token";
const VERSION: u8 = 1;
const BODY: usize = 1 + 16 + 16 + 2 + 8;
/// Of an access token, and the longest that an assertion may count.
const LIVES: u64 = 5 * MINUTE;
/// Seconds by which a client's clock may be off.
const SKEW: u64 = 60;
/// Of an assertion.
const LONGEST: usize = 8 * 1_024;
