// SPDX-License-Identifier: Apache-2.0
//! Look-ups of what a request names, with a caller's token, in a real Keystone, Glance, Nova and Neutron.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use magnum_cloud::{
    Call, Cloud, Credentials, DomainRef, Limits, Lookup, Method, Proof, ScopeRef, Session, UserRef, compute, identity, image, network,
};
use magnum_conf::{Config, File, Sources};
use magnum_keystone::{Options, Validator};
use magnum_testkit::{Keystone, KeystoneOptions, Persona, Populated, Services};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

struct World {
    // The services go before the Keystone in whose directory they are.
    services: Services,
    populated: Populated,
    keystone: Keystone,
}

async fn world() -> World {
    let began = Instant::now();
    let keystone = Keystone::start(&KeystoneOptions::default()).unwrap();
    let populated = Populated::fill(&keystone, "http://127.0.0.1:9511/v1").await.unwrap();
    let filled = began.elapsed();
    let services = Services::start(&keystone, &populated).await.unwrap();
    println!("Keystone was filled after {filled:.1?}, Glance, Nova and Neutron answered after {:.1?}", began.elapsed());
    World { services, populated, keystone }
}

impl World {
    fn config(&self, more: &str) -> Config {
        let text = format!("{}{more}", self.populated.magnum_conf(&self.keystone.url()));
        Config::new(Sources { files: vec![File { name: "magnum.conf".into(), text }], ..Sources::default() })
    }

    /// A session for a caller as the API makes it: his token is checked, and used as it is.
    async fn caller(&self, persona: Persona, more: &str) -> (Session, String) {
        let config = self.config(more);
        let cloud = Arc::new(Cloud::from_config(&config, "keystone_authtoken", Limits::default()).unwrap());
        let service = Session::new(Arc::clone(&cloud), Credentials::from_config(&config, "keystone_authtoken").unwrap());
        let secret = self.populated.token(persona).await.unwrap();
        let token = Validator::new(service, Options::default()).validate(&secret, false).await.unwrap();
        (Session::of_caller(cloud, secret.clone().into(), token), secret)
    }
}

