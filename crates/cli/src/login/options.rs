// SPDX-License-Identifier: Apache-2.0
//! The `--os-…` options of every command and the variables `OS_…`: one table for both, with the names that
//! python-openstackclient and the former magnum client have for them.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// One setting of a login.
#[derive(Debug)]
pub(crate) struct Setting {
    /// As `clouds.yaml` names it, with underscores.
    pub key: &'static str,
    /// The option's name, and its older ones.
    pub options: &'static [&'static str],
    /// The variables that say it; an earlier one wins.
    pub variables: &'static [&'static str],
    /// What its value is called; empty for a switch.
    value: &'static str,
    help: &'static str,
}

const fn setting(
    key: &'static str,
    options: &'static [&'static str],
    variables: &'static [&'static str],
    value: &'static str,
    help: &'static str,
) -> Setting {
    Setting { key, options, variables, value, help }
}

/// Every setting there is.
#[rustfmt::skip]
pub(crate) const SETTINGS: &[Setting] = &[
    setting("cloud", &["os-cloud"], &["OS_CLOUD"], "NAME", "Log in to this cloud of clouds.yaml"),
    setting("auth_url", &["os-auth-url"], &["OS_AUTH_URL"], "URL", "Keystone's address"),
    setting("auth_type", &["os-auth-type", "os-auth-plugin", "os-auth-system"], &["OS_AUTH_TYPE", "OS_AUTH_PLUGIN"], "TYPE",
        "How to log in: password, token, v3applicationcredential, admin_token (a token and an endpoint) or none (an endpoint only)"),
    setting("username", &["os-username", "os-user-name"], &["OS_USERNAME", "OS_USER_NAME"], "NAME", "The user's name"),
    setting("user_id", &["os-user-id"], &["OS_USER_ID"], "ID", "The user's id"),
    setting("password", &["os-password"], &["OS_PASSWORD"], "PASSWORD", "The user's password; asked for at a terminal"),
    setting("user_domain_name", &["os-user-domain-name"], &["OS_USER_DOMAIN_NAME"], "NAME", "The user's domain"),
    setting("user_domain_id", &["os-user-domain-id"], &["OS_USER_DOMAIN_ID"], "ID", "The id of the user's domain"),
    setting("project_name", &["os-project-name", "os-tenant-name"], &["OS_PROJECT_NAME", "OS_TENANT_NAME"], "NAME", "The project"),
    setting("project_id", &["os-project-id", "os-tenant-id"], &["OS_PROJECT_ID", "OS_TENANT_ID"], "ID", "The project's id"),
    setting("project_domain_name", &["os-project-domain-name"], &["OS_PROJECT_DOMAIN_NAME"], "NAME", "The project's domain"),
    setting("project_domain_id", &["os-project-domain-id"], &["OS_PROJECT_DOMAIN_ID"], "ID", "The id of the project's domain"),
    setting("domain_name", &["os-domain-name"], &["OS_DOMAIN_NAME"], "NAME", "The domain a token is to be for, where no project is named"),
    setting("domain_id", &["os-domain-id"], &["OS_DOMAIN_ID"], "ID", "The id of that domain"),
    setting("default_domain", &["os-default-domain"], &["OS_DEFAULT_DOMAIN"], "ID", "The domain's id where none is named: default"),
    setting("system_scope", &["os-system-scope"], &["OS_SYSTEM_SCOPE"], "all", "A token for the whole system"),
    setting("trust_id", &["os-trust-id"], &["OS_TRUST_ID"], "ID", "A token for a trust's project"),
    setting("application_credential_id", &["os-application-credential-id"], &["OS_APPLICATION_CREDENTIAL_ID"], "ID",
        "The application credential's id"),
    setting("application_credential_name", &["os-application-credential-name"], &["OS_APPLICATION_CREDENTIAL_NAME"], "NAME",
        "The application credential's name, which needs its user"),
    setting("application_credential_secret", &["os-application-credential-secret"], &["OS_APPLICATION_CREDENTIAL_SECRET"], "SECRET",
        "The application credential's secret"),
    setting("token", &["os-token", "os-auth-token"], &["OS_TOKEN", "OS_AUTH_TOKEN"], "TOKEN", "A token of Keystone, to get one for this project with"),
    setting("region_name", &["os-region-name"], &["OS_REGION_NAME"], "NAME", "The region"),
    setting("interface", &["os-interface", "os-endpoint-type", "endpoint-type"], &["OS_INTERFACE", "OS_ENDPOINT_TYPE"], "INTERFACE",
        "Which of the catalogue's endpoints: public, internal or admin"),
    setting("endpoint_override", &["os-endpoint-override", "os-endpoint", "bypass-url"],
        &["MAGNUM_ENDPOINT", "OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE", "OS_CONTAINER_INFRASTRUCTURE_MANAGEMENT_ENDPOINT_OVERRIDE",
          "OS_ENDPOINT_OVERRIDE", "OS_ENDPOINT", "MAGNUMCLIENT_BYPASS_URL"],
        "URL", "Magnum's address, whatever the catalogue says"),
    setting("service_type", &["service-type"], &["MAGNUM_SERVICE_TYPE"], "TYPE", "Magnum's type in the catalogue: container-infra"),
    setting("cacert", &["os-cacert"], &["OS_CACERT"], "FILE", "The authorities that may have signed the servers' certificates"),
    setting("cert", &["os-cert"], &["OS_CERT"], "FILE", "The certificate to show to the servers"),
    setting("key", &["os-key"], &["OS_KEY"], "FILE", "Its key"),
    setting("insecure", &["insecure"], &["OS_INSECURE"], "", "Do not check the servers' certificates"),
    setting("identity_api_version", &["os-identity-api-version"], &["OS_IDENTITY_API_VERSION"], "VERSION", "Keystone's version: 3"),
    setting("api_version", &["os-container-infra-api-version", "magnum-api-version"],
        &["OS_CONTAINER_INFRA_API_VERSION", "MAGNUM_API_VERSION"], "VERSION", "The microversion to speak, such as 1.9: latest"),
];

