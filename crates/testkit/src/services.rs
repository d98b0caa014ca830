// SPDX-License-Identifier: Apache-2.0
//! A real Glance, Nova and Neutron beside a Keystone, as far as they answer look-ups: their APIs from Debian's packages on SQLite,
//! without a message broker, agents or hypervisors.

use crate::keystone::{Keystone, REGION};
use crate::populated::Populated;
use crate::process::Process;
use crate::wsgi::{MANAGE, Wsgi, make_private, write_private};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The running services. Their directories are in Keystone's and go with it.
pub struct Services {
    /// Pages of one image each.
    pub glance: Service,
    /// Pages of two things each.
    pub nova: Service,
    /// Pages of one thing each.
    pub neutron: Service,
}

/// One of them.
pub struct Service {
    wsgi: Wsgi,
    url: String,
}

impl Service {
    /// As it stands in the catalogue.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.wsgi.stop();
    }

    /// What it printed.
    pub fn log(&self) -> String {
        self.wsgi.log()
    }
}

impl Services {
    /// Makes their databases beside each other, starts them, waits until all answer, and puts them into the catalogue. The kernel
    /// ends them with the calling thread.
    pub async fn start(keystone: &Keystone, populated: &Populated) -> Result<Self> {
        let authtoken = authtoken(keystone, populated);
        let (glance, nova, neutron) = (glance(keystone, &authtoken)?, nova(keystone, &authtoken)?, neutron(keystone, &authtoken)?);
        let mut all = [glance, nova, neutron];
        for (wsgi, setup) in &mut all {
            Wsgi::finished(setup.take().context("begun only once")?)?;
            wsgi.launch()?;
        }
        let [(mut glance, _), (mut nova, _), (mut neutron, _)] = all;
        glance.answering("/v2/images", &["401"])?;
        nova.answering("/v2.1/flavors", &["401"])?;
        neutron.answering("/v2.0/networks", &["401"])?;
        let service = |wsgi: Wsgi, path: &str| Service { url: format!("http://127.0.0.1:{}{path}", wsgi.port()), wsgi };
        let services = Self { glance: service(glance, ""), nova: service(nova, "/v2.1"), neutron: service(neutron, "") };
        populated.list("image", "glance", services.glance.url()).await?;
        populated.list("compute", "nova", services.nova.url()).await?;
        populated.list("network", "neutron", services.neutron.url()).await?;
        Ok(services)
    }
}

/// How they check tokens; nothing is kept, so that a revoked one is noticed at once.
fn authtoken(keystone: &Keystone, populated: &Populated) -> String {
    format!(
        "[keystone_authtoken]\nauth_type = password\nauth_url = {url}\nwww_authenticate_uri = {url}\nusername = magnum\npassword = {}\n\
         project_name = service\nuser_domain_name = Default\nproject_domain_name = Default\nregion_name = {REGION}\n\
         token_cache_time = -1\nservice_token_roles_required = true\n",
        populated.password(),
        url = keystone.url(),
    )
}

type Begun = (Wsgi, Option<Process>);

fn folder(keystone: &Keystone, name: &str) -> Result<PathBuf> {
    let folder = keystone.dir().join(name);
    make_private(&folder)?;
    Ok(folder)
}

fn begin(name: &'static str, dir: &Path, application: &str, environment: &[(&str, &str)], setup: (&str, &str)) -> Result<Begun> {
    let wsgi = Wsgi::new(name, dir, application, environment, 1)?;
    let process = wsgi.python(&format!("{MANAGE}{}", setup.0), &[setup.1], environment)?;
    Ok((wsgi, Some(process)))
}

/// Filters and the application, in the way of paste.
fn paste(sections: &[(&str, &str)]) -> String {
    sections.iter().map(|(section, text)| format!("[{section}]\n{text}\n")).collect()
}

const AUTHTOKEN: (&str, &str) = ("filter:authtoken", "paste.filter_factory = keystonemiddleware.auth_token:filter_factory");

fn glance(keystone: &Keystone, authtoken: &str) -> Result<Begun> {
    let dir = folder(keystone, "glance")?;
    let at = dir.display();
    for name in ["store", "tasks", "staging"] {
        make_private(&dir.join(name))?;
    }
    let conf = format!(
        "[DEFAULT]\nuse_stderr = true\nlog_color = false\nenabled_backends = fs:file\nlimit_param_default = 1\n\
         [database]\nconnection = sqlite:///{at}/glance.db\n[glance_store]\ndefault_backend = fs\n\
         [fs]\nfilesystem_store_datadir = {at}/store\n[os_glance_tasks_store]\nfilesystem_store_datadir = {at}/tasks\n\
         [os_glance_staging_store]\nfilesystem_store_datadir = {at}/staging\n\
         [paste_deploy]\nflavor = keystone\nconfig_file = {at}/glance-api-paste.ini\n{authtoken}"
    );
    write_private(&dir.join("glance-api.conf"), &conf)?;
    let pipeline = paste(&[
        ("pipeline:glance-api-keystone", "pipeline = versionnegotiation authtoken context rootapp"),
        ("composite:rootapp", "paste.composite_factory = glance.api:root_app_factory\n/: apiversions\n/v2: apiv2app"),
        ("app:apiversions", "paste.app_factory = glance.api.versions:create_resource"),
        ("app:apiv2app", "paste.app_factory = glance.api.v2.router:API.factory"),
        ("filter:versionnegotiation", "paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory"),
        ("filter:context", "paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory"),
        AUTHTOKEN,
    ]);
    write_private(&dir.join("glance-api-paste.ini"), &pipeline)?;
    let application = "from glance.common import wsgi_app\napplication = wsgi_app.init_app()\n";
    let setup = "from glance.cmd import manage\nrun(manage.main, 'db_sync')\n";
    let environment = [("OS_GLANCE_CONFIG_DIR", &*dir.to_string_lossy())];
    begin("Glance (package python3-glance)", &dir, application, &environment, (setup, "glance-api.conf"))
}

