// SPDX-License-Identifier: Apache-2.0
//! Checks that need to know more than the field itself: what the COE supports, what the cloud has.
//!
//! Texts and their order are Magnum's (`attr_validator` and the validators of each COE).

use crate::app::App;
use crate::caller::Caller;
use crate::catalogue::{Lookup, NoDriver};
use crate::failure::Failure;
use magnum_types::{Coe, Labels};

/// What a caller is told whose token another service does not accept any more.
pub(crate) const STALE: &str = "The token is not accepted any more by a service that had to be asked. Get a new one.";

/// Network drivers of a COE: supported, allowed, default.
fn network_drivers(coe: Coe) -> (&'static [&'static str], &'static [&'static str], &'static str) {
    if coe.is_swarm() {
        (&["docker", "flannel"], &["docker", "flannel"], "docker")
    } else {
        (&["flannel", "calico", "cilium"], &["flannel", "calico"], "flannel")
    }
}

/// The network driver when none is asked for.
pub(crate) fn default_network_driver(coe: Coe) -> &'static str {
    network_drivers(coe).2
}

/// Refuses a network driver that the COE does not have.
pub(crate) fn network_driver(coe: Coe, driver: Option<&str>) -> Result<(), Failure> {
    let Some(driver) = driver else { return Ok(()) };
    let (supported, allowed, _) = network_drivers(coe);
    if !supported.contains(&driver) {
        let list = supported.join("/");
        return Err(Failure::bad(format!("Network driver type {driver} is not supported, expecting a {list}/unspecified network driver.")));
    }
    if !allowed.contains(&driver) {
        let list = allowed.join("/");
        // The blank at the end is Magnum's.
        return Err(Failure::bad(format!("Network driver type {driver} is not allowed, expecting a {list}/unspecified network driver. ")));
    }
    Ok(())
}

/// Refuses a volume driver that the COE does not have.
pub(crate) fn volume_driver(coe: Coe, driver: Option<&str>) -> Result<(), Failure> {
    let own = if coe.is_swarm() { "rexray" } else { "cinder" };
    match driver {
        Some(driver) if driver != own => {
            Err(Failure::bad(format!("Volume driver type {driver} is not supported, expecting a {own}/unspecified volume driver.")))
        }
        _ => Ok(()),
    }
}

/// Devicemapper needs three gibibytes.
pub(crate) fn storage_size(driver: Option<&str>, gib: Option<i64>) -> Result<(), Failure> {
    if driver == Some("devicemapper") && gib.is_none_or(|gib| gib < 3) {
        let size = gib.map_or_else(|| "None".to_owned(), |gib| gib.to_string());
        return Err(Failure::bad(format!(
            "docker volume size {size} GB is not valid, expecting minimum value 3GB for devicemapper storage driver."
        )));
    }
    Ok(())
}

/// Refuses labels that this program would act on and cannot.
pub(crate) fn labels(labels: &Labels) -> Result<(), Failure> {
    magnum_blueprint::check_labels(labels).map_err(Failure::from)
}

/// The driver for a template, and its image's distribution.
pub(crate) async fn driver(
    app: &App,
    caller: &Caller,
    server_type: &str,
    image: &str,
    coe: Coe,
    name: Option<&str>,
) -> Result<(String, String), Failure> {
    let unsupported = |distro: &str| Failure::bad(format!("Cluster type ({server_type}, {distro}, {coe}) not supported."));
    let image = match app.catalogue.image(&caller.identity, image).await {
        Lookup::Found(image) => image,
        Lookup::Missing => return Err(Failure::bad(format!("Image {image} could not be found."))),
        Lookup::Ambiguous => return Err(unsupported("Unset")),
        Lookup::Forbidden => return Err(Failure::forbidden(format!("Not authorized for image {image}."))),
        Lookup::Unauthorised => return Err(Failure::unauthorized(STALE)),
        Lookup::Unavailable(why) => return Err(Failure::unavailable(why)),
    };
    let Some(distro) = image.os_distro else { return Err(unsupported("None")) };
    let name = name.or(image.magnum_driver.as_deref());
    match app.catalogue.driver(server_type, &distro, coe, name) {
        Ok(driver) => Ok((driver, distro)),
        Err(NoDriver::Name) => Err(Failure::bad(format!("Cluster driver ({}) not supported.", name.unwrap_or_default()))),
        Err(NoDriver::Type) => Err(unsupported(&distro)),
    }
}

/// What a template, cluster or node group names in the cloud; none: not named, or not changed.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    pub flavors: Vec<&'a str>,
    pub external_network: Option<&'a str>,
    pub fixed_network: Option<&'a str>,
    pub fixed_subnet: Option<&'a str>,
    pub keypair: Option<&'a str>,
}

