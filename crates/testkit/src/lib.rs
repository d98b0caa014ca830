// SPDX-License-Identifier: Apache-2.0
//! What tests, demo and measurements share: a server of one's own, and a list of everything a cluster leaves on a
//! machine. Used by `xtask` and by the tests on real nodes; never by the product.

mod authority;
mod collector;
mod counting;
mod database;
mod http;
mod installation;
mod keystone;
mod kubectl;
mod leftovers;
mod middleware;
mod network;
pub mod patient;
mod populated;
mod process;
mod processes;
mod python_magnum;
mod rabbit;
mod resident;
mod server;
mod services;
mod wsgi;

pub use authority::{Authority, csr, openssl};
pub use collector::{COLLECTOR_KEY, Collector};
pub use counting::Counting;
pub use database::{DatabaseKind, DatabaseServer};
pub use http::http_agent;
pub use installation::Installation;
pub use keystone::{Keystone, KeystoneOptions, REGION, Secure};
pub use kubectl::{Kubectl, Pod, WEB, wait};
pub use leftovers::leftovers;
pub use middleware::Middleware;
pub use populated::{Persona, Populated};
pub use process::Process;
pub use processes::{Client, Processes};
pub use python_magnum::PythonMagnum;
pub use rabbit::{Listener, Rabbit};
pub use resident::resident;
pub use server::{Server, cache_dir};
pub use services::{Service, Services};

/// The directory with both release binaries, as `cargo xtask build` leaves it.
pub fn dist_dir() -> anyhow::Result<std::path::PathBuf> {
    let path = match std::env::var_os("MAGNUM_DIST") {
        Some(dir) => std::path::PathBuf::from(dir),
        None => std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dist"),
    };
    anyhow::ensure!(path.join("magnum").is_file(), "{} holds no magnum; run cargo xtask build", path.display());
    Ok(path)
}

/// The Python environment with the real clients, as `cargo xtask test` makes it.
pub fn venv_dir() -> anyhow::Result<std::path::PathBuf> {
    let path = cache_dir().join("clients");
    anyhow::ensure!(path.join("bin/openstack").is_file(), "{} holds no openstack client; run cargo xtask test", path.display());
    Ok(path)
}
