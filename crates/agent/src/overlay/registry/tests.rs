// SPDX-License-Identifier: Apache-2.0
use super::*;

fn config() -> Config {
    parse_config(r#"{"Network":"10.100.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","VNI":1,"Port":8472}}"#).unwrap()
}

fn entry(name: &str, value: &str) -> KeyValue {
    KeyValue { key: format!("/coreos.com/network/subnets/{name}"), value: value.to_owned(), mod_revision: 7, lease: 9 }
}

fn lease(subnet: &str) -> Lease {
    Lease { subnet: subnet.parse().unwrap(), public_ip: Ipv4Addr::new(10, 0, 0, 9), mac: [2; 6], mod_revision: 1, lease_id: 1 }
}

#[test]
fn entries_are_flannels_and_bad_ones_do_not_count() {
    let good = r#"{"PublicIP":"10.0.0.21","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:0a"}}"#;
    let found = read_leases(
        &[
            entry("10.100.5.0-24", good),
            entry("10.101.5.0-24", good),
            entry("10.100.6.0-25", good),
            entry("10.100.7.1-24", good),
            entry("x", good),
            entry("10.100.8.0-24", "no json"),
            entry("10.100.9.0-24", &good.replace("02:00:00:00:00:0a", "02:00:00:00:00:0a\\nlink del eth0")),
        ],
        &config(),
    );
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].subnet.to_string().as_str(), show_mac(&found[0].mac).as_str()), ("10.100.5.0/24", "02:00:00:00:00:0a"));
}

#[test]
fn a_node_gets_its_old_subnet_or_a_free_one_but_never_the_first() {
    let (config, own) = (config(), Ipv4Addr::new(10, 0, 0, 21));
    let before = "10.100.77.0/24".parse().unwrap();
    assert_eq!(choose(&config, &[], Some(before), own), Some(before));
    assert_ne!(choose(&config, &[lease("10.100.77.0/24")], Some(before), own), Some(before));
    assert_ne!(choose(&config, &[], Some("10.99.1.0/24".parse().unwrap()), own), Some("10.99.1.0/24".parse().unwrap()));
    let all: Vec<Lease> = config.network.subnets(24).unwrap().skip(1).map(|s| lease(&s.to_string())).collect();
    assert_eq!(choose(&config, &all, None, own), None);
    assert_eq!(choose(&config, &all[1..], None, own), Some("10.100.1.0/24".parse().unwrap()));
}

#[test]
fn a_configuration_of_another_kind_is_refused() {
    for bad in [
        "",
        "{}",
        r#"{"Network":"10.0.0.0/8","Backend":{"Type":"host-gw"}}"#,
        r#"{"Network":"10.0.0.0/24","SubnetLen":24,"Backend":{"Type":"vxlan"}}"#,
    ] {
        assert_eq!(parse_config(bad), None, "{bad}");
    }
}
