// SPDX-License-Identifier: Apache-2.0
//! flannel's registry in etcd, with this node's own rights.

use crate::collect::Collector;
use crate::error::Error;
use crate::etcd::{Etcd, number};
use crate::overlay::{Lease, parse_config, read_leases, show_mac};
use crate::spec::{self, Questions};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub static COLLECTOR: Collector = Collector { name: "overlay", limit: Duration::from_secs(8), run };

fn run() -> Result<Value, Error> {
    let spec = spec::load()?;
    let kubernetes = spec.kubernetes().ok_or_else(|| Error::Spec("workload: not a Kubernetes node".to_owned()))?;
    let prefix = &kubernetes.flannel.etcd_prefix;
    let etcd = Etcd::of_cluster(&spec)?;
    let text = etcd.get(&format!("{prefix}/config"))?.map(|found| found.value);
    let (entries, _) = etcd.list(&format!("{prefix}/subnets/"))?;
    let leases = text.as_deref().and_then(parse_config).map(|config| read_leases(&entries, &config)).unwrap_or_default();
    let mut left = BTreeMap::new();
    let subnets: Vec<Value> = leases.iter().map(|lease| describe(&etcd, lease, kubernetes.flannel.vni, &mut left)).collect();
    let config = text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    Ok(json!({"config": config, "subnets": subnets}))
}

fn describe(etcd: &Etcd, lease: &Lease, vni: u32, left: &mut BTreeMap<i64, Value>) -> Value {
    let seconds = left.entry(lease.lease_id).or_insert_with(|| {
        let answer = etcd.call("/v3/lease/timetolive", &json!({"ID": lease.lease_id.to_string()}));
        answer.map_or(Value::Null, |answer| json!(number(answer.get("TTL"))))
    });
    json!({
        "subnet": lease.subnet.to_string(), "public_ip": lease.public_ip.to_string(), "backend_type": "vxlan",
        "vtep_mac": show_mac(&lease.mac), "vni": vni, "lease_seconds": seconds,
    })
}
