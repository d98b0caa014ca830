// SPDX-License-Identifier: Apache-2.0
//! Prepares the kernel for containers: forwarding, bridged packets through iptables, no search for a cloud's metadata.

use crate::error::Error;
use crate::step::{Context, Step};
use crate::{command, file};
use std::time::Duration;

pub static STEP: Step = Step { name: "network", applies: |_| true, needs: &[], limit: Duration::from_secs(20), run };

fn run(context: &Context) -> Result<(), Error> {
    file::sysctl("net.ipv4.ip_forward", "1")?;
    for key in ["net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"] {
        file::sysctl(key, "1")?;
    }
    // Every daemon watches files. Nodes that share a kernel share these too; the usual 128 are used up by two clusters.
    for (key, least) in [("fs.inotify.max_user_instances", 8192), ("fs.inotify.max_user_watches", 524_288)] {
        file::sysctl_at_least(key, least);
    }
    if context.kubernetes().is_ok() {
        // The kubelet of 1.20 looks for the metadata services of four clouds before it does anything else: eleven
        // seconds, unless the address is known to lead nowhere.
        let route = ["route", "replace", "unreachable", "169.254.0.0/16", "metric", "4096"];
        command::run("ip", &route, Duration::from_secs(5))?;
    }
    Ok(())
}
