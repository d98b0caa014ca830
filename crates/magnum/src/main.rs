// SPDX-License-Identifier: Apache-2.0
//! `magnum`: client, server and doctor in one program.

mod about;
mod certificates;
mod database;
mod diagnose;
mod front;
mod gate;
mod image;
mod keystone;
mod listen;
mod notify;
mod policy;
mod reach;
mod serve;
mod settings;
mod site;
mod state;
mod tls;
mod traces;

use magnum_cli::Hooks;
use std::process::ExitCode;

/// Small pieces that live for one request, on several threads: glibc's allocator took a fifth of the time of reading a cluster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One TLS provider for everything in this process; a second installation would be a fault of ours.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::from(70),
    };
    let hooks = Hooks {
        serve: Box::new(|args| Box::pin(serve::serve(args))),
        image: Box::new(|args| Box::pin(image::image(args))),
        settings: Box::new(|asked| Box::pin(about::about(asked))),
        database: Box::new(|args| Box::pin(database::database(args))),
    };
    let code = runtime.block_on(magnum_cli::run(std::env::args_os(), hooks));
    // Blocking work that nobody waits for any more must not hold the process up.
    runtime.shutdown_background();
    code
}
