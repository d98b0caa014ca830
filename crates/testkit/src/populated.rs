// SPDX-License-Identifier: Apache-2.0
//! What a Keystone must hold for Magnum and for tests of who may do what, made through Keystone's API by our own client.

use crate::keystone::{Keystone, REGION, random_text};
use anyhow::{Context, Result};
use jiff::Timestamp;
use magnum_cloud::{
    Call, Cloud, Credentials, DomainRef, Interface, Limits, Lookup, ProjectRef, Proof, Reach, ScopeRef, Session, Tls, Transport, UserRef,
    identity,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// Somebody who calls, by what he may do and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Persona {
    /// Role reader in project `demo`.
    Reader,
    /// Role member in project `demo`.
    Member,
    /// Another with role member in project `demo`.
    OtherMember,
    /// Role admin in project `demo`.
    Admin,
    /// Role member in project `other`.
    OtherProject,
    /// Role reader on the system.
    SystemReader,
    /// Role admin on the system.
    SystemAdmin,
    /// Role reader on domain `Default`.
    DomainReader,
    /// A user without any role.
    Nobody,
}

impl Persona {
    pub const ALL: [Self; 9] = [
        Self::Reader,
        Self::Member,
        Self::OtherMember,
        Self::Admin,
        Self::OtherProject,
        Self::SystemReader,
        Self::SystemAdmin,
        Self::DomainReader,
        Self::Nobody,
    ];

    /// Name of his user.
    pub fn user(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Member => "member",
            Self::OtherMember => "other-member",
            Self::Admin => "project-admin",
            Self::OtherProject => "stranger",
            Self::SystemReader => "system-reader",
            Self::SystemAdmin => "system-admin",
            Self::DomainReader => "domain-reader",
            Self::Nobody => "nobody",
        }
    }

    fn role(self) -> Option<&'static str> {
        match self {
            Self::Reader | Self::SystemReader | Self::DomainReader => Some("reader"),
            Self::Member | Self::OtherMember | Self::OtherProject => Some("member"),
            Self::Admin | Self::SystemAdmin => Some("admin"),
            Self::Nobody => None,
        }
    }

    /// What his tokens are for.
    pub fn scope(self) -> ScopeRef {
        let project = |name: &str| ScopeRef::Project(ProjectRef::Name { name: name.to_owned(), domain: default_domain() });
        match self {
            Self::Reader | Self::Member | Self::OtherMember | Self::Admin => project("demo"),
            Self::OtherProject => project("other"),
            Self::SystemReader | Self::SystemAdmin => ScopeRef::System,
            Self::DomainReader => ScopeRef::Domain(default_domain()),
            Self::Nobody => ScopeRef::Unscoped,
        }
    }
}

/// A Keystone with the service `container-infra`, the service user `magnum`, the domain `magnum` with its administrator, the
/// role `service`, the projects `service`, `demo` and `other`, and everybody of [`Persona::ALL`].
pub struct Populated {
    cloud: Arc<Cloud>,
    admin: Session,
    /// Of all users, but for Keystone's first.
    password: SecretString,
    demo: String,
    other: String,
    magnum_domain: String,
}

impl Populated {
    /// Makes all of it. `magnum` is the address of Magnum for the catalogue, such as `http://127.0.0.1:9511/v1`.
    pub async fn fill(keystone: &Keystone, magnum: &str) -> Result<Self> {
        let transport = Transport::new(&Tls::default(), Limits::default())?;
        let usual = Reach { interface: Interface::Internal, region: Some(REGION.to_owned()), url: None, transport: transport.clone() };
        let cloud = Arc::new(Cloud::new(&keystone.url(), transport, usual)?);
        let first = Credentials::password("admin", keystone.admin_password(), "admin", "Default");
        let admin = Session::new(Arc::clone(&cloud), first);
        let make = Maker { session: &admin };
        let password = SecretString::from(random_text(12)?);
        make.one("roles", "role", json!({"name": "service"})).await?;
        let service = make.one("projects", "project", json!({"name": "service", "domain_id": "default"})).await?;
        let demo = make.one("projects", "project", json!({"name": "demo", "domain_id": "default"})).await?;
        let other = make.one("projects", "project", json!({"name": "other", "domain_id": "default"})).await?;
        let magnum_domain = make.one("domains", "domain", json!({"name": "magnum"})).await?;
        for (name, domain, target, roles) in [
            ("magnum", "default", format!("projects/{service}"), &["admin", "service"][..]),
            ("magnum_domain_admin", &magnum_domain, format!("domains/{magnum_domain}"), &["admin"]),
        ] {
            let user = identity::create_user(&admin, name, &password, domain).await?;
            for role in roles {
                make.grant(&target, &user.id, role).await?;
            }
        }
        for persona in Persona::ALL {
            let user = identity::create_user(&admin, persona.user(), &password, "default").await?;
            let target = match persona.scope() {
                ScopeRef::System => "system".to_owned(),
                ScopeRef::Domain(_) => "domains/default".to_owned(),
                _ if persona == Persona::OtherProject => format!("projects/{other}"),
                _ => format!("projects/{demo}"),
            };
            if let Some(role) = persona.role() {
                make.grant(&target, &user.id, role).await?;
            }
        }
        let populated = Self { cloud, admin, password, demo, other, magnum_domain };
        populated.list("container-infra", "magnum", magnum).await?;
        Ok(populated)
    }

