// SPDX-License-Identifier: Apache-2.0
//! From rows to the blueprint's settings: secrets, the external address and the seats are made when they are missing,
//! and stored before anything is built from them.

use crate::Error;
use crate::world::{Flavors, World};
use magnum_blueprint::{Authorities, Demand, Flavor, Group, Ranges, Seat, SeatedNode, Secrets, Settings, Taint, allocate};
use magnum_store::{AUTHORITIES, Lease, Node, NodeGroup, Trusted, Whole, next_token_name, read_private, token_name};
use magnum_types::{ClusterStatus, FieldError, Role};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The private value that holds the cluster's address on the external network.
pub const EXTERNAL_ADDRESS: &str = "external-address";
/// The private value that names the installation of the engine which has the cluster's servers.
pub(crate) const HOME: &str = "home";
/// Other processes may take an address between our look and our word this often.
const TRIES: usize = 20;
const SERVICE_ACCOUNT_KEY: &str = "service-account-key";
const FLANNEL_PASSWORD: &str = "flannel-password";

type Private = BTreeMap<String, SecretString>;

/// Makes what is missing and answers the settings. `remove_first` names nodes to give up when a group shrinks.
pub(crate) async fn prepare(world: &World, lease: &Lease, whole: &Whole, remove_first: &[String]) -> Result<Settings, Error> {
    let private = secrets(world, lease, whole).await?;
    let ranges = Ranges::from_labels(&whole.cluster.labels).map_err(Error::Settings)?;
    let nodes = world.store.list_nodes(whole.cluster.uuid).await.map_err(Error::Store)?;
    let seats = allocate(&seats_of(&nodes, &whole.groups), &demands(&whole.groups, remove_first), &ranges).map_err(Error::Settings)?;
    let (nodes, private) = seat(world, lease, whole, &nodes, &seats, private).await?;
    settings(whole, &nodes, &private, world.flavors.as_ref())
}

/// The settings from what is stored; an error when something is not there yet.
pub fn settings(whole: &Whole, nodes: &[Node], private: &Private, flavors: &dyn Flavors) -> Result<Settings, Error> {
    let missing = |what: &str| Error::Broken(format!("{what} is not there yet"));
    let value = |name: &str| private.get(name).cloned().ok_or_else(|| missing(name));
    let external = value(EXTERNAL_ADDRESS)?.expose_secret().parse().map_err(|_| missing("a readable external address"))?;
    let mut groups = Vec::new();
    for group in &whole.groups {
        let mut own = Vec::new();
        for node in nodes.iter().filter(|n| n.nodegroup == group.uuid) {
            own.push(SeatedNode {
                name: node.name.clone(),
                index: u32::try_from(node.idx).unwrap_or_default(),
                address: address(node)?,
                // A new token is used as soon as there is one.
                token: value(&next_token_name(node.id)).or_else(|_| value(&token_name(node.id)))?,
                powered_on: node.powered_on,
            });
        }
        groups.push(Group {
            name: group.name.clone(),
            role: Role::from_wire(&group.role),
            flavor: flavor(whole, group, flavors)?,
            image: group.image_id.clone().or_else(|| whole.template.image_id.clone()).unwrap_or_default(),
            docker_volume_gib: group.docker_volume_size.and_then(|size| u32::try_from(size).ok()),
            node_labels: group.node_labels.clone(),
            node_taints: group.node_taints.iter().filter_map(|t| serde_json::from_value::<Taint>(t.clone()).ok()).collect(),
            nodes: own,
        });
    }
    let trusted: Option<Trusted> = read_private(private.get(AUTHORITIES), AUTHORITIES).map_err(Error::Store)?;
    let of = |trusted: Trusted| Authorities { kubernetes: trusted.kubernetes, etcd: trusted.etcd, front_proxy: trusted.front_proxy };
    Ok(Settings {
        authorities: trusted.map(of),
        cluster: whole.cluster.uuid,
        cluster_name: whole.cluster.name.clone(),
        coe: whole.template.coe,
        labels: whole.cluster.labels.clone(),
        api_port: whole.template.apiserver_port.and_then(|p| u16::try_from(p).ok()),
        // The template's servers are for a cloud; a machine without one answers names itself (gateway).
        dns_servers: Vec::new(),
        master_lb_enabled: whole.cluster.master_lb_enabled.unwrap_or_default(),
        external_address: external,
        groups,
        secrets: Secrets { service_account_key: value(SERVICE_ACCOUNT_KEY)?, flannel_password: value(FLANNEL_PASSWORD)? },
    })
}

/// The group's flavor; what is left open is the cluster's, then the template's, for masters then the workers', then
/// the usual one.
fn flavor(whole: &Whole, group: &NodeGroup, flavors: &dyn Flavors) -> Result<Flavor, Error> {
    let masters = [&whole.cluster.master_flavor_id, &whole.template.master_flavor_id];
    let workers = [&whole.cluster.flavor_id, &whole.template.flavor_id];
    let of_role = if group.is_master() { &masters[..] } else { &[] };
    let named = std::iter::once(&group.flavor_id).chain(of_role.iter().copied()).chain(workers).flatten().next();
    match named {
        None => Ok(flavors.usual()),
        Some(name) => flavors
            .flavor(name)
            .ok_or_else(|| Error::Settings(FieldError::new("flavor_id", name, "is not a flavor of this machine any more"))),
    }
}

