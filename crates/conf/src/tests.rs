// SPDX-License-Identifier: Apache-2.0
//! Over whole configurations: which text counts, `$name`, findings, and the sample file.

use crate::*;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

fn files(texts: &[&str]) -> Sources {
    let named = texts.iter().enumerate().map(|(i, text)| File { name: format!("{}.conf", i + 1), text: (*text).to_owned() });
    Sources { files: named.collect(), ..Sources::default() }
}

fn magnum(text: &str) -> Config {
    Config::new(files(&[text]))
}

/// The value for people, with its origin, or the error.
fn told(config: &Config, group: &str, option: &str) -> String {
    config.get(group, option).map_or_else(|e| e.to_string(), |found| format!("{} ({})", found.value.shown(), found.origin))
}

fn findings(config: &Config) -> String {
    config.check().iter().map(|finding| format!("{finding}\n")).collect()
}

#[test]
fn the_nearest_source_counts() {
    let mut sources = files(&["[API]\nport = 1\nport = 2\n", "[api]\nport = 3\n"]);
    assert_eq!(told(&Config::new(files(&[])), "api", "port"), "9511 (default)");
    assert_eq!(told(&Config::new(files(&["[API]\nport = 1\nport = 2\n"])), "api", "port"), "2 (1.conf:3)");
    assert_eq!(told(&Config::new(files(&["[api]\nport = 1", "[api]\nport = 3\n"])), "api", "port"), "3 (2.conf:2)");
    sources.environment = vec![("OS_API__PORT".into(), "4".into()), ("OS_USERNAME".into(), "x".into())];
    assert_eq!(told(&Config::new(sources), "api", "port"), "4 (environment OS_API__PORT)");
    let mut sources = files(&["[api]\nport = 3\n"]);
    sources.environment = vec![("OS_API__PORT".into(), "4".into())];
    let given = |value: &str| Setting { group: "api".into(), option: "port".into(), value: value.into() };
    sources.command_line = vec![given("5"), given("6")];
    assert_eq!(told(&Config::new(sources), "api", "port"), "6 (command line)");
}

#[test]
fn a_variable_that_others_know_too_counts_last() {
    let with = |text: &str, variables: &[(&str, &str)]| {
        let mut sources = files(&[text]);
        sources.environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::new(sources)
    };
    let (endpoint, ratio) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG");
    let group = "[opentelemetry]\n";
    for (text, variables, expected) in [
        ("", &[][..], "<None> (default)"),
        ("", &[(endpoint, "")], "<None> (default)"),
        ("", &[(endpoint, "http://c:4318/$x")], "http://c:4318/$x (environment OTEL_EXPORTER_OTLP_ENDPOINT)"),
        ("[opentelemetry]\nendpoint = http://f:4318\n", &[(endpoint, "http://c:4318")], "http://f:4318 (1.conf:2)"),
        (
            "",
            &[(endpoint, "http://c:4318"), ("OS_OPENTELEMETRY__ENDPOINT", "http://o:4318")],
            "http://o:4318 (environment OS_OPENTELEMETRY__ENDPOINT)",
        ),
        ("", &[(endpoint, "localhost")], "<None> (default)"),
    ] {
        assert_eq!(told(&with(text, variables), "opentelemetry", "endpoint"), expected, "{text} {variables:?}");
    }
    assert_eq!(with("", &[(ratio, "0.25")]).number("opentelemetry", "sample_ratio").unwrap(), Some(0.25));
    let config = with("", &[(ratio, "endpoint=x"), (endpoint, "http://c:4318"), ("OTEL_EXPORTER_OTLP_HEADERS", "key=hunter2")]);
    let warning = "environment OTEL_TRACES_SAMPLER_ARG: warning: [opentelemetry] sample_ratio = endpoint=x: not a number within the \
                   limits, so it does not count; write a number, 0 to 1\n";
    assert_eq!(findings(&config), warning);
    assert!(config.is_usable() && render(&config.show()).contains("headers = ****  # environment OTEL_EXPORTER_OTLP_HEADERS"));
    // Where a file says it, what cannot be read elsewhere is nobody's matter.
    assert_eq!(findings(&with(&format!("{group}sample_ratio = 1\n"), &[(ratio, "x")])), "");
}

