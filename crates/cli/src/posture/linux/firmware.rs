//! What starts the machine, and the chip that keeps its keys.

use serde::Serialize;

use super::{
    files::{Root, Unread},
    found::{Found, Setting},
};

/// A trusted platform module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tpm {
    Absent,
    /// Too old for Keyfold's keys.
    Version1,
    Version2,
}

/// UEFI Secure Boot, and whether shim has been told not to look (UEFI 2.10, section 3.3).
pub(super) fn secure_boot(root: &Root) -> Found<Setting> {
    match variable(root, SECURE_BOOT) {
        Ok(1) => {}
        Ok(0) => return Found::off("secure boot is off: switch it on in the firmware's settings"),
        Ok(_) => return Found::unknown("the firmware's variable SecureBoot has a value that no standard knows"),
        Err(Unread::Absent) => return without_variable(root),
        Err(Unread::Refused | Unread::TooLong) => {
            return Found::unknown("the firmware's variable SecureBoot can't be read");
        }
    }
    match variable(root, SHIM_LOOKS_AWAY) {
        Ok(1) => Found::off("secure boot is on, but shim verifies nothing: mokutil --enable-validation"),
        Ok(_) | Err(Unread::Absent) => Found::on("the firmware says that secure boot is on"),
        Err(Unread::Refused | Unread::TooLong) => {
            Found::unknown("it can't be read whether shim verifies what it starts")
        }
    }
}

fn without_variable(root: &Root) -> Found<Setting> {
    let names = root.names("/sys/firmware").unwrap_or_default();
    if names.is_empty() {
        return Found::unknown("the firmware can't be seen (is this a container?)");
    }
    if !names.iter().any(|name| name == "efi") {
        return Found::off("the machine was not started by UEFI: it has no secure boot");
    }
    match root.names(VARIABLES) {
        Ok(names) if !names.is_empty() => Found::off("the firmware knows no secure boot"),
        _ => Found::unknown("the firmware's variables can't be seen: mount efivarfs at /sys/firmware/efi/efivars"),
    }
}

/// Which TPM the kernel has found first.
pub(super) fn tpm(root: &Root) -> Found<Tpm> {
    if !root.exists("/sys/class/tpm/tpm0") {
        return if root.exists("/sys/class/block") {
            Found::known(
                Tpm::Absent,
                "the kernel has found no TPM: switch it on in the firmware's settings, if there is one",
            )
        } else {
            Found::unknown("devices can't be seen (is this a container?)")
        };
    }
    match root.text("/sys/class/tpm/tpm0/tpm_version_major").as_deref().map(str::trim) {
        Ok("2") => Found::known(Tpm::Version2, "the kernel has found a TPM 2.0"),
        Ok("1") => Found::known(Tpm::Version1, "the kernel has found a TPM 1.2: if the firmware can, switch it to 2.0"),
        _ => Found::unknown("there is a TPM, but the kernel does not tell its version (Linux 5.6 and later do)"),
    }
}

/// A variable of one byte, which four bytes of attributes precede.
fn variable(root: &Root, name: &str) -> Result<u8, Unread> {
    match root.bytes(format!("{VARIABLES}/{name}"), 5)?.as_slice() {
        [_, _, _, _, value] => Ok(*value),
        _ => Err(Unread::Refused),
    }
}

const VARIABLES: &str = "/sys/firmware/efi/efivars";
const SECURE_BOOT: &str = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Shim's mirror of its own setting; `mokutil --disable-validation` sets it to 1.
const SHIM_LOOKS_AWAY: &str = "MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23";
