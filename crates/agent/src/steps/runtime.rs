// SPDX-License-Identifier: Apache-2.0
//! The container runtime of a Kubernetes node: containerd.

use crate::error::Error;
use crate::image::PAUSE;
use crate::kubernetes::CONTAINERD;
use crate::spec::Questions;
use crate::step::{Context, Gate, Step};
use crate::{command, file, unit};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

pub static STEP: Step =
    Step { name: "runtime", applies: |spec| spec.kubernetes().is_some(), needs: &[], limit: Duration::from_secs(90), run };

const UNIT: &str = "containerd.service";

fn run(context: &Context) -> Result<(), Error> {
    command::find("containerd")?;
    command::find("runc")?;
    file::make_folder(Path::new("/etc/cni/net.d"), 0o755)?;
    let quicker = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=1\n";
    let drop_in = unit::drop_in(UNIT, quicker)?;
    let changed = file::write(Path::new("/etc/containerd/config.toml"), &config(), file::PUBLIC)?;
    let was_active = context.systemd.state(UNIT)?.is_active();
    if changed && was_active {
        context.systemd.restart(&[UNIT])?;
    } else if !was_active {
        context.systemd.start(&[UNIT], drop_in)?;
    }
    context.wait("containerd to answer", &[UNIT], || match UnixStream::connect(CONTAINERD) {
        Ok(_) if std::fs::exists(format!("{CONTAINERD}.ttrpc")).unwrap_or(false) => Ok(Gate::Open(())),
        Ok(_) => Ok(Gate::Closed(String::new())),
        Err(error) => Ok(Gate::Closed(error.to_string())),
    })
}

/// `restrict_oom_score_adj`: in a container without CAP_SYS_RESOURCE every pod would fail otherwise.
fn config() -> String {
    format!(
        r#"# Written by magnum-agent.
version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
"#
    )
}
