// SPDX-License-Identifier: Apache-2.0
//! The phases over a real store. The engine is a stand-in: it makes nothing, and nothing here asks it for anything.

use super::*;
use crate::tokens;
use crate::world::{Flavors, Gate};
use magnum_blueprint::{Blueprint, Flavor};
use magnum_certificates::Files;
use magnum_engine::{Boxed, Engine, Exec, ExecOutput, Observed, Progress};
use magnum_store::{Cluster, NewCluster, Node, Scope, Store, Template, next_token_name, token_name};
use magnum_types::{ClusterId, ClusterStatus, Coe, Labels, NodeGroupId, NodeName, ProjectId, Role, TemplateId, UserId};
use secrecy::ExposeSecret;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

struct Nothing;

impl Engine for Nothing {
    fn name(&self) -> &'static str {
        "nothing"
    }
    fn observe<'a>(&'a self, _: ClusterId) -> Boxed<'a, Observed> {
        Box::pin(async { Observed::default() })
    }
    fn converge<'a>(&'a self, _: &'a Blueprint, _: &'a Observed) -> Boxed<'a, Result<Progress, magnum_engine::Error>> {
        Box::pin(async { Ok(Progress { did: vec![], done: true }) })
    }
    fn remove<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Progress, magnum_engine::Error>> {
        Box::pin(async { Ok(Progress { did: vec![], done: true }) })
    }
    fn free_external_address<'a>(&'a self, _: &'a [Ipv4Addr]) -> Boxed<'a, Result<Ipv4Addr, magnum_engine::Error>> {
        Box::pin(async { Ok(Ipv4Addr::LOCALHOST) })
    }
    fn exec<'a>(&'a self, _: ClusterId, node: &'a NodeName, _: Exec) -> Boxed<'a, Result<ExecOutput, magnum_engine::Error>> {
        Box::pin(async move { Err(magnum_engine::Error::NodeState { node: node.to_string(), state: "not there".to_owned() }) })
    }
    fn console<'a>(&'a self, _: ClusterId, _: &'a NodeName, _: usize) -> Boxed<'a, Result<String, magnum_engine::Error>> {
        Box::pin(async { Ok(String::new()) })
    }
    fn power_off<'a>(&'a self, _: ClusterId, _: &'a NodeName) -> Boxed<'a, Result<(), magnum_engine::Error>> {
        Box::pin(async { Ok(()) })
    }
    fn node_listener<'a>(&'a self, _: ClusterId) -> Boxed<'a, Result<Option<std::net::TcpListener>, magnum_engine::Error>> {
        Box::pin(async { Ok(None) })
    }
}

impl Flavors for Nothing {
    fn flavor(&self, _: &str) -> Option<Flavor> {
        None
    }
    fn usual(&self) -> Flavor {
        Flavor { name: "usual".to_owned(), vcpus: 1, ram_mib: 1024 }
    }
}

impl Gate for Nothing {
    fn open<'a>(&'a self, _: ClusterId) -> Boxed<'a, ()> {
        Box::pin(async {})
    }
    fn close(&self, _: ClusterId) {}
}

/// A complete cluster with two nodes, and an operation of this kind on it.
struct Ward {
    world: World,
    lease: Lease,
    id: ClusterId,
    /// Where its certificates are files, if they are.
    folder: Option<tempfile::TempDir>,
}

impl Ward {
    /// One with certificates in the database, and one with certificates in files.
    async fn of_each_manager(kind: &str) -> [Self; 2] {
        [Self::with(kind, None).await, Self::with(kind, Some(tempfile::tempdir().unwrap())).await]
    }

    async fn with(kind: &str, folder: Option<tempfile::TempDir>) -> Self {
        let store = Store::memory().await.unwrap();
        let template: Template = store.insert_template(template()).await.unwrap();
        let cluster = cluster(&template);
        let id = cluster.uuid;
        let operation = Operation::new(id, kind, "req-1", serde_json::Value::Null);
        store.insert_cluster(NewCluster { cluster, groups: Vec::new(), operation }).await.unwrap();
        let lease = store.take_lease(&format!("cluster/{id}"), "test", Duration::from_secs(60)).await.unwrap().unwrap();
        let world = Self::world(store, folder.as_ref());
        certificates::ensure(&world, &lease, &world.store.get_cluster(&Scope::All, id).await.unwrap()).await.unwrap();
        let node = |name: &str, role, idx| {
            Node::new(
                id,
                NodeName::parse(name).unwrap(),
                NodeGroupId::random(),
                role,
                idx,
                "10.0.0.5".to_owned(),
                format!("hash of {name}"),
            )
        };
        let nodes = [node("master-0", Role::Master, 0), node("node-0", Role::Worker, 0)];
        world.store.replace_nodes(&lease, id, &[], &nodes).await.unwrap();
        Self { world, lease, id, folder }
    }

