// SPDX-License-Identifier: Apache-2.0
//! `[keystone_authtoken]`: how tokens of callers are checked.

use crate::credentials::*;
use crate::definition::{Group, Kind, Unit, option};

const CACHE: &str = "tokens are cached in memory";

pub(crate) static GROUP: Group = Group::library(
    "keystone_authtoken",
    "How tokens of callers are checked, and who the service is when it asks Keystone.",
    "keystonemiddleware's tuning is not needed",
    &[
        option("www_authenticate_uri", Kind::Uri, "URL of Keystone that callers without a token are told.")
            .formerly(&[("keystone_authtoken", "auth_uri")]),
        AUTH_TYPE.formerly(&[("keystone_authtoken", "auth_plugin")]),
        AUTH_SECTION,
        AUTH_URL,
        USERNAME,
        USER_ID,
        PASSWORD,
        USER_DOMAIN_ID,
        USER_DOMAIN_NAME,
        PROJECT_ID,
        PROJECT_NAME,
        PROJECT_DOMAIN_ID,
        PROJECT_DOMAIN_NAME,
        DOMAIN_ID,
        DOMAIN_NAME,
        SYSTEM_SCOPE,
        TRUST_ID,
        APPLICATION_CREDENTIAL_ID,
        APPLICATION_CREDENTIAL_SECRET,
        REGION_NAME,
        CAFILE,
        CERTFILE,
        KEYFILE,
        INSECURE,
        option("interface", Kind::Choice(&["internal", "public", "admin"]), "Which of Keystone's endpoints is called.").default("internal"),
        option("service_type", Kind::Text, "Type of this service in the catalogue, for tokens restricted to some services.")
            .default("container-infra"),
        option(
            "token_cache_time",
            Kind::Integer(Some(-1), None),
            "Seconds in which a checked token is not checked again. -1: none is kept.",
        )
        .default("300"),
        option("include_service_catalog", Kind::Bool, "Whether Keystone is asked for the catalogue with a token; access rules need it.")
            .default("true"),
        option("service_token_roles", Kind::List(false), "Roles a service's own token must have one of.").default("service"),
        option("service_token_roles_required", Kind::Bool, "Whether a service's token without such a role is refused.").default("true"),
        option("delay_auth_decision", Kind::Bool, "Whether requests without a right token are let through.")
            .default("false")
            .refused("requests without a right token are never let through; take the line out"),
        option("http_connect_timeout", Kind::Duration(Unit::Seconds), "Longest wait for Keystone."),
        option("http_request_max_retries", Kind::Integer(Some(0), None), "Attempts to reach Keystone.").default("3"),
        option("memcached_servers", Kind::List(false), "Servers of memcached.")
            .formerly(&[("keystone_authtoken", "memcache_servers")])
            .ignored(CACHE),
        option("memcache_security_strategy", Kind::Text, "How entries in memcached are protected.").default("None").ignored(CACHE),
        option("memcache_secret_key", Kind::Text, "Key of that protection.").secret().ignored(CACHE),
        option("enforce_token_bind", Kind::Text, "Whether tokens are bound to a client.")
            .default("permissive")
            .ignored("Keystone gives out no bound tokens any more"),
        option("admin_token", Kind::Text, "Keystone's bootstrap token.")
            .secret()
            .leaving("Keystone dropped it")
            .refused("a bootstrap token is not used; set username and password"),
        option("admin_user", Kind::Text, "Former name of the service's user.")
            .leaving("Keystone's v2 API is gone")
            .refused("Keystone's v2 options are not read; set username, password, project_name and the domains"),
        option("admin_password", Kind::Text, "Former name of the password.")
            .secret()
            .leaving("Keystone's v2 API is gone")
            .refused("Keystone's v2 options are not read; set username, password, project_name and the domains"),
        option("admin_tenant_name", Kind::Text, "Former name of the project.")
            .leaving("Keystone's v2 API is gone")
            .refused("Keystone's v2 options are not read; set username, password, project_name and the domains"),
    ],
);
