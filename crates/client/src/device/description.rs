use std::{fmt, str::FromStr};

use keyfold_wire::v1::DeviceDescription;

/// What people call a device: 1 to 64 bytes of UTF-8 without control characters. The server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName(String);

/// Text is not a device's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device's name has 1 to 64 bytes and no control characters")]
pub struct BadDeviceName;

impl DeviceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceName {
    type Err = BadDeviceName;

    fn from_str(text: &str) -> Result<Self, BadDeviceName> {
        let text = text.trim();
        if text.is_empty() || text.len() > 64 || text.chars().any(char::is_control) {
            return Err(BadDeviceName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the roster says of a device with this name that runs this program here.
#[must_use]
pub fn describe(name: &DeviceName) -> DeviceDescription {
    DeviceDescription {
        name: name.0.clone(),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        agent: concat!("keyfold ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}
