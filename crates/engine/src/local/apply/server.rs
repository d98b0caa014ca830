// SPDX-License-Identifier: Apache-2.0
//! Servers: their files, their volume, their power. LXC's configuration is written last, so a server whose making was
//! cut off is seen as such and made again.

use crate::Error;
use crate::local::failed;
use crate::local::machine::Machine;
use crate::local::plan::Action;
use crate::local::render::container::{Container, Place, SHOWN_SYSCTLS, STORAGE};
use crate::local::render::node;
use magnum_blueprint::Server;
use magnum_host::container::{Running, running};
use magnum_host::{Namespace, Program, cgroup, file, program};
use magnum_types::ClusterId;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How long the making of a file system may take.
const FORMAT_LIMIT: Duration = Duration::from_secs(60);

/// Does one action on a server.
pub(crate) fn perform(machine: &Machine, cluster: ClusterId, server: &Server, action: &Action) -> Result<(), Error> {
    let name = machine.names(cluster).node(&server.name);
    let resource = format!("server {}", server.name);
    let container = machine.container(&name);
    match action {
        Action::CreateServer(_) => {
            create(machine, cluster, server, &name)?;
            if server.powered_on { container.start().map_err(failed(resource)) } else { Ok(()) }
        }
        Action::StartServer(_) | Action::RestartServer(_) => {
            container.power_off().map_err(failed(resource.as_str()))?;
            create(machine, cluster, server, &name)?;
            container.start().map_err(failed(resource))
        }
        Action::PowerOffServer(_) => container.power_off().map_err(failed(resource)),
        Action::UpdateSpec(_) => update_spec(machine, server, &name),
        _ => Ok(()),
    }
}

/// The server's volume: a sparse file with an ext4 file system. It takes its name when it is complete.
pub(crate) fn volume(machine: &Machine, cluster: ClusterId, server: &Server) -> Result<(), Error> {
    let Some(gib) = server.docker_volume_gib else { return Ok(()) };
    let place = machine.place(&machine.names(cluster).node(&server.name));
    let resource = format!("volume of {}", server.name);
    let (path, new) = (place.volume(), place.volume().with_extension("new"));
    let attempt = || -> Result<(), magnum_host::Error> {
        file::folder(&place.volume_mount(), 0o755)?;
        // Never the same file again: a program of a killed server may still be writing to it.
        file::remove(&new)?;
        let opened = File::create_new(&new).and_then(|f| f.set_len(u64::from(gib) << 30));
        opened.map_err(|e| magnum_host::Error::file("create", &new, e))?;
        let options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0";
        Program::new("mkfs.ext4").args(["-q", "-F", "-m", "0", "-E", options]).arg(&new).time_limit(FORMAT_LIMIT).run()?;
        std::fs::rename(&new, &path).map_err(|e| magnum_host::Error::file("rename", &new, e))
    };
    attempt().map_err(failed(resource))
}

/// All files of the server; every one is written again, so it can be repeated.
fn create(machine: &Machine, cluster: ClusterId, server: &Server, name: &str) -> Result<(), Error> {
    let place = machine.place(name);
    let resource = format!("server {}", server.name);
    let image = if place.config().exists() { kept_image(&place) } else { None };
    let image = match image {
        Some(path) => path,
        None => machine.image(&server.image)?,
    };
    let files = node::files(cluster, server)?;
    let namespace = Namespace::named(name).path();
    let (mount, mkdir) = (installed("mount")?, installed("mkdir")?);
    let config = Container {
        name,
        host_name: server.name.as_str(),
        place: &place,
        image: &image,
        namespace: &namespace,
        flavor: &server.flavor,
        volume: server.docker_volume_gib.is_some(),
        layout: machine.layout,
        mount_program: &mount,
        mkdir_program: &mkdir,
    };
    let attempt = || -> Result<(), magnum_host::Error> {
        folders(&place)?;
        for file in &files {
            file::write(&place.upper().join(file.path), file.text.as_bytes(), file.mode)?;
        }
        file::refresh(&machine.config.agent_binary, &place.upper().join(node::AGENT), 0o755)?;
        for (sysctl, value) in SHOWN_SYSCTLS {
            file::write_if_changed(&place.sysctl(sysctl), format!("{value}\n").as_bytes(), 0o644)?;
        }
        file::write_if_changed(&place.config(), config.config().as_bytes(), 0o600).map(drop)
    };
    attempt().map_err(failed(resource))
}

/// The image that the server was made from: its changed files belong to that one and no other.
fn kept_image(place: &Place) -> Option<std::path::PathBuf> {
    let config = std::fs::read_to_string(place.config()).ok()?;
    let path =
        config.lines().find_map(|l| l.strip_prefix("lxc.rootfs.path = overlay:")?.split(':').next().map(Path::new).map(Path::to_owned))?;
    path.is_dir().then_some(path)
}

fn installed(program: &str) -> Result<std::path::PathBuf, Error> {
    let missing = || magnum_host::Error::NotInstalled { program: program.to_owned() };
    program::find(program).ok_or_else(missing).map_err(failed("server"))
}

fn folders(place: &Place) -> Result<(), magnum_host::Error> {
    // Folders in the upper layer stand for those of the image, so they need the same mode.
    for path in ["", "etc", "usr", "usr/local", "usr/local/bin"] {
        file::folder(&place.upper().join(path), 0o755)?;
    }
    file::folder(&place.upper().join("etc/magnum"), 0o700)?;
    file::folder(&place.volume_mount(), 0o755)?;
    file::folder(&place.sysctls(), 0o755)?;
    STORAGE.iter().try_for_each(|(name, _)| file::folder(&place.data().join(name), 0o755))
}

/// Through the node's own root, as the layers below a mounted overlay must not be changed.
fn update_spec(machine: &Machine, server: &Server, name: &str) -> Result<(), Error> {
    let spec = node::spec(server)?;
    let root = match running(&cgroup::members(name), name) {
        Running::Yes { init } => Path::new("/proc").join(init.to_string()).join("root"),
        _ => machine.place(name).upper(),
    };
    file::write(&root.join(node::SPEC), spec.as_bytes(), 0o600).map_err(failed(format!("server {}", server.name)))
}
