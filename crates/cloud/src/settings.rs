// SPDX-License-Identifier: Apache-2.0
//! From `magnum.conf`: who the service is, where Keystone is, how each service is reached.

use crate::call::Service;
use crate::catalogue::Interface;
use crate::cloud::{Cloud, Reach};
use crate::credentials::{Credentials, DomainRef, ProjectRef, Proof, ScopeRef, UserRef};
use crate::error::Error;
use crate::services::{compute, image, network};
use crate::transport::{Limits, Tls, Transport};
use magnum_conf::{Config, Value};
use secrecy::{ExposeSecret, SecretString};

/// Which service is described in which group.
const GROUPS: [(&Service, &str); 3] =
    [(&image::SERVICE, "glance_client"), (&compute::SERVICE, "nova_client"), (&network::SERVICE, "neutron_client")];

impl Credentials {
    /// What `[keystone_authtoken]` or `[keystone_auth]` says. Whatever is missing is named with its group.
    pub fn from_config(config: &Config, group: &'static str) -> Result<Self, Error> {
        Reader::of(config, group)?.credentials()
    }
}

impl Cloud {
    /// Keystone as `group` (`keystone_authtoken` or `keystone_auth`) says, the other services as their own groups say.
    /// Services that say the same about certificates share their connections.
    pub fn from_config(config: &Config, group: &'static str, limits: Limits) -> Result<Self, Error> {
        let reader = Reader::of(config, group)?;
        let auth_url = reader.text("auth_url")?.ok_or_else(|| reader.missing("auth_url", "set it to Keystone's URL"))?;
        let tls = Tls {
            ca_file: reader.text("cafile")?,
            cert_file: reader.text("certfile")?,
            key_file: reader.text("keyfile")?,
            insecure: reader.flag("insecure")?,
            proxies: false,
        };
        let login = reader.transport(&tls, limits)?;
        // Only [keystone_authtoken] has this option; keystonemiddleware's default is internal as well.
        let interface = config.text("keystone_authtoken", "interface").map_err(|e| unreadable("[keystone_authtoken] interface", &e))?;
        let usual = Reach {
            interface: interface.as_deref().and_then(Interface::parse).unwrap_or(Interface::Internal),
            region: reader.text("region_name")?,
            url: None,
            transport: login.clone(),
        };
        let mut pools = vec![(tls, login.clone())];
        let mut cloud = Self::new(&auth_url, login, usual).map_err(|e| reader.missing("auth_url", &e.to_string()))?;
        for (service, group) in GROUPS {
            let reader = Reader { config, group: group.to_owned(), inherits: false };
            let tls = Tls {
                ca_file: reader.text("ca_file")?,
                cert_file: reader.text("cert_file")?,
                key_file: reader.text("key_file")?,
                insecure: reader.flag("insecure")?,
                proxies: false,
            };
            let known = pools.iter().find(|(other, _)| *other == tls).map(|(_, transport)| transport.clone());
            let transport = match known {
                Some(transport) => transport,
                None => {
                    let transport = reader.transport(&tls, limits)?;
                    pools.push((tls, transport.clone()));
                    transport
                }
            };
            let interface = reader.text("endpoint_type")?.as_deref().and_then(Interface::parse).unwrap_or(Interface::Public);
            cloud = cloud.reaching(service, Reach { interface, region: reader.text("region_name")?, url: None, transport });
        }
        Ok(cloud)
    }
}

struct Reader<'a> {
    config: &'a Config,
    group: String,
    /// What `[keystone_auth]` does not say is taken from `[keystone_authtoken]`, but not if the one points to the other.
    inherits: bool,
}

impl<'a> Reader<'a> {
    /// The group, or the one that its `auth_section` points to.
    fn of(config: &'a Config, group: &str) -> Result<Self, Error> {
        let section = config.text(group, "auth_section").map_err(|e| unreadable(&format!("[{group}] auth_section"), &e))?;
        let inherits = section.is_none() && group == "keystone_auth";
        Ok(Self { config, group: section.unwrap_or_else(|| group.to_owned()), inherits })
    }

    /// A pool of connections; a file that is no good is named with this group's word for it.
    fn transport(&self, tls: &Tls, limits: Limits) -> Result<Transport, Error> {
        Transport::new(tls, limits).map_err(|error| match error {
            Error::Setting { option, remedy } if self.group.ends_with("_client") => self.missing(&option.replace("file", "_file"), &remedy),
            Error::Setting { option, remedy } => self.missing(&option, &remedy),
            other => other,
        })
    }

    fn shown(&self) -> String {
        format!("[{}]", self.group)
    }

    fn missing(&self, option: &str, remedy: &str) -> Error {
        Error::Setting { option: format!("{} {option}", self.shown()), remedy: remedy.to_owned() }
    }

