// SPDX-License-Identifier: Apache-2.0
//! Who we are on this machine: a short id that makes all names unique, and an external address range of our own.
//! Both are chosen once per state directory and kept there, so that several servers live side by side.

use crate::Error;
use crate::local::failed;
use ipnet::Ipv4Net;
use magnum_host::{file, link};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::path::Path;

/// The file in the state directory.
const FILE: &str = "instance.json";
/// The benchmarking range (RFC 2544): never routed on the Internet, rarely used.
const POOL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15);
/// External ranges are this large.
const PREFIX: u8 = 24;
/// The first and last host number of floating addresses.
const FLOATING: std::ops::RangeInclusive<u32> = 10..=250;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// Six hexadecimal digits.
    pub id: String,
    pub external: Ipv4Net,
}

impl Instance {
    /// Reads the instance of a state directory, or chooses one.
    pub fn open(state_dir: &Path, external: Option<Ipv4Net>) -> Result<Self, Error> {
        let path = state_dir.join(FILE);
        let known = match std::fs::read(&path) {
            Ok(bytes) => Some(serde_json::from_slice::<Self>(&bytes).map_err(|error| Error::Prerequisite {
                what: format!("{} cannot be read: {error}", path.display()),
                hint: "remove the file when none of its clusters is left".to_owned(),
            })?),
            Err(_) => None,
        };
        let instance = match (known, external) {
            (Some(known), Some(range)) => Instance { external: checked(range)?, ..known },
            (Some(known), None) => known,
            (None, range) => {
                let id: String = magnum_types::ClusterId::random().short().chars().take(6).collect();
                let external = match range {
                    Some(range) => checked(range)?,
                    None => choose(&id, &used_ranges()?)?,
                };
                Instance { id, external }
            }
        };
        let text = serde_json::to_vec(&instance).unwrap_or_default();
        file::write_if_changed(&path, &text, 0o600).map_err(failed("instance"))?;
        Ok(instance)
    }

    /// The provider's gateway.
    pub fn gateway(&self) -> Ipv4Addr {
        self.host(1)
    }

    /// This machine's address on the external network.
    pub fn own_address(&self) -> Ipv4Addr {
        self.host(2)
    }

    /// A floating address that is not taken.
    pub fn free_address(&self, taken: &[Ipv4Addr]) -> Option<Ipv4Addr> {
        FLOATING.map(|n| self.host(n)).find(|a| self.external.contains(a) && *a != self.external.broadcast() && !taken.contains(a))
    }

    fn host(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.external.network()).wrapping_add(number))
    }
}

fn checked(range: Ipv4Net) -> Result<Ipv4Net, Error> {
    if range.prefix_len() > 27 || range.prefix_len() < 16 || range.addr() != range.network() {
        return Err(Error::Prerequisite {
            what: format!("{range} cannot be the external range"),
            hint: "give a range with a prefix length from 16 to 27, such as 198.18.7.0/24".to_owned(),
        });
    }
    Ok(range)
}

/// The destinations of all routes of this machine but the default.
pub(crate) fn used_ranges() -> Result<Vec<Ipv4Net>, Error> {
    let routes = link::routes().map_err(failed("external network"))?;
    Ok(routes.iter().filter_map(|r| r.dst.parse().ok().or_else(|| r.dst.parse::<Ipv4Addr>().ok().map(Ipv4Net::from))).collect())
}

/// The first free range of the pool, starting at a place that depends on the id.
fn choose(id: &str, used: &[Ipv4Net]) -> Result<Ipv4Net, Error> {
    let ranges: Vec<Ipv4Net> = POOL.subnets(PREFIX).into_iter().flatten().collect();
    let start = u32::from_str_radix(id, 16).unwrap_or_default() as usize % ranges.len().max(1);
    let free = |range: &&Ipv4Net| used.iter().all(|u| !u.contains(*range) && !range.contains(u) || u.prefix_len() == 0);
    ranges.iter().cycle().skip(start).take(ranges.len()).find(free).copied().ok_or_else(|| Error::Prerequisite {
        what: format!("this machine has routes into all of {POOL}"),
        hint: "give another external range".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_free_of_other_routes() {
        let range = |text: &str| text.parse::<Ipv4Net>().unwrap();
        assert_eq!(choose("000007", &[]).unwrap(), range("198.18.7.0/24"));
        assert_eq!(choose("000007", &[range("198.18.7.0/25"), range("198.18.8.0/24")]).unwrap(), range("198.18.9.0/24"));
        assert_eq!(choose("000007", &[range("198.18.0.0/16")]).unwrap(), range("198.19.0.0/24"));
        assert!(choose("000007", &[range("198.16.0.0/12")]).is_err());
    }

    #[test]
    fn addresses_come_from_the_range() {
        let instance = Instance { id: "000007".to_owned(), external: "198.18.7.0/24".parse().unwrap() };
        assert_eq!(instance.gateway().to_string(), "198.18.7.1");
        assert_eq!(instance.free_address(&[Ipv4Addr::new(198, 18, 7, 10)]).unwrap().to_string(), "198.18.7.11");
        assert!(checked("198.18.7.1/24".parse().unwrap()).is_err());
    }

    #[test]
    fn an_instance_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let range = Some("198.18.7.0/24".parse().unwrap());
        let first = Instance::open(folder.path(), range).unwrap();
        assert_eq!(Instance::open(folder.path(), None).unwrap(), first);
        std::fs::write(folder.path().join(FILE), "garbage").unwrap();
        assert!(Instance::open(folder.path(), None).unwrap_err().hint().is_some());
    }
}
