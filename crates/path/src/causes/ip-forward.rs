// SPDX-License-Identifier: Apache-2.0
//! The node does not forward packets.

use crate::cause::{Cause, Found, Look, Scene};

pub static CAUSE: Cause = Cause { id: "ip-forward", rank: 35, look };

fn look(scene: &Scene<'_>) -> Look {
    let Some((last, _)) = scene.handing_on() else { return Look::Nothing };
    let node = &last.hop.node;
    let keys = ["net.ipv4.ip_forward".to_owned(), format!("net.ipv4.conf.{}.forwarding", last.hop.device)];
    let mut fine = Look::Nothing;
    for key in keys {
        match scene.sysctl(node, &key).as_deref() {
            Some("0") => {
                return Found::new(format!("{node} does not forward packets: {key} is 0"))
                    .fault("fl-ip-forward")
                    .seen(scene.on(node, &format!("sysctl {key}")), "0")
                    .fix("Switch forwarding on, now and in /etc/sysctl.d.")
                    .run(scene.on(node, &format!("sysctl -w {key}=1")))
                    .guilty();
            }
            Some(value) => fine = Look::Fine(format!("{key} is {value} on {node}")),
            None => {}
        }
    }
    fine
}
