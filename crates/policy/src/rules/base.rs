// SPDX-License-Identifier: Apache-2.0
//! The parts that the rules of operations are made of.
//!
//! The texts are those of 22.0.0, the last version that knows users of clusters (trustees). Where the target names no trustee, as
//! with the local engine, they decide as those of later versions do. The old texts are what 15.0.1 asked, narrowed to the
//! caller's own project, as 17.0.0 did.

use crate::definition::{DefaultRule, base};

const OLD_OWNER: &str = "rule:admin_or_owner";
const OLD_OWNER_NO_CLUSTER_USER: &str = "rule:admin_or_owner and rule:deny_cluster_user";
const OLD_USER: &str = "rule:admin_or_user or rule:cluster_user";

pub(crate) const RULES: &[DefaultRule] = &[
    base("context_is_admin", "role:admin", "Whoever is an administrator; makes is_admin true for other rules."),
    base("admin_api", "rule:context_is_admin", "An administrator, by the name of before 2023."),
    base("admin_or_owner", "is_admin:True or project_id:%(project_id)s", "An administrator, or anybody of the same project."),
    base("admin_or_user", "is_admin:True or user_id:%(user_id)s", "An administrator, or the user it belongs to."),
    base("is_user", "user_id:%(user_id)s", "The user it belongs to."),
    base("project_member", "role:member and project_id:%(project_id)s", "A member of the same project."),
    base("project_reader", "role:reader and project_id:%(project_id)s", "A reader of the same project."),
    base("cluster_user", "user_id:%(trustee_user_id)s", "The user that stands for the cluster."),
    base("deny_cluster_user", "not domain_id:%(trustee_domain_id)s", "Anybody but users that stand for a cluster."),
    base("user_or_cluster_user", "((rule:is_user) or (rule:cluster_user))", "The user it belongs to, or the cluster's."),
    base(
        "admin_or_user_or_cluster_user",
        "((rule:context_is_admin) or (rule:user_or_cluster_user))",
        "An administrator, the user it belongs to, or the cluster's.",
    ),
    base(
        "admin_or_project_reader",
        "(rule:context_is_admin) or (rule:project_reader)",
        "An administrator, or a reader of the same project.",
    )
    .formerly(OLD_OWNER),
    base(
        "admin_or_project_member",
        "(rule:context_is_admin) or (rule:project_member)",
        "An administrator, or a member of the same project.",
    )
    .formerly(OLD_OWNER),
    base(
        "admin_or_project_member_user",
        "(rule:context_is_admin) or ((rule:project_member) and (rule:is_user))",
        "An administrator, or the member it belongs to.",
    )
    .formerly(OLD_USER),
    base(
        "admin_or_project_member_cluster_user",
        "(rule:context_is_admin) or ((rule:project_member) and (rule:cluster_user))",
        "An administrator, or the cluster's user as a member.",
    )
    .formerly(OLD_USER),
    base(
        "admin_or_project_member_user_or_cluster_user",
        "(rule:context_is_admin) or ((rule:project_member) and (rule:user_or_cluster_user))",
        "An administrator, the member it belongs to, or the cluster's user.",
    )
    .formerly(OLD_USER),
    base(
        "project_member_deny_cluster_user",
        "((rule:project_member) and (rule:deny_cluster_user))",
        "A member of the same project, but no cluster's user.",
    )
    .formerly(OLD_OWNER_NO_CLUSTER_USER),
    base(
        "admin_or_project_member_deny_cluster_user",
        "(rule:context_is_admin) or (rule:project_member_deny_cluster_user)",
        "An administrator, or a member of the same project, but no cluster's user.",
    )
    .formerly(OLD_OWNER_NO_CLUSTER_USER),
    base(
        "project_reader_deny_cluster_user",
        "((rule:project_reader) and (rule:deny_cluster_user))",
        "A reader of the same project, but no cluster's user.",
    )
    .formerly(OLD_OWNER_NO_CLUSTER_USER),
    base(
        "admin_or_project_reader_deny_cluster_user",
        "(rule:context_is_admin) or (rule:project_reader_deny_cluster_user)",
        "An administrator, or a reader of the same project, but no cluster's user.",
    )
    .formerly(OLD_OWNER_NO_CLUSTER_USER),
    base(
        "admin_or_project_reader_user",
        "(rule:context_is_admin) or ((rule:project_reader) and (rule:is_user))",
        "An administrator, or the reader it belongs to.",
    )
    .formerly(OLD_USER),
];
