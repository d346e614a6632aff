use serde::Serialize;

/// What was found out, or that it could not be; with one line for the user: how it is known, or what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found<T> {
    Known { value: T, reason: String },
    Unknown { reason: String },
}

/// Whether something is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Setting {
    On,
    Off,
}

impl<T> Found<T> {
    pub(crate) fn known(value: T, reason: impl Into<String>) -> Self {
        Self::Known { value, reason: reason.into() }
    }

    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into() }
    }

    /// What is so, if that is known.
    pub(crate) const fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// Why that is known, or why not.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Known { reason, .. } | Self::Unknown { reason } => reason,
        }
    }
}

impl Found<Setting> {
    pub(crate) fn on(reason: impl Into<String>) -> Self {
        Self::known(Setting::On, reason)
    }

    pub(crate) fn off(reason: impl Into<String>) -> Self {
        Self::known(Setting::Off, reason)
    }
}
