//! What this process takes of the machine, as Linux tells it.

use std::fs;

/// What the process has at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessUse {
    /// Resident, bytes.
    pub(crate) memory: usize,
    /// Open files and connections.
    pub(crate) files: usize,
}

impl ProcessUse {
    /// `None` where the system does not tell.
    pub(crate) fn now() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let files = fs::read_dir("/proc/self/fd").ok()?.count();
        Some(Self { memory: resident(&status)?, files })
    }
}

fn resident(status: &str) -> Option<usize> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\tkeyfoldd\nVmHWM:\t   9000 kB\nVmRSS:\t   8192 kB\n"), Some(8192 * 1024));
        assert_eq!(resident("Name:\tkeyfoldd\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_memory_and_files() {
        let ProcessUse { memory, files } = ProcessUse::now().unwrap();
        assert!(memory > 1024 * 1024 && files >= 3, "{memory} {files}");
    }
}
