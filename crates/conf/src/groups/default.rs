// SPDX-License-Identifier: Apache-2.0
//! `[DEFAULT]`: the process, its log, its messages.

use crate::definition::{Group, Kind, Unit, option};

const PYTHON: &str = "there is no Python package to find";
const LOG: &str = "the log goes to standard error; let systemd or a shell keep it";
const RPC: &str = "API and conductor do not speak over a message broker";
const POOL: &str = "the number of threads follows the machine";

pub(crate) static GROUP: Group = Group::new(
    "DEFAULT",
    "The process itself, its log and its messages.",
    &[
        option("host", Kind::Host, "Name this machine goes by in `mservices` and in notifications. Unset: the machine's own name."),
        option("state_path", Kind::Text, "Folder for what the service keeps.").default("$pybasedir"),
        option("tempdir", Kind::Text, "Folder for temporary files. Unset: the system's."),
        option("service_down_time", Kind::Duration(Unit::Seconds), "A service not heard of for longer counts as down.").default("180"),
        option("periodic_enable", Kind::Bool, "Whether periodic work is done.").default("true"),
        option("periodic_interval_max", Kind::Integer(None, None), "Most seconds between two rounds of periodic work.").default("60"),
        option("max_manifest_size", Kind::Integer(Some(0), None), "Most bytes of a manifest fetched from a URL.")
            .default("524288")
            .ignored("manifests are no longer taken by the API"),
        option("password_symbols", Kind::List(false), "Sets of characters; a made password has one of each.")
            .default("23456789,ABCDEFGHJKLMNPQRSTUVWXYZ,abcdefghijkmnopqrstuvwxyz"),
        option("cluster_coe", Kind::Text, "COE of 2015's clusters.")
            .ignored("the cluster template names the COE")
            .leaving("cluster templates name it since 2015"),
        option("pybasedir", Kind::Text, "Folder of the Python package.").default("/var/lib/magnum").ignored(PYTHON),
        option("bindir", Kind::Text, "Folder of the programs.").default("$pybasedir/bin").ignored(PYTHON),
        option("rootwrap_config", Kind::Text, "Configuration of rootwrap.")
            .default("/etc/magnum/rootwrap.conf")
            .ignored("nothing is run through rootwrap"),
        option("debug", Kind::Bool, "Whether the log tells details.").default("false"),
        option("log_config_append", Kind::Text, "File with Python's logging settings.")
            .formerly(&[("DEFAULT", "log_config"), ("DEFAULT", "log-config")])
            .ignored(LOG),
        option("log_file", Kind::Text, "File the log goes to.").formerly(&[("DEFAULT", "logfile")]).ignored(LOG),
        option("log_dir", Kind::Text, "Folder the log goes to.").formerly(&[("DEFAULT", "logdir")]).ignored(LOG),
        option("use_journal", Kind::Bool, "Whether the log goes to the journal.").default("false").ignored(LOG),
        option("use_syslog", Kind::Bool, "Whether the log goes to syslog.").default("false").ignored(LOG),
        option("syslog_log_facility", Kind::Text, "Facility of syslog.").default("LOG_USER").ignored(LOG),
        option("use_stderr", Kind::Bool, "Whether the log goes to standard error.").default("false").ignored(LOG),
        option("use_json", Kind::Bool, "Whether log lines are JSON.").default("false").ignored(LOG),
        option("log_date_format", Kind::Text, "Form of dates in the log.").default("%Y-%m-%d %H:%M:%S").ignored(LOG),
        option("default_log_levels", Kind::List(false), "Level of each Python logger.").ignored(LOG),
        option("publish_errors", Kind::Bool, "Whether errors become notifications.").default("false").ignored(LOG),
        option("transport_url", Kind::Text, "Broker that notifications go to.").default("rabbit://").secret(),
        option("control_exchange", Kind::Text, "Exchange that notifications go to.").default("magnum"),
        option("rpc_response_timeout", Kind::Integer(None, None), "Seconds a call over the broker may take.").default("60").ignored(RPC),
        option("rpc_ping_enabled", Kind::Bool, "Whether the broker's ping is answered.").default("false").ignored(RPC),
        option("rpc_conn_pool_size", Kind::Integer(Some(1), None), "Connections to the broker.").default("30").ignored(RPC),
        option("executor_thread_pool_size", Kind::Integer(None, None), "Threads of the broker's server.")
            .default("64")
            .ignored(POOL)
            .formerly(&[("DEFAULT", "rpc_thread_pool_size")]),
        option("run_external_periodic_tasks", Kind::Bool, "Whether periodic work may run in other processes.")
            .default("true")
            .ignored("periodic work runs in the conductor"),
        option("backdoor_port", Kind::Text, "Port of Python's interactive console.")
            .refused("there is no Python console to open; take the line out"),
        option("backdoor_socket", Kind::Text, "Socket of Python's interactive console.")
            .refused("there is no Python console to open; take the line out"),
        option("graceful_shutdown_timeout", Kind::Duration(Unit::Seconds), "Longest wait for running requests at a stop.").default("60"),
        option("log_options", Kind::Bool, "Whether all settings are logged at the start.")
            .default("true")
            .ignored("ask for them with the command that shows settings"),
        option("wsgi_default_pool_size", Kind::Integer(None, None), "Green threads of Python's web server.").default("100").ignored(POOL),
        option("client_socket_timeout", Kind::Duration(Unit::Seconds), "Longest silence of a client's connection.").default("900"),
    ],
);
