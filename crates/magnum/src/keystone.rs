// SPDX-License-Identifier: Apache-2.0
//! Keystone in front of the API: who a token speaks for, and what a cloud's other services know.

use magnum_api::catalogue::{Catalogue, Embedded, Flavor, Image, Lookup, NoDriver};
use magnum_api::{Authenticate, Identity, Presented, Refused};
use magnum_cli::HookError;
use magnum_cloud::{Cloud, Credentials, Scope, Session, compute, identity, image, network};
use magnum_conf::Config;
use magnum_engine::Boxed;
use magnum_keystone::{Options, Refusal, Request, Validator};
use magnum_types::{Coe, ProjectId, UserId};
use std::future::Future;
use std::sync::Arc;

/// What an installation with a Keystone shares.
pub struct Keystone {
    session: Session,
    validator: Arc<Validator>,
    /// What callers without a token are told.
    pub www_authenticate_uri: String,
}

impl Keystone {
    /// As `[keystone_authtoken]` says; None when it says nothing of where Keystone is. Nothing is asked yet.
    pub fn of(config: &Config) -> Result<Option<Self>, HookError> {
        let group = "keystone_authtoken";
        let wrong = |error: magnum_cloud::Error| HookError::new(error.to_string());
        let unreadable = |error: magnum_conf::Error| HookError::new(error.to_string());
        let section = config.text(group, "auth_section").map_err(unreadable)?;
        if section.is_none() && config.text(group, "auth_url").map_err(unreadable)?.is_none() {
            return Ok(None);
        }
        let options = Options::from_config(config).map_err(wrong)?;
        let cloud = Cloud::from_config(config, group, Options::limits(config).map_err(wrong)?).map_err(wrong)?;
        let www_authenticate_uri = options.www_authenticate_uri.clone().unwrap_or_else(|| cloud.auth_url().to_string());
        let session = Session::new(Arc::new(cloud), Credentials::from_config(config, group).map_err(wrong)?);
        let validator = Arc::new(Validator::new(session.clone(), options));
        Ok(Some(Self { session, validator, www_authenticate_uri }))
    }

    /// Whether Keystone answers and takes the service's credentials; the error says why not.
    pub async fn reach(&self) -> Result<(), String> {
        self.session.token().await.map(drop).map_err(|error| error.to_string())
    }

    /// Who lets callers in.
    pub fn authenticate(&self) -> Arc<dyn Authenticate> {
        Arc::new(Doorkeeper(Arc::clone(&self.validator)))
    }

    /// The local engine's images and flavors, with the projects of Keystone.
    pub fn local(&self) -> Arc<dyn Catalogue> {
        Arc::new(Local(self.session.clone()))
    }

    /// What Glance, Nova and Neutron know, asked in the caller's name.
    pub fn openstack(&self) -> Arc<dyn Catalogue> {
        Arc::new(OpenStack { session: self.session.clone(), validator: Arc::clone(&self.validator) })
    }
}

struct Doorkeeper(Arc<Validator>);

impl Authenticate for Doorkeeper {
    fn authenticate<'a>(&'a self, presented: Presented<'a>) -> Boxed<'a, Result<Identity, Refused>> {
        Box::pin(async move {
            let Presented { token, service_token, method, path } = presented;
            match self.0.authenticate(&Request { token: Some(token), service_token, method, path }).await {
                Ok(caller) => Ok(identity_of(&caller.token, token)),
                Err(Refusal::Invalid(fault)) => {
                    tracing::info!(%fault, "a caller was not let in");
                    Err(Refused::Unknown)
                }
                Err(Refusal::Unavailable(why)) => Err(Refused::Unavailable(why)),
            }
        })
    }
}

fn identity_of(token: &magnum_cloud::Token, secret: &str) -> Identity {
    let project = match &token.scope {
        Scope::Project(project) => project.id.clone(),
        Scope::Domain(_) | Scope::System | Scope::Unscoped => String::new(),
    };
    Identity {
        project: ProjectId(project),
        user: UserId(token.user.id.clone()),
        user_domain: Some(token.user.domain.id.clone()),
        system: token.scope == Scope::System,
        roles: token.role_names().map(str::to_owned).collect(),
        token: secret.into(),
    }
}

/// As the API has it.
fn answer<T>(found: magnum_cloud::Lookup<T>) -> Lookup<T> {
    use magnum_cloud::Lookup as L;
    match found {
        L::Found(found) => Lookup::Found(found),
        L::Missing => Lookup::Missing,
        L::Ambiguous => Lookup::Ambiguous,
        L::Forbidden => Lookup::Forbidden,
        L::Unauthorised => Lookup::Unauthorised,
        L::Unavailable(why) => Lookup::Unavailable(why),
    }
}

