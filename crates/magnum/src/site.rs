// SPDX-License-Identifier: Apache-2.0
//! What every process of the server works with, whichever part it does: state directory, engine, database, doctor, and the
//! application that answers clients and nodes.

use crate::certificates;
use crate::database;
use crate::diagnose::Doctor;
use crate::front::front;
use crate::keystone::Keystone;
use crate::policy::{self, Places};
use crate::settings::Settings;
use crate::state::StateDir;
use magnum_api::catalogue::{Catalogue, Embedded};
use magnum_api::{App, Authenticate, Diagnose, Metrics, PrivateToken};
use magnum_cli::{CatalogueOf, HookError, Serve};
use magnum_engine::Engine;
use magnum_engine::local::{Config, Local, check};
use magnum_store::Store;
use magnum_traces::Tracer;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The image that clusters of this machine boot.
const IMAGE: &str = "debian-12";

/// A process's share of an installation.
pub struct Site {
    pub state: StateDir,
    pub local: Local,
    pub doctor: Arc<Doctor>,
    pub app: App,
}

impl Site {
    /// Opens everything. `place` is the URL where the API answers, in this process or another.
    pub async fn open(
        args: &Serve,
        settings: &Settings,
        keystone: Option<Keystone>,
        place: &str,
        traces: Option<Tracer>,
    ) -> Result<Self, HookError> {
        let image_dir = args.process.cache_dir.join("images");
        if args.conductor.is_some() {
            prerequisites(&image_dir)?;
        }
        let state = StateDir::open(&args.state_dir, args.is_alone())?;
        let token = state.token()?;
        let agent = agent_binary()?;
        let local = engine(args, &state, image_dir, agent.clone())?;
        let store = open(&settings.config, &state, args.is_alone()).await?;
        let engine: Arc<dyn Engine> = Arc::new(local.clone());
        let certificates = certificates::manager(&settings.config, &store)?;
        let doctor = Arc::new(Doctor::new(store.clone(), Arc::clone(&certificates), Arc::clone(&engine)));
        let catalogue = args.api.as_ref().map_or(CatalogueOf::Local, |api| api.catalogue);
        let (authenticate, catalogue, www_authenticate_uri): (Arc<dyn Authenticate>, Arc<dyn Catalogue>, _) = match &keystone {
            None => (Arc::new(PrivateToken::new(token)), Arc::new(Embedded), place.to_owned()),
            Some(keystone) => {
                let catalogue = match catalogue {
                    CatalogueOf::Local => keystone.local(),
                    CatalogueOf::Openstack => keystone.openstack(),
                };
                (keystone.authenticate(), catalogue, keystone.www_authenticate_uri.clone())
            }
        };
        let max_clusters = settings.config.integer("quotas", "max_clusters_per_project");
        let app = App {
            store,
            certificates,
            engine,
            catalogue,
            diagnose: Arc::clone(&doctor) as Arc<dyn Diagnose>,
            authorities: Arc::default(),
            authenticate,
            rules: policy::watch(Places::of(&settings.config, &settings.beside)?)?,
            www_authenticate_uri,
            agent: Some(agent),
            metrics: Metrics::new(traces.as_ref()),
            traces,
            front: Arc::new(front(&settings.config)?),
            max_clusters_per_project: max_clusters.map_err(|e| HookError::new(e.to_string()))?.unwrap_or(20),
        };
        Ok(Self { state, local, doctor, app })
    }
}

/// The engine of this machine, as far as this process needs it.
fn engine(args: &Serve, state: &StateDir, image_dir: PathBuf, agent_binary: PathBuf) -> Result<Local, HookError> {
    let config = Config {
        state_dir: state.path().to_owned(),
        image_dir,
        agent_binary,
        external: args.conductor.as_ref().and_then(|conductor| conductor.external_range),
        egress: args.conductor.as_ref().is_some_and(|conductor| conductor.egress),
    };
    let opened = if args.conductor.is_some() { Local::new(config) } else { Local::for_looking(config) };
    opened.map_err(|error| {
        let hooked = HookError::new(format!("the local engine cannot be opened: {error}"));
        error.hint().map_or(hooked.clone(), |hint| hooked.hint(hint))
    })
}

/// The database that `[database] connection` names, else the one in the state directory.
async fn open(config: &magnum_conf::Config, state: &StateDir, alone: bool) -> Result<Store, HookError> {
    let opened = match database::connection(config)? {
        Some((url, limits)) => Store::connect(url.expose_secret(), &limits).await,
        None if alone => Store::open(&state.database()?).await,
        None => Store::open_shared(&state.database()?).await,
    };
    opened.map_err(|e| HookError::new(chain(&e)))
}

fn prerequisites(image_dir: &Path) -> Result<(), HookError> {
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

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
