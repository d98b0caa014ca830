// SPDX-License-Identifier: Apache-2.0
//! `PATCH /v1/clustertemplates/{ident}`: changes a template; little of it while clusters use it.

use super::template::{FIELDS, document, show, write};
use crate::app::App;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::input::Input;
use crate::names;
use crate::operation::Operation;
use crate::patch::{self, Rules};
use crate::reply::Reply;
use crate::shape::{Gives, Takes};
use crate::typed::Record;
use crate::validate::{self, Resources};
use magnum_store::Template;

pub const OPERATION: Operation = Operation::patch("/v1/clustertemplates/{cluster_template_ident}")
    .policy("clustertemplate:update")
    .everywhere("clustertemplate:update_all_projects")
    .takes(Takes::Patch(&RULES))
    .gives(Gives::Object("ClusterTemplate", FIELDS));

pub(crate) const RULES: Rules = Rules {
    internal: &[],
    mandatory: &[
        "image_id",
        "coe",
        "network_driver",
        "external_network_id",
        "tls_disabled",
        "public",
        "server_type",
        "registry_enabled",
        "cluster_distro",
        "hidden",
    ],
};

pub(crate) async fn handle(caller: Caller, input: Input, app: App) -> Result<Reply, Failure> {
    let old = app.store.find_template(&caller.scope(), input.param("cluster_template_ident")).await?;
    caller.authorise_on(&OPERATION, &old)?;
    let patched = patch::apply(&input, &RULES, document(&old))?;
    let template = change(&caller, &app, old, &Record::check(FIELDS, &patched)?, "clustertemplate:publish").await?;
    Ok(Reply::ok(show(&caller, &template)))
}

/// The template as `record` wants it. `publish` is the rule that must allow changes of public and hidden.
pub(crate) async fn change(caller: &Caller, app: &App, old: Template, record: &Record, publish: &str) -> Result<Template, Failure> {
    let mut new = old.clone();
    write(&mut new, record)?;
    new.name = record.text("name").unwrap_or_else(|| names::generate("template"));
    new.cluster_distro = record.text("cluster_distro");
    new.driver = record.text("driver");
    check(caller, app, &old, &new).await?;
    if (old.public, old.hidden) != (new.public, new.hidden) && !caller.may(publish) {
        return Err(Failure::forbidden("Not authorized to set public or hidden flag for cluster template."));
    }
    if old == new {
        return Ok(old);
    }
    let free = may_change_in_use(&old, &new);
    Ok(app.store.update_template(new, !free).await?)
}

/// Only what has changed is looked up.
async fn check(caller: &Caller, app: &App, old: &Template, new: &Template) -> Result<(), Failure> {
    validate::network_driver(new.coe, new.network_driver.as_deref())?;
    validate::volume_driver(new.coe, new.volume_driver.as_deref())?;
    if (&old.image_id, old.coe, &old.driver) != (&new.image_id, new.coe, &new.driver) {
        let (server_type, image) = (new.server_type.as_deref().unwrap_or("vm"), new.image_id.as_deref().unwrap_or_default());
        let driver = if old.driver == new.driver { None } else { new.driver.as_deref() };
        validate::driver(app, caller, server_type, image, new.coe, driver).await?;
    }
    let flavors: Vec<&str> = [(&old.flavor_id, &new.flavor_id), (&old.master_flavor_id, &new.master_flavor_id)]
        .into_iter()
        .filter_map(|(old, new)| changed(old, new))
        .collect();
    let named = Resources {
        flavors: flavors.clone(),
        external_network: changed(&old.external_network_id, &new.external_network_id),
        fixed_network: changed(&old.fixed_network, &new.fixed_network),
        fixed_subnet: changed(&old.fixed_subnet, &new.fixed_subnet),
        keypair: None,
    };
    validate::resources(app, caller, &named).await?;
    validate::root_volume(app, caller, &new.labels, &flavors.into_iter().map(Some).collect::<Vec<_>>()).await?;
    validate::labels(&new.labels)
}

fn changed<'a>(old: &Option<String>, new: &'a Option<String>) -> Option<&'a str> {
    if old == new { None } else { new.as_deref() }
}

/// Of a template that clusters use, exactly one of these may change: `public` to true, `hidden`, `tags`, `name`.
fn may_change_in_use(old: &Template, new: &Template) -> bool {
    let with = |change: fn(&mut Template, &Template)| {
        let mut one = old.clone();
        change(&mut one, new);
        one == *new
    };
    with(|one, new| one.name.clone_from(&new.name))
        || with(|one, new| one.hidden = new.hidden)
        || (new.tags.is_some() && with(|one, new| one.tags.clone_from(&new.tags)))
        || (new.public == Some(true) && with(|one, new| one.public = new.public))
}
