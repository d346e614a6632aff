use credential_exchange_format::{
    B64Url, Fido2Extensions, Fido2HmacCredentialAlgorithm, Fido2HmacCredentials, Fido2LargeBlob, PasskeyCredential,
};
use keyfold_authenticator::PrivateKey;
use keyfold_crypto::random;
use zeroize::{Zeroize, Zeroizing};

use super::{
    ExchangeError,
    extension::About,
    read::{Importer, ReadingItem},
    rest::{merge, rest_of},
};
use crate::item::{CredProtect, Discoverability, FieldTag, Fields, Imported, Key, Passkey, Secrets, json::Object};

/// A passkey of a file.
pub(super) struct ReadPasskey {
    pub(super) passkey: Passkey,
    pub(super) fields: Vec<(FieldTag, Vec<u8>)>,
    /// Whether the keys of its PRF are the file's, and not drawn here.
    pub(super) has_prf: bool,
    /// Whether another vault of Keyfold said what the user calls it.
    is_labelled: bool,
}

/// Whether a passkey of a file can be used.
pub(super) enum Usable {
    Yes(Box<ReadPasskey>),
    /// Not here: for this reason.
    Kept(&'static str),
    /// Nowhere but where it counts.
    Counter,
}

impl ReadPasskey {
    /// The title of its item is the user's name for it, unless it is its relying party's.
    pub(super) fn called(&mut self, title: &str) {
        let is_its_own = !title.is_empty() && title != self.passkey.rp_id && FieldTag::Label.admits(title.as_bytes());
        if is_its_own && !self.is_labelled {
            self.fields.push((FieldTag::Label, title.as_bytes().to_vec()));
        }
    }

    pub(super) fn imported_with(&mut self, shell: Zeroizing<String>) {
        if let Some(imported) = &mut self.passkey.imported {
            imported.shell = shell;
        }
    }
}

/// Reads a credential of the type `passkey`.
pub(super) fn read_passkey(credential: &Object, of: &ReadingItem<'_>, imported: Imported) -> Usable {
    match counter(credential) {
        Counter::Zero => {}
        Counter::Counts => return Usable::Counter,
        Counter::Strange => return Usable::Kept("its signature counter is no number"),
    }
    let Ok(read) = serde_json::from_str::<PasskeyCredential>(&credential.text()) else {
        return Usable::Kept("a member of it is missing or not of its type");
    };
    let Ok(rest) = rest_of(credential) else {
        return Usable::Kept("a member of it is there twice");
    };
    let about = of.about.about(&read.credential_id).cloned();
    let made = about.as_ref().and_then(|about| about.created_at);
    let made = made.or_else(|| of.item.read::<u64>("creationAt")?.checked_mul(1_000)).unwrap_or(of.importer.at);
    let usable = Reading { read, rest, about, imported, importer: of.importer, made }.usable();
    match usable {
        Ok(passkey) => Usable::Yes(Box::new(passkey)),
        Err(why) => Usable::Kept(why),
    }
}

struct Reading {
    read: PasskeyCredential,
    rest: Zeroizing<String>,
    about: Option<About>,
    imported: Imported,
    importer: Importer,
    made: u64,
}

impl Reading {
    fn usable(mut self) -> Result<ReadPasskey, &'static str> {
        let der = Zeroizing::new(Vec::from(self.read.key));
        let key = PrivateKey::from_pkcs8(&der).map_err(|_| "its key is none of ES256, EdDSA, ES384 and ML-DSA-44")?;
        let extensions = self.read.fido2_extensions.unwrap_or_default();
        let has_prf = extensions.hmac_credentials.is_some();
        let (with_uv, without_uv) = match extensions.hmac_credentials {
            Some(hmac) => prf(hmac).ok_or("the keys of its PRF are not of the form hmac-sha256")?,
            None => (random::bytes(&mut random::system()).into(), random::bytes(&mut random::system()).into()),
        };
        if self.rest.len() > Imported::MAX_CREDENTIAL {
            return Err("it says more than can be kept beside a passkey: over 8 KiB");
        }
        self.imported.credential = self.rest;
        let is_labelled = self.about.is_some();
        let about = self.about.unwrap_or_default();
        let texts = [
            (FieldTag::UserName, self.read.username),
            (FieldTag::UserDisplayName, self.read.user_display_name),
            (FieldTag::RpName, about.rp_name),
            (FieldTag::Label, about.label),
        ];
        let mut fields: Vec<(FieldTag, Vec<u8>)> = texts
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(tag, text)| (tag, text.into_bytes()))
            .collect();
        fields.extend(extensions.large_blob.map(|blob| (FieldTag::LargeBlob, large_blob(&blob))));
        fields.extend(about.last_used_at.map(|at| (FieldTag::LastUsed, at.to_be_bytes().to_vec())));
        if fields.iter().any(|(tag, value)| !tag.admits(value)) {
            return Err("a name of it is longer than 1,024 bytes, or its large blob empty or longer than 32 KiB");
        }
        let passkey = Passkey {
            rp_id: self.read.rp_id,
            credential_id: self.read.credential_id.into(),
            user_handle: self.read.user_handle.into(),
            algorithm: key.algorithm(),
            key: Key::Synced(Secrets {
                private_key: Zeroizing::new(key.expose().to_vec()),
                cred_random_with_uv: with_uv,
                cred_random_without_uv: without_uv,
            }),
            created_at: self.made,
            created_by: self.importer.device,
            cred_blob: Zeroizing::new(extensions.cred_blob.map(Vec::from).unwrap_or_default()),
            imported: Some(self.imported),
            // CXF says nothing of them.
            cred_protect: CredProtect::default(),
            discoverability: Discoverability::Discoverable,
        };
        let unusual = "its ids are not of the lengths that are used here, or its credBlob is longer than 1 KiB";
        passkey.check().map_err(|_| unusual)?;
        Ok(ReadPasskey { passkey, fields, has_prf, is_labelled })
    }
}

