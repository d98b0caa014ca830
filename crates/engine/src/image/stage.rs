// SPDX-License-Identifier: Apache-2.0
//! A stage of a build: keyed by its inputs, made in a folder beside its place, moved there when complete.

use crate::{Error, digest};
use magnum_host::{Program, file};
use nix::fcntl::Flock;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bump when a stage's code changes what it makes.
const FORMAT: &str = "1";
/// How often a build that waits for another one looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// When a build stops waiting for another one.
const WAIT_LIMIT: Duration = Duration::from_secs(3600);
/// The number of stages, for progress.
const STAGES: usize = 4;

/// What is going on in a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// `packages`, `kubernetes`, `containers`, `image`.
    pub stage: &'static str,
    /// The stage's number, from 1.
    pub number: usize,
    /// How many stages there are.
    pub of: usize,
    /// Since the stage began.
    pub elapsed: Duration,
    pub event: Event,
}

/// What has happened to a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Started,
    /// A line of its output.
    Line(String),
    /// It is complete; `cached` when it already was.
    Finished {
        cached: bool,
    },
}

/// Shows a line of output.
pub(crate) type Show<'s> = dyn FnMut(&str) + 's;
type Make<'a> = Box<dyn Fn(&Path, &mut Show<'_>) -> Result<(), magnum_host::Error> + 'a>;

/// A stage about to be run.
pub(crate) struct Stage<'a> {
    name: &'static str,
    inputs: Vec<String>,
    /// Make it again even if it is there.
    refresh: bool,
    /// What an earlier attempt left is of use to the next.
    resume: bool,
    make: Make<'a>,
}

impl<'a> Stage<'a> {
    /// A stage that `make` fills a folder for.
    pub fn new(
        name: &'static str,
        inputs: Vec<String>,
        make: impl Fn(&Path, &mut Show<'_>) -> Result<(), magnum_host::Error> + 'a,
    ) -> Self {
        Self { name, inputs, refresh: false, resume: false, make: Box::new(make) }
    }

    /// Makes it again even if it is there.
    pub fn refreshed(self, refresh: bool) -> Self {
        Self { refresh, ..self }
    }

    /// Keeps what an attempt that was cut off has made.
    pub fn resumable(self) -> Self {
        Self { resume: true, ..self }
    }

    fn key(&self) -> String {
        digest::short(&format!("{FORMAT}\0{}\0{}", self.name, self.inputs.join("\0")))
    }
}

/// A stage's result.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub path: PathBuf,
    pub cached: bool,
}

/// Runs stages, one build at a time.
pub(crate) struct Builder<'p> {
    folder: PathBuf,
    number: usize,
    progress: &'p mut dyn FnMut(Progress),
    _lock: Flock<File>,
}

