// SPDX-License-Identifier: Apache-2.0
//! `[trust]`: the user that stands for a cluster in Keystone.

use crate::definition::{Group, Kind, option};

pub(crate) static GROUP: Group = Group::new(
    "trust",
    "The user that stands for a cluster in Keystone, and what it may do.",
    &[
        option(
            "cluster_user_trust",
            Kind::Bool,
            "Whether nodes may act for the cluster's owner; also the default of the label cloud_provider_enabled.",
        )
        .default("false"),
        option("trustee_domain_id", Kind::Text, "Id of the domain these users are made in."),
        option("trustee_domain_name", Kind::Text, "Name of that domain."),
        option("trustee_domain_admin_id", Kind::Text, "Id of the user that makes them."),
        option("trustee_domain_admin_name", Kind::Text, "Name of that user."),
        option("trustee_domain_admin_domain_id", Kind::Text, "Id of the domain of that user."),
        option("trustee_domain_admin_domain_name", Kind::Text, "Name of the domain of that user."),
        option("trustee_domain_admin_password", Kind::Text, "Password of that user.").secret(),
        option("roles", Kind::List(false), "Roles the owner hands on; empty: all of them.").default(""),
        option("trustee_keystone_interface", Kind::Choice(&["public", "internal", "admin"]), "Which of Keystone's endpoints nodes call.")
            .default("public"),
        option("trustee_keystone_region_name", Kind::Text, "Region in whose catalogue nodes look Keystone up."),
    ],
);
