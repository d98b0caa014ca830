// SPDX-License-Identifier: Apache-2.0
//! Over whole policies: decisions, files, findings, explanations, and who may do what by default.

use crate::*;
use serde_json::json;
use std::fmt::Write as _;

fn file(text: &str) -> RuleFile {
    RuleFile { name: "policy.yaml".to_owned(), text: text.to_owned() }
}

fn over(text: &str) -> Enforcer {
    Enforcer::new(Settings::default(), &[file(text)])
}

fn caller() -> Credentials {
    let nested = json!({"domain": {"id": "d1"}, "groups": [{"name": "g1"}, {"name": "g2"}], "none": null, "count": 3});
    Credentials::default()
        .with("user_id", "u1")
        .with("project_id", "p1")
        .with("is_admin", false)
        .with("nobody", json!(null))
        .with("user", nested)
        .roles(["Member", "reader"])
}

fn target() -> Target {
    let target = Target::default().with("project_id", "p1").with("user_id", "u2").with("state", "up").with("public", true);
    target.with("nothing", json!(null)).with("wanted", "reader").with("number", 3)
}

/// What a rule comes to: `yes`, `no`, or `broken`.
fn asked(rule: &str, others: &str) -> &'static str {
    let rule = json!(rule).to_string();
    let enforcer = over(&format!("{{\"x\": {rule}, {others} \"last\": \"!\"}}"));
    match enforcer.authorise("x", &target(), &caller()) {
        Decision::Allowed => "yes",
        Decision::Denied(Denial { cause: Cause::False(_), .. }) => "no",
        Decision::Denied(Denial { cause: Cause::Broken(_), .. }) => "broken",
        Decision::Denied(other) => panic!("{other}"),
    }
}

#[test]
fn the_language_decides_as_oslo_does() {
    for (rule, expected) in [
        ("", "yes"),
        ("@", "yes"),
        ("!", "no"),
        ("not !", "yes"),
        ("role:member", "yes"),
        ("role:MEMBER", "yes"),
        ("role:admin", "no"),
        ("role:%(wanted)s", "yes"),
        ("role:%(missing)s", "no"),
        ("Role:member", "no"),
        ("user_id:u1", "yes"),
        ("user_id:%(user_id)s", "no"),
        ("project_id:%(project_id)s", "yes"),
        ("project_id:%(missing)s", "no"),
        ("not project_id:%(missing)s", "yes"),
        ("missing:x", "no"),
        ("is_admin:False", "yes"),
        ("is_admin:True", "no"),
        ("is_admin:false", "no"),
        ("'up':%(state)s", "yes"),
        ("\"down\":%(state)s", "no"),
        ("True:%(public)s", "yes"),
        ("3:%(number)s", "yes"),
        ("None:%(nothing)s", "yes"),
        ("nobody:%(nothing)s", "no"),
        ("nobody:None", "no"),
        ("user.domain.id:d1", "yes"),
        ("user.groups.name:g2", "yes"),
        ("user.groups.name:g3", "no"),
        ("user.count:%(number)s", "yes"),
        ("user.none:None", "no"),
        ("user_id.x:u1", "no"),
        ("roles:reader", "yes"),
        ("role:member and user_id:u1", "yes"),
        ("role:member and user_id:u2", "no"),
        ("role:admin or user_id:u1", "yes"),
        ("role:admin or user_id:u2", "no"),
        ("not role:admin", "yes"),
        ("not (role:member or role:admin)", "no"),
        ("role:admin and role:x or role:member", "yes"),
        ("role:member or role:admin and role:x", "yes"),
        ("(role:member or role:admin) and role:x", "no"),
    ] {
        assert_eq!(asked(rule, ""), expected, "{rule}");
    }
}

