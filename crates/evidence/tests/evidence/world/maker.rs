//! Another maker of authenticators, with certificates of its own.

use ciborium::Value;
use keyfold_evidence::{Roots, UnixMillis, attestation::Statement};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey,
};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::now;

pub(crate) const MODEL: [u8; 16] = *b"a maker's model.";

/// A root, and whoever issues for it.
pub(crate) struct Maker {
    pub(crate) root: Vec<u8>,
    pub(crate) of_root: Issuer<'static, KeyPair>,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority("Maker's root", BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { root, of_root: Issuer::new(params, key) }
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::trust(&[&self.root]).unwrap()
    }

    /// A certificate under the root.
    pub(crate) fn issues(&self, params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        params.signed_by(key, &self.of_root).unwrap().der().to_vec()
    }
}

/// From a day before now to a day after.
pub(crate) fn dated(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = moment(now()) - Duration::DAY;
    params.not_after = moment(now()) + Duration::DAY;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

pub(crate) fn authority(name: &str, constraints: BasicConstraints) -> CertificateParams {
    let mut params = dated(name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// Of a key that attests in `packed`.
pub(crate) fn attestation() -> CertificateParams {
    let mut params = dated("Security key 1");
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CountryName, DnValue::PrintableString("ZZ".try_into().unwrap()));
    subject.push(DnType::OrganizationName, "Maker");
    subject.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.custom_extensions = vec![CustomExtension::from_oid_content(AAGUID, tlv(4, &[&MODEL]))];
    params
}

/// A credential that is registered, and its key.
pub(crate) struct Registering {
    pub(crate) key: KeyPair,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data_hash: [u8; 32],
}

impl Registering {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let point = key.public_key_raw();
        let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &point[1..33], b"\x22\x58\x20", &point[33..]].concat();
        let authenticator_data =
            [Sha256::digest("shop.example").as_slice(), &[0x45, 0, 0, 0, 1], &MODEL, &[0, 4], b"cred", &cose].concat();
        Self { key, authenticator_data, client_data_hash: [7; 32] }
    }

    /// What an attestation is over.
    pub(crate) fn signed(&self) -> Vec<u8> {
        [self.authenticator_data.as_slice(), &self.client_data_hash].concat()
    }

    pub(crate) fn statement<'a>(&'a self, format: &'a str, statement: &'a Value) -> Statement<'a> {
        let (authenticator_data, client_data_hash) = (&self.authenticator_data, &self.client_data_hash);
        Statement { format, statement, authenticator_data, client_data_hash }
    }
}

pub(crate) fn sign(key: &KeyPair, message: &[u8]) -> Value {
    key.sign(message).unwrap().into()
}

pub(crate) fn map(members: &[(&str, Value)]) -> Value {
    Value::Map(members.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
}

pub(crate) fn x5c(certificates: &[&[u8]]) -> Value {
    Value::Array(certificates.iter().map(|der| der.to_vec().into()).collect())
}

/// DER: a tag of one byte, and what it holds.
pub(crate) fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    tagged(&[tag], content)
}

/// `[number] EXPLICIT`, of a number from 128.
pub(crate) fn explicit(number: u16, content: &[u8]) -> Vec<u8> {
    let [high, low] = [(number >> 7) as u8 | 0x80, (number & 0x7f) as u8];
    tagged(&[0xbf, high, low], &[content])
}

fn tagged(tag: &[u8], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap();
    let length = match length {
        0..0x80 => vec![length as u8],
        0x80..0x100 => vec![0x81, length as u8],
        _ => [&[0x82], length.to_be_bytes().as_slice()].concat(),
    };
    [tag, &length, &content].concat()
}

fn moment(at: UnixMillis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(at.seconds()).unwrap()).unwrap()
}

const AAGUID: &[u64] = &[1, 3, 6, 1, 4, 1, 45_724, 1, 1, 4];

/// The certificate of a key on an Android device, with what that says of it; or of a key that attests others, which says nothing.
pub(crate) fn phone(description: &[u8]) -> CertificateParams {
    let mut params = dated("Android Keystore Key");
    params.is_ca = IsCa::ExplicitNoCa;
    if !description.is_empty() {
        let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11_129, 2, 1, 17], description.to_vec());
        params.custom_extensions = vec![extension];
    }
    params
}

/// A `KeyDescription` of a security level.
pub(crate) fn described(level: u8, challenge: &[u8], software: &[u8], hardware: &[u8]) -> Vec<u8> {
    let (version, level) = (tlv(2, &[&[3]]), tlv(10, &[&[level]]));
    let lists = [tlv(0x30, &[software]), tlv(0x30, &[hardware])].concat();
    tlv(0x30, &[&version, &level, &version, &level, &tlv(4, &[challenge]), &tlv(4, &[]), &lists])
}

/// The public area of a P-256 key in a TPM.
pub(crate) fn tpm_area(attributes: u32, x: &[u8], y: &[u8]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&[0, 32], bytes].concat();
    let rest = [0, 0, 0, 0x10, 0, 0x10, 0, 3, 0, 0x10];
    [&[0, 0x23, 0, 0x0b], attributes.to_be_bytes().as_slice(), &rest, &sized(x), &sized(y)].concat()
}

/// Of a TPM with these of its maker, model and version.
pub(crate) fn tpm_name<const N: usize>(parts: [u8; N]) -> CustomExtension {
    let part = |part: u8| tlv(0x31, &[&tlv(0x30, &[&tlv(6, &[&[0x67, 0x81, 5, 2, part]]), &tlv(12, &[b"x"])])]);
    let name = tlv(0x30, &[&parts.map(part).concat()]);
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 17], tlv(0x30, &[&tlv(0xa4, &[&name])]));
    extension.set_criticality(true);
    extension
}