#[test]
fn many_values_come_from_every_file() {
    let config = Config::new(files(&[
        "[oslo_messaging_notifications]\ndriver = a\ndriver = b\n",
        "[DEFAULT]\nnotification_driver = c\n[oslo_messaging_notifications]\ndriver = d\n",
    ]));
    assert_eq!(config.list("oslo_messaging_notifications", "driver").unwrap(), ["a", "b", "c", "d"]);
}

#[test]
fn former_names_work_and_give_way() {
    let config = magnum("[bay_heat]\nbay_create_timeout = 5\n[baymodel]\nswarm_default_network_driver = flannel\n");
    assert_eq!(told(&config, "cluster_heat", "create_timeout"), "300s (1.conf:2)");
    assert_eq!(told(&config, "cluster_template", "swarm_default_network_driver"), "flannel (1.conf:4)");
    let both = magnum("[cluster_heat]\ncreate_timeout = 7\n[bay_heat]\nbay_create_timeout = 5\n");
    assert_eq!(told(&both, "cluster_heat", "create_timeout"), "420s (1.conf:2)");
    let later = Config::new(files(&["[cluster_heat]\ncreate_timeout = 7\n", "[bay_heat]\nbay_create_timeout = 5\n"]));
    assert_eq!(told(&later, "cluster_heat", "create_timeout"), "300s (2.conf:2)");
}

#[test]
fn names_are_filled_in() {
    let shared = "[DEFAULT]\npybasedir = /x\nhost = node\n[keystone_authtoken]\npassword = pa$$word\n[api]\nhost = 10.0.0.1\n";
    for (line, expected) in [
        ("ssl_cert_file = $pybasedir/c", "/x/c"),
        ("ssl_cert_file = ${bindir}s", "/x/bins"),
        ("ssl_cert_file = $host", "10.0.0.1"),
        ("ssl_cert_file = $DEFAULT.host", "node"),
        ("ssl_cert_file = $api.port.", "1.conf:8: [api] ssl_cert_file refers to $api.port., which is no option; write $$ for a plain $"),
        ("ssl_cert_file = $$host\\$x", "$host$x"),
        ("ssl_cert_file = $periodic_enable$tempdir", "True"),
        ("ssl_cert_file = $cluster_template.kubernetes_allowed_network_drivers", "['flannel', 'calico']"),
        ("ssl_cert_file = x$keystone_authtoken.password", "****"),
        (
            "ssl_cert_file = $max_limt",
            "1.conf:8: [api] ssl_cert_file refers to $max_limt, which is no option; write $max_limit if that is meant, or $$ for a plain $",
        ),
    ] {
        let config = magnum(&format!("{shared}{line}\n"));
        let found = config.get("api", "ssl_cert_file").map_or_else(|e| e.to_string(), |f| f.value.shown());
        assert_eq!(found, expected, "{line}");
    }
    let config = magnum(shared);
    assert_eq!(config.secret("keystone_authtoken", "password").unwrap().unwrap().expose_secret(), "pa$word");
}

#[test]
fn a_loop_is_an_error() {
    let config = magnum("[DEFAULT]\npybasedir = $state_path\nbindir = x\n");
    let expected = "1.conf:2: [DEFAULT] pybasedir needs its own value: DEFAULT.pybasedir -> DEFAULT.state_path -> DEFAULT.pybasedir; write one of them without $";
    assert_eq!(told(&config, "DEFAULT", "pybasedir"), expected);
    assert!(!config.is_usable());
}

#[test]
fn a_value_cannot_grow_without_end() {
    let names =
        ["tempdir", "state_path", "pybasedir", "bindir", "rootwrap_config", "log_file", "log_dir", "cluster_coe", "control_exchange"];
    let double = names.windows(2).map(|pair| format!("{0} = {1}{1}{1}{1}{1}{1}{1}{1}\n", pair[0], format_args!("${{{}}}", pair[1])));
    let text = format!("[DEFAULT]\n{}control_exchange = abcdefgh\n", double.collect::<String>());
    assert!(told(&magnum(&text), "DEFAULT", "tempdir").contains("longer than 1048576 bytes"));
}

