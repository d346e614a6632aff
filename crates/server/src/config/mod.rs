//! Typed configuration: defaults, then a TOML file, then `KEYFOLD_…` in the environment, then flags.

mod check;
mod layers;
mod meaning;
mod public_url;
mod settings;
mod show;

pub(crate) use public_url::PublicUrl;

pub use check::SettingsError;
pub use layers::{ConfigError, Flags, Loaded, Origin, load};
pub use settings::{
    DomainSettings, HttpSettings, LimitSettings, LogFormat, LogSettings, RateSettings, Settings, SignUpSetting,
    TlsSettings, TraceSettings,
};
pub use show::{show, to_json};
