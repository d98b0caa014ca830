// SPDX-License-Identifier: Apache-2.0
//! Conductors and when they were last alive: Magnum's table `magnum_service`.

use crate::column::Column;
use crate::error::Error;
use crate::record::{self, record};
use crate::sql::{Arg, transaction};
use crate::{Store, now_seconds};
use jiff::Timestamp;

record! {
    /// One process that reports itself.
    #[derive(Debug, Clone, PartialEq)]
    Service in "magnum_service" {
        id: i64,
        report_count: i64,
        host: String,
        binary: String,
        disabled: Option<bool>,
        disabled_reason: Option<String>,
        last_seen_up: Option<Timestamp>,
        forced_down: Option<bool>,
        created_at: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    }
}

impl Store {
    /// All services, oldest first.
    pub async fn list_services(&self) -> Result<Vec<Service>, Error> {
        record::list(&self.db, "ORDER BY r.\"id\"", vec![]).await
    }

    /// A service says that it is alive.
    pub async fn report_service(&self, host: &str, binary: &str) -> Result<(), Error> {
        match self.report_once(host, binary).await {
            // Another reported it for the first time just now: then it is there.
            Err(Error::Exists { .. }) => self.report_once(host, binary).await,
            outcome => outcome,
        }
    }

    async fn report_once(&self, host: &str, binary: &str) -> Result<(), Error> {
        let now = now_seconds();
        transaction!(self.db, |tx| {
            let sql = "UPDATE \"magnum_service\" SET \"report_count\" = \"report_count\" + 1, \"last_seen_up\" = ?, \"updated_at\" = ? \
                       WHERE \"host\" == ? AND \"binary\" == ?";
            let args = vec![now.arg(), now.arg(), Arg::Text(host.to_owned()), Arg::Text(binary.to_owned())];
            if tx.execute(sql, args).await? == 0 {
                let service = Service {
                    id: 0,
                    report_count: 0,
                    host: host.to_owned(),
                    binary: binary.to_owned(),
                    disabled: Some(false),
                    disabled_reason: None,
                    last_seen_up: Some(now),
                    forced_down: Some(false),
                    created_at: Some(now),
                    updated_at: None,
                };
                record::insert(tx, &service, true, "service", host).await?;
            }
            Ok(())
        })
    }
}
