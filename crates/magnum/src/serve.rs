// SPDX-License-Identifier: Apache-2.0
//! `magnum serve`: API, conductor and local engine in one process.

use crate::certificates;
use crate::database;
use crate::diagnose::Doctor;
use crate::front::front;
use crate::gate::Gates;
use crate::keystone::Keystone;
use crate::listen;
use crate::policy::{self, Places};
use crate::settings::{Settings, Unnamed};
use crate::state::StateDir;
use crate::tls::Tls;
use magnum_api::catalogue::{Catalogue, Embedded};
use magnum_api::{App, Authenticate, Diagnose, Metrics, PrivateToken, metrics_router};
use magnum_blueprint::Flavor;
use magnum_cli::{CatalogueOf, HookError, LogFormat, Serve};
use magnum_conductor::{Flavors, World};
use magnum_engine::Engine;
use magnum_engine::local::{Config, Local, check};
use magnum_store::Store;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The image that clusters of this machine boot.
const IMAGE: &str = "debian-12";
/// How long work in progress may take to come to a stop when the server is told to end.
const GRACE: Duration = Duration::from_secs(20);

/// The embedded catalogue's flavors as the blueprint wants them.
struct EmbeddedFlavors;

impl Flavors for EmbeddedFlavors {
    fn flavor(&self, name: &str) -> Option<Flavor> {
        let flavor = Embedded::flavor_named(name)?;
        Some(Flavor { name: flavor.name, vcpus: flavor.vcpus, ram_mib: flavor.ram_mib })
    }

    fn usual(&self) -> Flavor {
        self.flavor("m1.small").unwrap_or(Flavor { name: "m1.small".to_owned(), vcpus: 1, ram_mib: 2048 })
    }
}

