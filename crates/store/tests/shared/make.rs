// SPDX-License-Identifier: Apache-2.0
//! Rows for tests.

use magnum_store::*;
use magnum_types::*;
use std::time::Duration;

/// A template of project `p`.
pub fn template(name: &str) -> Template {
    Template {
        id: 0,
        uuid: TemplateId::random(),
        name: name.to_owned(),
        coe: Coe::Kubernetes,
        image_id: Some("debian-12".to_owned()),
        flavor_id: None,
        master_flavor_id: None,
        dns_nameserver: None,
        keypair_id: None,
        external_network_id: None,
        fixed_network: None,
        fixed_subnet: None,
        network_driver: Some("flannel".to_owned()),
        apiserver_port: None,
        docker_volume_size: None,
        cluster_distro: None,
        http_proxy: None,
        https_proxy: None,
        no_proxy: None,
        volume_driver: None,
        registry_enabled: Some(false),
        labels: Labels([("a".to_owned(), "'\"\n;".to_owned())].into()),
        tls_disabled: Some(false),
        public: Some(false),
        server_type: Some("vm".to_owned()),
        insecure_registry: None,
        docker_storage_driver: None,
        master_lb_enabled: Some(false),
        floating_ip_enabled: Some(true),
        project_id: ProjectId("p".to_owned()),
        user_id: UserId("u".to_owned()),
        hidden: Some(false),
        tags: None,
        driver: None,
        created_at: None,
        updated_at: None,
    }
}

/// A default group.
pub fn group(cluster: ClusterId, name: &str, role: &str, count: i64) -> NodeGroup {
    NodeGroup {
        id: 0,
        uuid: NodeGroupId::random(),
        name: name.to_owned(),
        cluster_id: cluster,
        project_id: ProjectId("p".to_owned()),
        docker_volume_size: None,
        labels: Labels::default(),
        flavor_id: None,
        image_id: None,
        node_addresses: vec![],
        node_count: count,
        max_node_count: None,
        min_node_count: Some(1),
        role: role.to_owned(),
        is_default: true,
        stack_id: None,
        status: Some(ClusterStatus::CreateInProgress),
        status_reason: None,
        version: None,
        node_labels: Default::default(),
        node_taints: vec![],
        created_at: None,
        updated_at: None,
    }
}

/// A cluster of project `p` that is being created.
pub fn cluster(template: TemplateId, name: &str) -> Cluster {
    Cluster {
        id: 0,
        uuid: ClusterId::random(),
        name: name.to_owned(),
        cluster_template_id: template,
        api_address: None,
        stack_id: None,
        project_id: ProjectId("p".to_owned()),
        user_id: UserId("u".to_owned()),
        status: Some(ClusterStatus::CreateInProgress),
        status_reason: None,
        discovery_url: None,
        ca_cert_ref: None,
        magnum_cert_ref: None,
        etcd_ca_cert_ref: None,
        front_proxy_ca_cert_ref: None,
        create_timeout: Some(60),
        coe_version: None,
        container_version: None,
        keypair: None,
        docker_volume_size: None,
        labels: Labels::default(),
        master_flavor_id: None,
        flavor_id: None,
        health_status: None,
        health_status_reason: Default::default(),
        fixed_network: None,
        fixed_subnet: None,
        floating_ip_enabled: None,
        master_lb_enabled: None,
        created_at: None,
        updated_at: None,
    }
}

/// A template, a cluster of it with two groups, and its lease.
pub async fn with_cluster(store: &Store) -> (ClusterId, Lease) {
    let template = store.insert_template(template("t")).await.unwrap();
    let cluster = cluster(template.uuid, "c1");
    let id = cluster.uuid;
    let operation = Operation::new(id, "create", "req-1", serde_json::Value::Null);
    let groups = vec![group(id, "default-master", "master", 1), group(id, "default-worker", "worker", 2)];
    store.insert_cluster(NewCluster { cluster, groups, operation }).await.unwrap();
    let lease = store.take_lease(&format!("cluster/{id}"), "me", Duration::from_secs(60)).await.unwrap().unwrap();
    (id, lease)
}

/// What a node reports.
pub fn report(boot: &str, events: &[(u64, &str, StepState)]) -> NodeReport {
    let events = events
        .iter()
        .map(|(seq, step, state)| NodeEvent {
            seq: *seq,
            at: "2026-01-02T03:04:05.678Z".to_owned(),
            step: (*step).to_owned(),
            state: *state,
            detail: String::new(),
            duration_ms: None,
        })
        .collect();
    NodeReport { boot_id: boot.to_owned(), events, versions: Default::default() }
}
