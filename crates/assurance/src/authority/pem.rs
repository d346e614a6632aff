//! PEM (RFC 7468): what operators carry between the server and the machine that keeps the root.

use rustls_pki_types::pem::{PemObject, SectionKind};

/// A text is no PEM, or not the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is not PEM with {0}")]
pub struct NotPem(pub &'static str);

/// A list of revoked certificates as it is carried.
#[must_use]
pub fn to_pem_list(der: &[u8]) -> String {
    write("X509 CRL", der)
}

/// Reads one (DER); nothing of it is verified.
///
/// # Errors
/// [`NotPem`].
pub fn from_pem_list(text: &[u8]) -> Result<Vec<u8>, NotPem> {
    let [list] = sections(text, SectionKind::Crl)
        .try_into()
        .map_err(|_| NotPem("one X509 CRL, as `keyfoldd ca revoke` writes it"))?;
    Ok(list)
}

/// A section.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let body = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// All sections of a kind, in their order; others are passed over.
pub(crate) fn sections(text: &[u8], kind: SectionKind) -> Vec<Vec<u8>> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text).map_while(Result::ok);
    sections.filter(|(found, _)| *found == kind).map(|(_, der)| der).collect()
}

/// Of such a file.
const LONGEST: usize = 1_024 * 1_024;