/// Runs until SIGTERM or SIGINT. Clusters go on without the server.
pub async fn serve(args: Serve) -> Result<(), HookError> {
    start_log(&args)?;
    let settings = Settings::read(&args.options.files, Unnamed::Nothing)?.sound()?;
    let keystone = Keystone::of(&settings.config)?;
    let address = address(&args, &settings.config)?;
    let tls = Tls::of(&settings.config)?;
    let scheme = listen::scheme(tls.as_ref());
    if keystone.is_none() {
        loopback_only("--listen", address)?;
    }
    let image_dir = args.options.cache_dir.join("images");
    prerequisites(&image_dir)?;
    let state = StateDir::open(&args.state_dir)?;
    let token = state.token()?;
    let agent = agent_binary()?;
    let config = Config {
        state_dir: state.path().to_owned(),
        image_dir,
        agent_binary: agent.clone(),
        external: args.options.external_range,
        egress: args.options.egress,
    };
    let local = Local::new(config).map_err(|e| hook("the local engine cannot be opened", &e))?;
    let store = open(&settings.config, &state).await?;
    let engine: Arc<dyn Engine> = Arc::new(local.clone());
    let gates = Arc::new(Gates::default());
    let certificates = certificates::manager(&settings.config, &store)?;
    let doctor = Arc::new(Doctor::new(store.clone(), Arc::clone(&certificates), Arc::clone(&engine)));
    let (authenticate, catalogue, www_authenticate_uri): (Arc<dyn Authenticate>, Arc<dyn Catalogue>, _) = match &keystone {
        None => (Arc::new(PrivateToken::new(token)), Arc::new(Embedded), format!("{scheme}://{address}")),
        Some(keystone) => {
            let catalogue = match args.options.catalogue {
                CatalogueOf::Local => keystone.local(),
                CatalogueOf::Openstack => keystone.openstack(),
            };
            (keystone.authenticate(), catalogue, keystone.www_authenticate_uri.clone())
        }
    };
    let app = App {
        store: store.clone(),
        certificates: Arc::clone(&certificates),
        engine: Arc::clone(&engine),
        catalogue,
        diagnose: Arc::clone(&doctor) as Arc<dyn Diagnose>,
        jobs: Arc::default(),
        authorities: Arc::default(),
        authenticate,
        rules: policy::watch(Places::of(&settings.config, &settings.beside)?)?,
        www_authenticate_uri,
        agent: Some(agent),
        metrics: Metrics::default(),
        front: Arc::new(front(&settings.config)?),
        max_clusters_per_project: settings
            .config
            .integer("quotas", "max_clusters_per_project")
            .map_err(|e| HookError::new(e.to_string()))?
            .unwrap_or(20),
    };
    if let Some(address) = args.options.metrics {
        loopback_only("--metrics", address)?;
        let listener = bind("--metrics", address).await?;
        let router = metrics_router(app.metrics.clone(), store.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    gates.serve(app.clone());
    let listener = bind("--listen", address).await?;
    let address = listener.local_addr().map_err(|e| HookError::new(e.to_string()))?;
    state.announce(scheme, address)?;

    let (stop, stopped) = watch::channel(false);
    let holder = format!("{}:{}", hostname(), state.path().display());
    let world =
        World::new(store.clone(), engine, Arc::new(EmbeddedFlavors), gates, holder).with_doctor(doctor).with_certificates(certificates);
    let world = Arc::new(world);
    let conductor = tokio::spawn(magnum_conductor::run(world, stopped.clone()));
    tracing::info!(%address, state = %state.path().display(), external = %local.external_range(), "serving");
    let mut server = tokio::spawn(listen::serve(listener, tls, magnum_api::router(app), until(stopped.clone())));
    tokio::select! {
        () = told_to_end() => {}
        ended = &mut server => return Err(HookError::new(format!("the API ended: {ended:?}"))),
    }
    tracing::info!("ending; clusters go on");
    let _ = stop.send(true);
    // Long polls of clients may still be open: they get a moment, not more.
    let _ = tokio::time::timeout(Duration::from_secs(1), &mut server).await;
    server.abort();
    if tokio::time::timeout(GRACE, conductor).await.is_err() {
        tracing::warn!("work in progress did not come to an end; it is taken up again at the next start");
    }
    if store.list_cluster_ids().await.is_ok_and(|ids| ids.is_empty())
        && let Err(error) = local.teardown().await
    {
        tracing::warn!(%error, "what clusters shared could not be removed");
    }
    Ok(())
}

fn start_log(args: &Serve) -> Result<(), HookError> {
    let filter = tracing_subscriber::EnvFilter::try_new(&args.options.log)
        .map_err(|e| HookError::new(format!("--log {:?}: {e}", args.options.log)).hint("use a level such as info or debug"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let builder = builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match args.options.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// The database that `[database] connection` names, else the one in the state directory.
async fn open(config: &magnum_conf::Config, state: &StateDir) -> Result<Store, HookError> {
    let opened = match database::connection(config)? {
        Some((url, limits)) => Store::connect(url.expose_secret(), &limits).await,
        None => Store::open(&state.database()?).await,
    };
    opened.map_err(|e| HookError::new(chain(&e)))
}

/// Where the API listens: as the command line says, else as `[api]` says.
fn address(args: &Serve, config: &magnum_conf::Config) -> Result<SocketAddr, HookError> {
    if let Some(address) = args.options.listen {
        return Ok(address);
    }
    let wrong = |error: magnum_conf::Error| HookError::new(error.to_string());
    let host = config.text("api", "host").map_err(wrong)?.unwrap_or_else(|| "127.0.0.1".to_owned());
    let port = config.integer("api", "port").map_err(wrong)?.unwrap_or(9511);
    let ip = host.parse().map_err(|_| HookError::new(format!("[api] host: {host} is not an address")).hint("write an IP address"))?;
    let port = u16::try_from(port).map_err(|_| HookError::new(format!("[api] port: {port} is not a port")))?;
    Ok(SocketAddr::new(ip, port))
}

/// Begins to listen at the address that this option names.
async fn bind(option: &str, address: SocketAddr) -> Result<TcpListener, HookError> {
    let busy = |e| HookError::new(format!("{address} cannot be listened on: {e}")).hint(format!("name another address with {option}"));
    TcpListener::bind(address).await.map_err(busy)
}

/// The private token is all that protects this API: it must not leave the machine.
fn loopback_only(option: &str, address: SocketAddr) -> Result<(), HookError> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let text = format!("{option} {address} is not a loopback address; anybody who reads the network could read what it says");
    Err(HookError::new(text).hint("listen on 127.0.0.1 and put a TLS proxy in front"))
}

fn prerequisites(image_dir: &std::path::Path) -> Result<(), HookError> {
    let missing = check(image_dir, IMAGE);
    if missing.is_empty() {
        return Ok(());
    }
    let what: Vec<&str> = missing.iter().map(|m| m.what.as_str()).collect();
    let hints: Vec<&str> = missing.iter().map(|m| m.hint.as_str()).collect();
    Err(HookError::new(what.join("; ")).hint(hints.join("; ")))
}

/// The agent lies beside this program, or where `MAGNUM_AGENT` says.
fn agent_binary() -> Result<PathBuf, HookError> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("magnum-agent")));
    let path = std::env::var_os("MAGNUM_AGENT").map(PathBuf::from).or(beside).unwrap_or_default();
    if path.is_file() {
        return Ok(path);
    }
    let text = format!("the node agent is not at {}", path.display());
    Err(HookError::new(text).hint("put magnum-agent beside magnum, or name it with MAGNUM_AGENT; cargo xtask build makes both"))
}

fn hostname() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "localhost".to_owned())
}

fn hook(what: &str, error: &magnum_engine::Error) -> HookError {
    let hooked = HookError::new(format!("{what}: {error}"));
    match error.hint() {
        Some(hint) => hooked.hint(hint),
        None => hooked,
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the same as a stop.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn told_to_end() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
