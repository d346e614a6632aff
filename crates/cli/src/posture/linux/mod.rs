//! What this machine is like, as far as a program without rights can see: for a tenant that asks its devices for their posture.
//!
//! Nothing is written and nothing is sent. What can't be seen is told as such, never guessed. All of it is this machine's own
//! word: whoever controls the machine makes it say what they like.

mod block;
mod disk;
mod files;
mod firmware;
mod found;
mod mounts;
mod os;
mod programs;
mod screen_lock;

use std::path::Path;

use serde::Serialize;

pub(crate) use files::Root;
pub(crate) use firmware::Tpm;
pub(crate) use found::{Found, Setting};
pub(crate) use programs::{Run, SystemPrograms};
pub(crate) use screen_lock::Session;

/// What was found of a machine that runs Linux.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LinuxPosture {
    /// The distribution's name, by os-release.
    pub(crate) os_name: Found<String>,
    /// The distribution's version, by os-release.
    pub(crate) os_version: Found<String>,
    /// The kernel's release, as `uname -r` tells it.
    pub(crate) kernel: Found<String>,
    /// Whether the file system that a folder lies on is on encrypted disks alone. Swap is not looked at.
    pub(crate) disk_encryption: Found<Setting>,
    /// Whether the screen of this session locks by itself.
    pub(crate) screen_lock: Found<Setting>,
    /// Whether firmware and boot loader start signed code only.
    pub(crate) secure_boot: Found<Setting>,
    /// Which TPM there is. One that a hypervisor plays looks the same.
    pub(crate) tpm: Found<Tpm>,
}

impl LinuxPosture {
    /// Looks below `root` (really `/`), for what lies or will lie at `folder` (absolute), in a user's session.
    pub(crate) fn collect(root: &Root, folder: &Path, session: &Session, programs: &dyn Run) -> Self {
        let (os_name, os_version) = os::distribution(root);
        Self {
            os_name,
            os_version,
            kernel: os::kernel(root),
            disk_encryption: disk::encryption(root, folder),
            screen_lock: screen_lock::setting(root, session, programs),
            secure_boot: firmware::secure_boot(root),
            tpm: firmware::tpm(root),
        }
    }
}

#[cfg(test)]
mod tests;
