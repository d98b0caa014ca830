// SPDX-License-Identifier: Apache-2.0
//! Help of every command, completions, and the commands that the program carries out.

use crate::fixture::{Fixture, run};
use clap::CommandFactory;
use insta::assert_snapshot;
use magnum_cli::Cli;

fn leaves(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
    let below: Vec<&clap::Command> = command.get_subcommands().collect();
    if below.is_empty() {
        found.push(path.to_vec());
    }
    for command in below {
        let mut path = path.to_vec();
        path.push(command.get_name().to_owned());
        leaves(command, &path, found);
    }
}

#[tokio::test]
async fn every_command_has_help() {
    Cli::command().debug_assert();
    let mut found = Vec::new();
    leaves(&Cli::command(), &[], &mut found);
    assert!(found.len() > 60, "{}", found.len());
    let dir = tempfile::tempdir().unwrap();
    for path in found {
        let args: Vec<&str> = ["magnum"].into_iter().chain(path.iter().map(String::as_str)).chain(["--help"]).collect();
        let ended = run(&args, "", dir.path(), "").await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{path:?}");
        assert!(ended.out.contains("Usage: magnum"), "{path:?}: {}", ended.out);
        assert!(ended.out.lines().next().is_some_and(|line| !line.trim().is_empty()), "{path:?} says what it does");
    }
}

#[tokio::test]
async fn the_first_help_is_short() {
    let dir = tempfile::tempdir().unwrap();
    assert_snapshot!("help", run(&["magnum", "--help"], "", dir.path(), "").await.out);
    let ended = run(&["magnum", "--version"], "", dir.path(), "").await;
    assert_eq!((ended.code, ended.out.starts_with("magnum ")), (0, true));
}

#[tokio::test]
async fn shells_are_completed() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(&["magnum", "completion", shell], "", dir.path(), "").await;
        assert!(ended.code == 0 && ended.out.contains("cluster-template") && ended.out.contains("console"), "{shell}: {}", ended.err);
    }
}

#[tokio::test]
async fn the_programs_own_commands_are_handed_over() {
    let server = Fixture::start().await;
    let ended = server.magnum(&["serve", "--listen", "127.0.0.1:1", "--cache-dir", "/c"]).await;
    assert_eq!((ended.code, ended.err.as_str()), (1, "error: /dir/state 127.0.0.1:1 /c\nhint: only a test\n"));
    let ended = server.magnum(&["image", "build", "-o", "json"]).await;
    assert_eq!(ended.json()[0]["asked"], "Build { name: \"debian-12\", force: false }");
    assert_eq!(server.magnum(&["image", "list", "-o", "value", "-c", "name"]).await.out, "debian-12\n");
    for bad in [&["serve", "--listen", "x"][..], &["serve", "--external-range", "10.0.0.0/40"], &["image"]] {
        assert_eq!(server.magnum(bad).await.code, 64, "{bad:?}");
    }
}
