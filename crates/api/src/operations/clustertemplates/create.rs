// SPDX-License-Identifier: Apache-2.0
//! `POST /v1/clustertemplates`: a new template.

use super::template::{FIELDS, coe, show, write};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::names;
use crate::operation::Operation;
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;
use crate::validate::{self, Resources};
use magnum_store::Template;
use magnum_types::{Coe, TemplateId};

pub const OPERATION: Operation = Operation::post("/v1/clustertemplates")
    .policy("clustertemplate:create")
    .body("cluster_template", "ClusterTemplate")
    .takes(Takes::Object(FIELDS))
    .gives(Gives::Object("ClusterTemplate", FIELDS));

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let record = input.record("cluster_template", FIELDS)?;
    let template = make(&caller, &app, &record, &OPERATION, "clustertemplate:publish").await?;
    let location = format!("{}/v1/clustertemplates/{}", caller.base, template.uuid);
    Ok(Reply::created(show(&caller, &template), location))
}

/// A new template as `record` wants it. `publish` is the rule that must allow it to be public or hidden.
pub(crate) async fn make(caller: &Caller, app: &App, record: &Record, asked: &Operation, publish: &str) -> Result<Template, Failure> {
    let mut template = blank(caller, record)?;
    write(&mut template, record)?;
    check(caller, app, record, &mut template, asked).await?;
    if (template.public == Some(true) || template.hidden == Some(true)) && !caller.may(publish) {
        return Err(Failure::forbidden("Not authorized to set public or hidden flag for cluster template."));
    }
    Ok(app.store.insert_template(template).await?)
}

/// Magnum's checks in Magnum's order; fills in the driver and what follows from the image.
async fn check(caller: &Caller, app: &App, record: &Record, template: &mut Template, asked: &Operation) -> Result<(), Failure> {
    validate::network_driver(template.coe, template.network_driver.as_deref())?;
    validate::volume_driver(template.coe, template.volume_driver.as_deref())?;
    validate::storage_size(template.docker_storage_driver.as_deref(), template.docker_volume_size)?;
    let server_type = template.server_type.as_deref().unwrap_or("vm");
    let image = template.image_id.as_deref().unwrap_or_default();
    let (driver, distro) = validate::driver(app, caller, server_type, image, template.coe, record.text("driver").as_deref()).await?;
    caller.authorise(asked)?;
    let named = Resources {
        flavors: [template.flavor_id.as_deref(), template.master_flavor_id.as_deref()].into_iter().flatten().collect(),
        external_network: template.external_network_id.as_deref(),
        fixed_network: template.fixed_network.as_deref(),
        fixed_subnet: template.fixed_subnet.as_deref(),
        keypair: None,
    };
    validate::resources(app, caller, &named).await?;
    let given = [("flavor_id", &template.flavor_id), ("master_flavor_id", &template.master_flavor_id)];
    let flavors: Vec<Option<&str>> =
        given.into_iter().filter(|(field, _)| record.has(field)).map(|(_, flavor)| flavor.as_deref()).collect();
    validate::root_volume(app, caller, &template.labels, &flavors).await?;
    validate::labels(&template.labels)?;
    template.network_driver.get_or_insert_with(|| validate::default_network_driver(template.coe).to_owned());
    template.driver = Some(driver);
    template.cluster_distro = Some(distro);
    Ok(())
}

fn blank(caller: &Caller, record: &Record) -> Result<Template, Failure> {
    // A missing COE is told before anything else about the template.
    let _: Coe = coe(record)?;
    Ok(Template {
        id: 0,
        uuid: record.text("uuid").and_then(|text| text.parse().ok()).unwrap_or_else(TemplateId::random),
        name: record.text("name").unwrap_or_else(|| names::generate("template")),
        coe: Coe::Kubernetes,
        image_id: None,
        flavor_id: None,
        master_flavor_id: None,
        dns_nameserver: None,
        keypair_id: None,
        external_network_id: None,
        fixed_network: None,
        fixed_subnet: None,
        network_driver: None,
        apiserver_port: None,
        docker_volume_size: None,
        cluster_distro: None,
        http_proxy: None,
        https_proxy: None,
        no_proxy: None,
        volume_driver: None,
        registry_enabled: None,
        labels: Default::default(),
        tls_disabled: None,
        public: None,
        server_type: None,
        insecure_registry: None,
        docker_storage_driver: None,
        master_lb_enabled: None,
        floating_ip_enabled: None,
        project_id: caller.identity.project.clone(),
        user_id: caller.identity.user.clone(),
        hidden: None,
        tags: None,
        driver: None,
        created_at: None,
        updated_at: None,
    })
}