/// The settings that were given as options.
#[derive(Debug, Clone, Default)]
pub struct OpenStack(pub(crate) BTreeMap<&'static str, SecretString>);

impl OpenStack {
    /// The same with one more.
    pub(crate) fn with(&self, key: &'static str, value: SecretString) -> Self {
        let mut all = self.clone();
        all.0.insert(key, value);
        all
    }
}

impl Setting {
    /// How the option is spelled.
    pub fn option(&self) -> String {
        format!("--{}", self.options.first().copied().unwrap_or(self.key))
    }

    fn arg(&self) -> Arg {
        let [long, older @ ..] = self.options else { return Arg::new(self.key) };
        let variables: Vec<String> = self.variables.iter().map(|name| format!("`{name}`")).collect();
        let arg = Arg::new(*long)
            .long(*long)
            .aliases(older.to_vec())
            .global(true)
            .help(format!("{}; environment {}", self.help, variables.join(", ")))
            .help_heading("Global options")
            // The usual help names the first one only; docs/cli.md has all.
            .hide(self.key != "cloud");
        if self.value.is_empty() { arg.action(ArgAction::SetTrue) } else { arg.value_name(self.value) }
    }

    fn given(&self, matches: &ArgMatches) -> Option<SecretString> {
        let long = self.options.first()?;
        if self.value.is_empty() {
            return matches.get_flag(long).then(|| "true".into());
        }
        matches.get_one::<String>(long).filter(|text| !text.is_empty()).map(|text| text.as_str().into())
    }
}

impl Args for OpenStack {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(Setting::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OpenStack {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS.iter().filter_map(|setting| Some((setting.key, setting.given(matches)?)));
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}
