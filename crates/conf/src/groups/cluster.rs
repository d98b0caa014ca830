// SPDX-License-Identifier: Apache-2.0
//! `[cluster]`: what all clusters have in common.

use crate::definition::{Group, Kind, Unit, option};

pub(crate) static GROUP: Group = Group::new(
    "cluster",
    "What all clusters have in common.",
    &[
        option(
            "etcd_discovery_service_endpoint_format",
            Kind::Text,
            "URL that gives out etcd discovery tokens; %(size)d becomes the number of members.",
        )
        .default("https://discovery.etcd.io/new?size=%(size)d")
        .formerly(&[("bay", "etcd_discovery_service_endpoint_format")])
        .ignored("the members of etcd are known beforehand, and no discovery service is asked"),
        option(
            "nodes_affinity_policy",
            Kind::Choice(&["soft-anti-affinity", "anti-affinity", "soft-affinity", "affinity"]),
            "How the nodes of a group are spread over hosts.",
        )
        .default("soft-anti-affinity"),
        option("temp_cache_dir", Kind::Text, "Folder for certificates while they are in use. Where it is missing, temporary files serve.")
            .default("/var/lib/magnum/certificate-cache")
            .ignored("certificates are kept in memory"),
        option(
            "pre_delete_lb_timeout",
            Kind::Duration(Unit::Seconds),
            "Longest wait for load balancers to go before a cluster is deleted.",
        )
        .default("60"),
        option("enabled_definitions", Kind::List(false), "Drivers of 2015.")
            .formerly(&[("bay", "enabled_definitions")])
            .leaving("it has no meaning since drivers exist")
            .ignored("see [drivers] disabled_drivers"),
    ],
);
