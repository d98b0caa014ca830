// SPDX-License-Identifier: Apache-2.0
//! The API server is given an option that it does not know.
//!
//! ## What you see
//! "Connection refused" at the API from the moment it was restarted; the unit is started again every few seconds and ends at once.
//!
//! ## Why it happens
//! A flag was misspelt, or this version no longer has it: a newer `kube_tag` with an older template, or an option in a label such as
//! `kubeapi_options`.
//!
//! ## What to do
//! Take the option out of the file that is named here, reload systemd and start the unit.

use crate::fixture::{Scene, crashed, kubernetes, stopped};
use crate::report::{Command, Risk};
use crate::{Act, CoeKind, Finding, Layer, Rule, Stop, Verdict, blind, fires, masters, need, quiet, when};
use magnum_facts::Facts;
use magnum_facts::node::NodeFacts;

pub static RULE: Rule = Rule {
    id: "kcp-apiserver-bad-flag",
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
        fires("an unknown flag", || dead("Error: unknown flag: --no-such-flag", "--no-such-flag=1")),
        fires("a value it does not take", || {
            dead("Error: invalid argument \"many\" for \"--max-requests-inflight\" flag: strconv.ParseInt", "--max-requests-inflight=many")
        }),
        quiet("stopped by hand", || kubernetes(1, 2).unit("master-0", "kube-apiserver", stopped()).api_dark()),
        quiet("it said so long ago, and the flag is gone", || dead("Error: unknown flag: --no-such-flag", "--v=2")),
        blind("the master cannot be read", || kubernetes(1, 2).node_dark("master-0").api_dark()),
    ],
    inject: &[Act::On { node: "master-0", argv: &["sh", "-c", ADD_FLAG] }],
    undo: &[Act::On { node: "master-0", argv: &["sh", "-c", TAKE_AWAY] }],
    ..Rule::BASE
};

const ADD_FLAG: &str = "cd /etc/systemd/system && mkdir -p kube-apiserver.service.d && \
sed -z 's/\\\\\\n *//g' kube-apiserver.service | sed -n 's/^ExecStart=\\(.*\\)/[Service]\\nExecStart=\\nExecStart=\\1 --no-such-flag=1/p' > \
kube-apiserver.service.d/90-flag.conf && systemctl daemon-reload && systemctl restart --no-block kube-apiserver";
const TAKE_AWAY: &str = "rm /etc/systemd/system/kube-apiserver.service.d/90-flag.conf && systemctl daemon-reload && \
systemctl restart --no-block kube-apiserver";

fn dead(last: &'static str, flag: &'static str) -> Scene {
    let scene = kubernetes(1, 2).unit("master-0", "kube-apiserver", crashed(1, last)).api_dark();
    let path = "/etc/systemd/system/kube-apiserver.service.d/90-flag.conf";
    scene.file("master-0", path, Some(&format!("[Service]\nExecStart=\nExecStart=/usr/local/bin/kube-apiserver {flag}\n")))
}

fn check(facts: &Facts) -> Verdict {
    masters(facts, |n| {
        let unit = n.down("kube-apiserver")?;
        when(unit.has_crashed())?;
        let said = unit.says(&["unknown flag: ", "for \"--"]).ok_or_else(|| n.unheard())?;
        let at = said.find("--").ok_or(Stop::Quiet)?;
        let flag: String =
            said.chars().skip(said.get(..at).map_or(0, |s| s.chars().count())).take_while(|c| !"\" =,".contains(*c)).collect();
        let configs = need(&n.node.configs, NodeFacts::CONFIGS)?;
        // What it said may be of an earlier start: the flag must still be there.
        let (path, _) = configs.value.unit_files("kube-apiserver").filter(|(_, text)| text.contains(&flag)).last().ok_or(Stop::Quiet)?;
        let path = path.to_owned();
        Ok(Finding::cause(n.subject(), format!("kube-apiserver ends at once on {}: it does not accept its option {flag}.", n.name))
            .because("it says so when it is started", [unit.cite("kube-apiserver.log", said)])
            .because(format!("the option is set in {path}"), [configs.cite(path.clone(), flag.clone())])
            .because("it ends and is started again", [unit.cite("kube-apiserver", unit.state_text())])
            .fix(format!("Take {flag} out of {path}, reload systemd and start the unit; use a template that fits this version."))
            .run(Command::new(Risk::ReadOnly, n.exec("systemctl cat kube-apiserver")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl daemon-reload")))
            .run(Command::new(Risk::ChangesNode, n.exec("systemctl restart kube-apiserver"))))
    })
}