    fn world(store: Store, folder: Option<&tempfile::TempDir>) -> World {
        let world = World::new(store.clone(), Arc::new(Nothing), Arc::new(Nothing), Arc::new(Nothing), "test".to_owned());
        match folder {
            Some(folder) => world.with_certificates(Arc::new(Files::open(store, folder.path()).unwrap())),
            None => world,
        }
    }

    /// How many files its certificates are.
    fn files(&self) -> Option<usize> {
        self.folder.as_ref().map(|folder| std::fs::read_dir(folder.path()).unwrap().count())
    }

    /// Another conductor goes on, which knows nothing but what is stored.
    fn crash(&mut self) {
        self.world = Self::world(self.world.store.clone(), self.folder.as_ref());
    }

    async fn whole(&self) -> Whole {
        self.world.store.get_whole(self.id).await.unwrap()
    }

    async fn operations(&self) -> Vec<Operation> {
        self.world.store.list_open_operations(self.id).await.unwrap()
    }

    async fn begin(&self) {
        begin(&self.world, &self.lease, &self.whole().await, &self.operations().await).await.unwrap();
    }

    async fn advance(&self) -> Option<String> {
        advance(&self.world, &self.lease, &self.whole().await, &self.operations().await).await.unwrap()
    }

    /// The certificate that signs now, and how many each node trusts.
    async fn trusted(&self) -> (String, usize) {
        let trusted = self.world.store.get_trusted(self.id).await.unwrap().unwrap();
        let count = trusted.kubernetes.matches("BEGIN CERTIFICATE").count();
        assert_eq!((trusted.etcd.matches("BEGIN").count(), trusted.front_proxy.matches("BEGIN").count()), (count, count));
        let end = "-----END CERTIFICATE-----";
        (trusted.kubernetes.split_inclusive(end).next().unwrap().to_owned(), count)
    }

    async fn signing(&self) -> String {
        let reference = self.whole().await.cluster.ca_cert_ref.unwrap();
        self.world.certificates.get(&reference).await.unwrap().certificate.trim().to_owned()
    }
}

fn template() -> Template {
    Template {
        id: 0,
        uuid: TemplateId::random(),
        name: "t".to_owned(),
        coe: Coe::Kubernetes,
        image_id: None,
        flavor_id: None,
        master_flavor_id: None,
        dns_nameserver: None,
        keypair_id: None,
        external_network_id: None,
        fixed_network: None,
        fixed_subnet: None,
        network_driver: None,
        apiserver_port: None,
        docker_volume_size: None,
        cluster_distro: None,
        http_proxy: None,
        https_proxy: None,
        no_proxy: None,
        volume_driver: None,
        registry_enabled: None,
        labels: Labels::default(),
        tls_disabled: None,
        public: None,
        server_type: None,
        insecure_registry: None,
        docker_storage_driver: None,
        master_lb_enabled: None,
        floating_ip_enabled: None,
        project_id: ProjectId("p".to_owned()),
        user_id: UserId("u".to_owned()),
        hidden: None,
        tags: None,
        driver: None,
        created_at: None,
        updated_at: None,
    }
}