    fn value(&self, option: &str) -> Result<Value, Error> {
        let value = if self.inherits { self.config.credential(option) } else { self.config.get(&self.group, option) };
        value.map(|effective| effective.value).map_err(|e| unreadable(&format!("{} {option}", self.shown()), &e))
    }

    fn secret(&self, option: &str) -> Result<Option<SecretString>, Error> {
        Ok(match self.value(option)? {
            Value::Secret(text) => Some(text),
            Value::Text(text) => Some(text.into()),
            _ => None,
        }
        .filter(|text| !text.expose_secret().is_empty()))
    }

    /// A text; an empty one is none.
    fn text(&self, option: &str) -> Result<Option<String>, Error> {
        Ok(self.secret(option)?.map(|text| text.expose_secret().to_owned()))
    }

    fn flag(&self, option: &str) -> Result<bool, Error> {
        Ok(matches!(self.value(option)?, Value::Bool(true)))
    }

    fn required(&self, option: &str, remedy: &str) -> Result<SecretString, Error> {
        self.secret(option)?.ok_or_else(|| self.missing(option, remedy))
    }

    fn domain(&self, prefix: &str) -> Result<Option<DomainRef>, Error> {
        if let Some(id) = self.text(&format!("{prefix}domain_id"))? {
            return Ok(Some(DomainRef::Id(id)));
        }
        Ok(self.text(&format!("{prefix}domain_name"))?.map(DomainRef::Name))
    }

    fn credentials(&self) -> Result<Credentials, Error> {
        let proof = match self.text("auth_type")?.as_deref() {
            None | Some("password" | "v3password") => {
                let user = match (self.text("user_id")?, self.text("username")?) {
                    (Some(id), _) => UserRef::Id(id),
                    (None, Some(name)) => UserRef::Name { name, domain: self.domain("user_")?.unwrap_or_else(default_domain) },
                    (None, None) => return Err(self.missing("username", "set it, or user_id, to the service's user")),
                };
                Proof::Password { user, password: self.required("password", "set it to the password of the service's user")? }
            }
            Some("v3applicationcredential") => Proof::ApplicationCredential {
                id: self.text("application_credential_id")?.ok_or_else(|| {
                    self.missing("application_credential_id", "set it, or use another auth_type than v3applicationcredential")
                })?,
                secret: self.required("application_credential_secret", "set it to the secret of the application credential")?,
            },
            Some(other @ ("v3token" | "token")) => {
                let remedy = format!("{other} means a token in the file, which ends within hours; use password or v3applicationcredential");
                return Err(self.missing("auth_type", &remedy));
            }
            Some(other) => {
                let remedy = format!("{other} is no way to prove anything to Keystone; use password or v3applicationcredential");
                return Err(self.missing("auth_type", &remedy));
            }
        };
        Ok(Credentials { scope: self.scope(&proof)?, proof, origin: self.shown() })
    }

    /// As keystoneauth has it, a token is for one thing only; for an application credential that is settled already.
    fn scope(&self, proof: &Proof) -> Result<ScopeRef, Error> {
        if matches!(proof, Proof::ApplicationCredential { .. }) {
            return Ok(ScopeRef::Default);
        }
        let project = match (self.text("project_id")?, self.text("project_name")?) {
            (Some(id), _) => Some(ProjectRef::Id(id)),
            (None, Some(name)) => Some(ProjectRef::Name { name, domain: self.domain("project_")?.unwrap_or_else(default_domain) }),
            (None, None) => None,
        };
        let system = self.text("system_scope")?.filter(|text| text == "all").map(|_| ScopeRef::System);
        let mut scopes: Vec<ScopeRef> = project.map(ScopeRef::Project).into_iter().collect();
        scopes.extend(self.domain("")?.map(ScopeRef::Domain));
        scopes.extend(self.text("trust_id")?.map(ScopeRef::Trust));
        match (scopes.pop(), scopes.pop()) {
            (Some(_), Some(_)) => {
                Err(self.missing("project_name", "a token is for one of project, domain and trust; set one of them only"))
            }
            (Some(scope), None) => Ok(scope),
            (None, _) => Ok(system.unwrap_or(ScopeRef::Default)),
        }
    }
}

/// keystoneauth's generic password asks for no domain where Keystone has its default one.
fn default_domain() -> DomainRef {
    DomainRef::Id("default".to_owned())
}

