// SPDX-License-Identifier: Apache-2.0
//! `[oslo_policy]`: who may do what.

use crate::definition::{Group, Kind, option};

const REMOTE: &str = "rules that ask another server are not supported; write the rule in policy.yaml";

pub(crate) static GROUP: Group = Group::library(
    "oslo_policy",
    "Who may do what.",
    "remote rules are not supported",
    &[
        option("policy_file", Kind::Text, "File whose rules override the built-in ones; relative to the file with the settings.")
            .default("policy.yaml")
            .formerly(&[("DEFAULT", "policy_file")]),
        option("policy_dirs", Kind::Many, "Folders with further such files.").default("policy.d").formerly(&[("DEFAULT", "policy_dirs")]),
        option("policy_default_rule", Kind::Text, "Rule that decides for rules that do not exist.")
            .default("default")
            .formerly(&[("DEFAULT", "policy_default_rule")]),
        option("enforce_scope", Kind::Bool, "Whether a token of another scope than the rule's is refused.").default("true"),
        option("enforce_new_defaults", Kind::Bool, "Whether the rules of before 2023 no longer allow anything.").default("true"),
        option("remote_content_type", Kind::Text, "Form in which another server is asked.")
            .default("application/x-www-form-urlencoded")
            .refused(REMOTE),
        option("remote_ssl_verify_server_crt", Kind::Bool, "Whether its certificate is checked.").default("false").refused(REMOTE),
        option("remote_ssl_ca_crt_file", Kind::Text, "File with the certificate authorities for it.").refused(REMOTE),
        option("remote_ssl_client_crt_file", Kind::Text, "File with the client certificate.").refused(REMOTE),
        option("remote_ssl_client_key_file", Kind::Text, "File with the key of the client certificate.").refused(REMOTE),
    ],
);
