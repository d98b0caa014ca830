// SPDX-License-Identifier: Apache-2.0
//! `magnum config` and `magnum policy`: answers about settings and rules, with the same code that the server starts with.

use crate::policy::Places;
use crate::settings::{Settings, Unnamed};
use magnum_cli::{Answer, Asker, ConfigCommand, ConfigFiles, HookError, PolicyCommand};
use magnum_policy::{Credentials, Node, Outcome, Target};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Carries out one command.
pub async fn about(asked: magnum_cli::Settings) -> Result<Answer, HookError> {
    match asked {
        magnum_cli::Settings::Config(ConfigCommand::Show { files, set }) => show(&files, set),
        magnum_cli::Settings::Config(ConfigCommand::Sample) => Ok(sample(magnum_conf::sample(magnum_conf::ALL))),
        magnum_cli::Settings::Config(ConfigCommand::Check { files, offline }) => check(&files, offline).await,
        magnum_cli::Settings::Policy(PolicyCommand::List { files }) => list(&files),
        magnum_cli::Settings::Policy(PolicyCommand::Sample) => Ok(sample(magnum_policy::sample())),
        magnum_cli::Settings::Policy(PolicyCommand::Check { files }) => {
            let mut findings = Vec::new();
            rules(&Settings::read(&files, Unnamed::Usual)?, &mut findings)?;
            Ok(told(&findings))
        }
        magnum_cli::Settings::Policy(PolicyCommand::Explain { rule, files, asker }) => explain(&rule, &files, &asker),
    }
}

/// One finding, wherever it comes from.
struct Finding {
    severity: String,
    text: String,
}

fn told(findings: &[Finding]) -> Answer {
    let bad = findings.iter().any(|finding| finding.severity == "error");
    let mut text: String = findings.iter().map(|finding| format!("{}\n", finding.text)).collect();
    if findings.is_empty() {
        text.push_str("All is well.\n");
    }
    let value: Vec<Value> = findings.iter().map(|f| json!({"severity": f.severity, "finding": f.text})).collect();
    Answer { text, value: Value::Array(value), exit: u8::from(bad) }
}

fn sample(text: String) -> Answer {
    Answer { value: Value::String(text.clone()), text, exit: 0 }
}

fn show(files: &ConfigFiles, set: bool) -> Result<Answer, HookError> {
    let settings = Settings::read(files, Unnamed::Usual)?;
    let mut shown = settings.config.show();
    if set {
        shown.retain(|line| line.origin != magnum_conf::Origin::Default);
    }
    let row = |line: &magnum_conf::Shown| {
        let (value, error) = match &line.value {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        };
        json!({"group": line.group, "option": line.option, "value": value, "error": error, "origin": line.origin.to_string()})
    };
    let value = shown.iter().map(row).collect();
    Ok(Answer { text: magnum_conf::render(&shown), value, exit: 0 })
}

async fn check(files: &ConfigFiles, offline: bool) -> Result<Answer, HookError> {
    let settings = Settings::read(files, Unnamed::Usual)?;
    let mut findings: Vec<Finding> =
        settings.config.check().iter().map(|f| Finding { severity: f.severity.to_string(), text: f.to_string() }).collect();
    rules(&settings, &mut findings)?;
    for error in [crate::notify::announcer(&settings.config).err(), crate::traces::check(&settings.config).err()].into_iter().flatten() {
        findings.push(Finding { severity: "error".to_owned(), text: format!("error: {}", error.message) });
    }
    if !offline {
        findings.extend(
            crate::reach::reach(&settings.config)
                .await
                .into_iter()
                .map(|(severity, text)| Finding { severity: severity.to_owned(), text: format!("{severity}: {text}") }),
        );
    }
    Ok(told(&findings))
}

/// The rules in force, and what is wrong with them.
fn rules(settings: &Settings, findings: &mut Vec<Finding>) -> Result<magnum_policy::Enforcer, HookError> {
    let enforcer = Places::in_force(settings)?;
    for finding in enforcer.check() {
        let severity = match finding.severity {
            magnum_policy::Severity::Error => "error",
            magnum_policy::Severity::Warning => "warning",
            magnum_policy::Severity::Note => "note",
        };
        findings.push(Finding { severity: severity.to_owned(), text: finding.to_string() });
    }
    Ok(enforcer)
}

fn list(files: &ConfigFiles) -> Result<Answer, HookError> {
    let enforcer = Places::in_force(&Settings::read(files, Unnamed::Usual)?)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for rule in enforcer.list() {
        let check = rule.check.as_ref().map_or_else(|broken| format!("(broken) {broken}"), Clone::clone);
        let _ = writeln!(text, "{}: {check:?}  # {}", rule.name, rule.origin);
        let scopes: Vec<&str> = rule.scopes.iter().map(|scope| scope.word()).collect();
        rows.push(json!({
            "name": rule.name,
            "check": rule.check.as_ref().ok(),
            "error": rule.check.as_ref().err(),
            "origin": rule.origin.to_string(),
            "about": rule.about,
            "scopes": scopes,
            "operations": rule.operations.iter().map(|(method, path)| format!("{method} {path}")).collect::<Vec<_>>(),
        }));
    }
    Ok(Answer { text, value: Value::Array(rows), exit: 0 })
}

fn explain(rule: &str, files: &ConfigFiles, asker: &Asker) -> Result<Answer, HookError> {
    let enforcer = Places::in_force(&Settings::read(files, Unnamed::Usual)?)?;
    let mut credentials = Credentials::default().with("user_id", asker.user.clone()).with("domain_id", asker.domain.clone());
    credentials =
        if asker.system { credentials.with("system_scope", "all") } else { credentials.with("project_id", asker.project.clone()) };
    let credentials = enforcer.complete(credentials.roles(asker.role.iter().map(String::as_str)));
    let target = Target::default()
        .with("project_id", asker.target_project.clone().unwrap_or_else(|| asker.project.clone()))
        .with("user_id", asker.target_user.clone().unwrap_or_else(|| asker.user.clone()));
    let tree = enforcer.explain(rule, &target, &credentials);
    let allowed = enforcer.authorise(rule, &target, &credentials);
    let verdict = match &allowed {
        magnum_policy::Decision::Allowed => format!("{rule} is allowed."),
        magnum_policy::Decision::Denied(denial) => format!("{denial}."),
    };
    let value = json!({"rule": rule, "allowed": allowed.is_allowed(), "verdict": verdict, "parts": part(&tree)});
    Ok(Answer { text: format!("{verdict}\n\n{tree}"), value, exit: u8::from(!allowed.is_allowed()) })
}

fn part(node: &Node) -> Value {
    let outcome = match node.outcome {
        Outcome::True => "true",
        Outcome::False => "false",
        Outcome::Broken => "broken",
    };
    json!({"check": node.check, "outcome": outcome, "why": node.why, "parts": node.parts.iter().map(part).collect::<Vec<_>>()})
}
