// SPDX-License-Identifier: Apache-2.0
//! The `magnum` command logs in to a real Keystone as people do, finds the server in its catalogue, says what is wrong when it
//! cannot, and prints what the real `openstack coe` prints.
#![allow(clippy::print_stdout, reason = "tests")]

use anyhow::{Context, Result, ensure};
use magnum_cloud::identity;
use magnum_testkit::{Installation, Keystone, KeystoneOptions, Persona, Populated, REGION, Server, dist_dir};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

/// A person at a machine of his own: a home, no server, and what he sets.
struct Person<'a> {
    home: &'a Path,
    environment: Vec<(&'static str, String)>,
}

impl<'a> Person<'a> {
    fn new(home: &'a Path) -> Self {
        Self { home, environment: Vec::new() }
    }

    fn sets(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// The variables of an openrc file; for a project in the domain `Default`.
    fn rc(home: &'a Path, keystone: &Keystone, user: &str, password: &str) -> Self {
        let names = [("OS_USER_DOMAIN_NAME", "Default"), ("OS_PROJECT_DOMAIN_NAME", "Default"), ("OS_IDENTITY_API_VERSION", "3")];
        let person = Self::new(home).sets("OS_AUTH_URL", keystone.url()).sets("OS_USERNAME", user).sets("OS_PASSWORD", password);
        names.iter().fold(person.sets("OS_PROJECT_NAME", "demo"), |person, (name, value)| person.sets(name, *value))
    }

    fn magnum(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(dist_dir()?.join("magnum"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.home).env("MAGNUM_STATE_DIR", self.home.join("none"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).current_dir(self.home);
        command.stdin(std::process::Stdio::null()).args(args).output().context("running magnum")
    }

    fn json(&self, args: &[&str]) -> Result<Value> {
        let all: Vec<&str> = args.iter().copied().chain(["-f", "json"]).collect();
        serde_json::from_str(&good(&all, self.magnum(&all)?)?).with_context(|| format!("{args:?} printed no JSON"))
    }

    /// A command that must fail so.
    fn fails(&self, args: &[&str], code: i32, words: &[&str]) -> Result<()> {
        let output = self.magnum(args)?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(code) && output.stdout.is_empty(), "{args:?}: {} {text}", output.status);
        for word in words {
            ensure!(text.contains(word), "{args:?} does not say {word:?}: {text}");
        }
        println!("{}", text.trim_end());
        Ok(())
    }
}

fn good(args: &[&str], output: Output) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{args:?}: {}\n{text}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

/// clouds.yaml and secure.yaml where people have them.
fn clouds(home: &Path, world: &Installation, credential: &identity::MadeApplicationCredential) -> Result<()> {
    let dir = home.join(".config/openstack");
    std::fs::create_dir_all(&dir).context("making the folder of clouds.yaml")?;
    let (url, id) = (world.keystone.url(), &credential.id);
    let unversioned = url.trim_end_matches("/v3");
    let yaml = format!(
        "clouds:\n  lab:\n    auth: {{auth_url: '{unversioned}', username: member, project_name: demo, user_domain_name: Default, \
         project_domain_name: Default}}\n    region_name: {REGION}\n  robot:\n    auth_type: v3applicationcredential\n    auth: {{auth_url: \
         '{url}', application_credential_id: {id}}}\n  named:\n    auth_type: v3applicationcredential\n    auth: {{auth_url: '{url}', \
         username: member, user_domain_id: default, application_credential_name: deploy}}\n"
    );
    let (password, secret) = (world.populated.password(), credential.secret.expose_secret());
    let secure = format!(
        "clouds:\n  lab: {{auth: {{password: '{password}'}}}}\n  robot: {{auth: {{application_credential_secret: '{secret}'}}}}\n  named: \
         {{auth: {{application_credential_secret: '{secret}'}}}}\n"
    );
    std::fs::write(dir.join("clouds.yaml"), yaml).context("writing clouds.yaml")?;
    std::fs::write(dir.join("secure.yaml"), secure).context("writing secure.yaml")
}

fn credential(world: &Installation) -> Result<identity::MadeApplicationCredential> {
    let runtime = tokio::runtime::Runtime::new().context("starting tokio")?;
    runtime.block_on(async {
        let user = world.populated.user_id(Persona::Member).await?;
        let new = identity::NewApplicationCredential { name: "deploy", ..Default::default() };
        Ok(identity::create_application_credential(&world.populated.session(Persona::Member), &user, &new).await?)
    })
}

#[test]
fn people_log_in_as_they_do_with_openstack() -> Result<()> {
    let world = Installation::new("")?;
    let home = world.server.state().join("home");
    let credential = credential(&world)?;
    clouds(&home, &world, &credential)?;
    let template = json!({"name": "t1", "coe": "swarm", "image_id": "debian-12", "flavor_id": "m1.small"});
    world.expect(Persona::Member, "POST", "/v1/clustertemplates", Some(template), 201)?;
    let (url, password) = (world.keystone.url(), world.populated.password());
    let list = &["coe", "cluster", "template", "list"][..];
    let sees = |person: &Person<'_>, args: &[&str]| -> Result<()> {
        let found = person.json(&[args, list].concat())?;
        ensure!(found[0]["name"] == "t1", "{args:?}: {found}");
        Ok(())
    };

    let nobody = || Person::new(&home);
    for cloud in ["lab", "robot", "named"] {
        sees(&nobody(), &["--os-cloud", cloud])?;
        sees(&nobody().sets("OS_CLOUD", cloud).sets("OS_USERNAME", "left over"), &[])?;
    }
    let member = || Person::rc(&home, &world.keystone, "member", password);
    sees(&member(), &[])?;
    sees(&member().sets("OS_PROJECT_ID", world.populated.demo()).sets("OS_INTERFACE", "internal").sets("OS_REGION_NAME", REGION), &[])?;
    let by_credential = nobody()
        .sets("OS_AUTH_URL", &*url)
        .sets("OS_AUTH_TYPE", "v3applicationcredential")
        .sets("OS_APPLICATION_CREDENTIAL_ID", &*credential.id)
        .sets("OS_APPLICATION_CREDENTIAL_SECRET", credential.secret.expose_secret());
    sees(&by_credential, &[])?;
    let token = world.token(Persona::Member)?;
    let by_token = || nobody().sets("OS_AUTH_URL", &*url).sets("OS_TOKEN", &*token).sets("OS_AUTH_TYPE", "token");
    sees(&by_token().sets("OS_PROJECT_ID", world.populated.demo()), &[])?;
    // No Keystone is asked for these two.
    sees(&nobody(), &["--os-auth-type", "admin_token", "--os-endpoint", &world.server.url(), "--os-token", &token])?;
    sees(&nobody().sets("MAGNUM_URL", world.server.url()).sets("MAGNUM_TOKEN", &*token), &[])?;
    // The command line goes before the cloud: another user, another scope.
    let system = ["--os-cloud", "lab", "--os-username", "system-admin", "--os-password", password, "--os-system-scope", "all"];
    let services = nobody().json(&[&system[..], &["coe", "service", "list"]].concat())?;
    ensure!(services[0]["state"] == "up", "{services}");
    let (other, what) = (["--os-username", "stranger", "--os-project-name", "other"], ["cluster-template", "show", "t1"]);
    member().fails(&[&other[..], &what].concat(), 1, &["ClusterTemplate t1 could not be found", "there is no cluster template at all"])?;

    fails(&world, &home, &member)?;
    by_token().fails(list, 64, &["for no project", "OS_PROJECT_NAME"])?;
    identity_is_gone(&world, &home, credential)
}

fn fails<'a>(world: &Installation, home: &'a Path, member: &dyn Fn() -> Person<'a>) -> Result<()> {
    let list = &["cluster", "list"][..];
    let url = world.keystone.url();
    Person::rc(home, &world.keystone, "member", "wrong").fails(
        list,
        1,
        &[
            &format!("Keystone at {url} refuses user member of domain Default for project demo"),
            "is the password right? It is said by OS_PASSWORD",
        ],
    )?;
    let nobody = Person::new(home);
    nobody.fails(&[&["--os-cloud", "lob"], list].concat(), 64, &["there is no cloud \"lob\"", "did you mean lab?"])?;
    member().fails(
        &[&["--os-region-name", "RegionTwo"], list].concat(),
        1,
        &["no public endpoint of Magnum in region RegionTwo", &format!("public in {REGION}, internal in {REGION}")],
    )?;
    member().fails(&[&["--service-type", "container"], list].concat(), 1, &["has no Magnum (container)", "container-infra", "identity"])?;
    member().fails(&[&["--os-auth-url", "http://127.0.0.1:1"], list].concat(), 69, &["no Keystone answers at http://127.0.0.1:1/v3"])?;
    nobody.sets("OS_AUTH_URL", url).fails(list, 64, &["names no user", "OS_USERNAME"])
}

