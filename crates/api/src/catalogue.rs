// SPDX-License-Identifier: Apache-2.0
//! What a request may name that is not Magnum's own: images, flavors, networks, key pairs, drivers, projects.
//!
//! One trait; the embedded installation answers from a short list, a cloud is another implementation.

use crate::identity::Identity;
use magnum_engine::Boxed;
use magnum_types::Coe;

/// The answer to a look-up by id or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    Found(T),
    Missing,
    /// More than one has the name.
    Ambiguous,
    /// It is there, but not for the caller.
    Forbidden,
    /// The caller's token is not accepted there any more.
    Unauthorised,
    /// The service that knows could not be asked.
    Unavailable(String),
}

/// An image, as far as Magnum cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub os_distro: Option<String>,
    /// The property `magnum_driver`.
    pub magnum_driver: Option<String>,
}

/// A flavor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flavor {
    pub name: String,
    pub vcpus: u32,
    pub ram_mib: u32,
    pub disk_gib: u32,
}

/// Why no driver was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDriver {
    /// The named driver is not installed.
    Name,
    /// No driver makes this type of cluster.
    Type,
}

/// Looks up what requests name.
pub trait Catalogue: Send + Sync {
    fn image<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Image>>;
    fn flavor<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Flavor>>;
    fn external_network<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>>;
    fn network<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>>;
    fn subnet<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>>;
    fn keypair<'a>(&'a self, caller: &'a Identity, name: &'a str) -> Boxed<'a, Lookup<()>>;
    fn project<'a>(&'a self, caller: &'a Identity, id: &'a str) -> Boxed<'a, Lookup<()>>;
    /// The driver for a type of cluster, the named one if a name is given.
    fn driver(&self, server_type: &str, os_distro: &str, coe: Coe, name: Option<&str>) -> Result<String, NoDriver>;
}

/// What the local engine has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Embedded;

/// The local engine's flavors: name, processors, memory in MiB, disk in GiB.
const FLAVORS: [(&str, u32, u32, u32); 4] =
    [("m1.tiny", 1, 512, 1), ("m1.small", 1, 2048, 20), ("m1.medium", 2, 4096, 40), ("m1.large", 4, 8192, 80)];

impl Embedded {
    /// The flavor of this name.
    pub fn flavor_named(name: &str) -> Option<Flavor> {
        let (name, vcpus, ram_mib, disk_gib) = FLAVORS.iter().copied().find(|flavor| flavor.0 == name)?;
        Some(Flavor { name: name.to_owned(), vcpus, ram_mib, disk_gib })
    }
}

fn answer<'a, T: Send + 'a>(found: Option<T>) -> Boxed<'a, Lookup<T>> {
    Box::pin(std::future::ready(found.map_or(Lookup::Missing, Lookup::Found)))
}

impl Catalogue for Embedded {
    fn image<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Image>> {
        answer((ident == "debian-12").then(|| Image { os_distro: Some("debian".to_owned()), magnum_driver: None }))
    }

    fn flavor<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Flavor>> {
        answer(Self::flavor_named(ident))
    }

    fn external_network<'a>(&'a self, _: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        answer((ident == "public").then_some(()))
    }

    fn network<'a>(&'a self, _: &'a Identity, _: &'a str) -> Boxed<'a, Lookup<()>> {
        answer(None)
    }

    fn subnet<'a>(&'a self, _: &'a Identity, _: &'a str) -> Boxed<'a, Lookup<()>> {
        answer(None)
    }

    fn keypair<'a>(&'a self, _: &'a Identity, name: &'a str) -> Boxed<'a, Lookup<()>> {
        answer((name == "default").then_some(()))
    }

    fn project<'a>(&'a self, _: &'a Identity, id: &'a str) -> Boxed<'a, Lookup<()>> {
        answer((id == "default").then_some(()))
    }

    fn driver(&self, server_type: &str, os_distro: &str, coe: Coe, name: Option<&str>) -> Result<String, NoDriver> {
        let own = match coe {
            Coe::Kubernetes => "k8s_local",
            Coe::Swarm | Coe::SwarmMode => "swarm_local",
            Coe::Mesos | Coe::Dcos => return Err(NoDriver::Type),
        };
        if name.is_some_and(|name| !["k8s_local", "swarm_local"].contains(&name)) {
            return Err(NoDriver::Name);
        }
        if server_type == "vm" && os_distro == "debian" && name.is_none_or(|name| name == own) {
            Ok(own.to_owned())
        } else {
            Err(NoDriver::Type)
        }
    }
}
