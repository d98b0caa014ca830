// SPDX-License-Identifier: Apache-2.0
//! The options by which a service proves to Keystone who it is, common to `[keystone_authtoken]` and `[keystone_auth]`.

use crate::config::{Config, Effective};
use crate::definition::{Definition, Kind, option};
use crate::error::Error;
use crate::source::Origin;

impl Config {
    /// What `[keystone_auth]` says of the service's identity: in the group its `auth_section` names, else there itself, else, as
    /// Magnum does, in `[keystone_authtoken]`.
    pub fn credential(&self, option: &str) -> Result<Effective, Error> {
        if let Some(section) = self.text("keystone_auth", "auth_section")? {
            return self.get(&section, option);
        }
        let own = self.get("keystone_auth", option)?;
        if own.origin == Origin::Default { self.get("keystone_authtoken", option) } else { Ok(own) }
    }
}

pub(crate) const AUTH_TYPE: Definition = option(
    "auth_type",
    Kind::Choice(&["password", "v3password", "v3applicationcredential", "v3token", "token", "none"]),
    "How the service proves who it is.",
);

pub(crate) const AUTH_SECTION: Definition = option(
    "auth_section",
    Kind::Choice(&["keystone_authtoken", "keystone_auth"]),
    "The group from which the options of this kind are read instead of this one.",
);

pub(crate) const AUTH_URL: Definition = option("auth_url", Kind::Uri, "URL of Keystone, with its version, for getting tokens.");

pub(crate) const USERNAME: Definition = option("username", Kind::Text, "Name of the service's user.");

pub(crate) const USER_ID: Definition = option("user_id", Kind::Text, "Id of the service's user, instead of name and domain.");

pub(crate) const PASSWORD: Definition = option("password", Kind::Text, "Password of the service's user.").secret();

pub(crate) const USER_DOMAIN_ID: Definition = option("user_domain_id", Kind::Text, "Id of the domain the user belongs to.");

pub(crate) const USER_DOMAIN_NAME: Definition = option("user_domain_name", Kind::Text, "Name of the domain the user belongs to.");

pub(crate) const PROJECT_ID: Definition = option("project_id", Kind::Text, "Id of the project the token is for.");

pub(crate) const PROJECT_NAME: Definition = option("project_name", Kind::Text, "Name of the project the token is for.");

pub(crate) const PROJECT_DOMAIN_ID: Definition = option("project_domain_id", Kind::Text, "Id of the domain the project belongs to.");

pub(crate) const PROJECT_DOMAIN_NAME: Definition = option("project_domain_name", Kind::Text, "Name of the domain the project belongs to.");

pub(crate) const DOMAIN_ID: Definition = option("domain_id", Kind::Text, "Id of a domain, for a token of the domain instead of a project.");

pub(crate) const DOMAIN_NAME: Definition =
    option("domain_name", Kind::Text, "Name of a domain, for a token of the domain instead of a project.");

pub(crate) const SYSTEM_SCOPE: Definition =
    option("system_scope", Kind::Text, "`all` for a token of the whole system instead of a project.");

pub(crate) const TRUST_ID: Definition = option("trust_id", Kind::Text, "Id of a trust the token is got through.");

pub(crate) const APPLICATION_CREDENTIAL_ID: Definition =
    option("application_credential_id", Kind::Text, "Id of an application credential.");

pub(crate) const APPLICATION_CREDENTIAL_SECRET: Definition =
    option("application_credential_secret", Kind::Text, "Secret of the application credential.").secret();

pub(crate) const REGION_NAME: Definition = option("region_name", Kind::Text, "Region in whose catalogue Keystone is looked up.");

pub(crate) const CAFILE: Definition =
    option("cafile", Kind::Text, "File with the certificate authorities that Keystone's certificate is checked against.");

pub(crate) const CERTFILE: Definition = option("certfile", Kind::Text, "File with the client certificate shown to Keystone.");

pub(crate) const KEYFILE: Definition = option("keyfile", Kind::Text, "File with the private key of the client certificate.");

pub(crate) const INSECURE: Definition =
    option("insecure", Kind::Bool, "Whether Keystone's certificate goes unchecked. For tests only.").default("false");
