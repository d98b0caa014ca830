// SPDX-License-Identifier: Apache-2.0
//! `[database] connection` of magnum.conf: where the database is, as SQLAlchemy writes it.

use crate::dialect::Dialect;
use crate::error::Error;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// Where a database is and how it is reached.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// None: in memory.
    Sqlite(Option<PathBuf>),
    Postgres(Server),
    Mysql(Server),
}

/// A database on a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Server {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    pub database: String,
    /// MySQL: the socket's file. PostgreSQL: the directory it is in.
    pub socket: Option<PathBuf>,
    pub tls: Tls,
}

/// How the connection is encrypted. Without a word about it: when the server offers it, as the Python drivers do not insist either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    pub authority: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// PostgreSQL's `sslmode`, or what MySQL's `ssl_*` arguments come to in the same words.
    pub mode: Option<String>,
}

/// How many connections, and how long to wait; names and defaults are oslo.db's (`[database]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are kept.
    pub max_pool_size: u32,
    /// Connections beside them while there is much to do.
    pub max_overflow: u32,
    /// How long a call waits for a connection.
    pub pool_timeout: Duration,
    /// How often a first connection is tried again; none: for ever.
    pub max_retries: Option<u32>,
    /// How long to wait between these.
    pub retry_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pool_size: 5,
            max_overflow: 50,
            pool_timeout: Duration::from_secs(30),
            max_retries: Some(10),
            retry_interval: Duration::from_secs(10),
        }
    }
}

impl Target {
    /// Reads an URL. Errors never repeat it: it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let url = url.trim();
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(bad("is not a URL such as mysql+pymysql://user:password@host/magnum"));
        };
        let name = scheme.split('+').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "sqlite" => sqlite(rest),
            "postgresql" | "postgres" => server(rest, Dialect::Postgres).map(Target::Postgres),
            "mysql" | "mariadb" => server(rest, Dialect::Mysql).map(Target::Mysql),
            _ => {
                let shown: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(20).collect();
                Err(bad(&format!("names the database {shown:?}; use sqlite, postgresql or mysql (mysql+pymysql works too)")))
            }
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Target::Sqlite(_) => Dialect::Sqlite,
            Target::Postgres(_) => Dialect::Postgres,
            Target::Mysql(_) => Dialect::Mysql,
        }
    }

    /// The place without its password, for messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Target::Sqlite(None) => "SQLite in memory".to_owned(),
            Target::Sqlite(Some(path)) => format!("SQLite at {}", path.display()),
            Target::Postgres(server) => format!("PostgreSQL database {} at {}", server.database, server.place()),
            Target::Mysql(server) => format!("MySQL database {} at {}", server.database, server.place()),
        }
    }
}

impl Server {
    fn place(&self) -> String {
        match (&self.socket, &self.host, self.port) {
            (Some(socket), _, _) => socket.display().to_string(),
            (None, host, Some(port)) => format!("{}:{port}", host.as_deref().unwrap_or("localhost")),
            (None, host, None) => host.clone().unwrap_or_else(|| "localhost".to_owned()),
        }
    }
}

fn bad(what: &str) -> Error {
    Error::Connection { reason: what.to_owned() }
}

/// `sqlite://` and `sqlite:///:memory:` are memory; `sqlite:///relative`; `sqlite:////absolute`.
fn sqlite(rest: &str) -> Result<Target, Error> {
    let path = rest.split('?').next().unwrap_or_default();
    if path.is_empty() || path == "/" || path == "/:memory:" {
        return Ok(Target::Sqlite(None));
    }
    match path.strip_prefix('/') {
        Some(path) => Ok(Target::Sqlite(Some(PathBuf::from(decoded(path)?)))),
        None => Err(bad("of SQLite has a host; write sqlite:////var/lib/magnum/magnum.sqlite, with four slashes")),
    }
}

fn server(rest: &str, dialect: Dialect) -> Result<Server, Error> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A password may hold an unescaped @ or /, as SQLAlchemy takes it: the last @ counts.
    let (login, place) = match place.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, place),
    };
    let (address, database) = place.split_once('/').unwrap_or((place, ""));
    let mut server = Server { database: decoded(database)?, ..Server::default() };
    if let Some(login) = login {
        let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        server.user = Some(decoded(user)?).filter(|user| !user.is_empty());
        server.password = password.map(decoded).transpose()?.map(SecretString::from);
    }
    let (host, port) = host_and_port(address)?;
    (server.host, server.port) = (host, port);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        argument(&mut server, dialect, name, decoded(value)?)?;
    }
    if server.database.is_empty() {
        return Err(bad("names no database; add it after the host, as in …@host/magnum"));
    }
    Ok(server)
}