/// A credential that is deleted lets nobody in any more.
fn identity_is_gone(world: &Installation, home: &Path, credential: identity::MadeApplicationCredential) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("starting tokio")?;
    runtime.block_on(async {
        let user = world.populated.user_id(Persona::Member).await?;
        identity::delete_application_credential(&world.populated.session(Persona::Member), &user, &credential.id).await?;
        anyhow::Ok(())
    })?;
    let words = ["refuses application credential", "it may have been deleted"];
    Person::new(home).fails(&["--os-cloud", "robot", "cluster", "list"], 1, &words)
}

#[test]
fn this_machines_own_server_needs_no_login_beside_a_clouds_yaml() -> Result<()> {
    let server = Server::start(&dist_dir()?)?;
    std::fs::write(server.state().join("clouds.yaml"), "clouds: {lab: {auth: {auth_url: 'http://127.0.0.1:1'}}}")?;
    let output = Command::new(dist_dir()?.join("magnum"))
        .env_clear()
        .env("HOME", server.state())
        .env("MAGNUM_STATE_DIR", server.state())
        .current_dir(server.state())
        .args(["cluster", "list", "-o", "json"])
        .output()?;
    ensure!(good(&["cluster", "list"], output)?.trim() == "[]");
    Ok(())
}

#[test]
fn a_keystone_behind_tls_is_trusted_by_its_authority_only() -> Result<()> {
    let keystone = Keystone::start(&KeystoneOptions { tls: true, ..KeystoneOptions::default() })?;
    let runtime = tokio::runtime::Runtime::new().context("starting tokio")?;
    // Nobody answers there, which is reached only with a token.
    let populated = runtime.block_on(Populated::fill(&keystone, "http://127.0.0.1:1/v1"))?;
    let secure = keystone.secure().context("the Keystone has TLS")?;
    let home = keystone.dir().join("home");
    std::fs::create_dir_all(&home)?;
    let member = || Person::rc(&home, &keystone, "member", populated.password()).sets("OS_AUTH_URL", &*secure.url);
    let list = &["cluster", "list"][..];
    member().fails(list, 69, &[&format!("no Keystone answers at {}", secure.url), "certificate"])?;
    let magnum = "no Magnum server answers at http://127.0.0.1:1/v1";
    member().sets("OS_CACERT", secure.authority.file("ca.pem")).fails(list, 69, &[magnum])?;
    member().fails(&[&["--insecure"], list].concat(), 69, &[magnum])
}

