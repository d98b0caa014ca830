// SPDX-License-Identifier: Apache-2.0
//! `magnum serve`: API, conductor and local engine in one process; `magnum api` and `magnum conductor`: a part of it, in any
//! number of processes on one database.

use crate::gate::Gates;
use crate::keystone::Keystone;
use crate::listen;
use crate::notify;
use crate::settings::{Settings, Unnamed};
use crate::site::Site;
use crate::state::Seat;
use crate::tls::Tls;
use crate::traces;
use magnum_api::catalogue::Embedded;
use magnum_api::{App, metrics_router};
use magnum_blueprint::Flavor;
use magnum_cli::{HookError, LogFormat, ProcessArgs, Serve};
use magnum_conductor::{Announce, Flavors, World};
use magnum_engine::local::Local;
use magnum_store::Store;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Threads on a machine with one processor, and the most there may be.
const FEWEST: usize = 2;
const MOST: usize = 256;

/// How long work in progress may take to come to a stop when the server is told to end.
const GRACE: Duration = Duration::from_secs(20);

/// How long the last spans may take to the collector of traces.
const LAST_SPANS: Duration = Duration::from_secs(3);

/// How long a listener of a server that was killed may stay.
const STALE: Duration = Duration::from_secs(1);

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

/// Runs until SIGTERM or SIGINT, on threads of its own. Clusters go on without the server.
pub async fn serve(args: Serve) -> Result<(), HookError> {
    start_log(&args.process)?;
    let settings = Settings::read(&args.process.files, Unnamed::Nothing)?.sound()?;
    let threads = threads(&settings.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime =
        runtime.map_err(|e| HookError::new(format!("{threads} threads cannot be had: {e}")).hint("set a smaller [api]workers"))?;
    let ended = runtime.spawn(run(args, settings)).await;
    // Blocking work that nobody waits for any more must not hold the process up.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| Err(HookError::new(format!("the server broke off: {error}"))))
}

/// How many threads work: what `[api]` says, where Python starts as many processes, else one for each processor.
fn threads(config: &magnum_conf::Config) -> Result<usize, HookError> {
    let asked = config.integer("api", "workers").map_err(|error| HookError::new(error.to_string()))?;
    let each = || std::thread::available_parallelism().map_or(FEWEST, |processors| processors.get().max(FEWEST));
    Ok(asked.map_or_else(each, |count| usize::try_from(count).unwrap_or(usize::MAX).min(MOST)))
}

async fn run(args: Serve, settings: Settings) -> Result<(), HookError> {
    let keystone = Keystone::of(&settings.config)?;
    let announcer = notify::announcer(&settings.config)?;
    let address = address(&args, &settings.config)?;
    let tls = Tls::of(&settings.config)?;
    if keystone.is_none() && args.api.is_some() {
        loopback_only("--listen", address)?;
    }
    let place = format!("{}://{address}", listen::scheme(tls.as_ref()));
    let (tracer, outlet) = traces::begin(&settings.config, &args)?.unzip();
    let site = Site::open(&args, &settings, keystone, &place, tracer).await?;
    if let Some(address) = args.process.metrics {
        serve_metrics(&site.app, address).await?;
    }
    let (stop, stopped) = watch::channel(false);
    let mut parts = Parts::default();
    if args.api.is_some() {
        parts.api = Some(begin_api(&site, address, tls, stopped.clone()).await?);
    }
    if args.conductor.is_some() {
        parts.conductor = Some(begin_conductor(&site, announcer, stopped.clone())?);
    }
    tokio::select! {
        () = told_to_end() => {}
        what = parts.broken() => return Err(HookError::new(what)),
    }
    tracing::info!("ending; clusters go on");
    let _ = stop.send(true);
    parts.end().await;
    if let Some(outlet) = outlet {
        outlet.end(LAST_SPANS).await;
    }
    if args.is_alone() {
        tidy(&site.app.store, &site.local).await;
    }
    Ok(())
}

/// The API while it answers.
type Served = JoinHandle<Result<(), HookError>>;

/// What runs in this process.
#[derive(Default)]
struct Parts {
    api: Option<Served>,
    /// The conductor, and its place among others for as long as it runs.
    conductor: Option<(JoinHandle<()>, Seat)>,
}

impl Parts {
    /// Returns when a part has ended that was not told to, with the words for it.
    async fn broken(&mut self) -> String {
        let api = async {
            match &mut self.api {
                Some(api) => format!("the API ended: {:?}", api.await),
                None => std::future::pending().await,
            }
        };
        let conductor = async {
            match &mut self.conductor {
                Some((conductor, _)) => format!("the conductor ended: {:?}", conductor.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            what = api => what,
            what = conductor => what,
        }
    }

    async fn end(self) {
        if let Some(mut api) = self.api {
            // Long polls of clients may still be open: they get a moment, not more.
            let _ = tokio::time::timeout(Duration::from_secs(1), &mut api).await;
            api.abort();
        }
        if let Some((conductor, _seat)) = self.conductor
            && tokio::time::timeout(GRACE, conductor).await.is_err()
        {
            tracing::warn!("work in progress did not come to an end; it is taken up again at the next start");
        }
    }
}

async fn begin_api(site: &Site, address: SocketAddr, tls: Option<Tls>, stopped: watch::Receiver<bool>) -> Result<Served, HookError> {
    let listener = bind("--listen", address).await?;
    let address = listener.local_addr().map_err(|e| HookError::new(e.to_string()))?;
    site.state.announce(listen::scheme(tls.as_ref()), address)?;
    tracing::info!(%address, state = %site.state.path().display(), "serving");
    Ok(tokio::spawn(listen::serve(listener, tls, magnum_api::router(site.app.clone()), until(stopped))))
}

fn begin_conductor(
    site: &Site,
    announcer: Option<Arc<dyn Announce>>,
    stopped: watch::Receiver<bool>,
) -> Result<(JoinHandle<()>, Seat), HookError> {
    let seat = site.state.seat()?;
    let gates = Arc::new(Gates::default());
    gates.serve(site.app.clone());
    let (app, holder) = (&site.app, seat.holder(&site.state));
    tracing::info!(holder, external = %site.local.external_range(), "making and keeping clusters");
    let world = World::new(app.store.clone(), Arc::clone(&app.engine), Arc::new(EmbeddedFlavors), gates, holder);
    let world = world.with_doctor(Arc::clone(&site.doctor) as _).with_certificates(Arc::clone(&app.certificates));
    let world = Arc::new(world.with_announcer(announcer).with_traces(app.traces.clone()));
    Ok((tokio::spawn(magnum_conductor::run(world, stopped)), seat))
}

async fn serve_metrics(app: &App, address: SocketAddr) -> Result<(), HookError> {
    loopback_only("--metrics", address)?;
    let listener = bind("--metrics", address).await?;
    let router = metrics_router(app.metrics.clone(), app.store.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

/// Takes down what clusters share when there is none; only for who knows that nobody else makes any.
async fn tidy(store: &Store, local: &Local) {
    if store.list_cluster_ids().await.is_ok_and(|ids| ids.is_empty())
        && let Err(error) = local.teardown().await
    {
        tracing::warn!(%error, "what clusters shared could not be removed");
    }
}

fn start_log(args: &ProcessArgs) -> Result<(), HookError> {
    let filter = tracing_subscriber::EnvFilter::try_new(&args.log)
        .map_err(|e| HookError::new(format!("--log {:?}: {e}", args.log)).hint("use a level such as info or debug"))?;
    // It shows what it sends, the login as well; what fails is in our own words.
    let filter = filter.add_directive("lapin=off".parse().map_err(|e| HookError::new(format!("the log's filter: {e}")))?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let builder = builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match args.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// Where the API listens: as the command line says, else as `[api]` says.
fn address(args: &Serve, config: &magnum_conf::Config) -> Result<SocketAddr, HookError> {
    if let Some(address) = args.api.as_ref().and_then(|api| api.listen) {
        return Ok(address);
    }
    let wrong = |error: magnum_conf::Error| HookError::new(error.to_string());
    let host = config.text("api", "host").map_err(wrong)?.unwrap_or_else(|| "127.0.0.1".to_owned());
    let port = config.integer("api", "port").map_err(wrong)?.unwrap_or(9511);
    let ip = host.parse().map_err(|_| HookError::new(format!("[api] host: {host} is not an address")).hint("write an IP address"))?;
    let port = u16::try_from(port).map_err(|_| HookError::new(format!("[api] port: {port} is not a port")))?;
    Ok(SocketAddr::new(ip, port))
}

/// Begins to listen at the address that this option names. A program that a killed server was just starting has its listener
/// for a moment longer, and is waited for.
async fn bind(option: &str, address: SocketAddr) -> Result<TcpListener, HookError> {
    let began = tokio::time::Instant::now();
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && began.elapsed() < STALE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => {
                let text = format!("{address} cannot be listened on: {error}");
                return Err(HookError::new(text).hint(format!("name another address with {option}")));
            }
        }
    }
}

/// The private token is all that protects this API: it must not leave the machine.
fn loopback_only(option: &str, address: SocketAddr) -> Result<(), HookError> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let text = format!("{option} {address} is not a loopback address; anybody who reads the network could read what it says");
    Err(HookError::new(text).hint("listen on 127.0.0.1 and put a TLS proxy in front"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use magnum_conf::{Config, File, Sources};

    #[test]
    fn as_many_threads_as_asked_for_and_else_one_for_each_processor() {
        for (text, fewest, most) in
            [("", FEWEST, usize::MAX), ("workers =", FEWEST, usize::MAX), ("workers = 1", 1, 1), ("workers = 5000", MOST, MOST)]
        {
            let file = File { name: "magnum.conf".to_owned(), text: format!("[api]\n{text}\n") };
            let count = threads(&Config::new(Sources { files: vec![file], ..Sources::default() })).unwrap();
            assert!((fewest..=most).contains(&count), "{text}: {count}");
        }
    }
}
