// SPDX-License-Identifier: Apache-2.0
//! Kubernetes from Debian's source package with Debian's Go: about five minutes on two cores, 2.4 GB of scratch space.
//! apt gets lists and a cache of its own, so that the machine's stay as they are; it checks the archive's signature.

use super::kubernetes::{BINARIES, VERSION};
use super::stage::{Show, run};
use magnum_host::{Error, Program, file, program};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Debian's source package of a library whose copy in Kubernetes' tree is too old for Go 1.18 and later: it walks maps by Go's
/// own insides, and an API server built with it dies of any question for JSON with line breaks (`?pretty=true`, `curl`).
pub(crate) const REFLECT: &str = "golang-github-modern-go-reflect2";
/// Where the copy is.
const VENDORED: &str = "vendor/github.com/modern-go/reflect2";

const DOWNLOAD_LIMIT: Duration = Duration::from_secs(600);
const BUILD_LIMIT: Duration = Duration::from_secs(3600);

/// Builds the binaries into `result`. What an earlier attempt has compiled is used again. `apt` is the folder of
/// package sources that the image was made from.
pub(crate) fn build(work: &Path, apt: &Path, result: &Path, show: &mut Show<'_>) -> Result<(), Error> {
    for name in ["apt-get", "dpkg-source", "go", "make", "rsync"] {
        go_or(name).ok_or_else(|| Error::NotInstalled { program: name.to_owned() })?;
    }
    let tree = work.join("src");
    if !tree.join("Makefile").exists() {
        download(work, apt, show)?;
    }
    let workspace = tree.join(".go/src/k8s.io");
    file::folder(&workspace, 0o755)?;
    if !workspace.join("kubernetes").exists() {
        let made = std::os::unix::fs::symlink("../../..", workspace.join("kubernetes"));
        made.map_err(|e| Error::file("link", &workspace, e))?;
    }
    show("compiling; this takes about five minutes");
    let what: Vec<String> = BINARIES.iter().map(|b| format!("cmd/{b}")).collect();
    run(compiler(work, &tree)?.arg(format!("WHAT={}", what.join(" "))), show)?;
    let output = tree.join("_output/bin");
    BINARIES.iter().try_for_each(|name| file::refresh(&output.join(name), &result.join(name), 0o755))
}

/// `make` with the environment that Kubernetes' build needs.
fn compiler(work: &Path, tree: &Path) -> Result<Program, Error> {
    let (minor, home) = (VERSION.split('.').nth(1).unwrap_or_default(), work.join("home"));
    file::folder(&home, 0o755)?;
    // Go compiles in there, and /tmp is small on many machines.
    let temporary = work.join("tmp");
    file::folder(&temporary, 0o700)?;
    let go = go_or("go").and_then(|p| p.parent().map(Path::to_owned)).unwrap_or_default();
    Ok(Program::new("make")
        .folder(tree)
        .env("PATH", format!("{}:{}", go.display(), program::SEARCH_PATH))
        .env("HOME", &home)
        .env("TMPDIR", &temporary)
        .env("GOPATH", tree.join(".go"))
        .env("GOCACHE", work.join("gocache"))
        .env("GOFLAGS", "-mod=vendor")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .env("SOURCE_DATE_EPOCH", super::archive::EPOCH.to_string())
        .env("KUBE_GIT_TREE_STATE", "archive")
        .env("KUBE_GIT_COMMIT", "debian")
        .env("KUBE_GIT_VERSION", format!("v{VERSION}"))
        .env("KUBE_GIT_MAJOR", "1")
        .env("KUBE_GIT_MINOR", minor)
        .time_limit(BUILD_LIMIT))
}

/// Debian keeps its own Go outside the usual folders too; it comes first, because the source wants that version.
fn go_or(name: &str) -> Option<PathBuf> {
    let debian = Path::new("/usr/lib/go/bin").join(name);
    if name == "go" && debian.is_file() { Some(debian) } else { program::find(name) }
}