#[test]
fn what_is_broken_never_allows() {
    for (rule, others, expected) in [
        ("nonsense", "", "broken"),
        ("not nonsense", "", "broken"),
        ("http://other/%(project_id)s", "", "broken"),
        ("rule:gone", "", "broken"),
        ("not rule:gone", "", "broken"),
        ("rule:gone or role:member", "", "yes"),
        ("role:member or rule:gone", "", "yes"),
        ("rule:gone or role:admin", "", "broken"),
        ("rule:gone and role:admin", "", "no"),
        ("not (rule:gone and role:member)", "", "broken"),
        ("rule:x", "", "broken"),
        ("not rule:x", "", "broken"),
        ("rule:y", "\"y\": \"not rule:x\",", "broken"),
        ("rule:y or role:member", "\"y\": \"rule:x\",", "yes"),
        ("rule:gone", "\"default\": \"role:member\",", "yes"),
        ("rule:gone", "\"default\": \"rule:gone\",", "broken"),
        ("rule:y", "\"y\": null,", "broken"),
        ("rule:y", "\"y\": \"\",", "yes"),
        ("rule:y", "\"y\": [[\"role:member\", \"user_id:u1\"]],", "yes"),
    ] {
        assert_eq!(asked(rule, others), expected, "{rule} with {others}");
    }
    // Every rule asks the next one twice: each is looked at once.
    let long: String = (0..200).map(|i| format!("\"y{i}\": \"rule:y{n} and rule:y{n}\", ", n = i + 1)).collect();
    assert_eq!(asked("rule:y0", &format!("{long} \"y200\": \"role:member\",")), "broken", "deeper than anybody needs");
    let long: String = (0..100).map(|i| format!("\"y{i}\": \"rule:y{n} and rule:y{n}\", ", n = i + 1)).collect();
    assert_eq!(asked("rule:y0", &format!("{long} \"y100\": \"role:member\",")), "yes");
    assert_eq!(asked("rule:y0", &format!("{long} \"y100\": \"rule:gone\",")), "broken");
}

#[test]
fn a_rule_that_does_not_exist_falls_to_the_default_rule() {
    let denied = |enforcer: &Enforcer, rule: &str| enforcer.authorise(rule, &target(), &caller()) != Decision::Allowed;
    assert!(denied(&over(""), "cluster:craete"));
    assert!(!denied(&over("default: '@'"), "cluster:craete"));
    assert!(denied(&over("default: '!'"), "cluster:craete"));
    let Decision::Denied(denial) = over("").authorise("cluster:craete", &target(), &caller()) else { panic!("allowed") };
    assert_eq!(denial.to_string(), "cluster:craete is refused: there is no such rule; did you mean cluster:create?");
    assert_eq!(denial.public(), "Policy doesn't allow cluster:craete to be performed.");
}

#[test]
fn files_override_in_their_order() {
    let files = [
        ("policy.json", "{\n\t\"cluster:get\": \"!\",\n\t\"cluster:create\": [[\"role:builder\"]]\n}"),
        ("policy.d/1.yaml", "# comment\ncluster:get: role:watcher\n"),
        ("empty.yaml", "# nothing\n"),
    ];
    let files: Vec<RuleFile> = files.iter().map(|(name, text)| RuleFile { name: (*name).into(), text: (*text).into() }).collect();
    let enforcer = Enforcer::new(Settings::default(), &files);
    let listed = |name: &str| enforcer.list().into_iter().find(|l| l.name == name).unwrap();
    assert_eq!(listed("cluster:get").check.unwrap(), "role:watcher");
    assert_eq!(listed("cluster:get").origin.to_string(), "policy.d/1.yaml:2");
    assert_eq!(listed("cluster:create").check.unwrap(), "role:builder");
    assert_eq!(listed("cluster:create").origin.to_string(), "policy.json:3");
    assert_eq!(listed("cluster:create").operations, [("POST", "/v1/clusters")]);
    assert_eq!(listed("cluster:delete").origin, Origin::Default);
}

#[test]
fn a_file_that_cannot_be_read_refuses_everything() {
    for text in ["cluster:get: [", "- role:admin\n", "cluster:get: !tag x: y", "\"a\": @"] {
        let enforcer = over(text);
        let admin = caller().roles(["admin"]);
        let Decision::Denied(denial) = enforcer.authorise("cluster:get", &target(), &admin) else { panic!("{text} allows") };
        assert!(matches!(denial.cause, Cause::Unreadable(_)), "{denial}");
        assert_eq!(enforcer.check()[0].severity, Severity::Error);
        assert!(enforcer.explain("cluster:get", &target(), &admin).outcome == Outcome::False);
    }
}

