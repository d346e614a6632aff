use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Where the database is: `sqlite:PATH` or `postgres://…`. Prints without passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    kind: Kind,
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A text names no database that is supported. One in memory is none: it would forget what was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database is written as sqlite:PATH, a file, or postgres://USER:PASSWORD@HOST/NAME")]
pub struct UnknownDatabase;

impl DatabaseUrl {
    /// A SQLite file, whatever characters its path has.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        let text = path.display().to_string().replace('%', "%25").replace('?', "%3f");
        Self { text: format!("sqlite:{text}"), kind: Kind::Sqlite, file: Some(path.to_owned()) }
    }

    /// The file of a SQLite database; beside it lie `-wal` and `-shm`.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

impl FromStr for DatabaseUrl {
    type Err = UnknownDatabase;

    fn from_str(text: &str) -> Result<Self, UnknownDatabase> {
        match text.split_once(':') {
            Some(("sqlite", path)) => {
                let file = sqlite_path(path).ok_or(UnknownDatabase)?;
                Ok(Self { text: text.to_owned(), kind: Kind::Sqlite, file: Some(file) })
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self { text: text.to_owned(), kind: Kind::Postgres, file: None })
            }
            _ => Err(UnknownDatabase),
        }
    }
}

/// The path after `sqlite:`, in which `%XX` stands for a byte. Options after a `?` are none of ours.
fn sqlite_path(text: &str) -> Option<PathBuf> {
    let text = text.strip_prefix("//").unwrap_or(text);
    let mut rest = text.bytes();
    let mut path = Vec::with_capacity(text.len());
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'?' => return None,
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        };
        path.push(decoded);
    }
    let path = String::from_utf8(path).ok()?;
    (!path.is_empty() && !path.contains(":memory:")).then(|| path.into())
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Kind::Sqlite {
            return f.write_str(&self.text);
        }
        let (scheme, rest) = self.text.split_once("//").unwrap_or((&self.text, ""));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if path.contains('@') {
            // Where the password ends is anybody's guess.
            return write!(f, "{scheme}//***");
        }
        write!(f, "{scheme}//")?;
        if let Some((credentials, host)) = authority.rsplit_once('@') {
            let user = credentials.split_once(':').map_or(credentials, |(user, _)| user);
            write!(f, "{user}:***@{host}")?;
        } else {
            f.write_str(authority)?;
        }
        match path.split_once('?') {
            Some((path, _)) => write!(f, "{path}?***"),
            None => f.write_str(path),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let url: DatabaseUrl = "postgres://ana:s3cr@t@db.example/keyfold".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://ana:***@db.example/keyfold");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://ana:***@db.example/keyfold)");
        for (url, shown) in [
            ("postgres://db/keyfold?user=ana&password=s3cret", "postgres://db/keyfold?***"),
            ("postgres://ana:s3cret@db/keyfold?sslmode=require", "postgres://ana:***@db/keyfold?***"),
            ("postgres://ana@db/keyfold?password=s3@cret", "postgres://***"),
            ("postgres://ana:s3?cr@et@db/keyfold", "postgres://***"),
            ("postgres://ana:s3/cr@et@db/keyfold", "postgres://***"),
            ("postgres:///keyfold", "postgres:///keyfold"),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn a_sqlite_database_is_a_file() {
        for (url, file) in [
            ("sqlite:/var/lib/keyfold.db", "/var/lib/keyfold.db"),
            ("sqlite:///var/lib/keyfold.db", "/var/lib/keyfold.db"),
            ("sqlite:what%3f.db", "what?.db"),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap().sqlite_file(), Some(Path::new(file)));
        }
        let odd = Path::new("/a%3fb?c");
        assert_eq!(DatabaseUrl::file(odd).to_string().parse(), Ok(DatabaseUrl::file(odd)));
    }

    #[test]
    fn other_databases_are_refused() {
        for text in [
            "",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite:x.db?mode=memory",
            "sqlite:%ff.db",
            "sqlite:%3.db",
            "mysql://localhost/x",
            "/var/lib/keyfold.db",
            "postgres:keyfold",
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(UnknownDatabase), "{text}");
        }
    }
}
