// SPDX-License-Identifier: Apache-2.0
//! Cluster templates: Magnum's table `cluster_template`.

use crate::cluster::{only, renamed};
use crate::error::Error;
use crate::record::{self, Record, record};
use crate::sql::{Arg, transaction};
use crate::{Page, Scope, Store, lock, now_seconds};
use jiff::Timestamp;
use magnum_types::{Coe, Labels, ProjectId, TemplateId, UserId};

record! {
    /// One cluster template.
    #[derive(Debug, Clone, PartialEq)]
    Template in "cluster_template" {
        id: i64,
        uuid: TemplateId,
        name: String,
        coe: Coe,
        image_id: Option<String>,
        flavor_id: Option<String>,
        master_flavor_id: Option<String>,
        dns_nameserver: Option<String>,
        keypair_id: Option<String>,
        external_network_id: Option<String>,
        fixed_network: Option<String>,
        fixed_subnet: Option<String>,
        network_driver: Option<String>,
        apiserver_port: Option<i64>,
        /// In gibibytes.
        docker_volume_size: Option<i64>,
        cluster_distro: Option<String>,
        http_proxy: Option<String>,
        https_proxy: Option<String>,
        no_proxy: Option<String>,
        volume_driver: Option<String>,
        registry_enabled: Option<bool>,
        labels: Labels,
        tls_disabled: Option<bool>,
        public: Option<bool>,
        server_type: Option<String>,
        insecure_registry: Option<String>,
        docker_storage_driver: Option<String>,
        master_lb_enabled: Option<bool>,
        floating_ip_enabled: Option<bool>,
        project_id: ProjectId,
        user_id: UserId,
        hidden: Option<bool>,
        tags: Option<String>,
        driver: Option<String>,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

impl Template {
    /// Gives what Python's objects refuse to read without a value the value they would give it.
    fn complete(&mut self) {
        for flag in [&mut self.registry_enabled, &mut self.tls_disabled, &mut self.public, &mut self.master_lb_enabled, &mut self.hidden] {
            flag.get_or_insert(false);
        }
        self.floating_ip_enabled.get_or_insert(true);
    }
}

impl Store {
    /// The template with this uuid, whosever it is.
    pub async fn get_template(&self, id: TemplateId) -> Result<Template, Error> {
        let rows = record::list(&self.db, "WHERE r.\"uuid\" = ?", vec![Arg::Text(id.to_string())]).await?;
        rows.into_iter().next().ok_or_else(|| Error::NotFound { what: "cluster template", ident: id.to_string() })
    }

    /// The visible template with this uuid, or this database number, or this name.
    pub async fn find_template(&self, scope: &Scope, ident: &str) -> Result<Template, Error> {
        let (condition, mut args) = visible(scope);
        let mut same = "==";
        let column = if ident.parse::<TemplateId>().is_ok() {
            args.push(Arg::Text(ident.to_lowercase()));
            "uuid"
        } else if let Ok(number) = ident.parse() {
            args.push(Arg::Int(number));
            same = "=";
            "id"
        } else {
            args.push(Arg::Text(ident.to_owned()));
            "name"
        };
        let rows = record::list(&self.db, &format!("WHERE {condition} AND r.\"{column}\" {same} ? ORDER BY r.\"id\""), args).await?;
        only(rows, "cluster template", ident).map_err(|e| renamed(e, ident))
    }

    /// A page of the visible templates: the caller's own and the public ones that are not hidden.
    pub async fn list_templates(&self, scope: &Scope, page: &Page) -> Result<Vec<Template>, Error> {
        let (condition, args) = visible(scope);
        page.fetch(&self.db, &condition, args, "uuid").await
    }

    /// Inserts a template and answers it as stored.
    pub async fn insert_template(&self, mut template: Template) -> Result<Template, Error> {
        template.created_at = Some(now_seconds());
        template.updated_at = None;
        template.complete();
        transaction!(self.db, |tx| {
            record::insert(tx, &template, true, "ClusterTemplate", &template.uuid.to_string()).await?;
            Ok(())
        })?;
        self.get_template(template.uuid).await
    }

    /// Writes a template over its row. With `unused`, refused when a cluster refers to it.
    pub async fn update_template(&self, mut template: Template, unused: bool) -> Result<Template, Error> {
        template.updated_at = Some(now_seconds());
        template.complete();
        let id = template.uuid;
        let set: Vec<_> =
            Template::COLUMNS.iter().copied().zip(template.args()).filter(|(c, _)| !matches!(*c, "id" | "uuid" | "created_at")).collect();
        transaction!(self.db, |tx| {
            if unused {
                lock::template(tx, id, true).await?;
                refuse_used(tx, id).await?;
            }
            record::update(tx, Template::TABLE, set.clone(), "\"uuid\" = ?", vec![Arg::Text(id.to_string())]).await?;
            Ok(())
        })?;
        self.get_template(id).await
    }

    /// Deletes a template that no cluster refers to.
    pub async fn delete_template(&self, id: TemplateId) -> Result<(), Error> {
        transaction!(self.db, |tx| {
            lock::template(tx, id, true).await?;
            refuse_used(tx, id).await?;
            record::forget_beside(tx, "cluster_template", "\"uuid\" = ?", vec![Arg::Text(id.to_string())]).await?;
            tx.execute("DELETE FROM \"cluster_template\" WHERE \"uuid\" = ?", vec![Arg::Text(id.to_string())]).await?;
            Ok(())
        })
    }
}

async fn refuse_used(tx: &mut crate::sql::Transaction, id: TemplateId) -> Result<(), Error> {
    let sql = "SELECT 1 AS \"one\" FROM \"cluster\" WHERE \"cluster_template_id\" = ? LIMIT 1";
    if tx.fetch(sql, vec![Arg::Text(id.to_string())]).await?.is_empty() {
        Ok(())
    } else {
        Err(Error::Referenced { what: "ClusterTemplate", ident: id.to_string() })
    }
}

fn visible(scope: &Scope) -> (String, Vec<Arg>) {
    let (own, mut args) = scope.condition();
    args.extend([Arg::Bool(true), Arg::Bool(false)]);
    (format!("({own} OR (r.\"public\" = ? AND r.\"hidden\" = ?))"), args)
}
