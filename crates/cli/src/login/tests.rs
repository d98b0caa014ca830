// SPDX-License-Identifier: Apache-2.0
//! Who one is and where one goes, by what the command line, clouds.yaml and the environment say.

use super::*;
use magnum_cloud::Catalogue;
use secrecy::ExposeSecret;
use serde_json::json;
use std::path::Path;

const CLOUDS: &str = r#"
clouds:
  lab:
    auth: {auth_url: "http://k:5000", username: ada, project-name: demo, user_domain_name: Default, project_domain_name: Default}
    region_name: One
    interface: [internal, public]
  robot:
    auth_type: v3applicationcredential
    auth: {auth_url: "http://k:5000/v3", application_credential_id: 0a1b, application_credential_secret: hush}
  named:
    auth: {auth_url: "http://k:5000", username: ada, application_credential_name: deploy, application_credential_secret: hush}
  plain:
    auth: {auth_url: "http://k:5000", user_id: 7, password: 12345, tenant_id: 8, domain_name: ignored}
  regions:
    profile: provider
    auth: {username: ada, password: pw-of-regions, project_name: demo}
    regions: [{name: North, values: {interface: admin}}, South]
    verify: false
  whole: {auth: {auth_url: "http://k:5000", username: root, password: pw, system_scope: all}}
  two: {auth: {auth_url: "http://k:5000", username: root, password: pw, project_name: a, trust_id: b}}
  open: {auth_type: none, auth: {endpoint: "http://m:9511"}}
  fixed: {auth_type: admin_token, auth: {token: fixed, endpoint: "http://m:9511"}}
"#;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("clouds.yaml"), CLOUDS).unwrap();
        std::fs::write(dir.path().join("secure.yaml"), "clouds: {lab: {auth: {password: from-secure}}}").unwrap();
        std::fs::write(
            dir.path().join("clouds-public.yaml"),
            "public-clouds: {provider: {auth: {auth_url: 'http://{region_name}.p:5000'}}}",
        )
        .unwrap();
        Self { dir }
    }

    fn around(&self, environment: &[(&str, &str)]) -> Surroundings {
        around(self.dir.path(), environment)
    }
}

fn around(dir: &Path, environment: &[(&str, &str)]) -> Surroundings {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Surroundings { environment, directory: dir.to_owned() }
}

