//! Typed configuration: defaults, then a TOML file, then `KEYFOLD_…` in the environment, then flags.

mod layers;
mod settings;
mod show;

pub use layers::{ConfigError, Flags, Loaded, Origin, load};
pub use settings::{
    HttpSettings, LimitSettings, LogFormat, LogSettings, RateSettings, Settings, SettingsError, SignUpSetting,
    TlsSettings,
};
pub use show::show;