#[test]
fn what_is_printed_is_what_openstack_prints() -> Result<()> {
    let world = Installation::new("")?;
    let person = Person::rc(world.server.state(), &world.keystone, Persona::Admin.user(), world.populated.password());
    let magnum = |args: &[&str]| good(args, person.magnum(args)?);
    let openstack = |args: &[&str]| good(args, world.openstack(Persona::Admin, args)?);
    magnum(&["coe", "cluster", "template", "create", "t1", "--coe", "swarm", "--labels", "a=1,b=two words", "--tags", "x"])?;
    magnum(&["cluster", "create", "c1", "--cluster-template", "t1", "--watch"])?;
    magnum(&["coe", "quotas", "create", "--project-id", world.populated.demo(), "--resource", "Cluster", "--hard-limit", "7"])?;
    let mut compared = 0;
    for (command, formats) in [
        (&["coe", "cluster", "list"][..], &["json", "value", "csv", "table"][..]),
        (&["coe", "cluster", "show", "c1"], &["json", "value", "shell", "table"]),
        (&["coe", "cluster", "template", "list", "--fields", "coe,image_id"], &["json", "value", "csv", "table"]),
        (&["coe", "cluster", "template", "show", "t1"], &["json", "value", "shell", "table"]),
        (&["coe", "nodegroup", "list", "c1"], &["json", "value", "csv", "table"]),
        (&["coe", "nodegroup", "show", "c1", "default-worker"], &["json", "value", "shell", "table"]),
        (
            &["coe", "service", "list", "-c", "host", "-c", "id", "-c", "binary", "-c", "state", "-c", "disabled"],
            &["json", "value", "csv", "table"],
        ),
    ] {
        for format in formats {
            let args: Vec<&str> = command.iter().copied().chain(["-f", format]).collect();
            same(&args, &magnum, &openstack)?;
            compared += 1;
        }
    }
    // These the openstack command prints in one way only.
    for args in [
        &["coe", "quotas", "list"][..],
        &["coe", "quotas", "show", "--project-id", world.populated.demo(), "--resource", "Cluster"],
        &["coe", "stats", "list", world.populated.demo()],
        &["coe", "ca", "show", "c1"],
    ] {
        same(args, &magnum, &openstack)?;
        compared += 1;
    }
    println!("{compared} answers were compared");
    Ok(())
}

type Run<'a> = &'a dyn Fn(&[&str]) -> Result<String>;

/// What the server says may change meanwhile: theirs is ours of before or of after.
fn same(args: &[&str], magnum: Run<'_>, openstack: Run<'_>) -> Result<()> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::from(text.trim_end()));
    let (before, theirs, after) = (read(&magnum(args)?), read(&openstack(args)?), read(&magnum(args)?));
    ensure!(theirs == before || theirs == after, "{args:?}\nopenstack: {theirs:#}\nmagnum: {after:#}");
    Ok(())
}
