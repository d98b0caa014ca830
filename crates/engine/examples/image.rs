// SPDX-License-Identifier: Apache-2.0
//! Builds the image as `magnum image build` does, for work on the build itself. Options come from the environment.

#![allow(clippy::print_stdout)]

use magnum_engine::image::{Event, Options, Progress, build};

fn main() -> Result<(), magnum_engine::Error> {
    let mut show = |Progress { stage, number, of, elapsed, event }: Progress| match event {
        Event::Started => println!("[{number}/{of}] {stage}"),
        Event::Line(line) => println!("[{number}/{of}] {stage} {:.1} s: {line}", elapsed.as_secs_f32()),
        Event::Finished { cached } => {
            println!("[{number}/{of}] {stage} {} after {:.1} s", if cached { "was there" } else { "made" }, elapsed.as_secs_f32())
        }
    };
    let built = build(&Options { refresh: std::env::args().any(|a| a == "--refresh"), ..Options::from_environment() }, &mut show)?;
    println!("{}{}", built.path.display(), if built.cached { " (nothing to do)" } else { "" });
    Ok(())
}
