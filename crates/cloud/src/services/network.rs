// SPDX-License-Identifier: Apache-2.0
//! Neutron: networks and subnets.

use crate::call::{Call, Service};
use crate::error::Error;
use crate::lookup::Lookup;
use crate::services::image::is_uuid_like;
use crate::session::Session;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Neutron.
pub static SERVICE: Service = Service { name: "Neutron", types: &["network"], versions: &["v2.0"] };

/// Pages that are read of what has one name.
const PAGES: u32 = 20;

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Network {
    pub id: String,
    pub name: String,
    /// Whether floating addresses come from it.
    #[serde(rename = "router:external", default)]
    pub external: bool,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub name: String,
    pub network_id: String,
    pub cidr: String,
}

/// The network of this name or id; with `external` only among those that floating addresses come from.
pub async fn find_network(session: &Session, ident: &str, external: bool) -> Lookup<Network> {
    let call = Call::get(&SERVICE, &["networks"]);
    let call = if external { call.query("router:external", "True") } else { call };
    find(session, call, "networks", ident, |network: &Network| &network.id).await
}

/// The subnet of this name or id.
pub async fn find_subnet(session: &Session, ident: &str) -> Lookup<Subnet> {
    find(session, Call::get(&SERVICE, &["subnets"]), "subnets", ident, |subnet: &Subnet| &subnet.id).await
}

/// Magnum reads all of them and compares; Neutron does it in less, but knows no "or".
async fn find<T: DeserializeOwned>(session: &Session, call: Call, key: &str, ident: &str, id: impl Fn(&T) -> &String) -> Lookup<T> {
    let fitting = async {
        let mut all: Vec<T> = read(session, call.clone().query("name", ident), key).await?;
        if is_uuid_like(ident) {
            let named: Vec<T> = read(session, call.query("id", ident), key).await?;
            all.extend(named.into_iter().filter(|one| id(one) == ident));
        }
        Ok::<_, Error>(all)
    };
    let mut all = match fitting.await {
        Ok(all) => all,
        Err(error) => return Lookup::failed(&error),
    };
    // One that has its own id for a name was found twice.
    all.dedup_by(|a, b| id(a) == id(b));
    Lookup::only(all)
}

async fn read<T: DeserializeOwned>(session: &Session, call: Call, key: &str) -> Result<Vec<T>, Error> {
    let garbled = |e: serde_json::Error| Error::Garbled { service: SERVICE.name, url: key.to_owned(), what: e.to_string() };
    let found = session.list(call, key, PAGES).await?;
    found.into_iter().map(|one| serde_json::from_value(one).map_err(garbled)).collect()
}