/// Refuses names that the cloud does not have.
pub(crate) async fn resources(app: &App, caller: &Caller, named: &Resources<'_>) -> Result<(), Failure> {
    let (catalogue, identity) = (&app.catalogue, &caller.identity);
    for flavor in &named.flavors {
        found(catalogue.flavor(identity, flavor).await, || missing("flavor", flavor), || missing("flavor", flavor)).map(drop)?;
    }
    if let Some(name) = named.external_network {
        found(
            catalogue.external_network(identity, name).await,
            || missing("external network", name),
            || many("external networks", "external network", name),
        )?;
    }
    if let Some(name) = named.fixed_network {
        found(catalogue.network(identity, name).await, || missing("fixed network", name), || many("networks", "network", name))?;
    }
    if let Some(name) = named.fixed_subnet {
        found(catalogue.subnet(identity, name).await, || missing("fixed subnet", name), || many("subnets", "subnet", name))?;
    }
    if let Some(name) = named.keypair {
        let absent = || Failure::not_found(format!("Unable to find keypair {name}."));
        found(catalogue.keypair(identity, name).await, absent, absent)?;
    }
    Ok(())
}

/// A server needs a disk: the flavor's, or a boot volume of a size given by label.
pub(crate) async fn root_volume(app: &App, caller: &Caller, labels: &Labels, flavors: &[Option<&str>]) -> Result<(), Failure> {
    let size = match labels.0.get("boot_volume_size") {
        None => 0,
        Some(text) if flavors.is_empty() && text.parse::<i64>().is_err() => 0,
        Some(text) => text
            .trim()
            .parse::<i64>()
            .map_err(|_| Failure::field("labels/boot_volume_size", text, "boot_volume_size must be an integer"))?,
    };
    if size > 0 {
        return Ok(());
    }
    // A flavor that is sent as null is one left open: python-magnumclient sends every field. (Magnum HEAD refuses it.)
    for name in flavors.iter().flatten() {
        let flavor = found(app.catalogue.flavor(&caller.identity, name).await, || missing("flavor", name), || missing("flavor", name))?;
        if flavor.disk_gib == 0 {
            return Err(Failure::bad("Flavor with zero root volume size is not supported when boot_volume_size is zero."));
        }
    }
    Ok(())
}

fn found<T>(lookup: Lookup<T>, missing: impl FnOnce() -> Failure, many: impl FnOnce() -> Failure) -> Result<T, Failure> {
    match lookup {
        Lookup::Found(found) => Ok(found),
        Lookup::Missing | Lookup::Forbidden => Err(missing()),
        Lookup::Ambiguous => Err(many()),
        Lookup::Unauthorised => Err(Failure::unauthorized(STALE)),
        Lookup::Unavailable(why) => Err(Failure::unavailable(why)),
    }
}

fn missing(what: &str, name: &str) -> Failure {
    Failure::bad(format!("Unable to find {what} {name}."))
}

fn many(plural: &str, what: &str, name: &str) -> Failure {
    Failure::conflict(format!("Multiple {plural} exist with same name '{name}'. Please use the {what} ID instead."))
}

/// Refuses a cluster of a template for which there is no driver (any more).
pub(crate) fn cluster_type(app: &App, template: &magnum_store::Template) -> Result<(), Failure> {
    let server_type = template.server_type.as_deref().unwrap_or("vm");
    let distro = template.cluster_distro.as_deref().unwrap_or("None");
    match app.catalogue.driver(server_type, distro, template.coe, template.driver.as_deref()) {
        Ok(_) => Ok(()),
        Err(NoDriver::Name) => {
            Err(Failure::bad(format!("Cluster driver ({}) not supported.", template.driver.as_deref().unwrap_or_default())))
        }
        Err(NoDriver::Type) => Err(Failure::bad(format!("Cluster type ({server_type}, {distro}, {}) not supported.", template.coe))),
    }
}

/// Groups without nodes are newer than some versions.
pub(crate) fn zero_nodes(caller: &Caller, count: i64) -> Result<(), Failure> {
    if count == 0 && caller.version < magnum_types::Microversion::v1(10) {
        return Err(Failure::bad("Resizing a nodegroup to zero is not supported in the provided microversion."));
    }
    Ok(())
}

/// Refuses more nodes than the cluster's network has addresses for.
pub(crate) fn room(labels: &Labels, nodes: i64) -> Result<(), Failure> {
    let ranges = magnum_blueprint::Ranges::from_labels(labels)?;
    let seats = i64::try_from(ranges.seats().count()).unwrap_or(i64::MAX);
    if nodes <= seats {
        return Ok(());
    }
    Err(Failure::field(
        "node_count",
        nodes,
        format!("With the masters that is more than the {seats} addresses for nodes in {}.", ranges.nodes),
    ))
}