fn unreadable(option: &str, error: &magnum_conf::Error) -> Error {
    Error::Setting { option: option.to_owned(), remedy: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::identity;
    use magnum_conf::{File, Sources};

    fn config(text: &str) -> Config {
        Config::new(Sources { files: vec![File { name: "magnum.conf".into(), text: text.into() }], ..Sources::default() })
    }

    fn who(text: &str, group: &'static str) -> String {
        match Credentials::from_config(&config(text), group) {
            Ok(credentials) => format!("{} in {}", credentials.who(), credentials.origin),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn who_the_service_is_or_what_is_missing() {
        let password =
            "[keystone_authtoken]\nusername=magnum\npassword=x\nproject_name=service\nuser_domain_name=Default\nproject_domain_id=d\n";
        for (text, expected) in [
            (password.to_owned(), "user magnum of domain Default for project service in [keystone_authtoken]"),
            (format!("{password}auth_type=v3password\n"), "user magnum of domain Default for project service in [keystone_authtoken]"),
            (
                format!("{password}auth_section=keystone_auth\n[keystone_auth]\nuser_id=7\npassword=y\nsystem_scope=all\n"),
                "user 7 for the system in [keystone_auth]",
            ),
            (
                "[keystone_authtoken]\nauth_type=v3applicationcredential\napplication_credential_id=c\napplication_credential_secret=s\n"
                    .into(),
                "application credential c in [keystone_authtoken]",
            ),
            (
                "[keystone_authtoken]\nusername=m\npassword=x\ndomain_name=D\n".into(),
                "user m of domain default for domain D in [keystone_authtoken]",
            ),
            ("[keystone_authtoken]\nuser_id=7\npassword=x\nsystem_scope=all\n".into(), "user 7 for the system in [keystone_authtoken]"),
            ("[keystone_authtoken]\nuser_id=7\npassword=x\ntrust_id=t\n".into(), "user 7 through trust t in [keystone_authtoken]"),
            (
                format!("{password}trust_id=t\n"),
                "[keystone_authtoken] project_name: a token is for one of project, domain and trust; set one of them only",
            ),
            (String::new(), "[keystone_authtoken] username: set it, or user_id, to the service's user"),
            ("[keystone_authtoken]\nusername=m\n".into(), "[keystone_authtoken] password: set it to the password of the service's user"),
            (
                "[keystone_authtoken]\nauth_type=v3token\n".into(),
                "[keystone_authtoken] auth_type: v3token means a token in the file, which ends within hours; use password or v3applicationcredential",
            ),
            (
                "[keystone_authtoken]\nauth_type=none\n".into(),
                "[keystone_authtoken] auth_type: none is no way to prove anything to Keystone; use password or v3applicationcredential",
            ),
        ] {
            assert_eq!(who(&text, "keystone_authtoken"), expected, "{text}");
        }
        assert_eq!(who(password, "keystone_auth"), "user magnum of domain Default for project service in [keystone_auth]");
    }

    #[test]
    fn services_that_say_the_same_share_their_connections() {
        let text = "[keystone_authtoken]\nauth_url=http://k:5000\ninterface=admin\nregion_name=One\n[nova_client]\nendpoint_type=internalURL\n\
                    region_name=Two\n[glance_client]\ninsecure=true\n";
        let cloud = Cloud::from_config(&config(text), "keystone_authtoken", Limits::default()).unwrap();
        assert_eq!(cloud.auth_url().as_str(), "http://k:5000/v3");
        let reach = |service| {
            let reach = cloud.reach(service);
            (reach.interface, reach.region.clone())
        };
        assert_eq!(reach(&identity::SERVICE), (Interface::Admin, Some("One".to_owned())));
        assert_eq!(reach(&compute::SERVICE), (Interface::Internal, Some("Two".to_owned())));
        assert_eq!(reach(&image::SERVICE), (Interface::Public, None));
    }

    #[test]
    fn a_file_or_address_that_is_no_good_is_named_with_its_option() {
        for (text, expected) in [
            ("", "[keystone_authtoken] auth_url: set it to Keystone's URL"),
            (
                "auth_url=http://k:5000\ncafile=/no/such\n",
                "[keystone_authtoken] cafile: /no/such cannot be read (No such file or directory (os error 2))",
            ),
            ("auth_url=http://k:5000\ncafile=/dev/null\n", "[keystone_authtoken] cafile: /dev/null holds no certificates in PEM form"),
            (
                "auth_url=http://k:5000\ncertfile=/dev/null\n",
                "[keystone_authtoken] certfile: /dev/null and its key are not a certificate and key in PEM form",
            ),
            (
                "auth_url=http://k:5000\n[nova_client]\nca_file=/no/such\n",
                "[nova_client] ca_file: /no/such cannot be read (No such file or directory (os error 2))",
            ),
        ] {
            let error = Cloud::from_config(&config(&format!("[keystone_authtoken]\n{text}")), "keystone_authtoken", Limits::default());
            assert_eq!(error.map(|_| ()).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
