use std::{fmt, path::PathBuf, str::FromStr};

use thiserror::Error;
use tss_esapi::tcti_ldr::{DeviceConfig, NetworkTPMConfig, TctiNameConf};

/// Where a TPM is. By default, the kernel's resource manager: it shares the chip between processes, and flushes what one leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TpmAddress(pub(super) Way);

/// How tpm2-tss is told to get there. It has more ways; some load a library or run a program that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Device(PathBuf),
    Emulator(TctiNameConf),
}

/// A text names no TPM: write `device:/dev/tpmrm0`, or `swtpm:host=localhost,port=2321` (for tests: it protects nothing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not the address of a TPM: write device:/dev/tpmrm0, or swtpm:host=localhost,port=2321")]
pub(crate) struct NotAnAddress;

impl Default for TpmAddress {
    fn default() -> Self {
        Self(Way::Device(PathBuf::from(RESOURCE_MANAGER)))
    }
}

impl FromStr for TpmAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if let Some(path) = text.strip_prefix("device:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(Self(Way::Device(path))) } else { Err(NotAnAddress) };
        }
        // tpm2-tss takes its own default where it reads nothing.
        let (host, port) =
            text.strip_prefix("swtpm:host=").and_then(|rest| rest.split_once(",port=")).ok_or(NotAnAddress)?;
        // The next one controls the emulator.
        let port = port.parse::<u16>().ok().filter(|port| (1..u16::MAX).contains(port)).ok_or(NotAnAddress)?;
        if host.is_empty() || host.contains(',') {
            return Err(NotAnAddress);
        }
        let name = NetworkTPMConfig::from_str(&format!("host={host},port={port}")).map_err(|_| NotAnAddress)?;
        Ok(Self(Way::Emulator(TctiNameConf::Swtpm(name))))
    }
}

impl TpmAddress {
    /// As tpm2-tss takes it.
    pub(super) fn name(&self) -> Result<TctiNameConf, NotAnAddress> {
        match &self.0 {
            Way::Device(path) => path
                .to_str()
                .and_then(|path| DeviceConfig::from_str(path).ok())
                .map(TctiNameConf::Device)
                .ok_or(NotAnAddress),
            Way::Emulator(name) => Ok(name.clone()),
        }
    }
}

impl fmt::Display for TpmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Way::Device(path) => write!(f, "{}", path.display()),
            Way::Emulator(_) => f.write_str("the TPM emulator"),
        }
    }
}

const RESOURCE_MANAGER: &str = "/dev/tpmrm0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_or_an_emulator_and_nothing_that_loads_code() {
        let address = |text: &str| text.parse::<TpmAddress>();
        assert_eq!(address("device:/dev/tpmrm0"), Ok(TpmAddress::default()));
        assert!(address("swtpm:host=127.0.0.1,port=2321").is_ok());
        assert!(address("swtpm:host=tpm.example,port=2321").is_ok());
        let refused = [
            "",
            "/dev/tpmrm0",
            "device:",
            "device:tpm0",
            "swtpm",
            "swtpm:path=/tmp/x",
            "swtpm:host=localhost",
            "swtpm:host=,port=2321",
            "swtpm:host=a,port=1,port=2",
            "swtpm:host=a b,port=2321",
            "swtpm:host=localhost,port=0",
            "swtpm:host=localhost,port=65535",
            "swtpm:host=localhost,port=2321x",
            "mssim:host=localhost,port=2321",
            "tabrmd:",
            "cmd:sh -c true",
            "libtss2-evil.so",
        ];
        for text in refused {
            assert_eq!(address(text), Err(NotAnAddress), "{text}");
        }
    }
}
