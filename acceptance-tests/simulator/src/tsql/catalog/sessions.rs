//! Sessions, their connections and requests.
//!
//! Without VIEW SERVER STATE one sees one's own session and request. Times of work, reads and writes are not measured: 0.

use rusqlite::types::Value;

use super::super::session::registry::SessionInfo;
use super::{Row, Viewer, bit, derived_guid, maybe, moment, none_or, number, sid, text};

/// Endpoint "TSQL Default TCP".
const TCP_ENDPOINT: i32 = 4;

/// Whether one sees the sessions of others.
fn sees_all(viewer: &Viewer<'_>) -> bool {
    let state =
        if viewer.engine.build.major >= 16 { "VIEW SERVER PERFORMANCE STATE" } else { "VIEW SERVER STATE" };
    viewer.rights.server(state)
}

/// The sessions that one may see.
fn shown<'a>(viewer: &Viewer<'a>) -> Vec<&'a SessionInfo> {
    let all = sees_all(viewer);
    let own = viewer.caller.session;
    viewer.caller.sessions.iter().filter(|one| all || one.id == own).collect()
}

fn login_sid(viewer: &Viewer<'_>, session: &SessionInfo) -> Value {
    let login =
        viewer.engine.logins.iter().find(|login| viewer.engine.same_name(&login.name, &session.login));
    // Principals of Entra that only a token names have no login here.
    login.map_or_else(|| Value::Blob(session.login.bytes().collect()), |login| Value::Blob(sid(login)))
}

/// What sessions and requests say alike: the settings.
fn settings(viewer: &Viewer<'_>, session: &SessionInfo) -> Row {
    let database = viewer.database_named(&session.database).map_or(1, |database| database.id);
    Row::from([
        ("session_id", number(session.id)),
        ("database_id", number(database)),
        ("context_info", Value::Blob(session.context_info.clone())),
        ("text_size", number(session.text_size)),
        ("language", text("us_english")),
        ("date_format", text("mdy")),
        ("date_first", number(7)),
        ("quoted_identifier", bit(true)),
        ("arithabort", bit(session.arith_abort)),
        ("ansi_null_dflt_on", bit(true)),
        ("ansi_defaults", bit(false)),
        ("ansi_warnings", bit(true)),
        ("ansi_padding", bit(true)),
        ("ansi_nulls", bit(true)),
        ("concat_null_yields_null", bit(true)),
        ("transaction_isolation_level", number(session.isolation)),
        ("lock_timeout", number(session.lock_timeout)),
        ("deadlock_priority", number(0)),
        ("row_count", number(session.row_count)),
        ("prev_error", number(session.last_error)),
        ("open_transaction_count", number(session.transactions)),
        ("cpu_time", number(0)),
        ("reads", number(0)),
        ("writes", number(0)),
        ("logical_reads", number(0)),
        ("group_id", number(2)),
    ])
}

pub(super) fn sessions(viewer: &Viewer<'_>) -> Vec<Row> {
    let now = viewer.now();
    let row = |session: &&SessionInfo| {
        let own = session.id == viewer.caller.session;
        let sid = login_sid(viewer, session);
        let elapsed = (now - session.login_time).whole_milliseconds().clamp(0, i32::MAX.into());
        let mut row = settings(viewer, session);
        row.extend(Row::from([
            ("login_time", moment(session.login_time)),
            ("host_name", text(&session.host)),
            ("program_name", text(&session.program)),
            ("host_process_id", number(session.process)),
            // TDS 7.x and 8.0 alike.
            ("client_version", number(7)),
            ("client_interface_name", maybe(session.library.as_ref())),
            ("security_id", sid.clone()),
            ("login_name", text(&session.login)),
            ("nt_domain", text("")),
            ("nt_user_name", text("")),
            ("status", text(if own { "running" } else { "sleeping" })),
            ("memory_usage", number(3)),
            ("total_scheduled_time", number(0)),
            ("total_elapsed_time", number(i64::try_from(elapsed).unwrap_or(0))),
            ("endpoint_id", number(TCP_ENDPOINT)),
            ("last_request_start_time", moment(session.last_request)),
            ("last_request_end_time", none_or((!own).then_some(session.last_request), moment)),
            ("is_user_process", bit(true)),
            ("original_security_id", sid),
            ("original_login_name", text(&session.login)),
            ("authenticating_database_id", number(1)),
        ]));
        row
    };
    shown(viewer).iter().map(row).collect()
}

