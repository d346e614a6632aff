use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use config::{Config, Environment, File, FileFormat, Map};

use super::{Settings, SettingsError};

/// What flags may say. Each stands above every other layer.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The TOML file.
    pub config: Option<PathBuf>,
    /// Settings by their names, as they would stand in the file.
    pub settings: BTreeMap<&'static str, String>,
}

/// The effective settings, and where each came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    layers: Vec<(Origin, Config)>,
    /// Environment variables that look like settings and are none.
    pub ignored: Vec<String>,
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// This file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is not TOML; says where it ceases to be.
    #[error("{}: {}", path.display(), ends(error))]
    NotToml {
        /// Which.
        path: PathBuf,
        /// Why.
        error: config::ConfigError,
    },
    /// A setting that is unknown or of another type; says which and where.
    #[error("configuration: {0}")]
    Invalid(#[from] config::ConfigError),
    /// Settings that do not go together.
    #[error("configuration: {0}")]
    Contradiction(#[from] SettingsError),
}

/// Reads every layer.
///
/// # Errors
/// [`ConfigError`], before anything is started.
pub fn load(flags: &Flags, environment: impl Iterator<Item = (String, String)>) -> Result<Loaded, ConfigError> {
    let (known, ignored) = environment_settings(environment)?;
    let mut layers = Vec::new();
    layers.push((Origin::Flag, flag_layer(flags)?));
    layers.push((Origin::Environment, environment_layer(known)?));
    if let Some(path) = &flags.config {
        layers.push((Origin::File(path.clone()), file_layer(path)?));
    }
    let mut builder = Config::builder().add_source(Config::try_from(&Settings::default())?);
    for (_, layer) in layers.iter().rev() {
        builder = builder.add_source(layer.clone());
    }
    let settings: Settings = builder.build()?.try_deserialize()?;
    settings.check()?;
    Ok(Loaded { settings, layers, ignored })
}

impl Loaded {
    /// Where the setting with this dotted name came from.
    #[must_use]
    pub fn origin(&self, name: &str) -> Origin {
        let said = self.layers.iter().find(|(_, layer)| layer.get::<config::Value>(name).is_ok());
        said.map_or(Origin::Default, |(origin, _)| origin.clone())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

fn flag_layer(flags: &Flags) -> Result<Config, config::ConfigError> {
    let mut builder = Config::builder();
    for (name, value) in &flags.settings {
        builder = builder.set_override(*name, value.clone())?;
    }
    builder.build()
}

fn file_layer(path: &Path) -> Result<Config, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    let layer = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
    layer.map_err(|error| ConfigError::NotToml { path: path.to_owned(), error })
}

/// The parser draws its finding over several lines: the first says where, the last what.
fn ends(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    [lines.next(), lines.next_back()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

fn environment_layer(known: Map<String, String>) -> Result<Config, config::ConfigError> {
    let environment = Environment::with_prefix("KEYFOLD")
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("tls.names")
        .with_list_parse_key("domains.hosts")
        .source(Some(known));
    Config::builder().add_source(environment).build()
}

/// The variables that name a setting, and those that only look like it: other programs of ours have variables of the
/// same prefix.
fn environment_settings(
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(Map<String, String>, Vec<String>), config::ConfigError> {
    let names: Vec<String> = super::show::names()
        .iter()
        .map(|name| format!("KEYFOLD_{}", name.replace('.', "__").to_ascii_uppercase()))
        .collect();
    let (known, other): (Vec<_>, Vec<_>) =
        environment.filter(|(name, _)| name.starts_with("KEYFOLD_")).partition(|(name, _)| names.contains(name));
    Ok((known.into_iter().collect(), other.into_iter().map(|(name, _)| name).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn flags_stand_above_the_environment_above_the_file_above_defaults() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keyfoldd.toml");
        std::fs::write(
            &file,
            "data_dir = 'from-file'\nsign_up = 'closed'\n[limits]\ndevices = 3\n[tls]\nnames = ['a.example']\n",
        )
        .unwrap();
        let flags =
            Flags { config: Some(file.clone()), settings: BTreeMap::from([("data_dir", "from-flag".to_owned())]) };
        let variables =
            [("KEYFOLD_SIGN_UP", "invite"), ("KEYFOLD_LIMITS__ITEMS", "10"), ("KEYFOLD_DATA_DIR", "from-environment")];

        let loaded = load(&flags, environment(&variables)).unwrap();

        assert_eq!(loaded.settings.data_dir, PathBuf::from("from-flag"));
        assert_eq!(loaded.settings.sign_up, super::super::SignUpSetting::Invite);
        assert_eq!((loaded.settings.limits.devices, loaded.settings.limits.items), (3, 10));
        assert_eq!(loaded.origin("data_dir"), Origin::Flag);
        assert_eq!(loaded.origin("sign_up"), Origin::Environment);
        assert_eq!(loaded.origin("limits.devices"), Origin::File(file));
        assert_eq!(loaded.origin("listen"), Origin::Default);
    }

    #[test]
    fn a_misspelt_setting_in_the_file_is_refused_and_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keyfoldd.toml");
        std::fs::write(&file, "signup = 'open'\n").unwrap();
        let error = load(&Flags { config: Some(file), ..Flags::default() }, environment(&[])).unwrap_err();
        assert!(error.to_string().contains("signup"), "{error}");
    }

    #[test]
    fn what_is_no_toml_is_told_in_one_line() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keyfoldd.toml");
        std::fs::write(&file, "sign_up = 'open'\nlisten everywhere\n").unwrap();
        let error = load(&Flags { config: Some(file.clone()), ..Flags::default() }, environment(&[])).unwrap_err();
        let told = error.to_string();
        assert!(told.starts_with(&format!("{}: TOML parse error at line 2, column", file.display())), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }

    #[test]
    fn another_programs_variables_are_not_ours() {
        let loaded = load(&Flags::default(), environment(&[("KEYFOLD_PROFILE", "b"), ("PATH", "/bin")])).unwrap();
        assert_eq!(loaded.ignored, ["KEYFOLD_PROFILE"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let flags = Flags { config: Some("/no/such/file.toml".into()), ..Flags::default() };
        assert!(load(&flags, environment(&[])).unwrap_err().to_string().starts_with("cannot read /no/such/file.toml"));
    }
}