fn options(given: &[(&'static str, &str)]) -> OpenStack {
    OpenStack(given.iter().map(|(key, value)| (*key, SecretString::from(*value))).collect())
}

/// What a login comes to, in words without the folder's name.
fn told(place: &Place, given: &[(&'static str, &str)], environment: &[(&str, &str)]) -> String {
    let around = place.around(environment);
    let wish = match Wish::find(&options(given), &around, false) {
        Ok(Some(wish)) => wish,
        Ok(None) => return "nothing is wished".to_owned(),
        Err(error) => return in_words(place, &error),
    };
    match wish.prepare(None, &|_| None) {
        Ok(Let::Keystone(login)) => login.shown().replace(&*place.dir.path().to_string_lossy(), "/dir"),
        Ok(Let::Straight { url, token, .. }) => {
            format!("straight to {url} with {}", token.as_ref().map_or("nothing", |token| token.expose_secret()))
        }
        Err(error) => in_words(place, &error),
    }
}

fn in_words(place: &Place, error: &Error) -> String {
    let text = format!("{error} | {}", error.hint().unwrap_or("-"));
    text.replace(&*place.dir.path().to_string_lossy(), "/dir")
}

const RC: &[(&str, &str)] = &[
    ("OS_AUTH_URL", "http://e:5000/v3"),
    ("OS_USERNAME", "eve"),
    ("OS_PASSWORD", "pw"),
    ("OS_PROJECT_ID", "p1"),
    ("OS_PROJECT_NAME", "also named"),
    ("OS_USER_DOMAIN_NAME", "D"),
    ("OS_IDENTITY_API_VERSION", "3"),
];

#[test]
fn the_command_line_goes_before_the_cloud_and_that_before_the_environment() {
    let place = Place::new();
    let url = ("OS_AUTH_URL", "http://e:5000");
    for (given, environment, wanted) in [
        (&[][..], &[][..], "nothing is wished"),
        (&[], &[("OS_REGION_NAME", "One"), ("OS_PASSWORD", "left over")], "nothing is wished"),
        (&[], RC, "POST http://e:5000/v3/auth/tokens as user eve of domain D for project p1 of the environment"),
        (
            &[("cloud", "lab")],
            RC,
            "POST http://k:5000/v3/auth/tokens as user ada of domain Default for project demo of cloud lab of /dir/clouds.yaml",
        ),
        (
            &[],
            &[("OS_CLOUD", "lab"), ("OS_USERNAME", "eve")],
            "POST http://k:5000/v3/auth/tokens as user ada of domain Default for project demo of cloud lab of /dir/clouds.yaml",
        ),
        (&[("cloud", "envvars")], RC, "POST http://e:5000/v3/auth/tokens as user eve of domain D for project p1 of the environment"),
        (
            &[("cloud", "lab"), ("project_name", "other"), ("username", "bob")],
            RC,
            "POST http://k:5000/v3/auth/tokens as user bob of domain Default for project other of cloud lab of /dir/clouds.yaml",
        ),
        (
            &[("project_name", "other")],
            RC,
            "POST http://e:5000/v3/auth/tokens as user eve of domain D for project other of the environment",
        ),
        (&[("system_scope", "all")], RC, "POST http://e:5000/v3/auth/tokens as user eve of domain D for the system of the environment"),
        (
            &[("cloud", "lab"), ("token", "t")],
            RC,
            "POST http://k:5000/v3/auth/tokens as a token for project demo of cloud lab of /dir/clouds.yaml",
        ),
        (&[("cloud", "robot")], RC, "POST http://k:5000/v3/auth/tokens as application credential 0a1b of cloud robot of /dir/clouds.yaml"),
        (
            &[("cloud", "robot"), ("username", "bob"), ("password", "pw"), ("project_id", "9")],
            &[],
            "POST http://k:5000/v3/auth/tokens as user bob of domain default for project 9 of cloud robot of /dir/clouds.yaml",
        ),
        (
            &[("cloud", "named")],
            &[],
            "POST http://k:5000/v3/auth/tokens as application credential deploy of user ada of domain default of cloud named of /dir/clouds.yaml",
        ),
        (&[("cloud", "plain")], &[], "POST http://k:5000/v3/auth/tokens as user 7 for project 8 of cloud plain of /dir/clouds.yaml"),
        (
            &[("cloud", "whole")],
            &[],
            "POST http://k:5000/v3/auth/tokens as user root of domain default for the system of cloud whole of /dir/clouds.yaml",
        ),
        (
            &[("cloud", "regions")],
            &[],
            "POST http://north.p:5000/v3/auth/tokens as user ada of domain default for project demo of cloud regions of /dir/clouds.yaml",
        ),
        (
            &[("cloud", "regions"), ("region_name", "South")],
            &[],
            "POST http://south.p:5000/v3/auth/tokens as user ada of domain default for project demo of cloud regions of /dir/clouds.yaml",
        ),
        (&[("cloud", "open")], &[], "straight to http://m:9511/ with nothing"),
        (&[("cloud", "fixed")], &[], "straight to http://m:9511/ with fixed"),
        (&[("auth_type", "admin_token"), ("endpoint_override", "http://x:1"), ("token", "t")], &[], "straight to http://x:1/ with t"),
        (
            &[],
            &[url, ("OS_TOKEN", "t"), ("OS_PROJECT_NAME", "demo"), ("OS_DOMAIN_ID", "d")],
            "POST http://e:5000/v3/auth/tokens as a token for project demo of the environment",
        ),
        (
            &[],
            &[url, ("OS_TOKEN", "t"), ("OS_DOMAIN_ID", "d")],
            "POST http://e:5000/v3/auth/tokens as a token for domain d of the environment",
        ),
        (
            &[],
            &[url, ("OS_USERNAME", "u"), ("OS_PASSWORD", "pw"), ("OS_TENANT_NAME", "t"), ("OS_DEFAULT_DOMAIN", "dd")],
            "POST http://e:5000/v3/auth/tokens as user u of domain dd for project t of the environment",
        ),
    ] {
        assert_eq!(told(&place, given, environment), wanted, "{given:?} {environment:?}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_remedy() {
    let place = Place::new();
    let url = ("OS_AUTH_URL", "http://e:5000");
    let user = ("OS_USERNAME", "u");
    for (given, environment, wanted) in [
        (&[("cloud", "lap")][..], &[][..], "there is no cloud \"lap\" in /dir/clouds.yaml | did you mean lab?"),
        (
            &[("cloud", "lab")],
            &[("OS_CLIENT_CONFIG_FILE", "none.yaml")],
            "reading /dir/none.yaml: No such file or directory (os error 2) | -",
        ),
        (&[], &[url], "the environment names no user to log in with | set OS_USERNAME or give --os-username"),
        (&[], &[url, user], "the environment names no password to log in with | set OS_PASSWORD or give --os-password"),
        (&[("username", "u")], &[], "the environment names no Keystone to log in with | set OS_AUTH_URL or give --os-auth-url"),
        (
            &[("cloud", "two")],
            &[],
            "a token is for one thing, but `auth: project_name` of cloud two of /dir/clouds.yaml and `auth: trust_id` of cloud two of /dir/clouds.yaml name two | leave one of them out",
        ),
        (
            &[("cloud", "regions"), ("region_name", "Sout")],
            &[],
            "cloud regions of /dir/clouds.yaml has no region \"Sout\" | did you mean South?",
        ),
        (
            &[("cloud", "lab"), ("interface", "pubic")],
            &[],
            "--os-interface is \"pubic\", which is no interface | public, internal or admin",
        ),
        (
            &[("auth_url", "keystone")],
            RC,
            "--os-auth-url: \"keystone\" is not the address of a server, such as https://cloud.example:9511 | -",
        ),
        (
            &[("auth_type", "v3oidcpassword")],
            RC,
            "--os-auth-type is \"v3oidcpassword\", which is no way to log in that this program knows | use password, token, v3applicationcredential, admin_token or none; with a token of another program: token",
        ),
        (
            &[],
            &[url, user, ("OS_PASSWORD", "x"), ("OS_IDENTITY_API_VERSION", "2.0")],
            "OS_IDENTITY_API_VERSION asks for version 2.0 of Keystone's API, which is gone | set it to 3",
        ),
        (&[("cacert", "/no/such.pem")], RC, "--os-cacert: /no/such.pem cannot be read (No such file or directory (os error 2)) | -"),
        (
            &[],
            &[url, ("OS_AUTH_TYPE", "v3applicationcredential"), ("OS_APPLICATION_CREDENTIAL_SECRET", "s")],
            "the environment names no application credential to log in with | set OS_APPLICATION_CREDENTIAL_ID or give --os-application-credential-id",
        ),
    ] {
        assert_eq!(told(&place, given, environment), wanted, "{given:?} {environment:?}");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = Wish::find(&options(&[("cloud", "lab")]), &around(empty.path(), &[]), false).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "cloud \"lab\" is asked for, but there is no clouds.yaml");
}

#[test]
fn secrets_are_taken_from_where_they_are_for() {
    let place = Place::new();
    let secret = |given: &[(&'static str, &str)], environment: &[(&str, &str)]| {
        let values = Values::gather(&options(given), &place.around(environment), None).unwrap();
        let text = |key| values.text(key).unwrap_or_default();
        (text("password"), text("application_credential_secret"), text("endpoint_override"))
    };
    let environment = &[("OS_PASSWORD", "env"), ("OS_APPLICATION_CREDENTIAL_SECRET", "env"), ("OS_ENDPOINT_OVERRIDE", "http://env")];
    assert_eq!(secret(&[("cloud", "lab")], environment), ("from-secure".into(), String::new(), String::new()));
    std::fs::remove_file(place.dir.path().join("secure.yaml")).unwrap();
    assert_eq!(secret(&[("cloud", "lab")], environment), ("env".into(), String::new(), String::new()));
    assert_eq!(secret(&[("cloud", "lab"), ("password", "typed")], environment).0, "typed");
    assert_eq!(secret(&[("cloud", "robot")], environment), (String::new(), "hush".into(), String::new()));
    assert_eq!(secret(&[("cloud", "plain")], &[("MAGNUM_ENDPOINT", "http://m")]), ("12345".into(), String::new(), "http://m".into()));
    let values = Values::gather(&options(&[("cloud", "regions")]), &place.around(&[("OS_CACERT", "/env/ca.pem")]), None).unwrap();
    assert!(tls(&values).insecure && tls(&values).ca_file.as_deref() == Some("/env/ca.pem"));
    assert!(!format!("{:?}", options(&[("password", "pa55")])).contains("pa55") && !format!("{values:?}").contains("pw-of-regions"));
}

#[test]
fn files_are_looked_for_in_the_usual_places_in_their_order() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("home");
    let (working, xdg, usual) = (root.path().join("here"), root.path().join("xdg/openstack"), home.join(".config/openstack"));
    let named = root.path().join("named.yaml");
    let variables = [
        ("HOME", home.to_string_lossy().into_owned()),
        ("XDG_CONFIG_HOME", root.path().join("xdg").to_string_lossy().into_owned()),
        ("OS_CLIENT_CONFIG_FILE", named.to_string_lossy().into_owned()),
    ];
    let mut variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let write = |path: &Path, cloud: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("clouds: {{{cloud}: {{}}}}")).unwrap();
    };
    let names = |variables: &[(&str, &str)]| {
        let clouds = clouds::Clouds::read(&around(&working, variables)).unwrap();
        clouds.names().join(" ")
    };
    write(&usual.join("clouds.yml"), "usual");
    write(&usual.join("clouds.json"), "last");
    write(&xdg.join("clouds.yaml"), "xdg");
    write(&working.join("clouds.yaml"), "here");
    write(&named, "named");
    assert_eq!(names(&variables), "named");
    variables.pop();
    assert_eq!(names(&variables), "here");
    std::fs::remove_file(working.join("clouds.yaml")).unwrap();
    assert_eq!(names(&variables), "xdg");
    std::fs::remove_file(xdg.join("clouds.yaml")).unwrap();
    assert_eq!(names(&variables), "usual");
    for (text, wanted) in
        [("clouds: [a]", "`clouds` is not a mapping from names to clouds"), ("clouds:\n  a: {password: 's3cret}\n", ", line ")]
    {
        std::fs::write(usual.join("clouds.yml"), text).unwrap();
        let error = clouds::Clouds::read(&around(&working, &variables)).unwrap_err().to_string();
        assert!(error.contains(wanted) && !error.contains("s3cret"), "{error}");
    }
    std::fs::write(usual.join("clouds.yml"), "").unwrap();
    assert_eq!(names(&variables), "");
}

#[test]
fn one_cloud_is_meant_without_a_word_where_there_is_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let found = |alone, environment: &[(&str, &str)]| {
        let wish = Wish::find(&OpenStack::default(), &around(dir.path(), environment), alone).unwrap();
        wish.map(|wish| wish.values.origin)
    };
    let one = "clouds: {lab: {auth: {auth_url: 'http://k'}}}";
    std::fs::write(dir.path().join("clouds.yaml"), one).unwrap();
    assert!(found(true, &[]).is_some_and(|origin| origin.starts_with("cloud lab of ")));
    assert_eq!(found(false, &[]), None);
    assert_eq!(found(true, RC).as_deref(), Some("the environment"));
    std::fs::write(dir.path().join("clouds.yaml"), format!("{}, b: {{}}}}", one.trim_end_matches('}').to_owned() + "}}")).unwrap();
    assert_eq!(found(true, &[]), None, "of several none is chosen");
    assert_eq!(clouds_there(&around(dir.path(), &[])), ", or a cloud with --os-cloud: lab, b");
}

#[test]
fn the_catalogue_says_where_or_what_else_there_is() {
    let endpoint = |interface: &str, region: &str, url: &str| json!({"interface": interface, "region_id": region, "url": url});
    let service = |kind: &str, endpoints: Vec<serde_json::Value>| json!({"type": kind, "endpoints": endpoints});
    let both = service(
        "container-infra",
        vec![
            endpoint("public", "One", "http://pub1/v1"),
            endpoint("public", "Two", "http://pub2/v1"),
            endpoint("internal", "One", "http://int1/v1"),
        ],
    );
    let official = service("container-infrastructure-management", vec![endpoint("public", "One", "http://new")]);
    let old = service("container", vec![endpoint("public", "One", "http://old")]);
    let nova = service("compute", vec![endpoint("public", "One", "http://nova")]);
    let find = |services: &[&serde_json::Value], region: Option<&str>, interfaces: &[Interface], kind: Option<&str>| {
        let catalogue = Catalogue::parse(&json!(services));
        let place = super::place::Place::new(None, region.map(str::to_owned), interfaces.to_vec(), kind.map(str::to_owned));
        match place.find(Some(&catalogue)) {
            Ok(url) => url.to_string(),
            Err(error) => format!("{error} | {}", error.hint().unwrap_or("-")),
        }
    };
    let public = &[Interface::Public][..];
    for (found, wanted) in [
        (find(&[&nova, &both], Some("Two"), public, None), "http://pub2/v1"),
        (find(&[&both], None, &[Interface::Internal], None), "http://int1/v1"),
        (find(&[&both], Some("One"), &[Interface::Admin, Interface::Internal], None), "http://int1/v1"),
        (find(&[&old, &official], None, public, None), "http://new/"),
        (find(&[&old], None, public, None), "http://old/"),
        (find(&[&old, &official], None, public, Some("container")), "http://old/"),
        (
            find(&[&both], None, public, None),
            "it is ambiguous which Magnum is meant: the catalogue has one in each of the regions One, Two | name one: --os-region-name One, OS_REGION_NAME, or region_name in clouds.yaml",
        ),
        (
            find(&[&both], Some("Too"), public, None),
            "Keystone's catalogue has no public endpoint of Magnum in region Too; it has: public in One, public in Two, internal in One | did you mean Two? (--os-region-name)",
        ),
        (
            find(&[&official], Some("One"), &[Interface::Admin], None),
            "Keystone's catalogue has no admin endpoint of Magnum in region One; it has: public in One | choose another with --os-interface, or say where Magnum is with --os-endpoint-override",
        ),
        (
            find(&[&nova, &service("identity", vec![])], None, public, None),
            "Keystone's catalogue has no Magnum (container-infra, container-infrastructure-management, container-infrastructure, container); it has: compute, identity | say where it is with --os-endpoint-override or MAGNUM_ENDPOINT, or have it registered there",
        ),
    ] {
        assert_eq!(found, wanted);
    }
    let nowhere = super::place::Place::new(None, None, public.to_vec(), None).find(None).unwrap_err();
    assert!(nowhere.to_string().contains("for no project") && nowhere.hint().is_some_and(|hint| hint.contains("OS_PROJECT_NAME")));
}