enum Counter {
    Zero,
    Counts,
    Strange,
}

/// CXF has no member for a signature counter, since what counts must not be exported; programs that write one all the same
/// are believed.
fn counter(credential: &Object) -> Counter {
    let is_counter = |name: &&str| COUNTERS.contains(&name.to_ascii_lowercase().as_str());
    let values = credential.names().filter(is_counter).filter_map(|name| credential.get(name));
    let numbers = values.filter(|value| *value != "null").map(|value| value.trim_matches('"').parse::<f64>());
    numbers.fold(Counter::Zero, |so_far, number| match (so_far, number) {
        (Counter::Counts, _) => Counter::Counts,
        (so_far, Ok(0.0)) => so_far,
        (_, Ok(_)) => Counter::Counts,
        (_, Err(_)) => Counter::Strange,
    })
}

type Prf = (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>);

fn prf(hmac: Fido2HmacCredentials) -> Option<Prf> {
    let is_known = matches!(hmac.algorithm, Fido2HmacCredentialAlgorithm::HmacSha256);
    let key = |secret: B64Url| {
        let secret = Zeroizing::new(Vec::from(secret));
        secret.as_slice().try_into().ok().map(|secret: &[u8; 32]| Zeroizing::new(*secret))
    };
    let (with_uv, without_uv) = (key(hmac.cred_with_uv), key(hmac.cred_without_uv));
    if is_known { with_uv.zip(without_uv) } else { None }
}

fn large_blob(blob: &Fido2LargeBlob) -> Vec<u8> {
    [&blob.uncompressed_size.to_be_bytes(), blob.data.as_ref()].concat()
}

/// A passkey as a credential, with what was said of it where it came from.
pub(super) fn write_passkey(passkey: &Passkey, fields: &Fields) -> Result<Object, ExchangeError> {
    let broken = |_| ExchangeError::Form("its private key is none");
    let secrets = passkey.secrets().ok_or(ExchangeError::Form("its private key is on its device only"))?;
    let der = PrivateKey::from_bytes(passkey.algorithm, &secrets.private_key)
        .and_then(|key| key.to_pkcs8())
        .map_err(broken)?;
    let bytes = |bytes: &[u8]| B64Url::from(bytes);
    let blob = fields.value(FieldTag::LargeBlob).split_first_chunk();
    let credential = PasskeyCredential {
        credential_id: bytes(&passkey.credential_id),
        rp_id: passkey.rp_id.clone(),
        username: fields.text(FieldTag::UserName).to_owned(),
        user_display_name: fields.text(FieldTag::UserDisplayName).to_owned(),
        user_handle: bytes(&passkey.user_handle),
        key: bytes(&der),
        fido2_extensions: Some(Fido2Extensions {
            hmac_credentials: Some(Fido2HmacCredentials {
                algorithm: Fido2HmacCredentialAlgorithm::HmacSha256,
                cred_with_uv: bytes(secrets.cred_random_with_uv.as_slice()),
                cred_without_uv: bytes(secrets.cred_random_without_uv.as_slice()),
            }),
            cred_blob: (!passkey.cred_blob.is_empty()).then(|| bytes(&passkey.cred_blob)),
            large_blob: blob
                .map(|(size, data)| Fido2LargeBlob { uncompressed_size: u64::from_be_bytes(*size), data: bytes(data) }),
            payments: None,
        }),
    };
    // As much as the longest takes: a buffer that grows leaves copies of what was in it.
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
    serde_json::to_writer(&mut *text, &Credential { r#type: "passkey", credential: &credential })?;
    wipe(credential);
    let mut written: Object = serde_json::from_slice(&text)?;
    if let Some(imported) = passkey.imported.as_ref().filter(|imported| !imported.credential.is_empty()) {
        merge(&mut written, Object::parse(&imported.credential)?)?;
    }
    Ok(written)
}

#[derive(serde::Serialize)]
struct Credential<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    credential: &'a PasskeyCredential,
}

fn wipe(credential: PasskeyCredential) {
    Vec::from(credential.key).zeroize();
    let Some(extensions) = credential.fido2_extensions else { return };
    if let Some(hmac) = extensions.hmac_credentials {
        Vec::from(hmac.cred_with_uv).zeroize();
        Vec::from(hmac.cred_without_uv).zeroize();
    }
    for blob in extensions.cred_blob.into_iter().chain(extensions.large_blob.map(|blob| blob.data)) {
        Vec::from(blob).zeroize();
    }
}

/// In lower case.
const COUNTERS: [&str; 4] = ["counter", "signcount", "signaturecounter", "signcounter"];
const LONGEST: usize = 64 * 1_024;