fn download(work: &Path, sources: &Path, show: &mut Show<'_>) -> Result<(), Error> {
    let apt = work.join("apt");
    for folder in ["parts", "lists/partial", "cache/archives/partial"] {
        file::folder(&apt.join(folder), 0o755)?;
    }
    for (name, text) in source_lists(sources) {
        file::write(&apt.join("parts").join(name), text.as_bytes(), 0o644)?;
    }
    let (parts, lists, cache) = (apt.join("parts"), apt.join("lists"), apt.join("cache"));
    let config = format!(
        "Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"{}\";\nDir::State::lists \"{}\";\nDir::Cache \"{}\";\nAPT::Sandbox::User \"root\";\n",
        parts.display(),
        lists.display(),
        cache.display()
    );
    let path = apt.join("apt.conf");
    file::write(&path, config.as_bytes(), 0o644)?;
    let tool = || Program::new("apt-get").env("APT_CONFIG", &path).folder(work).time_limit(DOWNLOAD_LIMIT);
    show("reading the package archive's lists of sources");
    run(tool().args(["-q", "update"]), show)?;
    show("downloading the source package");
    run(tool().args(["-q", "source", "--download-only", "kubernetes", REFLECT]), show)?;
    // The tree is complete once it has its name: an attempt that is cut off before begins anew.
    let (part, library) = (work.join("src.part"), work.join("reflect2"));
    unpack(work, "kubernetes", &part, show)?;
    unpack(work, REFLECT, &library, show)?;
    renew(&library, &part.join(VENDORED))?;
    file::remove(&work.join("src"))?;
    std::fs::rename(&part, work.join("src")).map_err(|e| Error::file("rename", &part, e))
}

/// Unpacks a source package that was downloaded.
fn unpack(work: &Path, package: &str, to: &Path, show: &mut Show<'_>) -> Result<(), Error> {
    let start = format!("{package}_");
    let description = file::names(work).into_iter().find(|n| n.starts_with(&start) && n.ends_with(".dsc"));
    let description =
        description.ok_or_else(|| Error::file("find", &work.join(format!("{start}*.dsc")), std::io::ErrorKind::NotFound.into()))?;
    file::remove(to)?;
    let unpack = Program::new("dpkg-source").args(["--no-check", "-x", &description]).arg(to).folder(work);
    run(unpack.time_limit(DOWNLOAD_LIMIT), show).map(drop)
}

/// Puts a newer library in the place of the copy.
fn renew(library: &Path, vendored: &Path) -> Result<(), Error> {
    file::remove(vendored)?;
    file::folder(vendored, 0o755)?;
    let is_source = |name: &String| (name.ends_with(".go") && !name.ends_with("_test.go")) || name.ends_with(".s") || name == "LICENSE";
    let names: Vec<String> = file::names(library).into_iter().filter(is_source).collect();
    // The file that knows newer Go.
    if !names.iter().any(|name| name == "go_above_118.go") {
        return Err(Error::file("find", &library.join("go_above_118.go"), std::io::ErrorKind::NotFound.into()));
    }
    names.iter().try_for_each(|name| file::refresh(&library.join(name), &vendored.join(name), 0o644))
}

/// Lists of source packages, made from those of binary packages.
fn source_lists(apt: &Path) -> Vec<(String, String)> {
    let folder = apt.join("sources.list.d");
    let paths = file::names(&folder).into_iter().map(|name| folder.join(name)).chain([apt.join("sources.list")]);
    let one = |(number, path): (usize, PathBuf)| {
        let text = std::fs::read_to_string(&path).ok()?;
        match path.extension()?.to_str()? {
            "sources" => Some((format!("{number}.sources"), deb822(&text))),
            _ => Some((format!("{number}.list"), one_line(&text))),
        }
    };
    paths.enumerate().filter_map(one).collect()
}

fn deb822(text: &str) -> String {
    let line = |line: &str| if line.starts_with("Types:") { "Types: deb-src".to_owned() } else { line.to_owned() };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn one_line(text: &str) -> String {
    let binary = text.lines().filter_map(|l| l.trim().strip_prefix("deb "));
    binary.map(|rest| format!("deb-src {rest}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_renewed_without_its_tests_and_one_too_old_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (library, vendored) = (dir.path().join("new"), dir.path().join("tree/vendored"));
        std::fs::create_dir_all(&vendored).unwrap();
        std::fs::create_dir(&library).unwrap();
        std::fs::write(vendored.join("go_below_19.go"), "old").unwrap();
        for name in ["reflect2.go", "reflect2_amd64.s", "a_test.go", "README.md"] {
            std::fs::write(library.join(name), name).unwrap();
        }
        assert!(renew(&library, &vendored).unwrap_err().to_string().contains("go_above_118.go"));
        std::fs::write(library.join("go_above_118.go"), "new").unwrap();
        renew(&library, &vendored).unwrap();
        let mut names = file::names(&vendored);
        names.sort();
        assert_eq!(names, ["go_above_118.go", "reflect2.go", "reflect2_amd64.s"]);
    }

    #[test]
    fn binary_sources_become_sources_of_source() {
        assert_eq!(
            deb822("Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\n"),
            "Types: deb-src\nURIs: http://m.example/debian\nSuites: bookworm\n"
        );
        let list = "# x\ndeb [signed-by=/k] http://m.example/debian bookworm main\ndeb-src http://m.example/debian bookworm main\n";
        assert_eq!(one_line(list), "deb-src [signed-by=/k] http://m.example/debian bookworm main\n");
    }
}