fn address(node: &Node) -> Result<Ipv4Addr, Error> {
    node.address.parse().map_err(|_| Error::Broken(format!("node {} has the unreadable address {:?}", node.name, node.address)))
}

async fn secrets(world: &World, lease: &Lease, whole: &Whole) -> Result<Private, Error> {
    let cluster = whole.cluster.uuid;
    let private = world.store.list_private(cluster).await.map_err(Error::Store)?;
    let mut wanted = vec![EXTERNAL_ADDRESS, SERVICE_ACCOUNT_KEY, FLANNEL_PASSWORD];
    let home = world.engine.home();
    wanted.extend(home.map(|_| HOME));
    if wanted.iter().all(|name| private.contains_key(*name)) {
        return Ok(private);
    }
    // RSA: Kubernetes reads no other kind of PKCS#8 key where it wants the public half.
    let key = world.keys.take().await.and_then(|key| key.to_pkcs8_pem()).map_err(Error::Certificates)?;
    let _one_at_a_time = world.addresses.lock().await;
    let mut values = vec![(SERVICE_ACCOUNT_KEY, key), (FLANNEL_PASSWORD, random()?)];
    values.extend(home.map(|home| (HOME, SecretString::from(home))));
    for _ in 0..TRIES {
        let taken = world.store.list_private_of_all(EXTERNAL_ADDRESS).await.map_err(Error::Store)?;
        let taken: Vec<Ipv4Addr> = taken.iter().filter_map(|(_, address)| address.expose_secret().parse().ok()).collect();
        let external = world.engine.free_external_address(&taken).await.map_err(Error::Engine)?;
        let mut all = values.clone();
        all.push((EXTERNAL_ADDRESS, SecretString::from(external.to_string())));
        match world.store.insert_private(lease, cluster, &all, Some(EXTERNAL_ADDRESS)).await {
            Err(magnum_store::Error::Exists { .. }) => {}
            outcome => return outcome.map_err(Error::Store),
        }
    }
    Err(Error::Busy("other clusters took every external address that was free a moment before".to_owned()))
}

/// 32 random bytes as hexadecimal text.
pub(crate) fn random() -> Result<SecretString, Error> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Broken("the system gave no random bytes".to_owned()))?;
    Ok(SecretString::from(hex(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of a token as the store keeps it.
pub(crate) fn hash(token: &str) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref())
}

fn seats_of(nodes: &[Node], groups: &[NodeGroup]) -> Vec<Seat> {
    let group_name = |node: &Node| groups.iter().find(|g| g.uuid == node.nodegroup).map(|g| g.name.clone());
    nodes
        .iter()
        .filter_map(|node| {
            Some(Seat {
                group: group_name(node)?,
                role: node.role,
                index: u32::try_from(node.idx).ok()?,
                name: node.name.clone(),
                address: node.address.parse().ok()?,
            })
        })
        .collect()
}

fn demands<'a>(groups: &'a [NodeGroup], remove_first: &'a [String]) -> Vec<Demand<'a>> {
    groups
        .iter()
        .map(|group| {
            let leaving = group.status == Some(ClusterStatus::DeleteInProgress);
            let count = if leaving { 0 } else { u32::try_from(group.node_count).unwrap_or_default() };
            Demand { group: &group.name, role: Role::from_wire(&group.role), count, remove_first }
        })
        .collect()
}

/// Stores the difference between the seats there are and the seats wanted, with a credential for each new node.
async fn seat(
    world: &World,
    lease: &Lease,
    whole: &Whole,
    nodes: &[Node],
    seats: &[Seat],
    mut private: Private,
) -> Result<(Vec<Node>, Private), Error> {
    let cluster = whole.cluster.uuid;
    let remove: Vec<_> = nodes.iter().filter(|n| !seats.iter().any(|s| s.name == n.name)).map(|n| n.name.clone()).collect();
    let (mut insert, mut tokens) = (Vec::new(), Vec::new());
    for seat in seats.iter().filter(|s| !nodes.iter().any(|n| n.name == s.name)) {
        let Some(group) = whole.groups.iter().find(|g| g.name == seat.group) else { continue };
        let token = random()?;
        let node = Node::new(
            cluster,
            seat.name.clone(),
            group.uuid,
            seat.role,
            i64::from(seat.index),
            seat.address.to_string(),
            hash(token.expose_secret()),
        );
        tokens.push((token_name(node.id), token));
        insert.push(node);
    }
    if remove.is_empty() && insert.is_empty() {
        return Ok((nodes.to_vec(), private));
    }
    if !tokens.is_empty() {
        let values: Vec<(&str, SecretString)> = tokens.iter().map(|(name, token)| (name.as_str(), token.clone())).collect();
        private = world.store.insert_private(lease, cluster, &values, None).await.map_err(Error::Store)?;
    }
    world.set_settled(cluster, false);
    world.store.replace_nodes(lease, cluster, &remove, &insert).await.map_err(Error::Store)?;
    Ok((world.store.list_nodes(cluster).await.map_err(Error::Store)?, private))
}
