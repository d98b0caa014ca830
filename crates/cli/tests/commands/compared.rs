// SPDX-License-Identifier: Apache-2.0
//! Every command, argument and option of the Python clients is there. `clients.txt` has a line for each of their commands:
//! client and release, words, positional arguments (`?` may be left out, `+` are many), options. It was written by those clients'
//! own parsers (python-magnumclient 5.0.0 and 4.11.0) and, for 2.8.0 and 2.0.0, from their sources.

use crate::fixture::{C1, Fixture};
use clap::{Command, CommandFactory};
use magnum_cli::Cli;
use std::collections::BTreeSet;

/// Families of commands whose API is gone; they are answered with what to do instead.
const GONE: &[&str] = &["container-", "pod-", "rc-", "coe-service-"];

struct Theirs {
    client: String,
    words: Vec<String>,
    positional: Vec<String>,
    options: Vec<String>,
}

fn theirs() -> Vec<Theirs> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let line = |line: &str| {
        let parts: Vec<&str> = line.split('|').collect();
        let [client, command, positional, options] = parts.as_slice() else { panic!("{line}") };
        Theirs { client: (*client).to_owned(), words: words(command), positional: words(positional), options: words(options) }
    };
    include_str!("clients.txt").lines().map(line).collect()
}

fn ours<'a>(root: &'a Command, words: &[String]) -> Option<&'a Command> {
    words.iter().try_fold(root, |command, word| command.find_subcommand(word))
}

fn options(command: &Command) -> BTreeSet<String> {
    let names = |arg: &clap::Arg| {
        let aliases = arg.get_all_aliases().unwrap_or_default();
        arg.get_long().into_iter().chain(aliases).map(|name| format!("--{name}")).collect::<Vec<_>>()
    };
    command.get_arguments().flat_map(names).collect()
}

#[test]
fn no_command_argument_or_option_of_theirs_is_missing() {
    let mut root = Cli::command();
    root.build();
    let (mut missing, mut commands) = (Vec::new(), 0);
    for theirs in theirs().iter().filter(|theirs| theirs.words.first().is_none_or(|word| !GONE.iter().any(|gone| word.starts_with(gone)))) {
        if theirs.words == ["help"] {
            continue; // Another word for --help, understood before anything is parsed.
        }
        let called = format!("{} {}", theirs.client, theirs.words.join(" "));
        let Some(command) = ours(&root, &theirs.words) else {
            missing.push(called);
            continue;
        };
        commands += 1;
        let known = options(command);
        let dashed = theirs.options.iter().map(|option| option.replace('_', "-"));
        missing.extend(dashed.filter(|option| !known.contains(option)).map(|option| format!("{called} {option}")));
        let positional: Vec<&clap::Arg> = command.get_positionals().collect();
        if positional.len() < theirs.positional.len() {
            missing.push(format!("{called}: {:?}", theirs.positional));
        }
        let must = positional.iter().filter(|arg| arg.is_required_set()).count();
        let they_must = theirs.positional.iter().filter(|name| !name.ends_with('?')).count();
        if must > they_must {
            missing.push(format!("{called} can be called without one of our arguments"));
        }
        for (own, name) in positional.iter().zip(&theirs.positional) {
            if name.ends_with('+') && own.get_num_args().is_none_or(|range| range.max_values() < 2) {
                missing.push(format!("{called}: {name} is many"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(commands > 100, "{commands}");
}

#[tokio::test]
async fn commands_whose_api_is_gone_say_what_to_do_instead() {
    let server = Fixture::start().await;
    let all = theirs();
    let gone = all.iter().filter_map(|theirs| theirs.words.first()).filter(|word| GONE.iter().any(|gone| word.starts_with(gone)));
    let mut count = 0;
    for word in gone {
        let ended = server.magnum(&[word, C1]).await;
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{word}");
        assert!(ended.err.starts_with(&format!("error: {word} is gone")) && ended.err.contains("kubectl"), "{}", ended.err);
        count += 1;
    }
    assert!(count > 25, "{count}");
}
