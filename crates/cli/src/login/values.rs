// SPDX-License-Identifier: Apache-2.0
//! What is said about a login, and where: the command line over the named cloud over the environment.

use super::Surroundings;
use super::clouds::Clouds;
use super::options::{OpenStack, SETTINGS};
use crate::error::Error;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What `clouds.yaml` may call a setting beside its own name; an earlier one wins.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("auth_type", &["auth_plugin"]),
    ("username", &["user_name"]),
    ("project_name", &["tenant_name"]),
    ("project_id", &["tenant_id"]),
    ("token", &["auth_token"]),
    ("interface", &["container_infra_interface", "container_infrastructure_management_interface", "endpoint_type"]),
    ("service_type", &["container_infra_service_type", "container_infrastructure_management_service_type"]),
    (
        "endpoint_override",
        &["container_infra_endpoint_override", "container_infrastructure_management_endpoint_override", "endpoint", "url"],
    ),
];

/// What a named cloud may leave to the environment: how servers are reached.
const LEFT_TO_ENVIRONMENT: &[&str] = &["region_name", "interface", "cacert", "cert", "key"];
/// And secrets, where the cloud says whose.
const SECRETS_LEFT: &[(&str, &[&str])] = &[
    ("password", &["username", "user_id"]),
    ("application_credential_secret", &["application_credential_id", "application_credential_name"]),
];

/// Settings of which a later word replaces all earlier ones: another user, another scope.
const ALTERNATIVES: &[&[&str]] = &[
    &["username", "user_id"],
    &["project_name", "project_id", "domain_name", "domain_id", "system_scope", "trust_id"],
    &["user_domain_name", "user_domain_id"],
    &["project_domain_name", "project_domain_id"],
    &["application_credential_name", "application_credential_id"],
];

/// What shows who one is: with another such thing on the command line, what a lower layer says of it and of `auth_type` is void.
const PROOFS: &[&[&str]] = &[
    &["username", "user_id", "password"],
    &["token"],
    &["application_credential_id", "application_credential_name", "application_credential_secret"],
];

/// A setting with the place that says it.
#[derive(Debug, Clone)]
struct Said {
    text: SecretString,
    origin: String,
}

/// Everything that is said about a login.
#[derive(Debug, Default)]
pub(super) struct Values {
    said: BTreeMap<&'static str, Said>,
    /// Who said most of it: `cloud lab of /etc/openstack/clouds.yaml`.
    pub origin: String,
    /// The cloud's name, if it has one.
    pub cloud: Option<String>,
}

impl Values {
    /// The layers in one. A cloud is asked for by an option, by `OS_CLOUD`, or by `fallback`.
    pub fn gather(options: &OpenStack, around: &Surroundings, fallback: Option<&str>) -> Result<Self, Error> {
        let environment = from_environment(around);
        let option = options.0.get("cloud").map(|name| name.expose_secret().to_owned());
        let cloud = option.or_else(|| environment.get("cloud").map(|said| said.text.expose_secret().to_owned()));
        // openstacksdk's name for what the environment says.
        let cloud = cloud.or_else(|| fallback.map(str::to_owned)).filter(|name| name != "envvars");
        let mut values = match cloud {
            None => return Ok(Self::without_cloud(options, around)),
            Some(name) => {
                let clouds = Clouds::read(around)?;
                let region = options.0.get("region_name").map(ExposeSecret::expose_secret);
                let origin = clouds.named(&name);
                let mut said = from_cloud(&clouds.cloud(&name, region, around)?, &origin);
                for (key, value) in environment {
                    if may_fill(&said, key, &value.origin) {
                        said.entry(key).or_insert(value);
                    }
                }
                Self { said, origin, cloud: Some(name) }
            }
        };
        values.overlay(options);
        Ok(values)
    }

    /// What the command line and the environment say beside a cloud.
    pub fn without_cloud(options: &OpenStack, around: &Surroundings) -> Self {
        let mut values = Self { said: from_environment(around), origin: "the environment".to_owned(), cloud: None };
        values.overlay(options);
        values
    }

    /// A setting's text; an empty one is none.
    pub fn text(&self, key: &str) -> Option<String> {
        self.secret(key).map(|text| text.expose_secret().to_owned())
    }

    /// A setting that is not to be shown.
    pub fn secret(&self, key: &str) -> Option<SecretString> {
        self.said.get(key).map(|said| said.text.clone())
    }