struct Local(Session);

impl Catalogue for Local {
    fn image<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Image>> {
        Embedded.image(caller, ident)
    }
    fn flavor<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Flavor>> {
        Embedded.flavor(caller, ident)
    }
    fn external_network<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        Embedded.external_network(caller, ident)
    }
    fn network<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        Embedded.network(caller, ident)
    }
    fn subnet<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        Embedded.subnet(caller, ident)
    }
    fn keypair<'a>(&'a self, caller: &'a Identity, name: &'a str) -> Boxed<'a, Lookup<()>> {
        Embedded.keypair(caller, name)
    }
    fn project<'a>(&'a self, _: &'a Identity, id: &'a str) -> Boxed<'a, Lookup<()>> {
        Box::pin(async { answer(identity::project(&self.0, id).await.map(drop)) })
    }
    fn driver(&self, server_type: &str, os_distro: &str, coe: Coe, name: Option<&str>) -> Result<String, NoDriver> {
        Embedded.driver(server_type, os_distro, coe, name)
    }
}

struct OpenStack {
    session: Session,
    validator: Arc<Validator>,
}

impl OpenStack {
    /// The token with its catalogue, which says where services are: with `include_service_catalog = false` it was not asked for.
    async fn with_catalogue(&self, caller: &Identity, token: Arc<magnum_cloud::Token>) -> Result<Arc<magnum_cloud::Token>, String> {
        if self.validator.options().include_service_catalogue {
            return Ok(token);
        }
        identity::validate(&self.session, &caller.token, true, true).await.map(Arc::new).map_err(|error| error.to_string())
    }

    /// Asks in the caller's name, with the token they came with.
    fn ask<'a, T: Send + 'a, F>(&'a self, caller: &'a Identity, ask: impl FnOnce(Session) -> F + Send + 'a) -> Boxed<'a, Lookup<T>>
    where
        F: Future<Output = magnum_cloud::Lookup<T>> + Send + 'a,
    {
        use secrecy::ExposeSecret;
        Box::pin(async move {
            match self.validator.validate(caller.token.expose_secret(), true).await {
                Ok(token) => {
                    let token = match self.with_catalogue(caller, token).await {
                        Ok(token) => token,
                        Err(why) => return Lookup::Unavailable(why),
                    };
                    let found = ask(Session::of_caller(Arc::clone(self.session.cloud()), caller.token.clone(), token)).await;
                    if matches!(found, magnum_cloud::Lookup::Unauthorised) {
                        // Keystone is asked about it the next time.
                        self.validator.forget(caller.token.expose_secret());
                    }
                    answer(found)
                }
                Err(refusal) => Lookup::Unavailable(refusal.to_string()),
            }
        })
    }
}

impl Catalogue for OpenStack {
    fn image<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Image>> {
        self.ask(caller, async move |session: Session| {
            let found = image::find(&session, ident).await;
            found.map(|image| Image { os_distro: image.os_distro, magnum_driver: image.magnum_driver })
        })
    }
    fn flavor<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<Flavor>> {
        self.ask(caller, async move |session: Session| {
            let found = compute::find_flavor(&session, ident).await;
            found.map(|f| Flavor { name: f.name, vcpus: f.vcpus, ram_mib: f.ram_mib, disk_gib: f.disk_gib })
        })
    }
    fn external_network<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        self.ask(caller, async move |session: Session| network::find_network(&session, ident, true).await.map(drop))
    }
    fn network<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        self.ask(caller, async move |session: Session| network::find_network(&session, ident, false).await.map(drop))
    }
    fn subnet<'a>(&'a self, caller: &'a Identity, ident: &'a str) -> Boxed<'a, Lookup<()>> {
        self.ask(caller, async move |session: Session| network::find_subnet(&session, ident).await.map(drop))
    }
    fn keypair<'a>(&'a self, caller: &'a Identity, name: &'a str) -> Boxed<'a, Lookup<()>> {
        self.ask(caller, async move |session: Session| compute::find_keypair(&session, name).await)
    }
    fn project<'a>(&'a self, _: &'a Identity, id: &'a str) -> Boxed<'a, Lookup<()>> {
        Box::pin(async { answer(identity::project(&self.session, id).await.map(drop)) })
    }
    fn driver(&self, server_type: &str, os_distro: &str, coe: Coe, name: Option<&str>) -> Result<String, NoDriver> {
        Embedded.driver(server_type, os_distro, coe, name)
    }
}
