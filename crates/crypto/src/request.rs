//! Signatures of requests: HTTP Message Signatures (RFC 9421) with `hmac-sha256` over `@method`, `@target-uri` and
//! `content-digest` (RFC 9530), in one fixed form that is compared to the letter.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::session::{SessionId, SessionSecret};

/// A request as it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// "GET"
    pub method: &'a str,
    /// The whole URL, as the server's public URL begins it.
    pub target_uri: &'a str,
    /// Empty for a GET.
    pub body: &'a [u8],
}

/// A request's head, which can be verified before the body is read.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// "GET"
    pub method: &'a str,
    /// The whole URL, as the server's public URL begins it.
    pub target_uri: &'a str,
}

/// The SHA-256 that a verified head signs for its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyDigest([u8; 32]);

/// What a signature covers beside the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Whose secret signs.
    pub session: SessionId,
    /// Unix seconds.
    pub created: u64,
    /// Used once.
    pub nonce: [u8; 16],
}

/// A `Signature-Input` field, in the one form that this protocol has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureInput<'a> {
    parameters: Parameters,
    /// The parameters as they are signed.
    value: &'a str,
}

/// The three header fields of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `Content-Digest`
    pub content_digest: String,
    /// `Signature-Input`
    pub signature_input: String,
    /// `Signature`
    pub signature: String,
}

/// Why a request's signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `Signature-Input` is not in the one form that this protocol has.
    #[error("Signature-Input is not of the form that the protocol fixes")]
    Form,
    /// The body is not the one that was signed.
    #[error("Content-Digest is not that of the body")]
    Digest,
    /// The signature is not this session's over this request.
    #[error("the request's signature does not verify")]
    Signature,
}

/// Signs a request.
#[must_use]
pub fn sign(request: &Request<'_>, parameters: &Parameters, secret: &SessionSecret) -> SignedHeaders {
    let content_digest = content_digest(request.body);
    let value = parameters.value();
    let head = Head { method: request.method, target_uri: request.target_uri };
    let tag = hmac::sign(&key(secret), base(&head, &content_digest, &value).as_bytes());
    SignedHeaders {
        content_digest,
        signature_input: format!("{LABEL}={value}"),
        signature: format!("{LABEL}=:{}:", BASE64.encode(tag.as_ref())),
    }
}

/// Verifies a request's head under its `Signature-Input`; gives what the body must be. Times, nonces and membership are the
/// caller's to check.
///
/// # Errors
/// [`RequestError`].
pub fn verify_head(
    head: &Head<'_>,
    input: &SignatureInput<'_>,
    content_digest: &str,
    signature: &str,
    secret: &SessionSecret,
) -> Result<BodyDigest, RequestError> {
    let signature = signature
        .strip_prefix(LABEL)
        .and_then(|rest| rest.strip_prefix("=:")?.strip_suffix(':'))
        .and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok())
        .ok_or(RequestError::Signature)?;
    hmac::verify(&key(secret), base(head, content_digest, input.value).as_bytes(), &signature)
        .map_err(|_| RequestError::Signature)?;
    BodyDigest::parse(content_digest)
}

impl BodyDigest {
    fn parse(content_digest: &str) -> Result<Self, RequestError> {
        let encoded = content_digest.strip_prefix("sha-256=:").and_then(|rest| rest.strip_suffix(':'));
        let digest = encoded.and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok()?.try_into().ok());
        digest.map(Self).ok_or(RequestError::Digest)
    }

    /// Holds the body against what its head said.
    ///
    /// # Errors
    /// [`RequestError::Digest`].
    pub fn check(&self, body: &[u8]) -> Result<(), RequestError> {
        let same = digest::digest(&digest::SHA256, body).as_ref().ct_eq(&self.0);
        if same.into() { Ok(()) } else { Err(RequestError::Digest) }
    }
}

/// The value of `Content-Digest`: `sha-256=:BASE64:`.
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(digest::digest(&digest::SHA256, body).as_ref()))
}

impl<'a> SignatureInput<'a> {
    /// Reads a field.
    ///
    /// # Errors
    /// [`RequestError::Form`] for any other than the one form of this protocol.
    pub fn parse(field: &'a str) -> Result<Self, RequestError> {
        let value = field.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix('=')).ok_or(RequestError::Form)?;
        let parameters = Parameters::read(value).ok_or(RequestError::Form)?;
        if parameters.value() == value { Ok(Self { parameters, value }) } else { Err(RequestError::Form) }
    }

    /// What it says.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

impl Parameters {
    fn read(value: &str) -> Option<Self> {
        let rest = value.strip_prefix(COMPONENTS)?;
        let (created, rest) = rest.strip_prefix(";created=")?.split_once(";nonce=\"")?;
        let (nonce, rest) = rest.split_once("\";keyid=\"")?;
        let (session, rest) = rest.split_once("\";")?;
        (rest == TAG).then_some(())?;
        Some(Self {
            session: session.parse().ok()?,
            created: created.parse().ok()?,
            nonce: BASE64URL_NOPAD.decode(nonce.as_bytes()).ok()?.try_into().ok()?,
        })
    }

    fn value(&self) -> String {
        format!(
            "{COMPONENTS};created={};nonce=\"{}\";keyid=\"{}\";{TAG}",
            self.created,
            BASE64URL_NOPAD.encode(&self.nonce),
            self.session
        )
    }
}

fn base(head: &Head<'_>, content_digest: &str, value: &str) -> String {
    format!(
        "\"@method\": {}\n\"@target-uri\": {}\n\"content-digest\": {content_digest}\n\"@signature-params\": {value}",
        head.method, head.target_uri
    )
}

fn key(secret: &SessionSecret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose())
}

const LABEL: &str = "keyfold";
const COMPONENTS: &str = "(\"@method\" \"@target-uri\" \"content-digest\")";
const TAG: &str = "tag=\"keyfold\"";