fn cluster(template: &Template) -> Cluster {
    Cluster {
        id: 0,
        uuid: ClusterId::random(),
        name: "c".to_owned(),
        cluster_template_id: template.uuid,
        api_address: None,
        stack_id: None,
        project_id: template.project_id.clone(),
        user_id: template.user_id.clone(),
        status: Some(ClusterStatus::UpdateInProgress),
        status_reason: None,
        discovery_url: None,
        ca_cert_ref: None,
        magnum_cert_ref: None,
        etcd_ca_cert_ref: None,
        front_proxy_ca_cert_ref: None,
        create_timeout: None,
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

/// A conductor that dies between any two of them changes nothing about it.
#[tokio::test]
async fn the_phases_follow_each_other_and_the_old_keys_go_last() {
    for ward in Ward::of_each_manager(KIND).await {
        phases_follow_each_other(ward).await;
    }
}

async fn phases_follow_each_other(mut ward: Ward) {
    let (old, first) = (References::of(&ward.whole().await.cluster), ward.signing().await);
    ward.begin().await;
    let begun = ward.world.store.get_rotation(ward.id).await.unwrap().unwrap();
    ward.crash();
    ward.begin().await;
    assert_eq!(ward.world.store.get_rotation(ward.id).await.unwrap(), Some(begun.clone()), "one set is made, not two");
    assert_eq!((begun.phase, References::of(&ward.whole().await.cluster)), (Phase::Trust, old.clone()), "the old ones still sign");
    assert_eq!(ward.trusted().await, (first.clone(), 2));

    ward.crash();
    assert!(ward.advance().await.unwrap().contains("the new authorities sign"));
    assert_eq!(References::of(&ward.whole().await.cluster), begun.new);
    let second = ward.signing().await;
    assert!(second != first);
    assert_eq!(ward.trusted().await, (second.clone(), 2), "the old ones are trusted still");

    ward.crash();
    ward.begin().await;
    assert!(ward.advance().await.unwrap().contains("trusted no more"));
    assert_eq!(ward.trusted().await, (second.clone(), 1));
    for reference in old.all() {
        ward.world.certificates.get(&reference).await.unwrap();
    }

    ward.crash();
    assert!(ward.advance().await.unwrap().contains("keys are deleted"));
    for reference in old.all() {
        assert!(ward.world.certificates.get(&reference).await.is_err(), "the old key pairs are gone");
    }
    for reference in begun.new.all() {
        ward.world.certificates.get(&reference).await.unwrap();
    }
    assert!(ward.operations().await.is_empty(), "done with it");
    ward.crash();
    ward.begin().await;
    assert_eq!(ward.advance().await, None, "and it does not begin again");
    assert_eq!(ward.trusted().await, (second, 1));
}

/// What a rotation that failed has left goes on with the next one, and goes away with the cluster.
#[tokio::test]
async fn an_unfinished_replacement_is_neither_forgotten_nor_leaked() {
    for ward in Ward::of_each_manager(KIND).await {
        ward.begin().await;
        let begun = ward.world.store.get_rotation(ward.id).await.unwrap().unwrap();
        ward.advance().await.unwrap();
        assert!(ward.files().is_none_or(|count| count == 2 * 4 * 3));
        ward.world.certificates.delete_cluster(&ward.lease, ward.id).await.unwrap();
        for reference in begun.old.all().into_iter().chain(begun.new.all()) {
            assert!(ward.world.certificates.get(&reference).await.is_err(), "{reference}");
        }
        assert!(ward.files().is_none_or(|count| count == 0));
    }
}

#[tokio::test]
async fn tokens_are_replaced_together_once_for_an_operation() {
    let mut ward = Ward::with(tokens::KIND, None).await;
    tokens::begin(&ward.world, &ward.lease, &ward.whole().await, &ward.operations().await).await.unwrap();
    let nodes = ward.world.store.list_nodes(ward.id).await.unwrap();
    let next = async |ward: &Ward| -> Vec<Option<String>> {
        let private = ward.world.store.list_private(ward.id).await.unwrap();
        nodes.iter().map(|node| private.get(&next_token_name(node.id)).map(|token| token.expose_secret().to_owned())).collect()
    };
    let made = next(&ward).await;
    assert!(made.iter().all(Option::is_some) && made[0] != made[1]);
    ward.crash();
    tokens::begin(&ward.world, &ward.lease, &ward.whole().await, &ward.operations().await).await.unwrap();
    assert_eq!(next(&ward).await, made, "a second look makes no others");
    assert_eq!(ward.world.store.list_nodes(ward.id).await.unwrap(), nodes, "the old ones are good until all have the new ones");
    assert!(tokens::advance(&ward.world, &ward.lease, &ward.whole().await, &ward.operations().await).await.unwrap());
    let private = ward.world.store.list_private(ward.id).await.unwrap();
    for (node, made) in ward.world.store.list_nodes(ward.id).await.unwrap().iter().zip(&made) {
        assert_eq!(private[&token_name(node.id)].expose_secret(), made.as_ref().unwrap());
        assert_eq!(node.token_hash, crate::prepare::hash(made.as_ref().unwrap()));
    }
    assert!(next(&ward).await.iter().all(Option::is_none) && ward.operations().await.is_empty());
    assert!(!tokens::advance(&ward.world, &ward.lease, &ward.whole().await, &[]).await.unwrap(), "and nothing is left to do");
}
