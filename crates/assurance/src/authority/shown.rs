use data_encoding::HEXLOWER;
use keyfold_evidence::{Day, UnixMillis};
use sha2::{Digest, Sha256};
use x509_cert::{certificate::Certificate, der::Decode, time::Time};

/// What people read of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateShown {
    /// Hexadecimal digits.
    pub serial: String,
    /// The first day on which it counts.
    pub from: Day,
    /// The last one.
    pub until: Day,
    /// SHA-256 of it, hexadecimal digits.
    pub fingerprint: String,
}

impl CertificateShown {
    /// Of a certificate (DER).
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        let day =
            |time: &Time| UnixMillis(u64::try_from(time.to_unix_duration().as_millis()).unwrap_or(u64::MAX)).day();
        Some(Self {
            serial: HEXLOWER.encode(tbs.serial_number().as_bytes()),
            from: day(&tbs.validity().not_before),
            until: day(&tbs.validity().not_after),
            fingerprint: HEXLOWER.encode(&Sha256::digest(der)),
        })
    }
}