fn nova(keystone: &Keystone, authtoken: &str) -> Result<Begun> {
    let dir = folder(keystone, "nova")?;
    let at = dir.display();
    let conf = format!(
        "[DEFAULT]\nuse_stderr = true\nlog_color = false\nstate_path = {at}\n[api]\nmax_limit = 2\n\
         [api_database]\nconnection = sqlite:///{at}/api.db\n[database]\nconnection = sqlite:///{at}/nova.db\n\
         [oslo_concurrency]\nlock_path = {at}\n{authtoken}"
    );
    write_private(&dir.join("nova.conf"), &conf)?;
    let pipeline = paste(&[
        ("composite:osapi_compute", "use = call:nova.api.openstack.urlmap:urlmap_factory\n/v2.1: openstack_compute_api_v21"),
        (
            "composite:openstack_compute_api_v21",
            "use = call:nova.api.auth:pipeline_factory_v21\n\
             keystone = compute_req_id faultwrap authtoken keystonecontext osapi_compute_app_v21",
        ),
        ("filter:compute_req_id", "paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory"),
        ("filter:faultwrap", "paste.filter_factory = nova.api.openstack:FaultWrapper.factory"),
        ("filter:keystonecontext", "paste.filter_factory = nova.api.auth:NovaKeystoneContext.factory"),
        ("app:osapi_compute_app_v21", "paste.app_factory = nova.api.openstack.compute:APIRouterV21.factory"),
        AUTHTOKEN,
    ]);
    write_private(&dir.join("api-paste.ini"), &pipeline)?;
    let application = "from nova.api.openstack.compute import wsgi\napplication = wsgi.init_application()\n";
    let setup = "from nova.cmd import manage\nrun(manage.main, 'api_db', 'sync')\nrun(manage.main, 'db', 'sync', '--local_cell')\n";
    let environment = [("OS_NOVA_CONFIG_DIR", &*dir.to_string_lossy())];
    begin("Nova (package python3-nova)", &dir, application, &environment, (setup, "nova.conf"))
}

fn neutron(keystone: &Keystone, authtoken: &str) -> Result<Begun> {
    let dir = folder(keystone, "neutron")?;
    let at = dir.display();
    let conf = format!(
        "[DEFAULT]\nuse_stderr = true\nlog_color = false\ncore_plugin = ml2\nservice_plugins = router\nauth_strategy = keystone\n\
         transport_url = fake://\napi_paste_config = {at}/api-paste.ini\nstate_path = {at}\nenable_traditional_dhcp = false\n\
         notify_nova_on_port_status_changes = false\nnotify_nova_on_port_data_changes = false\n\
         rpc_workers = 0\nrpc_state_report_workers = 0\npagination_max_limit = 1\n\
         [database]\nconnection = sqlite:///{at}/neutron.db\n[oslo_concurrency]\nlock_path = {at}\n\
         [ml2]\ntype_drivers = flat,vxlan\ntenant_network_types = vxlan\nmechanism_drivers =\nextension_drivers = port_security\n\
         [ml2_type_flat]\nflat_networks = *\n[ml2_type_vxlan]\nvni_ranges = 1:1000\n{authtoken}"
    );
    write_private(&dir.join("neutron.conf"), &conf)?;
    let pipeline = paste(&[
        ("composite:neutron", "use = egg:Paste#urlmap\n/v2.0: neutronapi_v2_0"),
        (
            "composite:neutronapi_v2_0",
            "use = call:neutron.auth:pipeline_factory\n\
             keystone = request_id catch_errors authtoken keystonecontext extensions neutronapiapp_v2_0",
        ),
        ("filter:request_id", "paste.filter_factory = oslo_middleware:RequestId.factory"),
        ("filter:catch_errors", "paste.filter_factory = oslo_middleware:CatchErrors.factory"),
        ("filter:keystonecontext", "paste.filter_factory = neutron.auth:NeutronKeystoneContext.factory"),
        ("filter:extensions", "paste.filter_factory = neutron.api.extensions:plugin_aware_extension_middleware_factory"),
        ("app:neutronapiapp_v2_0", "paste.app_factory = neutron.api.v2.router:APIRouter.factory"),
        AUTHTOKEN,
    ]);
    write_private(&dir.join("api-paste.ini"), &pipeline)?;
    let application = "import sys\nsys.argv = ['neutron-api']\nfrom neutron.cmd.eventlet.server import main_api_eventlet\n\
                       application = main_api_eventlet()\n";
    // Its migrations use what SQLite has not; its own tests make the tables from the models too.
    let setup = "import sqlalchemy\nfrom neutron.db.migration.models import head\n\
                 head.get_metadata().create_all(sqlalchemy.create_engine('sqlite:///neutron.db'))\n";
    let environment = [("OS_NEUTRON_CONFIG_DIR", &*dir.to_string_lossy()), ("OS_NEUTRON_CONFIG_FILES", "neutron.conf")];
    begin("Neutron (package python3-neutron)", &dir, application, &environment, (setup, "neutron.conf"))
}
