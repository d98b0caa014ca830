// SPDX-License-Identifier: Apache-2.0
//! Which nodes a cluster is to have: names and addresses, kept from one decision to the next.

use crate::settings::Ranges;
use magnum_types::{FieldError, NodeName, Role};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// One node's place in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub group: String,
    pub role: Role,
    pub index: u32,
    pub name: NodeName,
    pub address: Ipv4Addr,
}

/// What a group asks for.
#[derive(Debug, Clone)]
pub struct Demand<'a> {
    pub group: &'a str,
    pub role: Role,
    pub count: u32,
    /// Names of nodes (or their indexes, or addresses) to give up first when shrinking.
    pub remove_first: &'a [String],
}

/// The seats after the demand: existing ones keep name and address, missing ones get the lowest free index and
/// address, surplus ones are dropped, the asked-for first, then the highest index. Errors when the range is full.
pub fn allocate(existing: &[Seat], demands: &[Demand<'_>], ranges: &Ranges) -> Result<Vec<Seat>, FieldError> {
    let mut seats: Vec<Seat> = Vec::new();
    for demand in demands {
        let mut own: Vec<Seat> = existing.iter().filter(|s| s.group == demand.group).cloned().collect();
        own.sort_by_key(|s| (names(s, demand.remove_first), s.index));
        own.truncate(demand.count as usize);
        seats.extend(own);
    }
    let mut taken: BTreeSet<Ipv4Addr> = existing.iter().map(|s| s.address).collect();
    for demand in demands {
        let mut used: BTreeSet<u32> = seats.iter().filter(|s| s.group == demand.group).map(|s| s.index).collect();
        while (used.len() as u32) < demand.count {
            let index = (0..).find(|i| !used.contains(i)).unwrap_or_default();
            let address = ranges.seats().find(|a| !taken.contains(a)).ok_or_else(|| {
                FieldError::new("node_count", demand.count.to_string(), format!("is more than the addresses left in {}", ranges.nodes))
            })?;
            used.insert(index);
            taken.insert(address);
            let name = NodeName::of_group(demand.group, index);
            seats.push(Seat { group: demand.group.to_owned(), role: demand.role, index, name, address });
        }
    }
    seats.sort_by(|a, b| (a.role, &a.group, a.index).cmp(&(b.role, &b.group, b.index)));
    Ok(seats)
}

/// Whether `list` names this seat by node name, index or address.
fn names(seat: &Seat, list: &[String]) -> bool {
    list.iter().any(|n| n == seat.name.as_str() || *n == seat.index.to_string() || *n == seat.address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_types::Labels;

    fn step(existing: &[Seat], masters: u32, workers: u32, remove: &[&str]) -> Vec<Seat> {
        let remove: Vec<String> = remove.iter().map(|s| (*s).to_owned()).collect();
        let demands = [
            Demand { group: "default-master", role: Role::Master, count: masters, remove_first: &[] },
            Demand { group: "default-worker", role: Role::Worker, count: workers, remove_first: &remove },
        ];
        allocate(existing, &demands, &Ranges::from_labels(&Labels::default()).unwrap()).unwrap()
    }

    fn shown(seats: &[Seat]) -> Vec<String> {
        seats.iter().map(|s| format!("{}={}", s.name, s.address)).collect()
    }

    #[test]
    fn nodes_keep_their_seats_through_growth_and_shrinking() {
        let two = step(&[], 1, 2, &[]);
        assert_eq!(shown(&two), ["master-0=10.0.0.5", "node-0=10.0.0.6", "node-1=10.0.0.7"]);
        let three = step(&two, 1, 3, &[]);
        assert_eq!(shown(&three)[3], "node-2=10.0.0.8");
        assert_eq!(shown(&step(&three, 1, 1, &[])), ["master-0=10.0.0.5", "node-0=10.0.0.6"]);
        let chosen = step(&three, 1, 2, &["node-0"]);
        assert_eq!(shown(&chosen), ["master-0=10.0.0.5", "node-1=10.0.0.7", "node-2=10.0.0.8"]);
        assert_eq!(shown(&step(&chosen, 1, 3, &[]))[1], "node-0=10.0.0.6", "a freed index and address are used again");
    }

    #[test]
    fn a_full_network_is_said_so() {
        let demands = [Demand { group: "default-worker", role: Role::Worker, count: 300, remove_first: &[] }];
        let error = allocate(&[], &demands, &Ranges::from_labels(&Labels::default()).unwrap()).unwrap_err();
        assert_eq!(error.field, "node_count");
    }
}
