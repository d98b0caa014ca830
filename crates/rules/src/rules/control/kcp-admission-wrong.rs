// SPDX-License-Identifier: Apache-2.0
//! The API server is given an admission plugin that it does not have.
//!
//! ## What you see
//! "Connection refused" at the API: it ends at once with "plugin … is unknown". With a plugin that exists but does not fit, add-ons are
//! refused with "forbidden" instead.
//!
//! ## Why it happens
//! The list of admission plugins (label `admission_control_list`) was written for another version: plugins come and go, as
//! `PodSecurityPolicy` and `SecurityContextDeny` have.
//!
//! ## What to do
//! Take the plugin out of the list in the file that is named here, reload systemd and start the unit.

use crate::fixture::{Scene, crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kcp-admission-wrong",
    layer: Layer::Control,
    coe: CoeKind::Kubernetes,
    guide: "L27-62, L390",
    symptoms: &["S2", "S5", "S10"],
    needs: &[NodeFacts::UNITS, NodeFacts::JOURNALS, NodeFacts::CONFIGS],
    explains: &["kcp-apiserver-down"],
    not_if: &["nv-shutoff"],
    set_so: true,
    check,
    cases: &[
        fires("a plugin of another version", || dead("NodeRestriction,PodSecurity")),
        quiet("it said so of an earlier start", || dead("NodeRestriction")),
        quiet("stopped by hand", || kubernetes(1, 2).unit("master-0", "kube-apiserver", stopped()).api_dark()),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On { node: "master-0", argv: &["sh", "-c", ADD_PLUGIN] }],
    undo: &[Act::On { node: "master-0", argv: &["sh", "-c", TAKE_AWAY] }],
    ..Rule::BASE
};

/// 1.20 has no `PodSecurity` yet.
const ADD_PLUGIN: &str = "cd /etc/systemd/system && mkdir -p kube-apiserver.service.d && \
sed -z 's/\\\\\\n *//g' kube-apiserver.service | sed -n 's/^ExecStart=\\(.*=NodeRestriction\\)\\(.*\\)/[Service]\\nExecStart=\\nExecStart=\\1,PodSecurity\\2/p' > \
kube-apiserver.service.d/90-plugin.conf && systemctl daemon-reload && systemctl restart --no-block kube-apiserver";
const TAKE_AWAY: &str = "rm /etc/systemd/system/kube-apiserver.service.d/90-plugin.conf && systemctl daemon-reload && \
systemctl restart --no-block kube-apiserver";

fn dead(plugins: &'static str) -> Scene {
    let last = "Error: enable-admission-plugins plugin \"PodSecurity\" is unknown";
    let scene = kubernetes(1, 2).unit("master-0", "kube-apiserver", crashed(1, last)).api_dark();
    let line = format!("[Service]\nExecStart=\nExecStart=/usr/local/bin/kube-apiserver --enable-admission-plugins={plugins}\n");
    scene.file("master-0", "/etc/systemd/system/kube-apiserver.service.d/90-plugin.conf", Some(&line))
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let unit = n.down("kube-apiserver")?;
        when(unit.has_crashed())?;
        let said = unit.says(&["admission-plugins plugin"]).ok_or_else(|| n.unheard())?;
        let plugin = said.split("admission-plugins plugin \"").nth(1).and_then(|rest| rest.split('"').next()).ok_or(Stop::Quiet)?;
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        let lists = configs.value.unit_files("kube-apiserver");
        let named = |text: &str| text.split([',', '=', ' ', '\n', '"']).any(|word| word == plugin);
        // What it said may be of an earlier start: the plugin must still be there.
        let (path, _) = lists.filter(|(_, text)| named(text)).last().ok_or(Stop::Quiet)?;
        let path = path.to_owned();
        Ok(Finding::cause(n.subject(), format!("kube-apiserver ends at once on {}: it has no admission plugin {plugin}.", n.name))
            .because("it says so when it is started", [unit.cite("kube-apiserver.log", said)])
            .because(format!("the plugin is asked for in {path}"), [configs.cite(path.clone(), plugin)])
            .because("it ends and is started again", [unit.cite("kube-apiserver", unit.state_text())])
            .fix(format!("Take {plugin} out of the list in {path} (label admission_control_list), reload systemd and start the unit."))
            .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat kube-apiserver")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl daemon-reload")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kube-apiserver"))))
    })
}