/// Makes something and answers the document.
async fn make(session: &Session, service: &'static magnum_cloud::Service, path: &[&str], body: Value) -> Value {
    session.call(&Call::post(service, path, body)).await.unwrap().body
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn what_a_request_names_is_looked_up_with_the_callers_token() {
    let mut world = world().await;
    // Keystone's first administrator has learnt the catalogue before there were services in it.
    let first = Credentials::password("admin", world.keystone.admin_password(), "admin", "Default");
    let admin = Session::new(Arc::clone(world.populated.cloud()), first);
    let (member, secret) = world.caller(Persona::Member, "").await;
    let (stranger, _) = world.caller(Persona::OtherProject, "").await;
    images(&admin, &member, &stranger).await;
    flavors_and_keypairs(&admin, &member, &stranger).await;
    networks(&admin, &member, &stranger).await;

    let (lost, _) = world.caller(Persona::Member, "[nova_client]\nregion_name = Elsewhere\n").await;
    let Lookup::Unavailable(why) = compute::find_flavor(&lost, "m1.small").await else { panic!("found in a region that is none") };
    assert_eq!(
        why,
        "the catalogue has no public endpoint of Nova (compute) in region Elsewhere; it has: public in RegionOne, internal in RegionOne, admin in RegionOne"
    );
    world.services.neutron.stop();
    let Lookup::Unavailable(why) = network::find_network(&member, "public", true).await else { panic!("Neutron is stopped") };
    assert!(why.starts_with(&format!("Neutron at {}/v2.0/networks is not available: ", world.services.neutron.url())), "{why}");
    identity::revoke(&admin, &SecretString::from(secret)).await.unwrap();
    assert_eq!(image::find(&member, "fedora").await.map(drop), Lookup::Unauthorised);
    assert_eq!(compute::find_keypair(&member, "lab").await, Lookup::Unauthorised);
}

async fn images(admin: &Session, member: &Session, stranger: &Session) {
    let new = async |name: &str, visibility: &str, owner: &Session, more: &[(&str, &str)]| {
        let mut body = json!({"name": name, "visibility": visibility, "disk_format": "qcow2", "container_format": "bare"});
        for (key, value) in more {
            body[key] = (*value).into();
        }
        text(&make(owner, &image::SERVICE, &["images"], body).await["id"]).to_owned()
    };
    let fedora = new("fedora", "public", admin, &[("os_distro", "fedora-coreos"), ("magnum_driver", "k8s_fedora_coreos_v1")]).await;
    let plain = new("plain, with a comma", "public", admin, &[]).await;
    let private = new("private", "private", stranger, &[]).await;
    for _ in 0..3 {
        new("twice", "public", admin, &[]).await;
    }
    let found = image::find(member, &fedora).await;
    let expected = image::Image {
        id: fedora.clone(),
        name: Some("fedora".into()),
        os_distro: Some("fedora-coreos".into()),
        magnum_driver: Some("k8s_fedora_coreos_v1".into()),
    };
    assert_eq!(found, Lookup::Found(expected.clone()));
    assert_eq!(image::find(member, "fedora").await, Lookup::Found(expected));
    for (session, ident, outcome) in [
        (member, "plain, with a comma", Lookup::Found((plain.clone(), None))),
        (member, &plain, Lookup::Found((plain.clone(), None))),
        (member, "twice", Lookup::Ambiguous),
        (member, "none", Lookup::Missing),
        (member, "in:fedora,private", Lookup::Missing),
        (member, "..", Lookup::Missing),
        (member, "8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b11", Lookup::Missing),
        (member, &private, Lookup::Missing),
        (member, "private", Lookup::Missing),
        (stranger, "private", Lookup::Found((private.clone(), None))),
    ] {
        assert_eq!(image::find(session, ident).await.map(|image| (image.id, image.os_distro)), outcome, "{ident}");
    }
}

async fn flavors_and_keypairs(admin: &Session, member: &Session, stranger: &Session) {
    for (id, name, public) in [("1", "m1.tiny", true), ("2", "m1.small", true), ("3", "a", true), ("4", "z", true), ("5", "hidden", false)]
    {
        let flavor = json!({"id": id, "name": name, "vcpus": 2, "ram": 2048, "disk": 20, "os-flavor-access:is_public": public});
        make(admin, &compute::SERVICE, &["flavors"], json!({ "flavor": flavor })).await;
    }
    let flavor = compute::Flavor { id: "4".into(), name: "z".into(), vcpus: 2, ram_mib: 2048, disk_gib: 20 };
    for (ident, outcome) in [
        ("z", Lookup::Found(flavor.clone())),
        ("4", Lookup::Found(flavor)),
        ("hidden", Lookup::Missing),
        ("none", Lookup::Missing),
        ("", Lookup::Missing),
    ] {
        assert_eq!(compute::find_flavor(member, ident).await, outcome, "{ident}");
    }
    for name in ["lab", "with a blank"] {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqVq5Gk0c4qk1p3d0mJcX7m5d2b0o0rKfQ7m1aVbqkz test";
        make(member, &compute::SERVICE, &["os-keypairs"], json!({"keypair": {"name": name, "public_key": key}})).await;
        assert_eq!(compute::find_keypair(member, name).await, Lookup::Found(()));
        assert_eq!(compute::find_keypair(stranger, name).await, Lookup::Missing, "another user's");
    }
    for name in ["none", "..", "a/b", "?x=y"] {
        assert_eq!(compute::find_keypair(member, name).await, Lookup::Missing, "{name}");
    }
}

async fn networks(admin: &Session, member: &Session, stranger: &Session) {
    let new = async |session: &Session, mut wanted: Value, external: bool| {
        if external {
            wanted["router:external"] = true.into();
        }
        let made = make(session, &network::SERVICE, &["networks"], json!({ "network": wanted })).await;
        text(&made["network"]["id"]).to_owned()
    };
    let public = new(admin, json!({"name": "public"}), true).await;
    let private = new(member, json!({"name": "private"}), false).await;
    let foreign = new(stranger, json!({"name": "foreign"}), false).await;
    for _ in 0..2 {
        new(member, json!({"name": "twice"}), false).await;
    }
    for (ident, external, outcome) in [
        ("public", true, Lookup::Found(&public)),
        (&*public, true, Lookup::Found(&public)),
        ("public", false, Lookup::Found(&public)),
        ("private", true, Lookup::Missing),
        (&private, true, Lookup::Missing),
        ("private", false, Lookup::Found(&private)),
        (&private, false, Lookup::Found(&private)),
        ("foreign", false, Lookup::Missing),
        (&foreign, false, Lookup::Missing),
        ("twice", false, Lookup::Ambiguous),
        ("none", false, Lookup::Missing),
        ("8d3f8f5e-6a3c-4c8a-9c2b-0f3c2f7f5b11", false, Lookup::Missing),
    ] {
        let found = network::find_network(member, ident, external).await;
        assert_eq!(found.map(|network| network.id), outcome.map(Clone::clone), "{ident} {external}");
    }
    let wanted = json!({"name": "small", "network_id": private, "ip_version": 4, "cidr": "10.0.0.0/28"});
    let made = make(member, &network::SERVICE, &["subnets"], json!({ "subnet": wanted })).await;
    let subnet = network::Subnet {
        id: text(&made["subnet"]["id"]).to_owned(),
        name: "small".into(),
        network_id: private.clone(),
        cidr: "10.0.0.0/28".into(),
    };
    for ident in ["small", &subnet.id] {
        assert_eq!(network::find_subnet(member, ident).await, Lookup::Found(subnet.clone()));
        assert_eq!(network::find_subnet(stranger, ident).await, Lookup::Missing);
    }
    let delete = Call::new(&network::SERVICE, Method::DELETE, &["networks", &private]);
    assert!(matches!(member.call(&delete).await.map(drop), Ok(())));
}

#[tokio::test]
async fn projects_and_the_users_that_stand_for_clusters_are_found_and_made() {
    let keystone = Keystone::start(&KeystoneOptions::default()).unwrap();
    let populated = Populated::fill(&keystone, "http://127.0.0.1:9511/v1").await.unwrap();
    let admin = populated.admin();
    assert_eq!(identity::project(admin, populated.demo()).await.map(|project| project.name), Lookup::Found("demo".to_owned()));
    assert_eq!(identity::project(admin, "none").await.map(drop), Lookup::Missing);
    assert_eq!(
        identity::find_project(admin, "demo", "default").await.map(|project| project.id),
        Lookup::Found(populated.demo().to_owned())
    );
    assert_eq!(identity::find_domain(admin, "magnum").await.map(|domain| domain.id), Lookup::Found(populated.magnum_domain().to_owned()));
    assert_eq!(identity::domain(admin, "default").await.map(|domain| domain.name), Lookup::Found("Default".to_owned()));
    assert_eq!(identity::find_role(admin, "nonsense").await, Lookup::Missing);
    // A member may not look at other projects.
    let member = populated.session(Persona::Member);
    assert_eq!(identity::project(&member, populated.other()).await.map(drop), Lookup::Forbidden);

    let domain = DomainRef::Id(populated.magnum_domain().to_owned());
    let user = UserRef::Name { name: "magnum_domain_admin".into(), domain: domain.clone() };
    let proof = Proof::Password { user, password: populated.password().into() };
    let credentials = Credentials { proof, scope: ScopeRef::Domain(domain), origin: "[trust]".into() };
    let domain_admin = Session::new(Arc::clone(populated.cloud()), credentials);
    let password = SecretString::from("a-password");
    let made = identity::create_user(&domain_admin, "cluster-1", &password, populated.magnum_domain()).await.unwrap();
    let again = identity::create_user(&domain_admin, "cluster-1", &password, populated.magnum_domain()).await;
    assert!(matches!(again, Err(magnum_cloud::Error::Conflict { .. })), "{again:?}");
    assert_eq!(identity::find_user(&domain_admin, "cluster-1", populated.magnum_domain()).await, Lookup::Found(made.clone()));
    for _ in 0..2 {
        identity::delete_user(&domain_admin, &made.id).await.unwrap();
    }
    assert_eq!(identity::user(&domain_admin, &made.id).await, Lookup::Missing);
}
