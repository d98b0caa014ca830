// SPDX-License-Identifier: Apache-2.0
//! Quotas: Magnum's table `quotas`.

use crate::error::Error;
use crate::record::{self, record};
use crate::sql::{Arg, transaction};
use crate::{Page, Scope, Store, now_seconds};
use jiff::Timestamp;
use magnum_types::ProjectId;

record! {
    /// How many of a resource a project may have.
    #[derive(Debug, Clone, PartialEq)]
    Quota in "quotas" {
        id: i64,
        project_id: ProjectId,
        /// Always `Cluster`.
        resource: String,
        hard_limit: i64,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

impl Store {
    /// The project's quota, if one was set.
    pub async fn get_quota(&self, project: &ProjectId, resource: &str) -> Result<Option<Quota>, Error> {
        let args = vec![Arg::Text(project.0.clone()), Arg::Text(resource.to_owned())];
        Ok(record::list(&self.db, "WHERE r.\"project_id\" == ? AND r.\"resource\" == ?", args).await?.into_iter().next())
    }

    /// Whether a quota has this number.
    pub async fn has_quota(&self, id: i64) -> Result<bool, Error> {
        Ok(!self.db.fetch("SELECT 1 AS \"one\" FROM \"quotas\" WHERE \"id\" = ?", vec![Arg::Int(id)]).await?.is_empty())
    }

    /// A page of the visible quotas.
    pub async fn list_quotas(&self, scope: &Scope, page: &Page) -> Result<Vec<Quota>, Error> {
        let (condition, args) = scope.condition();
        page.fetch(&self.db, condition, args, "id").await
    }

    /// Sets a first quota.
    pub async fn insert_quota(&self, project: &ProjectId, resource: &str, hard_limit: i64) -> Result<Quota, Error> {
        let quota = Quota {
            id: 0,
            project_id: project.clone(),
            resource: resource.to_owned(),
            hard_limit,
            created_at: Some(now_seconds()),
            updated_at: None,
        };
        transaction!(self.db, |tx| {
            record::insert(tx, &quota, true, "Quota", &project.0).await?;
            Ok(())
        })?;
        self.get_quota(project, resource).await?.ok_or_else(|| missing(project, resource))
    }

    /// Changes a quota.
    pub async fn update_quota(&self, project: &ProjectId, resource: &str, hard_limit: i64) -> Result<Quota, Error> {
        use crate::column::Column;
        transaction!(self.db, |tx| {
            let set = vec![("hard_limit", Arg::Int(hard_limit)), ("updated_at", now_seconds().arg())];
            let args = vec![Arg::Text(project.0.clone()), Arg::Text(resource.to_owned())];
            record::update(tx, "quotas", set, "\"project_id\" == ? AND \"resource\" == ?", args).await?;
            Ok(())
        })?;
        self.get_quota(project, resource).await?.ok_or_else(|| missing(project, resource))
    }

    /// Removes a quota.
    pub async fn delete_quota(&self, project: &ProjectId, resource: &str) -> Result<(), Error> {
        let found = transaction!(self.db, |tx| {
            let args = vec![Arg::Text(project.0.clone()), Arg::Text(resource.to_owned())];
            tx.execute("DELETE FROM \"quotas\" WHERE \"project_id\" == ? AND \"resource\" == ?", args).await
        })?;
        if found == 0 { Err(missing(project, resource)) } else { Ok(()) }
    }
}

fn missing(project: &ProjectId, resource: &str) -> Error {
    Error::NotFound { what: "quota", ident: format!("project_id {project} resource {resource}") }
}