#[test]
fn secrets_are_never_shown() {
    let text = "[keystone_authtoken]\npassword = hunter2\n[database]\nconnection = mysql://magnum:hunter2@db\n[keystone_auth]\npassword = $hunter2\n[api]\npasword = hunter2\n[trust]\ntrustee_domain_admin_password = hunter2\nhunter2\n";
    let config = magnum(text);
    let everything = format!("{}{}{:?}", findings(&config), render(&config.show()), config.get("database", "connection"));
    assert_eq!(everything.matches("hunter2").count(), 0, "{everything}");
    assert!(everything.contains("connection = ****  # 1.conf:4"), "{everything}");
}

#[test]
fn everything_wrong_is_told_at_once() {
    let mut sources = files(&[
        "[default]\nhost = x\n\n[DEFAULT]\nlogfile = /var/log/m\nperiodic_enable = maybe\nquota = 3\nbackdoor_port = 1\ntransport_url = rabbit://u:p@h\n\n[api]\nprot = 1\nport = 70000\nport = seventy\nworkers = 4\nenable_authentication = true\n[api\nmax_limit = 0\n",
        "[baymodel]\nswarm_allowed_network_drivers = docker\n[oslo_messaging_rabbit]\nkombu_compression = true\n[capi_hlem]\nx = 1\n[bay]\nk8s_atomic_template_path = /x\n[nowhere]\n[keystone_authtoken]\nauth_url = controller:5000\nauth_uri = http://k/v3\nssl_cert_file = /x\n[trust]\nroles =\n trailing\n\n stray\n",
    ]);
    sources.environment = vec![("OS_API__MAX_LIMITS".into(), "1".into()), ("OS_QUOTAS__MAX_CLUSTERS_PER_PROJECT".into(), "-1".into())];
    sources.command_line = vec![Setting { group: "api".into(), option: "host".into(), value: "localhost".into() }];
    insta::assert_snapshot!("check", findings(&Config::new(sources)));
}

#[test]
fn an_ordinary_file_of_the_python_magnum_is_fine() {
    let text = "[DEFAULT]\ntransport_url = rabbit://openstack:secret@controller\nlog_dir = /var/log/magnum\n[api]\nhost = 10.0.0.11\n[barbican_client]\nregion_name = RegionOne\n[certificates]\ncert_manager_type = barbican\n[cinder_client]\nregion_name = RegionOne\n[database]\nconnection = mysql+pymysql://magnum:secret@controller/magnum\n[keystone_authtoken]\nmemcached_servers = controller:11211\nauth_version = v3\nwww_authenticate_uri = http://controller:5000/v3\nproject_domain_id = default\nproject_name = service\nuser_domain_id = default\npassword = secret\nusername = magnum\nauth_url = http://controller:5000\nauth_type = password\n[trust]\ntrustee_domain_name = magnum\ntrustee_domain_admin_name = magnum_domain_admin\ntrustee_domain_admin_password = secret\ntrustee_keystone_interface = public\n[oslo_messaging_notifications]\ndriver = messaging\n[oslo_concurrency]\nlock_path = /var/lib/magnum/tmp\n";
    let config = magnum(text);
    assert!(config.is_usable());
    assert!(config.check().iter().all(|f| f.severity == Severity::Note), "{}", findings(&config));
}

#[test]
fn typed_questions_get_typed_answers() {
    let config = magnum("[api]\nworkers =\n");
    assert_eq!(config.integer("api", "max_limit").unwrap(), Some(1000));
    assert_eq!(config.integer("api", "workers").unwrap(), None);
    assert!(config.flag("drivers", "verify_ca").unwrap());
    assert_eq!(config.text("api", "host").unwrap().unwrap(), "127.0.0.1");
    assert_eq!(config.duration("x509", "term_of_validity").unwrap().unwrap().as_secs(), 1825 * 86_400);
    assert_eq!(config.list("drivers", "disabled_drivers").unwrap(), [""; 0]);
    assert_eq!(config.flag("api", "port").unwrap_err().to_string(), "[api] port is not true or false");
    assert_eq!(config.text("api", "prot").unwrap_err().to_string(), "there is no option [api] prot");
    assert!(config.text("database", "connection").unwrap().is_none());
}