fn host_and_port(address: &str) -> Result<(Option<String>, Option<u16>), Error> {
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
    };
    let number = |port: &str| port.parse::<u16>().map_err(|_| bad("has a port that is no number from 1 to 65535"));
    let port = port.filter(|port| !port.is_empty()).map(number).transpose()?;
    Ok((Some(decoded(host)?).filter(|host| !host.is_empty()), port))
}

/// An argument behind the `?`. Those that only tune a Python driver are passed over.
fn argument(server: &mut Server, dialect: Dialect, name: &str, value: String) -> Result<(), Error> {
    let tls = &mut server.tls;
    match (dialect, name) {
        (Dialect::Mysql, "unix_socket") => server.socket = Some(value.into()),
        (Dialect::Postgres, "host") if value.starts_with('/') => server.socket = Some(value.into()),
        (Dialect::Postgres, "host") => server.host = Some(value),
        (Dialect::Postgres, "port") => server.port = host_and_port(&format!("x:{value}"))?.1,
        (Dialect::Mysql, "ssl_ca") | (Dialect::Postgres, "sslrootcert") => {
            tls.authority = Some(value.into());
            tls.mode.get_or_insert_with(|| "verify-ca".to_owned());
        }
        (Dialect::Mysql, "ssl_cert") | (Dialect::Postgres, "sslcert") => tls.certificate = Some(value.into()),
        (Dialect::Mysql, "ssl_key") | (Dialect::Postgres, "sslkey") => tls.key = Some(value.into()),
        (Dialect::Mysql, "ssl_verify_identity" | "ssl_check_hostname") if is_true(&value) => tls.mode = Some("verify-full".to_owned()),
        (Dialect::Mysql, "ssl_verify_cert") if is_true(&value) => {
            tls.mode.get_or_insert_with(|| "verify-ca".to_owned());
        }
        (Dialect::Postgres, "sslmode") => {
            const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
            if !MODES.contains(&value.as_str()) {
                return Err(bad(&format!("has an unknown sslmode; use one of {}", MODES.join(", "))));
            }
            tls.mode = Some(value);
        }
        _ => tracing::debug!(name, "an argument of [database] connection has no meaning here"),
    }
    Ok(())
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

/// `%40` as `@` and so on.
fn decoded(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.push(high * 16 + low),
            _ => return Err(bad("has a % that no two hexadecimal digits follow; write % itself as %25")),
        }
    }
    String::from_utf8(bytes).map_err(|_| bad("holds what is no UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn parsed(url: &str) -> Server {
        match Target::parse(url).unwrap() {
            Target::Postgres(server) | Target::Mysql(server) => server,
            Target::Sqlite(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn the_forms_of_oslo_are_read() {
        let url = "mysql+pymysql://ma%67num:p%40ss/w@rd@db.example:3307/magnum?charset=utf8&unix_socket=/run/m.sock&ssl_ca=/ca.pem";
        let server = parsed(url);
        assert_eq!((server.host.as_deref(), server.port, server.user.as_deref()), (Some("db.example"), Some(3307), Some("magnum")));
        assert_eq!(server.password.unwrap().expose_secret(), "p@ss/w@rd");
        assert_eq!((server.database.as_str(), server.socket), ("magnum", Some("/run/m.sock".into())));
        assert_eq!(server.tls, Tls { authority: Some("/ca.pem".into()), mode: Some("verify-ca".to_owned()), ..Tls::default() });
        let server = parsed("postgresql+psycopg2://magnum@/magnum?host=/run/postgresql&sslmode=require");
        assert_eq!((server.host, server.socket, server.port), (None, Some("/run/postgresql".into()), None));
        assert_eq!(server.tls.mode.as_deref(), Some("require"));
        assert_eq!(parsed("mysql://root@[::1]:3306/m").host.as_deref(), Some("::1"));
        for (url, path) in [
            ("sqlite:////var/lib/m.db", Some("/var/lib/m.db")),
            ("sqlite:///m.db", Some("m.db")),
            ("sqlite://", None),
            ("sqlite:///:memory:", None),
        ] {
            assert!(
                matches!(Target::parse(url).unwrap(), Target::Sqlite(found) if found.as_deref() == path.map(std::path::Path::new)),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, said) in [
            ("secret", "is not a URL"),
            ("oracle://u:secret@h/d", "\"oracle\""),
            ("mysql://u:secret@h", "names no database"),
            ("mysql://u:secret@h:x/d", "port"),
            ("postgresql://u:secret%zz@h/d", "%25"),
            ("postgresql://u:secret@h/d?sslmode=maybe", "verify-full"),
            ("sqlite://secret/d", "four slashes"),
        ] {
            let text = Target::parse(url).unwrap_err().to_string();
            assert!(text.starts_with("[database] connection ") && text.contains(said) && !text.contains("secret"), "{url}: {text}");
        }
        let target = Target::parse("mysql://u:secret@h/d").unwrap();
        assert!(!format!("{target:?} {}", target.shown()).contains("secret"));
    }
}
