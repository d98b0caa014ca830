// SPDX-License-Identifier: Apache-2.0
//! Stage 2: the Kubernetes binaries. An already installed set if one is given, else the official release archive
//! where the network allows it, else a build from Debian's source package.

use super::stage::{Show, Stage, run};
use super::{Options, manifest, source};
use magnum_host::{Error, Program, file};
use std::path::Path;
use std::time::Duration;

/// The version, the last one in Debian's archive as source.
pub(crate) const VERSION: &str = "1.20.2";
/// What nodes and users need of it.
pub(crate) const BINARIES: [&str; 6] = ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"];

/// How long the whole archive may take.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(900);

/// The stage. Its result is the binaries and a note of where they come from. `packages` knows where Debian's sources are.
pub(crate) fn stage<'a>(options: &'a Options, packages: &'a Path) -> Stage<'a> {
    let given = options.kubernetes.as_ref().map(|folder| fingerprint(folder)).unwrap_or_default();
    let inputs = vec![VERSION.to_owned(), BINARIES.join(","), std::env::consts::ARCH.to_owned(), source::REFLECT.to_owned(), given];
    Stage::new("kubernetes", inputs, move |work, show| {
        let result = work.join("result");
        file::remove(&result)?;
        file::folder(&result, 0o755)?;
        let source = match &options.kubernetes {
            Some(folder) => install(folder, &result).map(|()| format!("installed set in {}", folder.display()))?,
            None => match release(options, work, &result, show) {
                Ok(()) => "official release archive".to_owned(),
                Err(error) => {
                    show(&format!("no release archive ({}), building from Debian's source package", error.with_causes()));
                    source::build(work, &packages.join("rootfs/etc/apt"), &result, show)?;
                    "Debian's source package".to_owned()
                }
            },
        };
        check_version(&result)?;
        file::write(&result.join(manifest::SOURCE), source.as_bytes(), 0o644)?;
        lift(work, &result)
    })
    .resumable()
}

/// Sizes and times of a given set, so that another set is another stage.
fn fingerprint(folder: &Path) -> String {
    let one = |name: &&str| {
        std::fs::metadata(folder.join(name)).and_then(|m| Ok(format!("{name} {} {:?}", m.len(), m.modified()?))).unwrap_or_default()
    };
    BINARIES.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn install(folder: &Path, result: &Path) -> Result<(), Error> {
    BINARIES.iter().try_for_each(|name| file::refresh(&folder.join(name), &result.join(name), 0o755))
}

/// The architecture's name in releases.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Downloads the release archive and its checksum. The connection has a short time limit: many machines have none.
fn release(options: &Options, work: &Path, result: &Path, show: &mut Show<'_>) -> Result<(), Error> {
    let name = format!("kubernetes-server-linux-{}.tar.gz", architecture());
    let address = format!("{}/v{VERSION}/{name}", options.release_url.trim_end_matches('/'));
    let curl = |address: &str| Program::new("curl").args(["-fsSL", "--proto", "=https,http", "--connect-timeout", "4", address]);
    let checksum = curl(&format!("{address}.sha512")).time_limit(Duration::from_secs(15)).run()?;
    let checksum = String::from_utf8_lossy(&checksum).split_whitespace().next().unwrap_or_default().to_owned();
    show(&format!("downloading {name}"));
    let archive = work.join(&name);
    curl(&address).arg("-o").arg(&archive).args(["-C", "-"]).time_limit(DOWNLOAD_LIMIT).run()?;
    let sum = Program::new("sha512sum").arg(&archive).time_limit(Duration::from_secs(120)).run()?;
    if checksum.len() != 128 || !String::from_utf8_lossy(&sum).starts_with(&checksum) {
        file::remove(&archive)?;
        return Err(Error::file("use", &archive, std::io::Error::other("its checksum is not that of the release")));
    }
    let members = BINARIES.iter().map(|b| format!("kubernetes/server/bin/{b}"));
    let tar = Program::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(result).arg("--strip-components=3").args(members);
    run(tar.time_limit(Duration::from_secs(300)), show)?;
    file::remove(&archive)
}

/// All binaries are there and the kubelet says the right version.
fn check_version(result: &Path) -> Result<(), Error> {
    if let Some(missing) = BINARIES.iter().map(|b| result.join(b)).find(|p| !p.is_file()) {
        return Err(Error::file("find", &missing, std::io::ErrorKind::NotFound.into()));
    }
    let kubelet = result.join("kubelet");
    let output = Program::new(kubelet.display().to_string()).arg("--version").run()?;
    let text = String::from_utf8_lossy(&output).trim().to_owned();
    if text != format!("Kubernetes v{VERSION}") {
        return Err(Error::file("use", &kubelet, std::io::Error::other(format!("it is {text}, not v{VERSION}"))));
    }
    Ok(())
}

/// Leaves nothing but the result in the stage's folder.
fn lift(work: &Path, result: &Path) -> Result<(), Error> {
    for name in file::names(result) {
        let (from, to) = (result.join(&name), work.join(&name));
        std::fs::rename(&from, &to).map_err(|e| Error::file("rename", &from, e))?;
    }
    let keep = |name: &String| BINARIES.contains(&name.as_str()) || name == manifest::SOURCE;
    file::names(work).iter().filter(|n| !keep(n)).try_for_each(|name| file::remove(&work.join(name)))
}