impl<'p> Builder<'p> {
    /// Waits until no other build uses the cache.
    pub fn open(cache: &Path, progress: &'p mut dyn FnMut(Progress)) -> Result<Self, Error> {
        let folder = cache.join("stages");
        file::folder(&folder, 0o755).map_err(|e| failed("image", &e))?;
        let (started, mut told) = (Instant::now(), false);
        loop {
            if let Some(lock) = file::try_lock(&folder.join("lock")).map_err(|e| failed("image", &e))? {
                return Ok(Self { folder, number: 0, progress, _lock: lock });
            }
            if started.elapsed() > WAIT_LIMIT {
                let what = format!("another build has held {} for {} s", folder.display(), started.elapsed().as_secs());
                return Err(Error::Resource { resource: "image".to_owned(), what });
            }
            if !std::mem::replace(&mut told, true) {
                let event = Event::Line("waiting for another build".to_owned());
                progress(Progress { stage: "packages", number: 1, of: STAGES, elapsed: started.elapsed(), event });
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Runs a stage, or finds its result.
    pub fn run(&mut self, stage: &Stage<'_>) -> Result<Done, Error> {
        self.number += 1;
        let (name, number, started) = (stage.name, self.number, Instant::now());
        let path = self.folder.join(format!("{name}-{}", stage.key()));
        let progress = &mut *self.progress;
        let mut tell = |event| progress(Progress { stage: name, number, of: STAGES, elapsed: started.elapsed(), event });
        if path.exists() && !stage.refresh {
            tell(Event::Finished { cached: true });
            return Ok(Done { path, cached: true });
        }
        tell(Event::Started);
        let work = self.folder.join(format!(".{name}-{}.part", stage.key()));
        let mut attempt = || -> Result<PathBuf, magnum_host::Error> {
            if !stage.resume {
                remove_unmounted(&work)?;
            }
            file::folder(&work, 0o755)?;
            (stage.make)(&work, &mut |line| tell(Event::Line(line.to_owned())))?;
            replace(&work, &path)
        };
        let path = attempt().map_err(|error| failed(name, &error))?;
        tell(Event::Finished { cached: false });
        Ok(Done { path, cached: false })
    }
}

/// Moves a finished folder to its place. Later stages share files with an older one there, not the folder.
fn replace(work: &Path, path: &Path) -> Result<PathBuf, magnum_host::Error> {
    remove_unmounted(path)?;
    std::fs::rename(work, path).map_err(|e| magnum_host::Error::file("rename", work, e))?;
    Ok(path.to_owned())
}

/// Removes a folder in which nothing is mounted: what is mounted is not ours to remove.
pub(crate) fn remove_unmounted(folder: &Path) -> Result<(), magnum_host::Error> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let below = |line: &str| line.split(' ').nth(1).is_some_and(|path| Path::new(path).starts_with(folder));
    if mounts.lines().any(below) {
        return Err(magnum_host::Error::file("remove", folder, std::io::Error::other("something is mounted in it")));
    }
    file::remove(folder)
}

/// Runs a program, showing the lines of its output.
pub(crate) fn run(program: Program, show: &mut Show<'_>) -> Result<Vec<u8>, magnum_host::Error> {
    let mut rest = String::new();
    program.run_watched(&mut |bytes| {
        rest.push_str(&String::from_utf8_lossy(bytes));
        while let Some((line, tail)) = rest.split_once(['\n', '\r']) {
            if !line.trim().is_empty() {
                show(line.trim());
            }
            rest = tail.to_owned();
        }
    })
}

/// A failure of a stage, with the way out where there is one.
fn failed(stage: &str, error: &magnum_host::Error) -> Error {
    match error {
        magnum_host::Error::NotInstalled { program } => {
            Error::Prerequisite { what: error.to_string(), hint: super::packages::install_hint(program) }
        }
        _ => Error::Resource { resource: format!("image, stage {stage}"), what: error.with_causes() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn build(cache: &Path, stage: &Stage<'_>) -> (Result<Done, Error>, Vec<Event>) {
        let mut events = Vec::new();
        let mut note = |p: Progress| events.push(p.event);
        let result = Builder::open(cache, &mut note).unwrap().run(stage);
        (result, events)
    }

    #[test]
    fn a_stage_is_made_once_and_appears_only_when_complete() {
        let cache = tempfile::tempdir().unwrap();
        let (fail, runs) = (Cell::new(true), Cell::new(0));
        let stage = Stage::new("packages", vec!["a".to_owned()], |work, show| {
            runs.set(runs.get() + 1);
            file::write(&work.join("x"), b"1", 0o644)?;
            show("working");
            if fail.get() { Err(magnum_host::Error::Thread) } else { Ok(()) }
        });
        assert!(build(cache.path(), &stage).0.is_err());
        assert!(file::names(&cache.path().join("stages")).iter().all(|n| n.starts_with('.') || n == "lock"));
        fail.set(false);
        let (result, events) = build(cache.path(), &stage);
        assert_eq!(events, [Event::Started, Event::Line("working".to_owned()), Event::Finished { cached: false }]);
        assert!(result.unwrap().path.join("x").exists());
        assert_eq!(build(cache.path(), &stage).1, [Event::Finished { cached: true }]);
        assert_eq!(runs.get(), 2);
        let again = Stage { refresh: true, ..stage };
        assert!(!build(cache.path(), &again).0.unwrap().cached);
    }

    #[test]
    fn other_inputs_are_another_stage() {
        let key = |inputs: &[&str]| Stage::new("x", inputs.iter().map(|s| (*s).to_owned()).collect(), |_, _| Ok(())).key();
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["a", "b"]), key(&["ab"]));
        assert_ne!(key(&["a", "b"]), key(&["b", "a"]));
    }
}