    /// Puts a service into the catalogue.
    pub async fn list(&self, service_type: &str, name: &str, url: &str) -> Result<()> {
        let make = Maker { session: &self.admin };
        let service = make.one("services", "service", json!({"type": service_type, "name": name})).await?;
        for interface in ["public", "internal", "admin"] {
            let endpoint = json!({"service_id": service, "interface": interface, "url": url, "region_id": REGION});
            make.one("endpoints", "endpoint", endpoint).await?;
        }
        Ok(())
    }

    /// What all sessions share.
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// Keystone's first administrator, in project `admin`.
    pub fn admin(&self) -> &Session {
        &self.admin
    }

    /// Password of all users that were made.
    pub fn password(&self) -> &str {
        self.password.expose_secret()
    }

    /// Id of project `demo`.
    pub fn demo(&self) -> &str {
        &self.demo
    }

    /// Id of project `other`.
    pub fn other(&self) -> &str {
        &self.other
    }

    /// Id of the domain `magnum`.
    pub fn magnum_domain(&self) -> &str {
        &self.magnum_domain
    }

    /// How somebody gets his tokens.
    pub fn credentials(&self, persona: Persona) -> Credentials {
        let user = UserRef::Name { name: persona.user().to_owned(), domain: default_domain() };
        Credentials {
            proof: Proof::Password { user, password: self.password.clone() },
            scope: persona.scope(),
            origin: format!("user {}", persona.user()),
        }
    }

    /// Somebody who makes calls.
    pub fn session(&self, persona: Persona) -> Session {
        Session::new(Arc::clone(&self.cloud), self.credentials(persona))
    }

    /// A fresh token of somebody.
    pub async fn token(&self, persona: Persona) -> Result<String> {
        Ok(self.session(persona).token().await?.secret.expose_secret().to_owned())
    }

    /// A token of somebody with a project that lives no longer than this, to the second: got with an application credential that
    /// ends then.
    pub async fn short_lived_token(&self, persona: Persona, life: Duration) -> Result<String> {
        let (session, user) = (self.session(persona), self.user_id(persona).await?);
        let end = Timestamp::now().checked_add(life).context("a life without end")?;
        let name = random_text(8)?;
        let new = identity::NewApplicationCredential { name: &name, expires_at: Some(end), ..Default::default() };
        let made = identity::create_application_credential(&session, &user, &new).await?;
        let proof = Proof::ApplicationCredential { id: made.id, secret: made.secret };
        let short = Session::new(Arc::clone(&self.cloud), Credentials { proof, scope: ScopeRef::Default, origin: name });
        Ok(short.token().await?.secret.expose_secret().to_owned())
    }

    /// Id of somebody's user.
    pub async fn user_id(&self, persona: Persona) -> Result<String> {
        match identity::find_user(&self.admin, persona.user(), "default").await {
            Lookup::Found(user) => Ok(user.id),
            other => anyhow::bail!("no user {}: {other:?}", persona.user()),
        }
    }

    /// `[keystone_authtoken]`, `[keystone_auth]` and `[trust]` of a `magnum.conf` for this Keystone, at `auth_url`.
    pub fn magnum_conf(&self, auth_url: &str) -> String {
        let mut text = String::new();
        let password = self.password();
        for group in ["keystone_authtoken", "keystone_auth"] {
            let _ = write!(
                text,
                "[{group}]\nauth_type = password\nauth_url = {auth_url}\nusername = magnum\npassword = {password}\nproject_name = service\n\
                 user_domain_name = Default\nproject_domain_name = Default\nregion_name = {REGION}\n"
            );
            if group == "keystone_authtoken" {
                let _ = writeln!(text, "www_authenticate_uri = {auth_url}");
            }
        }
        let _ = write!(
            text,
            "[trust]\ntrustee_domain_name = magnum\ntrustee_domain_admin_name = magnum_domain_admin\n\
             trustee_domain_admin_domain_name = magnum\ntrustee_domain_admin_password = {password}\n"
        );
        text
    }
}

struct Maker<'a> {
    session: &'a Session,
}

impl Maker<'_> {
    /// Makes one thing and answers its id.
    async fn one(&self, list: &str, key: &str, wanted: Value) -> Result<String> {
        let name = wanted["name"].as_str().unwrap_or_default().to_owned();
        let call = Call::post(&identity::SERVICE, &[list], json!({ key: wanted }));
        let made = self.session.call(&call).await.with_context(|| format!("making {key} {name}"))?.body;
        Ok(made[key]["id"].as_str().with_context(|| format!("{key} {name} has no id"))?.to_owned())
    }

    /// `target` is `projects/ID`, `domains/ID` or `system`.
    async fn grant(&self, target: &str, user: &str, role: &str) -> Result<()> {
        let Lookup::Found(role) = identity::find_role(self.session, role).await else { anyhow::bail!("no role {role}") };
        let mut path: Vec<&str> = target.split('/').collect();
        path.extend(["users", user, "roles", &role.id]);
        self.session.call(&Call::put(&identity::SERVICE, &path)).await.with_context(|| format!("granting {} on {target}", role.name))?;
        Ok(())
    }
}

fn default_domain() -> DomainRef {
    DomainRef::Name("Default".to_owned())
}
