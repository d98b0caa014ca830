// SPDX-License-Identifier: Apache-2.0
//! The image that servers boot: a Debian root file system with systemd, container runtimes, etcd, the Kubernetes
//! binaries and the sample workload images, and the agent's unit.
//!
//! It is built in stages. Each stage's result lies under a hash of everything it was made from and appears there only
//! when it is complete, so a build that was cut off goes on, a second build is over at once, and two builds at the
//! same time share one result.

mod archive;
mod configure;
mod containers;
mod kubernetes;
mod manifest;
mod packages;
mod pause;
mod source;
mod stage;

pub use stage::{Event, Progress};

use crate::Error;
use magnum_host::{Program, file};
use stage::{Builder, Stage};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The only image there is so far, and the default of templates.
pub const NAME: &str = "debian-12";

/// What an image is built from.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where images and stages are kept.
    pub cache_dir: PathBuf,
    /// A folder with the Kubernetes binaries, to be used instead of the official archive or a build from source.
    pub kubernetes: Option<PathBuf>,
    /// Where the official release archives are.
    pub release_url: String,
    /// Build with today's packages even if there is an image.
    pub refresh: bool,
}

impl Options {
    /// Kubernetes' own download address.
    pub const RELEASES: &'static str = "https://dl.k8s.io";

    /// What the environment says: `MAGNUM_CACHE_DIR` (default `/var/cache/magnum`), `MAGNUM_KUBERNETES_DIR`, and
    /// `MAGNUM_KUBERNETES_RELEASES` for a mirror of the official archive.
    pub fn from_environment() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        Self {
            cache_dir: path("MAGNUM_CACHE_DIR").unwrap_or_else(|| PathBuf::from("/var/cache/magnum")),
            kubernetes: path("MAGNUM_KUBERNETES_DIR"),
            release_url: std::env::var("MAGNUM_KUBERNETES_RELEASES").unwrap_or_else(|_| Self::RELEASES.to_owned()),
            refresh: false,
        }
    }

    /// Where images are, for [`crate::local::Config::image_dir`].
    pub fn image_dir(&self) -> PathBuf {
        self.cache_dir.join("images")
    }
}

/// A finished image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// `<cache>/images/<name>`, with `rootfs/` and `manifest.json`.
    pub path: PathBuf,
    /// Nothing had to be built.
    pub cached: bool,
}

/// Builds the image, or finds it built. Blocks; may take many minutes the first time.
pub fn build(options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Built, Error> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Error::Prerequisite {
            what: "an image can only be built by root".to_owned(),
            hint: "run magnum image build as root".to_owned(),
        });
    }
    let mut builder = Builder::open(&options.cache_dir, progress)?;
    let packages = builder.run(&packages::stage(options.refresh))?;
    let installed = packages::installed(&packages.path)?;
    let kubernetes = builder.run(&kubernetes::stage(options, &packages.path))?;
    let containers = builder.run(&containers::stage(&packages.path, &installed))?;
    let finished = builder.run(&image(&installed, &packages.path, &kubernetes.path, &containers.path))?;
    let path = options.image_dir().join(NAME);
    publish(&options.cache_dir, &finished.path, &path)?;
    let cached = [&packages, &kubernetes, &containers, &finished].iter().all(|r| r.cached);
    Ok(Built { path, cached })
}

/// The last stage: everything in its place. Files that the stages do not change are shared with them as hard links.
fn image<'a>(installed: &str, packages: &'a Path, kubernetes: &'a Path, containers: &'a Path) -> Stage<'a> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let inputs = vec![installed.to_owned(), name(kubernetes), name(containers), configure::inputs()];
    Stage::new("image", inputs, move |work, _| {
        let rootfs = work.join("rootfs");
        let copy = Program::new("cp").args(["-al", "--"]).arg(packages.join("rootfs")).arg(&rootfs);
        copy.time_limit(Duration::from_secs(300)).run()?;
        configure::apply(&rootfs)?;
        let install = |from: &Path, folder: &str| -> Result<(), magnum_host::Error> {
            let folder = rootfs.join(folder);
            file::folder(&folder, 0o755)?;
            file::names(from).iter().filter(|n| *n != manifest::SOURCE).try_for_each(|name| {
                let (source, target) = (from.join(name), folder.join(name));
                std::fs::hard_link(&source, &target).map_err(|e| magnum_host::Error::file("link", &source, e))
            })
        };
        install(kubernetes, "usr/local/bin")?;
        install(containers, "opt/magnum/images")?;
        manifest::write(&work.join("manifest.json"), &rootfs, kubernetes, containers)
    })
}

/// Makes the image's name mean the finished stage, at once. Servers keep the one they were made from.
fn publish(cache: &Path, finished: &Path, path: &Path) -> Result<(), Error> {
    let failed = |e: magnum_host::Error| Error::Resource { resource: "image".to_owned(), what: e.with_causes() };
    file::folder(&cache.join("images"), 0o755).map_err(failed)?;
    let target = Path::new("..").join(finished.strip_prefix(cache).unwrap_or(finished));
    if std::fs::read_link(path).is_ok_and(|old| old == target) {
        return Ok(());
    }
    let new = path.with_extension("new");
    file::remove(&new).map_err(failed)?;
    let rename = |from: &Path, to: &Path| std::fs::rename(from, to).map_err(|e| failed(magnum_host::Error::file("rename", from, e)));
    if path.is_dir() && !path.is_symlink() {
        // A folder that somebody put there keeps its files: containers may run from it.
        rename(
            path,
            &cache.join("stages").join(format!("{NAME}-replaced-by-{}", target.file_name().unwrap_or_default().to_string_lossy())),
        )?;
    }
    std::os::unix::fs::symlink(&target, &new).map_err(|e| failed(magnum_host::Error::file("link", &new, e)))?;
    rename(&new, path)
}