    /// Whether a switch is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.text(key).is_some_and(|text| matches!(text.to_lowercase().as_str(), "true" | "yes" | "1" | "on"))
    }

    /// Who says it.
    pub fn origin_of(&self, key: &str) -> &str {
        self.said.get(key).map_or(&*self.origin, |said| &*said.origin)
    }

    /// Lays the options over what is said.
    pub fn overlay(&mut self, options: &OpenStack) {
        let given = |keys: &[&str]| keys.iter().any(|key| options.0.contains_key(key));
        for keys in ALTERNATIVES.iter().filter(|keys| given(keys)) {
            self.said.retain(|key, _| !keys.contains(key));
        }
        if let Some(kept) = PROOFS.iter().find(|keys| given(keys)) {
            let other = |key: &str| key == "auth_type" || PROOFS.iter().any(|keys| keys != kept && keys.contains(&key));
            // The password alone, for a cloud that leaves it out, changes no way of logging in.
            let password_only = !given(&["username", "user_id", "token"]) && given(&["password"]);
            if !password_only {
                self.said.retain(|key, _| !other(key));
            }
        }
        for setting in SETTINGS {
            if let Some(text) = options.0.get(setting.key) {
                self.said.insert(setting.key, Said { text: text.clone(), origin: setting.option() });
            }
        }
    }
}

/// What to do so that a setting is there, in the words of whoever says the rest.
pub(super) fn remedy(values: &Values, key: &str) -> String {
    let setting = SETTINGS.iter().find(|setting| setting.key == key);
    let option = setting.map(|setting| setting.option()).unwrap_or_default();
    let variable = setting.and_then(|setting| setting.variables.first()).copied().unwrap_or_default();
    match &values.cloud {
        Some(_) if SECRETS_LEFT.iter().any(|(secret, _)| *secret == key) => {
            format!("add `{key}` under `auth:` of {}, set {variable} or give {option}", values.origin)
        }
        Some(_) => format!("add `{key}` under `auth:` of {}, or give {option}", values.origin),
        None => format!("set {variable} or give {option}"),
    }
}

/// Whether the environment may say what the cloud does not. An address of Magnum only by a variable that is Magnum's own: the
/// general ones are for the cloud that the other variables describe, and another cloud's token is not for it.
fn may_fill(cloud: &BTreeMap<&'static str, Said>, key: &str, variable: &str) -> bool {
    let owners = SECRETS_LEFT.iter().find(|(secret, _)| *secret == key).map_or(&[][..], |(_, owners)| owners);
    let own_address = key == "endpoint_override" && (variable.starts_with("MAGNUM") || variable.contains("CONTAINER_INFRA"));
    LEFT_TO_ENVIRONMENT.contains(&key) || own_address || owners.iter().any(|owner| cloud.contains_key(owner))
}

fn from_environment(around: &Surroundings) -> BTreeMap<&'static str, Said> {
    let found = SETTINGS.iter().filter_map(|setting| {
        let (name, text) = setting.variables.iter().find_map(|name| Some((*name, around.variable(name)?)))?;
        Some((setting.key, Said { text: text.into(), origin: name.to_owned() }))
    });
    found.collect()
}

fn from_cloud(cloud: &Map<String, Value>, origin: &str) -> BTreeMap<&'static str, Said> {
    let auth = cloud.get("auth").and_then(Value::as_object);
    let mut said = BTreeMap::new();
    for setting in SETTINGS.iter().filter(|setting| setting.key != "cloud") {
        let synonyms = SYNONYMS.iter().find(|(key, _)| *key == setting.key).map_or(&[][..], |(_, names)| names);
        // What is said of Magnum alone goes before what is said of all services.
        let (own, other): (Vec<&str>, Vec<&str>) = synonyms.iter().partition(|name| name.starts_with("container_"));
        let names = own.into_iter().chain([setting.key]).chain(other);
        let found = names.filter_map(|name| {
            let (place, value) = match auth.and_then(|auth| auth.get(name)) {
                Some(value) => ("auth: ", value),
                None => ("", cloud.get(name)?),
            };
            Some((plain(value)?, format!("`{place}{name}` of {origin}")))
        });
        if let Some((text, origin)) = found.into_iter().next() {
            said.insert(setting.key, Said { text: text.into(), origin });
        }
    }
    // `verify: false` is the other word for `insecure: true`.
    if cloud.get("verify").is_some_and(|verify| *verify == Value::Bool(false)) {
        said.insert("insecure", Said { text: "true".into(), origin: format!("`verify` of {origin}") });
    }
    said
}

/// A scalar as text, a list as its texts separated by commas.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(list) => list.iter().filter_map(plain).collect::<Vec<_>>().join(","),
        Value::Null | Value::Object(_) => String::new(),
    };
    Some(text).filter(|text| !text.is_empty())
}
