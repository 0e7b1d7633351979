//! The database's URL: `sqlite://path` or `postgres://user:password@host:port/name?sslmode=…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::{Host, Url};

/// Why a text is no database URL. No message holds more of it than its scheme or an option's name: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It begins with neither scheme.
    #[error("the database URL begins with neither sqlite:// nor postgres://")]
    Scheme,
    /// `sqlite://` and nothing behind it, or a database in memory.
    #[error("the database URL names no file: write sqlite://path/of/recado.db")]
    NoFile,
    /// It does not parse, or tokio-postgres does not take it.
    #[error("the database URL cannot be used: write postgres://user:password@host:port/name")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No name of a database behind the host.
    #[error("the database URL names no database: write postgres://user:password@host:port/name")]
    NoDatabase,
    /// A mode that does not exist, or that would not verify.
    #[error(
        "sslmode={0} in the database URL is none of disable, require, verify-full (require verifies too)"
    )]
    SslMode(String),
}

/// Where a database is.
#[derive(Clone)]
pub(crate) enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A database on a server; boxed, since it is much larger.
    Postgres(Box<tokio_postgres::Config>, Protection),
}

/// Whether the connection to the server is protected. There is nothing between: TLS that verifies nothing protects
/// from nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Plain text (`sslmode=disable`; without the option, for a server on this machine).
    None,
    /// TLS with a verified certificate (`require`, `verify-full`; without the option, for any other server).
    Tls,
}

impl DatabaseUrl {
    /// Reads a URL.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            if path.is_empty() || path.starts_with(":memory:") {
                return Err(UrlError::NoFile);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(UrlError::Scheme);
        }
        let mut url = Url::parse(text).map_err(|source| UrlError::Malformed(Box::new(source)))?;
        // tokio-postgres knows neither verify-full nor verification: it gets the URL without the mode.
        let options = url
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|option| !option.is_empty());
        let (modes, rest): (Vec<&str>, Vec<&str>) =
            options.partition(|option| option.starts_with("sslmode="));
        let mode = modes
            .last()
            .and_then(|option| option.strip_prefix("sslmode="))
            .map(ToOwned::to_owned);
        let rest = rest.join("&");
        url.set_query(Some(rest.as_str()).filter(|rest| !rest.is_empty()));
        let protection = match mode.as_deref() {
            Some("disable") => Protection::None,
            Some("require" | "verify-full") => Protection::Tls,
            Some(other) => return Err(UrlError::SslMode(other.to_owned())),
            None if is_local(&url) => Protection::None,
            None => Protection::Tls,
        };
        let config = tokio_postgres::Config::from_str(url.as_str());
        let config = config.map_err(|source| UrlError::Malformed(Box::new(source)))?;
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(UrlError::NoDatabase);
        }
        Ok(Self::Postgres(Box::new(config), protection))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(config, protection) => f
                .debug_tuple("Postgres")
                .field(&config.get_hosts())
                .field(&config.get_dbname())
                .field(protection)
                .finish(),
        }
    }
}

/// Whether the server is this machine: a loopback address, `localhost`, or a socket's directory.
fn is_local(url: &Url) -> bool {
    match url.host() {
        None => true,
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Of a scheme that is not the web's the parser leaves addresses as texts.
        Some(Host::Domain(name)) => {
            name == "localhost"
                || name.starts_with("%2F")
                || name.starts_with("%2f")
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protection(text: &str) -> Protection {
        match DatabaseUrl::parse(text) {
            Ok(DatabaseUrl::Postgres(_, protection)) => protection,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_file_may_be_named_relatively_or_absolutely() {
        for path in ["var/recado.db", "/var/lib/recado/recado.db"] {
            let Ok(DatabaseUrl::Sqlite(parsed)) = DatabaseUrl::parse(&format!("sqlite://{path}")) else {
                panic!("{path}")
            };
            assert_eq!(parsed, PathBuf::from(path));
        }
    }

    #[test]
    fn require_verifies_and_a_remote_server_is_protected_without_asking() {
        assert_eq!(
            protection("postgres://u:p@db.example/recado?sslmode=require"),
            Protection::Tls
        );
        assert_eq!(
            protection("postgres://u:p@db.example/recado?sslmode=verify-full"),
            Protection::Tls
        );
        assert_eq!(protection("postgres://u:p@db.example/recado"), Protection::Tls);
        assert_eq!(
            protection("postgres://u:p@db.example/recado?sslmode=disable"),
            Protection::None
        );
        for host in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            assert_eq!(
                protection(&format!("postgresql://u:p@{host}/recado")),
                Protection::None,
                "{host}"
            );
        }
    }

    #[test]
    fn other_options_reach_the_driver() {
        let parsed =
            DatabaseUrl::parse("postgres://u:p@h:5433/d?sslmode=disable&options=-c%20search_path%3Ddesk")
                .unwrap();
        let DatabaseUrl::Postgres(config, _) = parsed else {
            panic!("not PostgreSQL")
        };
        assert_eq!(
            (config.get_ports(), config.get_options()),
            (&[5433][..], Some("-c search_path=desk"))
        );
    }

    #[test]
    fn a_bad_url_is_refused_without_showing_the_password() {
        let cases = [
            ("mysql://u:hunter2@h/d", "begins with neither"),
            ("sqlite://", "names no file"),
            ("sqlite://:memory:", "names no file"),
            ("postgres://u:hunter2@h", "names no database"),
            ("postgres://u:hunter2@h/d?sslmode=prefer", "sslmode=prefer"),
            ("postgres://u:hunter2@h:port/d", "cannot be used"),
            ("postgres://u:hunter2@h/d?colour=red", "cannot be used"),
        ];
        for (text, expected) in cases {
            let error = DatabaseUrl::parse(text).unwrap_err();
            let chain = format!(
                "{error}: {:?}",
                std::error::Error::source(&error).map(ToString::to_string)
            );
            assert!(chain.contains(expected), "{text}: {chain}");
            assert!(!chain.contains("hunter2"), "{chain}");
        }
        let good = DatabaseUrl::parse("postgres://u:hunter2@h/d").unwrap();
        assert!(!format!("{good:?}").contains("hunter2"));
    }
}
