// SPDX-License-Identifier: Apache-2.0
//! Names from the embedded server's catalogue: what a cloud would ask the user for. They are the defaults of
//! `cluster-template create`, so that none of them is required.

/// The node image.
pub(crate) const IMAGE: &str = "debian-12";
/// The network that the clusters' API addresses come from.
pub(crate) const EXTERNAL_NETWORK: &str = "public";
/// The flavor of masters and workers.
pub(crate) const FLAVOR: &str = "m1.small";
/// The name server outside the cluster, as in the Python client.
pub(crate) const DNS_NAMESERVER: &str = "8.8.8.8";
/// How Docker keeps its layers.
pub(crate) const DOCKER_STORAGE_DRIVER: &str = "overlay2";
