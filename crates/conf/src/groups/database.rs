// SPDX-License-Identifier: Apache-2.0
//! `[database]`: where everything is kept.

use crate::definition::{Group, Kind, option};

const ENGINE: &str = "tables are made as the server makes them by default";
const POOL: &str = "the pool looks after its connections itself";

pub(crate) static GROUP: Group = Group::library(
    "database",
    "Where everything is kept.",
    POOL,
    &[
        option("connection", Kind::Text, "URL of the database, with user and password.")
            .secret()
            .sample("mysql+pymysql://magnum:PASSWORD@127.0.0.1/magnum")
            .formerly(&[("DEFAULT", "sql_connection"), ("DATABASE", "sql_connection"), ("sql", "connection")]),
        option("slave_connection", Kind::Text, "URL of a database to read from.")
            .secret()
            .ignored("everything is read where it is written"),
        option("mysql_engine", Kind::Text, "Storage engine of MySQL's tables.").default("InnoDB").ignored(ENGINE),
        option("mysql_sql_mode", Kind::Text, "SQL mode of MySQL's sessions.").default("TRADITIONAL").ignored(ENGINE),
        option("max_pool_size", Kind::Integer(Some(0), None), "Connections kept open.")
            .default("5")
            .formerly(&[("DEFAULT", "sql_max_pool_size"), ("DATABASE", "sql_max_pool_size")]),
        option("max_overflow", Kind::Integer(None, None), "Connections opened beyond those for a rush.")
            .default("50")
            .formerly(&[("DEFAULT", "sql_max_overflow")]),
        option("connection_recycle_time", Kind::Integer(None, None), "Seconds after which a connection is replaced.")
            .default("3600")
            .formerly(&[("DATABASE", "idle_timeout"), ("database", "idle_timeout"), ("DEFAULT", "sql_idle_timeout")]),
        option("max_retries", Kind::Integer(Some(-1), None), "Attempts to reach the database at the start; -1 for ever.")
            .default("10")
            .formerly(&[("DEFAULT", "sql_max_retries")]),
        option("retry_interval", Kind::Integer(None, None), "Seconds between these attempts.")
            .default("10")
            .formerly(&[("DEFAULT", "sql_retry_interval")]),
        option("db_max_retries", Kind::Integer(Some(-1), None), "Attempts at one transaction that met another; -1 for ever.").default("20"),
    ],
);
