// SPDX-License-Identifier: Apache-2.0
//! `magnum image`: builds and shows the images that nodes boot.

use magnum_cli::{HookError, Image, ImageCommand};
use magnum_engine::image::{Event, NAME, Options, Progress, build};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Carries out one `magnum image` command; the answer is printed by the client.
pub async fn image(args: Image) -> Result<Value, HookError> {
    let mut options = Options::from_environment();
    options.cache_dir = args.options.cache_dir;
    match args.options.command {
        ImageCommand::Build { name, force } => {
            known(&name)?;
            options.refresh = force;
            let built = tokio::task::spawn_blocking(move || build(&options, &mut |progress| show(&progress))).await;
            let built = built.map_err(|e| HookError::new(format!("the build broke off: {e}")))?.map_err(|e| {
                let failed = HookError::new(e.to_string());
                e.hint().map_or(failed.clone(), |hint| failed.hint(hint))
            })?;
            Ok(describe(&built.path, &name))
        }
        ImageCommand::List => {
            let path = options.image_dir().join(NAME);
            Ok(Value::Array(if path.exists() { vec![describe(&path, NAME)] } else { Vec::new() }))
        }
        ImageCommand::Show { name } => {
            known(&name)?;
            let path = options.image_dir().join(&name);
            if !path.exists() {
                let missing = HookError::new(format!("image {name} is not in {}", options.image_dir().display()));
                return Err(missing.hint("build it with: magnum image build"));
            }
            Ok(describe(&path, &name))
        }
    }
}

fn known(name: &str) -> Result<(), HookError> {
    if name == NAME {
        Ok(())
    } else {
        Err(HookError::new(format!("there is no recipe for an image {name:?}")).hint(format!("there is: {NAME}")))
    }
}

/// One image: what its manifest says, and whether the whole of it is there.
fn describe(path: &Path, name: &str) -> Value {
    let manifest = std::fs::read_to_string(path.join("manifest.json")).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let complete = manifest.is_some() && path.join("rootfs").is_dir();
    let mut described = json!({
        "name": name,
        "status": if complete { "active" } else { "incomplete" },
        "path": path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string(),
    });
    for (key, value) in manifest.iter().filter_map(Value::as_object).flatten().filter(|(key, _)| *key != "packages" && *key != "name") {
        described[key] = value.clone();
    }
    described
}

/// Progress on standard error: one line per stage, and on a terminal the newest line of its output below.
fn show(progress: &Progress) {
    let mut err = std::io::stderr().lock();
    let terminal = err.is_terminal();
    let head = format!("[{}/{}] {:<10} {:>6.1}s", progress.number, progress.of, progress.stage, progress.elapsed.as_secs_f64());
    let shown = match &progress.event {
        Event::Started => writeln!(err, "{head}  …"),
        Event::Line(line) if terminal => {
            let line: String = line.chars().filter(|c| !c.is_control()).take(90).collect();
            write!(err, "\r\u{1b}[K{head}  {line}").and_then(|()| err.flush())
        }
        Event::Line(_) => Ok(()),
        Event::Finished { cached } => {
            let clear = if terminal { "\r\u{1b}[K" } else { "" };
            writeln!(err, "{clear}{head}  {}", if *cached { "cached" } else { "done" })
        }
    };
    // A terminal that is gone must not end the build.
    drop(shown);
}