#[test]
fn findings_name_line_and_remedy() {
    let text = "\
\"context_is_admin\": \"role:admin or role:cloud_admin\"
\"cluster:create\": \"rule:admin_or_project_member_deny_cluster_user\"
\"cluster:craete\": \"role:admin\"
\"cluster:get\": \"rule:helprs\"
\"helper\": \"role:help\"
\"cluster:delete\": \"rule:helper or\"
\"cluster:resize\": \"rule:helper\"
\"cluster:upgrade\": \"https://policy.example/%(project_id)s\"
\"cluster:update\": \"\"
\"bay:create\": \"rule:admin_or_owner\"
\"quota:get\":
\"a_loop\": \"rule:b_loop\"
\"b_loop\": \"not rule:a_loop\"
\"stats:get_all\": \"role:a\"
\"stats:get_all\": [[\"role:a\"]]
\"nothing_like_it\": \"@\"
";
    let told = |settings: Settings| Enforcer::new(settings, &[file(text)]).check().iter().map(|f| format!("{f}\n")).collect::<String>();
    insta::assert_snapshot!("findings", told(Settings::default()));
    let base = file("admin_or_project_reader: rule:context_is_admin or rule:project_reader\n");
    let same = |enforce_new_defaults| {
        let findings = Enforcer::new(Settings { enforce_new_defaults, ..Settings::default() }, std::slice::from_ref(&base)).check();
        findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(same(true), ["policy.yaml:1: note: admin_or_project_reader: it is the same as the default; take it out"]);
    let expected = "policy.yaml:1: note: admin_or_project_reader: it replaces the old default too, which would still count without it";
    assert_eq!(same(false), [expected]);
    assert_eq!(over("").check(), [], "nothing to say of the built-in rules");
}

#[test]
fn an_explanation_shows_every_part() {
    let enforcer =
        over("\"cluster:get\": \"rule:admin_or_project_reader_deny_cluster_user or (role:%(wanted)s and not 'up':%(state)s)\"\n");
    let other = Target(target().0.clone()).with("project_id", "p2");
    let tree = enforcer.explain("cluster:get", &other, &caller());
    insta::assert_snapshot!("explanation", tree.to_string());
    let Decision::Denied(denial) = enforcer.authorise("cluster:get", &other, &caller()) else { panic!("allowed") };
    insta::assert_snapshot!("denial", denial.to_string());
    let system = Credentials::default().with("system_scope", "all").roles(["admin"]);
    insta::assert_snapshot!("explanation_scope", over("").explain("quota:get", &other, &system).to_string());
    insta::assert_snapshot!("explanation_broken", over("x: role:a or not rule:y\ny: rule:x\n").explain("x", &other, &caller()).to_string());
}

/// Who asks in the matrix, by a short word. The target belongs to user `owner` of project `p1`.
fn personas(enforcer: &Enforcer) -> Vec<(&'static str, Credentials)> {
    let of = |user: &str, project: &str, domain: &str, roles: &[&str]| {
        let known = Credentials::default().with("user_id", user).with("project_id", project).with("domain_id", domain);
        enforcer.complete(known.roles(roles.iter().copied()))
    };
    let system = |roles: &[&str]| {
        let known = Credentials::default().with("user_id", "s").with("system_scope", "all").with("project_id", json!(null));
        enforcer.complete(known.roles(roles.iter().copied()))
    };
    vec![
        ("no role", of("u", "p1", "d", &[])),
        ("reader", of("u", "p1", "d", &["reader"])),
        ("member", of("u", "p1", "d", &["member", "reader"])),
        ("owner", of("owner", "p1", "d", &["member", "reader"])),
        ("admin", of("a", "p9", "d", &["admin", "member", "reader"])),
        ("system reader", system(&["reader"])),
        ("system admin", system(&["admin", "member", "reader"])),
        ("other project", of("u", "p2", "d", &["member", "reader"])),
        ("service", of("nova", "service", "d", &["service"])),
        ("cluster user", of("trustee", "p1", "trustees", &["member", "reader"])),
    ]
}

fn matrix(settings: &Settings) -> String {
    let enforcer = Enforcer::new(settings.clone(), &[]);
    let personas = personas(&enforcer);
    let target = Target::default().with("project_id", "p1").with("user_id", "owner");
    let target = target.with("trustee_user_id", "trustee").with("trustee_domain_id", "trustees");
    let mut text = format!("enforce_scope {}, enforce_new_defaults {}\n", settings.enforce_scope, settings.enforce_new_defaults);
    for (index, (name, _)) in personas.iter().enumerate() {
        let _ = writeln!(text, "{}{name}", "|  ".repeat(index));
    }
    for rule in defaults() {
        let mut line = String::new();
        for (_, credentials) in &personas {
            let mark = match enforcer.authorise(rule.name, &target, credentials) {
                Decision::Allowed => "+  ",
                Decision::Denied(Denial { cause: Cause::Scope { .. }, .. }) => "s  ",
                Decision::Denied(Denial { cause: Cause::False(_), .. }) => ".  ",
                Decision::Denied(other) => panic!("{other}"),
            };
            line.push_str(mark);
        }
        let _ = writeln!(text, "{line}{}", rule.name);
    }
    text
}

#[test]
fn who_may_do_what_by_default() {
    insta::assert_snapshot!("matrix_new", matrix(&Settings::default()));
}

#[test]
fn who_may_do_what_in_the_old_style() {
    let old = Settings { enforce_scope: false, enforce_new_defaults: false, ..Settings::default() };
    insta::assert_snapshot!("matrix_old", matrix(&old));
}

#[test]
fn the_old_style_only_adds() {
    let marks = |text: String| text.lines().skip(11).map(str::to_owned).collect::<Vec<_>>();
    let new = marks(matrix(&Settings::default()));
    let old = marks(matrix(&Settings { enforce_scope: false, enforce_new_defaults: false, ..Settings::default() }));
    assert_eq!(new.len(), defaults().count());
    for (new, old) in new.iter().zip(&old) {
        let kept = new.chars().zip(old.chars()).take(30).all(|(n, o)| n != '+' || o == '+');
        assert!(kept, "{new}\n{old}");
    }
}

#[test]
fn an_override_ends_the_old_default_too() {
    let settings = Settings { enforce_new_defaults: false, ..Settings::default() };
    let nobody = caller().roles([]);
    let asked = |files: &[RuleFile]| Enforcer::new(settings.clone(), files).authorise("quota:get", &target(), &nobody).is_allowed();
    assert!(asked(&[]));
    assert!(!asked(&[file("admin_or_project_reader: rule:context_is_admin or rule:project_reader")]));
}

#[test]
fn without_a_trustee_the_rules_are_those_of_later_versions() {
    let enforcer = over("");
    let member = Credentials::default().with("user_id", "u2").with("project_id", "p1").roles(["member", "reader"]);
    for rule in ["cluster:create", "cluster:get", "cluster:update_health_status", "certificate:create", "credential:rotate"] {
        assert!(enforcer.authorise(rule, &target(), &member).is_allowed(), "{rule}");
    }
}

#[test]
fn the_built_in_rules_are_sound() {
    let mut names = std::collections::BTreeSet::new();
    for rule in defaults() {
        assert!(names.insert(rule.name), "{} twice", rule.name);
        assert!(parse(rule.check).is_ok() && rule.old.is_none_or(|old| parse(old).is_ok()), "{}", rule.name);
        assert!(rule.about.ends_with('.'), "{}", rule.name);
        assert_eq!(rule.name.contains(':'), !rule.operations.is_empty(), "{}", rule.name);
    }
    let ours = ["bay:", "baymodel:", "cluster:exec", "cluster:power", "cluster:diagnose"];
    let of_magnum = |name: &&&str| name.contains(':') && !ours.iter().any(|own| name.starts_with(own));
    assert_eq!(names.iter().filter(of_magnum).count(), 51, "the rules of 22.0.0");
}

#[test]
fn the_sample_reads_back_as_the_defaults() {
    let text = sample();
    assert_eq!(over(&text).check(), []);
    insta::assert_snapshot!("sample_head", text.lines().take(24).collect::<Vec<_>>().join("\n"));
    let awake: String =
        text.lines().map(|line| format!("{}\n", line.strip_prefix("#\"").map_or(line.to_owned(), |l| format!("\"{l}")))).collect();
    let findings = over(&awake).check();
    assert_eq!(findings.len(), defaults().count());
    assert!(findings.iter().all(|f| f.matter == "it is the same as the default"));
}
