// SPDX-License-Identifier: Apache-2.0
//! The short run: every target over its seeds and over changed seeds. And what belongs to a target is there.

use crate::ALL;
use crate::mutate::changed;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/tests.rs"));

/// How many changed seeds each target is run over.
const RUNS: u32 = 2000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").canonicalize().unwrap()
}

fn quick(name: &str, check: fn(&[u8])) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("corpus").join(name)).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    for (seed, file) in seeds.iter().zip(&files) {
        holds(name, check, seed, &file.display().to_string());
    }
    let mut rng = fastrand::Rng::with_seed(name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte)));
    for number in 0..RUNS {
        holds(name, check, &changed(&mut rng, &seeds), &format!("change {number}"));
    }
}

/// Runs a check; an input for which it does not hold is kept as a file.
fn holds(name: &str, check: fn(&[u8]), input: &[u8], what: &str) {
    if catch_unwind(AssertUnwindSafe(|| check(input))).is_err() {
        let kept = folder().join("artifacts").join(name).join("crash-quick");
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::write(&kept, input).unwrap();
        panic!("{what} of {name}: {:?}\ncargo xtask fuzz {name} --file {}", String::from_utf8_lossy(input), kept.display());
    }
}

/// Without the ending.
fn stems(folder: &Path, ending: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn every_target_has_its_program_and_small_seeds() {
    let targets: BTreeSet<String> = ALL.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(stems(&folder().join("fuzz_targets"), ".rs"), targets);
    assert_eq!(stems(&folder().join("corpus"), ""), targets);
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in targets {
        let program = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&program), "fuzz/Cargo.toml has no\n{program}");
        let text = std::fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("magnum_fuzz::{name}::check(data)")), "fuzz_targets/{name}.rs runs another target");
        let seeds: Vec<u64> =
            std::fs::read_dir(folder().join("corpus").join(&name)).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).collect();
        assert!((2..=20).contains(&seeds.len()) && seeds.iter().all(|size| *size <= 16 << 10), "{name}: {seeds:?}");
    }
}
