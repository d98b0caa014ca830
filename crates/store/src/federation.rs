// SPDX-License-Identifier: Apache-2.0
//! Federations: Magnum's table `federation`.

use crate::error::Error;
use crate::record::{self, Record, record};
use crate::sql::Arg;
use crate::{Page, Store, now_seconds};
use jiff::Timestamp;
use magnum_types::ProjectId;
use serde_json::{Map, Value};
use uuid::Uuid;

record! {
    /// Clusters that are to work as one.
    #[derive(Debug, Clone, PartialEq)]
    Federation in "federation" {
        id: i64,
        project_id: ProjectId,
        uuid: Uuid,
        name: String,
        /// The cluster that leads.
        hostcluster_id: String,
        /// Uuids of the other clusters.
        member_ids: Vec<String>,
        status: Option<String>,
        status_reason: Option<String>,
        properties: Map<String, Value>,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

impl Store {
    /// The project's federation of this uuid or name.
    pub async fn find_federation(&self, project: &ProjectId, ident: &str) -> Result<Federation, Error> {
        let (column, ident_arg) = match ident.parse::<Uuid>() {
            Ok(uuid) => ("uuid", uuid.to_string()),
            Err(_) => ("name", ident.to_owned()),
        };
        let args = vec![Arg::Text(project.0.clone()), Arg::Text(ident_arg)];
        let tail = format!("WHERE r.\"project_id\" = ? AND r.\"{column}\" = ?");
        let mut rows: Vec<Federation> = record::list(&self.db, &tail, args).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            (Some(_), false) => Err(Error::Ambiguous { what: "federation", ident: ident.to_owned() }),
            (None, _) => Err(Error::NotFound { what: "federation", ident: ident.to_owned() }),
        }
    }

    /// A page of the project's federations.
    pub async fn list_federations(&self, project: &ProjectId, page: &Page) -> Result<Vec<Federation>, Error> {
        page.fetch(&self.db, "r.\"project_id\" = ?", vec![Arg::Text(project.0.clone())], "uuid").await
    }

    /// Inserts a federation.
    pub async fn insert_federation(&self, mut federation: Federation) -> Result<(), Error> {
        federation.created_at = Some(now_seconds());
        federation.updated_at = None;
        let mut tx = self.db.begin().await?;
        record::insert(&mut tx, &federation, true, "Federation", &federation.uuid.to_string()).await?;
        tx.commit().await
    }

    /// Writes a federation over its row.
    pub async fn update_federation(&self, mut federation: Federation) -> Result<(), Error> {
        federation.updated_at = Some(now_seconds());
        let fixed = |column: &str| matches!(column, "id" | "uuid" | "created_at");
        let set = Federation::COLUMNS.iter().copied().zip(federation.args()).filter(|(column, _)| !fixed(column)).collect();
        let mut tx = self.db.begin().await?;
        record::update(&mut tx, Federation::TABLE, set, "\"uuid\" = ?", vec![Arg::Text(federation.uuid.to_string())]).await?;
        tx.commit().await
    }

    /// Removes a federation's row.
    pub async fn delete_federation(&self, uuid: Uuid) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tx.execute("DELETE FROM \"federation\" WHERE \"uuid\" = ?", vec![Arg::Text(uuid.to_string())]).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_federation_is_its_projects_alone() {
        let store = Store::memory().await.unwrap();
        let (own, other) = (ProjectId("p".to_owned()), ProjectId("q".to_owned()));
        let federation = Federation {
            id: 0,
            project_id: own.clone(),
            uuid: Uuid::new_v4(),
            name: "f".to_owned(),
            hostcluster_id: Uuid::new_v4().to_string(),
            member_ids: Vec::new(),
            status: Some("CREATE_FAILED".to_owned()),
            status_reason: None,
            properties: Map::new(),
            created_at: None,
            updated_at: None,
        };
        store.insert_federation(federation.clone()).await.unwrap();
        let mut found = store.find_federation(&own, "f").await.unwrap();
        assert_eq!(store.find_federation(&own, &federation.uuid.to_string()).await.unwrap(), found);
        assert!(matches!(store.find_federation(&other, "f").await, Err(Error::NotFound { .. })));
        found.member_ids = vec!["m".to_owned()];
        store.update_federation(found.clone()).await.unwrap();
        assert_eq!(store.find_federation(&own, "f").await.unwrap().member_ids, ["m"]);
        assert!(matches!(store.insert_federation(found.clone()).await, Err(Error::Exists { .. })));
        store.insert_federation(Federation { uuid: Uuid::new_v4(), ..found }).await.unwrap();
        assert!(matches!(store.find_federation(&own, "f").await, Err(Error::Ambiguous { .. })));
        store.delete_federation(federation.uuid).await.unwrap();
        assert!(store.find_federation(&own, "f").await.is_ok());
    }
}