#[test]
fn a_required_option_must_be_set() {
    static GROUP: Group =
        Group::new("g", "g.", &[option("need", Kind::Text, "say what").required(), option("pairs", Kind::Dict(false), "p").default("a:1")]);
    static REGISTRY: &[&Group] = &[&GROUP];
    let missing = Config::over(REGISTRY, files(&[]));
    assert_eq!(findings(&missing), "error: [g] need: must be set; say what\n");
    assert_eq!(findings(&Config::over(REGISTRY, files(&["[g]\nneed = x"]))), "");
    assert_eq!(told(&missing, "g", "pairs"), "a:1 (default)");
}

#[test]
fn the_registry_is_sound() {
    let mut names = BTreeSet::new();
    for (group, option) in ALL.iter().flat_map(|g| g.options.iter().map(move |o| (g, o))) {
        let place = format!("[{}] {}", group.name, option.name);
        assert!(names.insert(place.clone()), "{place} twice");
        assert!(option.help.ends_with('.') && option.help.starts_with(|c: char| !c.is_lowercase()), "{place}: {}", option.help);
        assert!(option.default.is_none_or(|text| text.contains('$') || option.kind.read(text).is_ok()), "{place}: its default is wrong");
    }
    assert_eq!(findings(&Config::new(files(&[]))), "");
}

#[test]
fn the_sample_reads_back_as_the_defaults() {
    let text = sample(ALL);
    let plain = magnum(&text);
    assert_eq!(findings(&plain), "");
    let defaults = Config::new(files(&[]));
    assert_eq!(plain.show(), defaults.show());
    let awake = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') && rest.contains(" =") && !rest.ends_with("<None>") => rest.to_owned(),
        _ => line.to_owned(),
    };
    let config = magnum(&text.lines().map(|line| awake(line) + "\n").collect::<String>());
    let samples: BTreeSet<&str> = ALL.iter().flat_map(|g| g.options).filter(|o| o.sample.is_some()).map(|o| o.name).collect();
    let values =
        |c: &Config| c.show().into_iter().map(|s| (s.group, s.option, s.value)).filter(|s| !samples.contains(s.1)).collect::<Vec<_>>();
    assert_eq!(values(&config), values(&defaults));
    assert!(config.show().iter().filter(|s| s.origin != Origin::Default).count() > 100);
}

#[test]
fn the_sample_is_for_people() {
    let text = sample(ALL);
    assert!(text.lines().all(|line| line.len() <= 200));
    insta::assert_snapshot!("sample_head", text.lines().take(60).collect::<Vec<_>>().join("\n"));
    let api = text.lines().skip_while(|line| *line != "[api]").take_while(|line| *line != "[audit_middleware_notifications]");
    insta::assert_snapshot!("sample_api", api.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_in_force_is_shown_with_its_origin() {
    let config = magnum("[api]\nhost = 10.0.0.1\nport = x\n[database]\nconnection = secret\n");
    let text = render(&config.show());
    let lines: Vec<&str> =
        text.lines().filter(|l| ["host", "port", "max_limit", "connection"].iter().any(|n| l.starts_with(&format!("{n} ")))).collect();
    let expected = [
        "host = <None>  # default",
        "host = 10.0.0.1  # 1.conf:2",
        "port = (wrong)  # 1.conf:3",
        "max_limit = 1000  # default",
        "connection = ****  # 1.conf:5",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_service_is_who_keystone_auth_says() {
    let token = "[keystone_authtoken]\nusername = magnum\nproject_name = service\n";
    for (auth, username, project) in [
        ("", "magnum", "service"),
        ("[keystone_auth]\nusername = other\n", "other", "service"),
        ("[keystone_auth]\nusername = other\nauth_section = keystone_authtoken\n", "magnum", "service"),
        ("[keystone_auth]\nusername = other\nauth_section = keystone_auth\n", "other", "<None>"),
    ] {
        let config = magnum(&format!("{token}{auth}"));
        let shown = |option| config.credential(option).unwrap().value.shown();
        assert_eq!((shown("username").as_str(), shown("project_name").as_str()), (username, project), "{auth:?}");
    }
    let wrong = magnum("[keystone_auth]\nauth_section = elsewhere\n");
    let expected = "1.conf:2: [keystone_auth] auth_section = elsewhere: write one of keystone_authtoken, keystone_auth";
    assert_eq!(wrong.credential("username").unwrap_err().to_string(), expected);
}
