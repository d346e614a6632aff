use std::{fmt, path::Path, str::FromStr};

/// Where the database is: `sqlite:PATH` or `postgres://…`. Prints without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A text names no database that is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database is written as sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")]
pub struct UnknownDatabase;

impl DatabaseUrl {
    /// A SQLite file, whatever characters its path has.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        let path = path.display().to_string().replace('%', "%25").replace('?', "%3f");
        Self { text: format!("sqlite:{path}"), kind: Kind::Sqlite }
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
        let kind = match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Kind::Sqlite,
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Kind::Postgres,
            _ => return Err(UnknownDatabase),
        };
        Ok(Self { text: text.to_owned(), kind })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((before, host)) = self.text.rsplit_once('@').filter(|_| self.kind == Kind::Postgres) else {
            return f.write_str(&self.text);
        };
        let (scheme, credentials) = before.split_once("//").unwrap_or((before, ""));
        let user = credentials.split_once(':').map_or(credentials, |(user, _)| user);
        write!(f, "{scheme}//{user}:***@{host}")
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
    }

    #[test]
    fn other_databases_are_refused() {
        for text in ["", "sqlite:", "mysql://localhost/x", "/var/lib/keyfold.db", "postgres:keyfold"] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(UnknownDatabase), "{text}");
        }
    }
}
