// SPDX-License-Identifier: Apache-2.0
//! `systemctl show` of several units: blocks of `Key=Value`, parted by empty lines.

use magnum_facts::node::{Activity, Unit, Units};
use std::collections::BTreeMap;

/// The properties that [`units`] reads.
pub(crate) const PROPERTIES: &str = "--property=Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts,UnitFileState";

/// Reads the blocks.
pub(crate) fn units(text: &str) -> Units {
    text.split("\n\n").filter_map(unit).collect()
}

fn unit(block: &str) -> Option<(String, Unit)> {
    let get: BTreeMap<&str, &str> = block.lines().filter_map(|l| l.split_once('=')).collect();
    let value = |key: &str| get.get(key).copied().unwrap_or_default();
    let name = value("Id").strip_suffix(".service").unwrap_or(value("Id"));
    (!name.is_empty()).then_some(())?;
    let unit = Unit {
        load: value("LoadState").to_owned(),
        active: Activity::from_systemd(value("ActiveState"))?,
        sub: value("SubState").to_owned(),
        result: value("Result").to_owned(),
        exit_status: value("ExecMainStatus").parse().ok(),
        restarts: value("NRestarts").parse().unwrap_or(0),
        enabled: value("UnitFileState").to_owned(),
        since: None,
        log: Vec::new(),
        trouble: Vec::new(),
        pid: 0,
    };
    Some((name.to_owned(), unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_units_and_broken_ones_are_left_out() {
        let text = "Id=etcd.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainStatus=1\nNRestarts=4\n\n\
                    Id=none.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n\nId=odd.service\nActiveState=dreaming\n";
        let units = units(text);
        assert_eq!(units.keys().collect::<Vec<_>>(), ["etcd", "none"]);
        assert_eq!(units["etcd"].state_text(), "failed (exit-code, status 1)");
        assert!(!units["none"].exists());
    }
}
