// SPDX-License-Identifier: Apache-2.0
//! Nova: flavors and key pairs.

use crate::call::{Call, Service};
use crate::lookup::Lookup;
use crate::session::Session;
use serde::Deserialize;

/// Nova.
pub static SERVICE: Service = Service { name: "Nova", types: &["compute"], versions: &["v2.1", "v2"] };

/// Pages of flavors that are read; Nova gives a thousand on each.
const PAGES: u32 = 20;

/// A flavor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Flavor {
    pub id: String,
    pub name: String,
    pub vcpus: u32,
    /// Memory in MiB.
    #[serde(rename = "ram")]
    pub ram_mib: u32,
    /// Root disk in GiB; 0: as large as the image.
    #[serde(rename = "disk")]
    pub disk_gib: u32,
}

/// The flavor of this name or id among those that the caller sees; the first, as Magnum does.
pub async fn find_flavor(session: &Session, ident: &str) -> Lookup<Flavor> {
    let flavors = match session.list(Call::get(&SERVICE, &["flavors", "detail"]), "flavors", PAGES).await {
        Ok(flavors) => flavors,
        Err(error) => return Lookup::failed(&error),
    };
    let mut flavors = flavors.into_iter().filter_map(|flavor| serde_json::from_value::<Flavor>(flavor).ok());
    flavors.find(|flavor| flavor.name == ident || flavor.id == ident).map_or(Lookup::Missing, Lookup::Found)
}

/// Whether the caller has a key pair of this name.
pub async fn find_keypair(session: &Session, name: &str) -> Lookup<()> {
    Lookup::of(session.call(&Call::get(&SERVICE, &["os-keypairs", name])).await.map(drop))
}
