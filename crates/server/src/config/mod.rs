//! Typed configuration: defaults, then a TOML file, then `KEYFOLD_…` in the environment, then flags.

mod layers;
mod public_url;
mod settings;
mod show;

pub(crate) use public_url::PublicUrl;

pub use layers::{ConfigError, Flags, Loaded, Origin, load};
pub use settings::{
    HttpSettings, LimitSettings, LogFormat, LogSettings, RateSettings, Settings, SettingsError, SignUpSetting,
    TlsSettings,
};
pub use show::{show, to_json};
