// SPDX-License-Identifier: Apache-2.0
//! The least that a server of this make can do: the same HTTP stack and threads as `magnum serve`, an empty answer. What
//! `cargo xtask bench --api` compares handlers with. Prints its address and serves until it is killed.

#![allow(clippy::print_stdout, reason = "its answer")]

use axum::Router;

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        axum::serve(listener, Router::new().fallback(async || {})).await
    })
}
