/// Why a file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Not a JSON object in UTF-8, or a member there twice.
    #[error("not a credential exchange file: {0}")]
    Json(String),
    /// JSON, but neither a CXF header nor an account.
    #[error("not a credential exchange file: {0}")]
    Form(&'static str),
    /// Another version of the format.
    #[error("a credential exchange file of version {major}.{minor}; this program reads version 1")]
    Version {
        /// Incompatible with others.
        major: u64,
        /// Compatible within one `major`.
        minor: u64,
    },
    /// Larger than [`MAX_FILE`](super::MAX_FILE).
    #[error("larger than a file may be: 64 MiB")]
    TooLarge,
    /// More items and credentials than [`MAX_PARTS`](super::MAX_PARTS).
    #[error("more items and credentials than a file may have: 400,000")]
    TooMany,
    /// It is encrypted, to keys and not to a passphrase.
    #[error("the file is encrypted to keys; decrypt it with `age --decrypt` first")]
    NotToAPassphrase,
    /// The passphrase is not the file's.
    #[error("that is not the file's passphrase")]
    WrongPassphrase,
    /// Opening it would take more memory than a file may ask for.
    #[error(
        "opening the file would take more than 1 GiB of memory (work factor {0}); decrypt it with `age --decrypt` first"
    )]
    TooMuchWork(u8),
    /// It was cut short or changed.
    #[error("the encrypted file is damaged: {0}")]
    Damaged(String),
}

impl From<serde_json::Error> for ExchangeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}
