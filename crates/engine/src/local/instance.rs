// SPDX-License-Identifier: Apache-2.0
//! Who we are on this machine: a short id that makes all names unique, and an external address range of our own.
//! Both are chosen once per state directory and kept there, so that several servers live side by side.

use crate::Error;
use crate::local::failed;
use ipnet::Ipv4Net;
use magnum_host::{file, link};
use nix::fcntl::Flock;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

/// The file in the state directory.
const FILE: &str = "instance.json";
/// The benchmarking range (RFC 2544): never routed on the Internet, rarely used.
const POOL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(198, 18, 0, 0), 15);
/// The ranges of the instances of this machine, a file each with the instance's own file in it: a range has no route
/// before its first cluster. It goes away with the routes, when the machine restarts.
const CHOSEN: &str = "/run/magnum-external";
/// How long another instance may take to choose.
const CHOOSING: Duration = Duration::from_secs(10);
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
        Self::open_beside(Path::new(CHOSEN), state_dir, external)
    }

    fn open_beside(chosen: &Path, state_dir: &Path, external: Option<Ipv4Net>) -> Result<Self, Error> {
        let path = state_dir.join(FILE);
        let chosen = Chosen::hold(chosen);
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
                    None => {
                        let mut used = used_ranges()?;
                        used.extend(chosen.iter().flat_map(Chosen::ranges));
                        choose(&id, &used)?
                    }
                };
                Instance { id, external }
            }
        };
        let text = serde_json::to_vec(&instance).unwrap_or_default();
        file::write_if_changed(&path, &text, 0o600).map_err(failed("instance"))?;
        // Also one that was given, or chosen before the machine was started: others are not to choose it.
        if let Some(chosen) = chosen {
            chosen.note(instance.external, &path).map_err(failed("instance"))?;
        }
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

/// What the instances of this machine have chosen, while nobody else chooses.
struct Chosen<'a> {
    folder: &'a Path,
    _lock: Flock<File>,
}

impl<'a> Chosen<'a> {
    /// None where only routes can tell: without root there are no clusters whose ranges could meet.
    fn hold(folder: &'a Path) -> Option<Self> {
        file::folder(folder, 0o700).ok()?;
        let lock = file::lock(&folder.join("lock"), CHOOSING).ok()??;
        Some(Self { folder, _lock: lock })
    }

    /// The ranges of the instances that are still there; what is left of others is removed.
    fn ranges(&self) -> Vec<Ipv4Net> {
        let range = |name: String| {
            let noted = self.folder.join(&name);
            let instance = std::fs::read_to_string(&noted).ok()?;
            let range: Ipv4Net = name.replace('_', "/").parse().ok()?;
            let there = std::fs::read(instance).ok().and_then(|bytes| serde_json::from_slice::<Instance>(&bytes).ok());
            if there.is_some_and(|instance| instance.external == range) {
                return Some(range);
            }
            let _ = file::remove(&noted);
            None
        };
        file::names(self.folder).into_iter().filter_map(range).collect()
    }

    fn note(&self, range: Ipv4Net, instance: &Path) -> Result<(), magnum_host::Error> {
        let name = range.to_string().replace('/', "_");
        file::write_if_changed(&self.folder.join(name), instance.as_os_str().as_encoded_bytes(), 0o600).map(drop)
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
    fn a_range_that_another_instance_has_chosen_is_not_free() {
        let folder = tempfile::tempdir().unwrap();
        let chosen = Chosen::hold(folder.path()).unwrap();
        let range = |text: &str| text.parse::<Ipv4Net>().unwrap();
        let files = [folder.path().join("there.json"), folder.path().join("gone.json"), folder.path().join("moved.json")];
        for (number, (file, kept)) in files.iter().zip([Some("198.18.1.0/24"), None, Some("198.19.0.0/16")]).enumerate() {
            chosen.note(range(&format!("198.18.{}.0/24", number + 1)), file).unwrap();
            let instance = kept.map(|kept| serde_json::to_vec(&Instance { id: "000001".to_owned(), external: range(kept) }).unwrap());
            instance.iter().for_each(|bytes| std::fs::write(file, bytes).unwrap());
        }
        assert_eq!(chosen.ranges(), [range("198.18.1.0/24")]);
        assert!(!folder.path().join("198.18.2.0_24").exists() && !folder.path().join("198.18.3.0_24").exists());
        drop(chosen);
        let open = |number: usize| {
            let state = folder.path().join(format!("state-{number}"));
            std::fs::create_dir(&state).unwrap();
            Instance::open_beside(&folder.path().join("chosen"), &state, None).map(|instance| instance.external)
        };
        let ranges: std::collections::BTreeSet<Ipv4Net> = (0..60).map(|number| open(number).unwrap()).collect();
        assert_eq!(ranges.len(), 60);
    }

    #[test]
    fn an_instance_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let range = Some("198.18.7.0/24".parse().unwrap());
        let open = |range| Instance::open_beside(&folder.path().join("chosen"), folder.path(), range);
        let first = open(range).unwrap();
        assert_eq!(open(None).unwrap(), first);
        std::fs::write(folder.path().join(FILE), "garbage").unwrap();
        assert!(open(None).unwrap_err().hint().is_some());
    }
}
