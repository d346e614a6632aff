use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum BrowserCommand {
    /// Let browsers start `keyfold` for the extension: writes each one's native-messaging manifest
    Install(Browsers),
    /// Find what is wrong between the browser, the extension and the agent
    Doctor(Browsers),
    /// Carry messages between a browser and the agent; browsers start this themselves
    #[command(hide = true)]
    Host {
        /// What the browser says of who started it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        started_by: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Browsers {
    /// Which browsers [default: those that have a folder in your home]
    #[arg(long = "browser", value_name = "NAME")]
    pub(crate) browsers: Vec<Browser>,
    /// A browser of Chromium's kind that keeps native-messaging manifests in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) manifest_dir: Option<PathBuf>,
    /// The socket of the agent, if it is not the default one
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// A browser whose folders are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Browser {
    Chromium,
    Chrome,
    Edge,
    Brave,
    Firefox,
}

impl Browser {
    pub(crate) const ALL: [Self; 5] = [Self::Chromium, Self::Chrome, Self::Edge, Self::Brave, Self::Firefox];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Chrome => "Chrome",
            Self::Edge => "Edge",
            Self::Brave => "Brave",
            Self::Firefox => "Firefox",
        }
    }

    /// Its folder in the home folder; it is there once the browser has run.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Chromium => ".config/chromium",
            Self::Chrome => ".config/google-chrome",
            Self::Edge => ".config/microsoft-edge",
            Self::Brave => ".config/BraveSoftware/Brave-Browser",
            Self::Firefox => ".mozilla",
        }
    }

    /// Where in that folder it looks for native-messaging manifests.
    pub(crate) const fn manifests(self) -> &'static str {
        match self {
            Self::Firefox => "native-messaging-hosts",
            _ => "NativeMessagingHosts",
        }
    }
}
