use std::{
    env,
    ffi::OsStr,
    fmt,
    fs::{self, OpenOptions},
    io::ErrorKind,
    os::unix::fs::FileTypeExt,
    path::Path,
};

use tss_esapi::{
    Context,
    constants::{CapabilityType, PropertyTag},
};

use super::{TpmAddress, TpmError, address::Way};

/// A TPM 2.0 that was opened. It does one thing after the other; the kernel's resource manager lets other programs use it in
/// between. After [`TpmError::Failed`], open it again.
pub(crate) struct Tpm {
    pub(super) context: Context,
}

impl Tpm {
    /// Opens the TPM at an address, and asks it whether it is there.
    pub(crate) fn open(address: &TpmAddress) -> Result<Self, TpmError> {
        if logs_secrets(env::var_os("TSS2_LOG").as_deref()) {
            return Err(TpmError::Logged);
        }
        if let Way::Device(path) = &address.0 {
            usable(path)?;
        }
        let not_there = || TpmError::NotThere(address.to_string());
        let name = address.name().map_err(|_| not_there())?;
        // tpm2-tss tells nothing of why: what can be known was asked before.
        let mut context = Context::new(name).map_err(|_| not_there())?;
        context
            .execute_without_session(|context| {
                context.get_capability(CapabilityType::TpmProperties, PropertyTag::FamilyIndicator.into(), 1)
            })
            .map_err(|_| not_there())?;
        Ok(Self { context })
    }
}

impl fmt::Debug for Tpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tpm(..)")
    }
}

/// Whether tpm2-tss would write all that passes through it to standard error, authorisations as well (`TSS2_LOG=esys+debug`).
fn logs_secrets(setting: Option<&OsStr>) -> bool {
    let setting = setting.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["debug", "trace"].iter().any(|level| setting.contains(level))
}

/// Whether a device is there, and this user may read and write it.
fn usable(path: &Path) -> Result<(), TpmError> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::PermissionDenied => TpmError::NoPermission(path.display().to_string()),
        _ => TpmError::NotThere(path.display().to_string()),
    };
    // tpm2-tss would write its commands into a file.
    if !fs::metadata(path).map_err(refused)?.file_type().is_char_device() {
        return Err(TpmError::NotThere(path.display().to_string()));
    }
    OpenOptions::new().read(true).write(true).open(path).map_err(refused)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_has_secrets_is_refused() {
        let logs = |setting: &str| logs_secrets(Some(OsStr::new(setting)));
        assert!(logs("all+trace") && logs("all+none,marshal+Debug"));
        assert!(!logs("all+none") && !logs("all+warning") && !logs("") && !logs_secrets(None));
    }
}
