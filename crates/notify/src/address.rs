// SPDX-License-Identifier: Apache-2.0
//! `transport_url` as oslo.messaging reads it: `rabbit://user:password@host:port[,user:password@host:port]/vhost?option=value`.

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// Where brokers are, and what is said about them with it.
#[derive(Debug)]
pub(crate) struct Address {
    /// Never empty.
    pub hosts: Vec<Host>,
    pub vhost: String,
    /// Options of `[oslo_messaging_rabbit]` that the URL overrides.
    pub query: Vec<(String, String)>,
}

/// One broker.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub name: String,
    pub port: Option<u16>,
    pub user: String,
    pub password: SecretString,
}

impl Address {
    /// Reads a URL. The error is a remedy, and shows nothing of the URL but its scheme.
    pub fn parse(url: &str) -> Result<Self, String> {
        const FORM: &str = "write rabbit://user:password@host:port/vhost";
        let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("there is no scheme; {FORM}"))?;
        if !matches!(scheme, "rabbit" | "kombu") {
            let shown = if scheme.len() <= 16 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') { scheme } else { "(odd)" };
            return Err(format!("the scheme is {shown}, but notifications go to RabbitMQ only; {FORM}"));
        }
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (places, path) = rest.split_once('/').unwrap_or((rest, ""));
        let vhost = decoded(path)?;
        let vhost = if vhost.is_empty() { "/".to_owned() } else { vhost };
        if vhost.len() > 255 {
            return Err("the virtual host is longer than 255 bytes".to_owned());
        }
        let mut hosts = places.split(',').filter(|place| !place.is_empty()).map(Host::parse).collect::<Result<Vec<_>, _>>()?;
        if hosts.is_empty() {
            hosts.push(Host::parse("")?);
        }
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok::<_, String>((decoded(key)?, decoded(value)?))
        };
        let query = query.split('&').filter(|part| !part.is_empty()).map(pair).collect::<Result<_, _>>()?;
        Ok(Self { hosts, vhost, query })
    }
}

impl Host {
    fn parse(place: &str) -> Result<Self, String> {
        let (login, place) = place.rsplit_once('@').map_or((None, place), |(login, place)| (Some(login), place));
        let (name, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (name, after) = rest.split_once(']').ok_or("an address in [ has no ]")?;
                (name, after.strip_prefix(':'))
            }
            None => place.split_once(':').map_or((place, None), |(name, port)| (name, Some(port))),
        };
        let port = match port.filter(|port| !port.is_empty()) {
            // What stands there may be a part of a password.
            Some(port) => Some(port.parse().map_err(
                |_| "what follows the host is no port; write a number there, and %2F, %3A, %40 and %23 for / : @ and # in a password",
            )?),
            None => None,
        };
        // Without a login RabbitMQ's own default is meant.
        let (user, password) = match login {
            None => ("guest".to_owned(), "guest".to_owned()),
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                (decoded(user)?, decoded(password)?)
            }
        };
        let name = if name.is_empty() { "localhost".to_owned() } else { name.to_owned() };
        Ok(Self { name, port, user, password: SecretString::from(password) })
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| "the bytes that %nn stand for are not UTF-8".to_owned())?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn shown(url: &str) -> String {
        match Address::parse(url) {
            Err(remedy) => format!("! {remedy}"),
            Ok(address) => {
                let host = |host: &Host| {
                    let port = host.port.map_or_else(String::new, |port| port.to_string());
                    format!("{}|{}|{}|{port}", host.user, host.password.expose_secret(), host.name)
                };
                let hosts: Vec<String> = address.hosts.iter().map(host).collect();
                format!("{} {} {:?}", hosts.join(","), address.vhost, address.query)
            }
        }
    }

    /// The readings of the first lines are those of oslo.messaging 18.3.1.
    #[test]
    fn urls_are_read_as_oslo_reads_them() {
        for (url, expected) in [
            ("rabbit://u:p@h:5673/v", "u|p|h|5673 v []"),
            ("rabbit://u:p@h:5673//v", "u|p|h|5673 /v []"),
            ("rabbit://u:p%40%2F@h/", "u|p@/|h| / []"),
            ("rabbit://u@x:p@h/%2F", "u@x|p|h| / []"),
            ("rabbit://a:b@one:1,c:d@[::1]:2/v?ssl=1&heartbeat_rate=3", r#"a|b|one|1,c|d|::1|2 v [("ssl", "1"), ("heartbeat_rate", "3")]"#),
            ("rabbit://", "guest|guest|localhost| / []"),
            ("rabbit:///v", "guest|guest|localhost| v []"),
            ("rabbit://h:", "guest|guest|h| / []"),
            ("kombu://u:@h", "u||h| / []"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_showing_it() {
        for (url, part) in [
            ("u:s3cret@h", "no scheme"),
            ("kafka://u:s3cret@h", "the scheme is kafka, but"),
            ("u:s3cret@x://h", "the scheme is (odd), but"),
            ("rabbit://u:s3/cret@h", "no port"),
            ("rabbit://u:s3cret@h:99999", "no port"),
            ("rabbit://u:s3cret@[::1", "no ]"),
            ("rabbit://u:s3cret%ff@h", "not UTF-8"),
        ] {
            let told = Address::parse(url).err().unwrap();
            assert!(told.contains(part) && !told.contains("cret"), "{url}: {told}");
        }
        assert!(!format!("{:?}", Address::parse("rabbit://u:s3cret@h").unwrap()).contains("s3cret"));
    }
}