pub(super) fn connections(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    let row = |session: &SessionInfo| {
        Row::from([
            ("session_id", number(session.id)),
            ("most_recent_session_id", number(session.id)),
            ("connect_time", moment(session.login_time)),
            ("net_transport", text("TCP")),
            ("protocol_type", text("TSQL")),
            ("protocol_version", number(0x7400_0004)),
            ("endpoint_id", number(TCP_ENDPOINT)),
            ("encrypt_option", text(if session.encrypted { "TRUE" } else { "FALSE" })),
            ("auth_scheme", text("SQL")),
            ("node_affinity", number(0)),
            ("num_reads", number(1)),
            ("num_writes", number(1)),
            ("last_read", moment(session.last_request)),
            ("last_write", moment(session.last_request)),
            ("net_packet_size", number(4096)),
            ("client_net_address", none_or(session.peer, |peer| text(peer.ip().to_string()))),
            ("client_tcp_port", none_or(session.peer, |peer| number(peer.port()))),
            ("local_net_address", text("127.0.0.1")),
            ("local_tcp_port", number(engine.port)),
            ("connection_id", connection(session)),
        ])
    };
    viewer.caller.sessions.iter().map(row).collect()
}

fn connection(session: &SessionInfo) -> Value {
    let since = session.login_time.unix_timestamp_nanos().to_string();
    derived_guid(&["connection", &session.id.to_string(), &since])
}

/// One's own request runs while it asks; others are not seen at work.
pub(super) fn requests(viewer: &Viewer<'_>) -> Vec<Row> {
    let row = |session: &&SessionInfo| {
        let mut row = settings(viewer, session);
        row.extend(Row::from([
            ("request_id", number(0)),
            ("start_time", moment(session.last_request)),
            ("status", text("running")),
            ("command", text("SELECT")),
            ("user_id", number(1)),
            ("connection_id", connection(session)),
            ("blocking_session_id", number(0)),
            ("wait_time", number(0)),
            ("last_wait_type", text("MISCELLANEOUS")),
            ("wait_resource", text("")),
            ("open_resultset_count", number(1)),
            ("transaction_id", number(1000 + i32::from(session.id))),
            ("percent_complete", number(0)),
            ("estimated_completion_time", number(0)),
            ("total_elapsed_time", number(0)),
            ("scheduler_id", number(0)),
            ("nest_level", number(0)),
            ("granted_query_memory", number(0)),
            ("executing_managed_code", bit(false)),
            ("statement_start_offset", number(0)),
            ("statement_end_offset", number(-1)),
            ("dop", number(1)),
            ("is_resumable", bit(false)),
        ]));
        row
    };
    let own = shown(viewer).into_iter().filter(|one| one.id == viewer.caller.session);
    let mut rows: Vec<Row> = own.map(|one| row(&one)).collect();
    // The backup stream of each seeding. [troubleshooting page of the link, 2026]
    for (place, database) in
        (0..).zip(super::seeding::running(viewer).into_iter().filter(|_| sees_all(viewer)))
    {
        let session = SessionInfo {
            id: FIRST_BACKGROUND.saturating_add(place),
            login: "sa".to_owned(),
            database: database.name.clone(),
            login_time: viewer.engine.started,
            last_request: viewer.engine.started,
            ..SessionInfo::default()
        };
        let mut stream = row(&&session);
        stream.insert("command", text("VDI_CLIENT_WORKER"));
        stream.insert("status", text("background"));
        stream.insert("connection_id", Value::Null);
        rows.push(stream);
    }
    rows
}

/// Sessions of the engine itself have numbers up to 50.
const FIRST_BACKGROUND: u16 = 30;
