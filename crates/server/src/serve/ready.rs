use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use serde::Serialize;

use super::listeners::Sockets;
use crate::tls::{Certificates, write_whole};

/// Where a server serves, for programs that wait for it: one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// What TLS is served on.
    pub listen: String,
    /// What plain HTTP is served on.
    pub plain_listen: Option<String>,
    /// What `/metrics` is served on.
    pub metrics_listen: Option<String>,
    /// What devices use.
    pub public_url: String,
    /// The local CA's certificate.
    pub ca_file: Option<String>,
    /// SHA-256 of it, 64 hexadecimal digits.
    pub ca_fingerprint: Option<String>,
}

/// The file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the ready file: {0}")]
pub struct ReadyError(#[from] io::Error);

impl Ready {
    pub(super) fn new(sockets: &Sockets, public_url: String, certificates: &Certificates) -> Self {
        let authority = certificates.authority();
        Self {
            listen: sockets.listen.to_string(),
            plain_listen: sockets.plain_listen.map(|address| address.to_string()),
            metrics_listen: sockets.metrics_listen.map(|address| address.to_string()),
            public_url,
            ca_file: authority.map(|(file, _)| file.display().to_string()),
            ca_fingerprint: authority.map(|(_, fingerprint)| fingerprint.to_string()),
        }
    }

    /// Writes the object, as a line, to a file, which is there only as a whole; a pipe is written to as it is.
    ///
    /// # Errors
    /// [`ReadyError`].
    pub fn write(&self, path: &Path) -> Result<(), ReadyError> {
        let mut json = serde_json::to_vec(self).map_err(io::Error::from)?;
        json.push(b'\n');
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Ok(OpenOptions::new().write(true).open(path)?.write_all(&json)?);
        }
        Ok(write_whole(path, &json, 0o644)?)
    }
}
