// SPDX-License-Identifier: Apache-2.0
//! A `magnum serve` behind a real Keystone, with everybody who may call, and a real Glance, Nova and Neutron where wanted.

use crate::{Keystone, KeystoneOptions, Persona, Populated, Server, Services, dist_dir, http_agent, venv_dir};
use anyhow::{Context, Result, ensure};
use magnum_cloud::{Call, Credentials, Service, Session, compute, image, network};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// All of it. Dropping it deletes the clusters and ends everything.
pub struct Installation {
    // The server goes before the Keystone that its clusters' deletion asks, the services before the Keystone in whose
    // directory they are.
    pub server: Server,
    pub services: Option<Services>,
    pub populated: Populated,
    pub keystone: Keystone,
    runtime: tokio::runtime::Runtime,
}

impl Installation {
    /// With the local engine's images and flavors; `more` is added to `magnum.conf`.
    pub fn new(more: &str) -> Result<Self> {
        Self::start(more, None)
    }

    /// With a real Glance, Nova and Neutron, which know the image `debian-12`, the flavor `m1.small` and the network `public`, and
    /// where requests are looked up; `more` is added to `magnum.conf`.
    pub fn with_services(more: &str) -> Result<Self> {
        Self::start(more, Some("openstack"))
    }

    /// With the local engine's images and flavors, `more` added to `magnum.conf`, and the services beside it for others to ask.
    pub fn beside_services(more: &str) -> Result<Self> {
        Self::start(more, Some("local"))
    }

    /// Puts one more image into Glance.
    pub fn add_image(&self, name: &str, os_distro: &str) -> Result<()> {
        let image =
            json!({"name": name, "visibility": "public", "disk_format": "qcow2", "container_format": "bare", "os_distro": os_distro});
        let credentials = Credentials::password("admin", self.keystone.admin_password(), "admin", "Default");
        let admin = Session::new(Arc::clone(self.populated.cloud()), credentials);
        let call = Call::post(&image::SERVICE, &["images"], image);
        self.runtime.block_on(admin.call(&call)).with_context(|| format!("making the image {name}")).map(drop)
    }

    /// Id of somebody's user.
    pub fn user_id(&self, persona: Persona) -> Result<String> {
        self.runtime.block_on(self.populated.user_id(persona))
    }

    fn start(more: &str, catalogue: Option<&str>) -> Result<Self> {
        let runtime = tokio::runtime::Runtime::new().context("starting tokio")?;
        let keystone = Keystone::start(&KeystoneOptions::default())?;
        let mut server = Server::new(&dist_dir()?)?;
        let populated = runtime.block_on(Populated::fill(&keystone, &format!("{}/v1", server.url())))?;
        let services = if catalogue.is_some() { Some(runtime.block_on(furnished(&keystone, &populated))?) } else { None };
        let args: Vec<&str> = catalogue.iter().flat_map(|catalogue| ["--catalogue", catalogue]).collect();
        server.up_with(&format!("{}{more}", populated.magnum_conf(&keystone.url())), &args)?;
        let mut all = Self { server, services, populated, keystone, runtime };
        let token = all.token(Persona::Admin)?;
        all.server.speak_with(token);
        Ok(all)
    }

    /// A fresh token of somebody.
    pub fn token(&self, persona: Persona) -> Result<String> {
        self.runtime.block_on(self.populated.token(persona))
    }

    /// Status and body of a request with this token.
    pub fn ask(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let agent = http_agent(Duration::from_secs(60));
        let url = format!("{}{path}", self.server.url());
        let request = ureq::http::Request::builder().method(method).uri(url).header("X-Auth-Token", token);
        let request = request.header("Accept", "application/json").header("OpenStack-API-Version", "container-infra latest");
        let body = body.map_or_else(String::new, |body| body.to_string());
        let mut answer = agent.run(request.header("Content-Type", "application/json").body(body)?).context("asking the API")?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().context("reading the answer")?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// The answer to somebody, which must have this status.
    pub fn expect(&self, persona: Persona, method: &str, path: &str, body: Option<Value>, status: u16) -> Result<Value> {
        let (given, answer) = self.ask(&self.token(persona)?, method, path, body)?;
        ensure!(given == status, "{persona:?} {method} {path}: {given} instead of {status}: {answer}");
        Ok(answer)
    }

    /// The `openstack` command as somebody who logs in with a password.
    pub fn openstack(&self, persona: Persona, args: &[&str]) -> Result<std::process::Output> {
        let mut command = Command::new(venv_dir()?.join("bin/openstack"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.server.state()).current_dir(self.server.state());
        for (name, value) in [
            ("OS_AUTH_URL", self.keystone.url().as_str()),
            ("OS_USERNAME", persona.user()),
            ("OS_PASSWORD", self.populated.password()),
            ("OS_PROJECT_NAME", "demo"),
            ("OS_USER_DOMAIN_NAME", "Default"),
            ("OS_PROJECT_DOMAIN_NAME", "Default"),
            ("OS_IDENTITY_API_VERSION", "3"),
        ] {
            command.env(name, value);
        }
        command.args(args).output().context("running openstack")
    }
}

async fn furnished(keystone: &Keystone, populated: &Populated) -> Result<Services> {
    let services = Services::start(keystone, populated).await?;
    // A new session: the one of before has a catalogue without them.
    let credentials = Credentials::password("admin", keystone.admin_password(), "admin", "Default");
    let admin = Session::new(Arc::clone(populated.cloud()), credentials);
    let make = async |service: &'static Service, path: &[&str], body: Value| -> Result<()> {
        admin.call(&Call::post(service, path, body)).await.with_context(|| format!("making one of {path:?}")).map(drop)
    };
    let image =
        json!({"name": "debian-12", "visibility": "public", "disk_format": "qcow2", "container_format": "bare", "os_distro": "debian"});
    make(&image::SERVICE, &["images"], image).await?;
    let flavor = json!({"flavor": {"id": "1", "name": "m1.small", "vcpus": 1, "ram": 2048, "disk": 20}});
    make(&compute::SERVICE, &["flavors"], flavor).await?;
    make(&network::SERVICE, &["networks"], json!({"network": {"name": "public", "router:external": true}})).await?;
    Ok(services)
}
