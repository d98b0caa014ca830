// SPDX-License-Identifier: Apache-2.0
//! The service that ours replaces: Python Magnum 15.0.1 from Debian's package, its API under uwsgi, and its conductor.

use crate::keystone::Keystone;
use crate::populated::Populated;
use crate::process::Process;
use crate::rabbit::Rabbit;
use crate::resident::resident;
use crate::wsgi::{MANAGE, Wsgi, make_private, write_private};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// An installation of it. Its directory is in Keystone's and goes with it.
pub struct PythonMagnum {
    api: Wsgi,
    conductor: Option<Process>,
    dir: PathBuf,
}

/// As the package sets it up, with as many processes as this machine has processors.
const UWSGI: &str = "lazy-apps = true\nthunder-lock = true\nprocesses = 2\nthreads = 32\n";

/// The pipeline of the package.
const PASTE: &str = "\
[composite:main]
paste.composite_factory = magnum.api:root_app_factory
/: api
/healthcheck: healthcheck
[pipeline:api]
pipeline = cors http_proxy_to_wsgi request_id osprofiler authtoken api_v1
[app:api_v1]
paste.app_factory = magnum.api.app:app_factory
[filter:authtoken]
acl_public_routes = /, /v1
paste.filter_factory = magnum.api.middleware.auth_token:AuthTokenMiddleware.factory
[filter:osprofiler]
paste.filter_factory = osprofiler.web:WsgiMiddleware.factory
[filter:request_id]
paste.filter_factory = oslo_middleware:RequestId.factory
[filter:cors]
paste.filter_factory = oslo_middleware.cors:filter_factory
oslo_config_project = magnum
[app:healthcheck]
paste.app_factory = oslo_middleware:Healthcheck.app_factory
[filter:http_proxy_to_wsgi]
paste.filter_factory = oslo_middleware:HTTPProxyToWSGI.factory
";

impl PythonMagnum {
    /// Not started yet; the tables of `database` are made by its own tool.
    pub fn new(keystone: &Keystone, populated: &Populated, database: &str, broker: &Rabbit) -> Result<Self> {
        let dir = keystone.dir().join("python-magnum");
        make_private(&dir)?;
        let at = dir.display();
        // The periodic looks would call the clusters' own APIs.
        let conf = format!(
            "[DEFAULT]\nuse_stderr = true\nlog_color = false\nhost = python\ntransport_url = {}\nperiodic_enable = false\n\
             [api]\napi_paste_config = {at}/api-paste.ini\n[conductor]\nworkers = 2\n[certificates]\ncert_manager_type = x509keypair\n\
             [database]\nconnection = {database}\n[oslo_concurrency]\nlock_path = {at}\n[oslo_messaging_notifications]\ndriver = noop\n{}",
            broker.url(),
            populated.magnum_conf(&keystone.url()),
        );
        write_private(&dir.join("magnum.conf"), &conf)?;
        write_private(&dir.join("api-paste.ini"), PASTE)?;
        let application = format!(
            "import sys\nsys.argv = ['magnum-api', '--config-file', '{at}/magnum.conf']\n\
             from magnum.api.app import build_wsgi_app\napplication = build_wsgi_app()\n"
        );
        let api = Wsgi::new("Python Magnum (package python3-magnum)", &dir, &application, &[], 2)?;
        api.set(UWSGI)?;
        let setup = format!("{MANAGE}\nfrom magnum.cmd import db_manage\nrun(db_manage.main, 'upgrade')\n");
        Wsgi::finished(api.python(&setup, &["magnum.conf"], &[])?)?;
        Ok(Self { api, conductor: None, dir })
    }

    /// Starts both; answers how long the API took to its first answer.
    pub fn up(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        self.api.launch()?;
        self.api.answering("/", &["200"])?;
        let took = begun.elapsed();
        let mut command = Command::new("/usr/bin/magnum-conductor");
        command.arg("--config-file").arg(self.dir.join("magnum.conf")).current_dir(&self.dir);
        let log = self.dir.join("conductor.log");
        let mut conductor = Process::start("Python Magnum's conductor", &command, &log)?;
        let says = |what: &str| std::fs::read_to_string(&log).unwrap_or_default().contains(what);
        conductor.until(Duration::from_secs(60), || says("Starting server"))?;
        self.conductor = Some(conductor);
        Ok(took)
    }

    /// Ends both; what they know stays.
    pub fn stop(&mut self) {
        self.api.stop();
        self.conductor = None;
    }

    /// Where the API answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api.port())
    }

    /// Megabytes that all its processes hold.
    pub fn resident(&self) -> Result<f64> {
        let api = self.api.pid().context("the API does not run")?;
        let conductor = self.conductor.as_ref().context("the conductor does not run")?;
        Ok(resident(api)? + resident(conductor.pid())?)
    }

    /// The end of what they printed.
    pub fn last_words(&self) -> String {
        let conductor = std::fs::read(self.dir.join("conductor.log")).unwrap_or_default();
        let end = |text: &str| text.lines().rev().take(15).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
        format!("{}\n{}", end(&self.api.log()), end(&String::from_utf8_lossy(&conductor)))
    }
}
