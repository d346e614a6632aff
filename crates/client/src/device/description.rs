use std::{fmt, str::FromStr};

use keyfold_ledger::{DescriptionError, check_text};
use keyfold_wire::v1::DeviceDescription;

/// What people call a device: 1 to 64 bytes of UTF-8 that look like what they are. The server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName(String);

/// Text is not a device's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no name for a device: {0}")]
pub struct BadDeviceName(#[from] DescriptionError);

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
        check_text(text)?;
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
