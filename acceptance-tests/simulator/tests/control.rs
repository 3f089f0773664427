//! The control API over its socket: what the documentation shows, who is let in, and what its deeds do to clients.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use milink_simulator::control::Access;
use milink_simulator::control::client::{Client, ClientError};
use milink_simulator::journal::Entry;
use milink_simulator::scene::{Scene, page};
use milink_simulator::simulator::{Simulator, StartError};
use reqwest::Method;
use serde_json::{Value, json};
use tiberius::{AuthMethod, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn start(estate: &str) -> (Simulator, Client) {
    let (estate, mut options) = Scene::parse(estate).unwrap().into_parts();
    options.control = Some(LOOPBACK);
    let simulator = Simulator::start(estate, options).await.unwrap();
    let client = Client::new(access(&simulator));
    (simulator, client)
}

fn access(simulator: &Simulator) -> Access {
    simulator.control().unwrap().access()
}

/// One server with a login whose password is known.
const SERVER: &str = r#"{"sql_servers": [{
    "host": "h", "version": "2022", "logins": [{"name": "t", "password": "P4ss-word"}], "databases": [{"name": "Sales"}]
}]}"#;

async fn sql(simulator: &Simulator) -> tiberius::Result<tiberius::Client<Compat<TcpStream>>> {
    let mut config = Config::new();
    config.host("h");
    config.encryption(EncryptionLevel::Required);
    config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
    config.authentication(AuthMethod::sql_server("t", "P4ss-word"));
    let stream = TcpStream::connect(simulator.addresses()["h:1433"]).await.unwrap();
    tiberius::Client::connect(config, stream.compat_write()).await
}

/// The error of a batch, nothing where it succeeds.
async fn run(
    session: &mut tiberius::Client<Compat<TcpStream>>,
    text: &str,
) -> Option<tiberius::error::Error> {
    match session.simple_query(text).await {
        Ok(stream) => stream.into_results().await.err(),
        Err(error) => Some(error),
    }
}

/// Everything that the page shows of an answer is in the answer, with the same kind of value.
fn assert_shape(shown: &Value, answer: &Value, at: &str) {
    match (shown, answer) {
        (Value::Object(shown), Value::Object(answer)) => {
            for (name, value) in shown {
                let found = answer.get(name).unwrap_or_else(|| panic!("{at}: no `{name}`"));
                assert_shape(value, found, &format!("{at}.{name}"));
            }
        }
        (Value::Array(shown), Value::Array(answer)) => {
            if let Some(first) = shown.first() {
                let found = answer.first().unwrap_or_else(|| panic!("{at} is empty"));
                assert_shape(first, found, &format!("{at}[0]"));
            }
        }
        _ => assert_eq!(
            std::mem::discriminant(shown),
            std::mem::discriminant(answer),
            "{at}: {shown} is shown, {answer} came"
        ),
    }
}

/// Members of the answer that the page does not show, where it shows the object whole.
fn assert_complete(answer: &Value, shown: &Value, at: &str) {
    if let (Value::Object(answer), Value::Object(shown)) = (answer, shown) {
        for name in answer.keys() {
            assert!(shown.contains_key(name), "{at}: `{name}` is not in docs/simulator/control.md");
        }
    }
}

#[tokio::test]
async fn the_examples_of_the_page_are_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator/control.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (simulator, _client) = start(page::EXAMPLE).await;
    let access = access(&simulator);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut blocks = text.split("\n```http\n").skip(1);
    let mut tried = 0;
    for block in &mut blocks {
        let (request, rest) = block.split_once("\n```").unwrap();
        let (line, body) = request.split_once('\n').unwrap_or((request, ""));
        let (method, path) = line.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let answer = http
            .request(method, format!("{}{path}", access.address))
            .bearer_auth(access.token.expose())
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        tried += 1;
        let Some(shown) = rest.strip_prefix("\n\n```json") else {
            assert_eq!(status, 200, "{line}");
            continue;
        };
        let (expected, shown) = shown.split_once('\n').unwrap();
        let (shown, _) = shown.split_once("\n```").unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(status, expected.trim().parse().unwrap_or(200), "{line}: {answer}");
        let shown: Value = serde_json::from_str(shown).unwrap();
        assert_shape(&shown, &answer, line);
        if line == "GET /v1/world" {
            assert_complete(&answer, &shown, line);
            assert_complete(&answer["sql_servers"][0], &shown["sql_servers"][0], line);
        }
        if status >= 400 {
            assert_eq!(answer["error"]["code"], shown["error"]["code"], "{line}");
        }
    }
    assert!(tried > 15, "only {tried} examples were found");
    simulator.shutdown().await;
}

#[tokio::test]
async fn nobody_comes_in_from_elsewhere() {
    let (simulator, client) = start(SERVER).await;
    let access = access(&simulator);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = |header: &'static str, value: String| {
        let request = http.get(format!("{}/v1/world", access.address)).bearer_auth(access.token.expose());
        request.header(header, value).send()
    };
    for (header, value, status) in
        [("accept", "*/*", 200), ("host", "evil.example", 403), ("origin", "https://evil.example", 403)]
    {
        assert_eq!(ask(header, value.to_owned()).await.unwrap().status().as_u16(), status, "{header}");
    }
    let bare = http.get(format!("{}/v1/world", access.address)).send().await.unwrap();
    assert_eq!(bare.status().as_u16(), 401);
    let unknown = client.ask(Method::GET, "/v1/wrold", None).await.unwrap_err();
    assert!(matches!(unknown, ClientError::Refused { code, .. } if code == "NotFound"));
    let method = client.ask(Method::PUT, "/v1/world", None).await.unwrap_err();
    assert!(matches!(method, ClientError::Refused { code, .. } if code == "MethodNotAllowed"));
    simulator.shutdown().await;

    let (estate, mut options) = Scene::parse(SERVER).unwrap().into_parts();
    options.control = Some((Ipv4Addr::UNSPECIFIED, 0).into());
    let refused = Simulator::start(estate, options).await.unwrap_err();
    assert!(matches!(refused, StartError::Control(_)), "{refused}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_with_the_token_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (simulator, _client) = start(SERVER).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.json");
    // One that is there, readable to all, is not written into.
    std::fs::write(&path, "{}").unwrap();
    access(&simulator).write(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let client = Client::new(Access::read(&path).unwrap());
    assert!(client.ask(Method::GET, "/v1/clock", None).await.unwrap()["now"].is_string());
    simulator.shutdown().await;
    let gone = client.ask(Method::GET, "/v1/clock", None).await.unwrap_err();
    assert!(matches!(gone, ClientError::Unreachable { .. }), "{gone}");
}

#[tokio::test]
async fn faults_hit_the_clients_of_the_servers() {
    let (simulator, client) = start(SERVER).await;
    let mut session = sql(&simulator).await.unwrap();
    let add = async |fault: Value| client.ask(Method::POST, "/v1/faults", Some(&fault)).await;
    add(json!({ "kind": "CREATE DATABASE", "nth": 2, "action": { "type": "fail_sql", "number": 1807, "message": "busy" } }))
        .await
        .unwrap();
    session.execute("CREATE DATABASE one", &[]).await.unwrap();
    assert_eq!(run(&mut session, "CREATE DATABASE two").await.and_then(|error| error.code()), Some(1807));
    assert!(run(&mut session, "CREATE DATABASE two").await.is_none());
    let rules = client.ask(Method::GET, "/v1/faults", None).await.unwrap();
    assert_eq!((&rules[0]["counted"], &rules[0]["hit"]), (&json!(3), &json!(1)));

    add(json!({ "text": "*master_files*", "action": { "type": "kill" } })).await.unwrap();
    let killed = run(&mut session, "SELECT name FROM sys.master_files").await;
    assert_eq!(killed.and_then(|error| error.code()), Some(596));
    let after = run(&mut session, "SELECT 1").await;
    assert!(after.is_some_and(|error| error.code().is_none()), "the connection is closed");
    let wrong = add(json!({ "nth": 0, "action": { "type": "hang" } })).await.unwrap_err();
    assert!(matches!(wrong, ClientError::Refused { code, .. } if code == "BadRequest"));
    let wrong = add(json!({ "action": { "type": "explode" } })).await.unwrap_err().to_string();
    assert!(wrong.contains("explode"), "{wrong}");
    simulator.shutdown().await;
}

#[tokio::test]
async fn the_journal_can_be_followed() {
    let (simulator, client) = start(SERVER).await;
    let mut session = sql(&simulator).await.unwrap();
    session.simple_query("CREATE DATABASE one").await.unwrap().into_results().await.unwrap();
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    let following = tokio::spawn(async move {
        let take = |text: &str| {
            for line in text.lines() {
                drop(sender.send(serde_json::from_str::<Entry>(line).unwrap()));
            }
        };
        client.follow("/v1/journal?follow=true", take).await
    });
    let mut wait_for = async |kind: &str| loop {
        let entry = lines.recv().await.unwrap();
        if entry.kind == kind {
            return entry;
        }
    };
    assert_eq!(wait_for("CREATE DATABASE").await.server, "h");
    session.simple_query("DROP DATABASE one").await.unwrap().into_results().await.unwrap();
    assert_eq!(wait_for("DROP DATABASE").await.who, "t");
    // The stream ends with the simulator, and holds its end up no longer than that.
    simulator.shutdown().await;
    following.await.unwrap().unwrap();
}

#[tokio::test]
async fn deeds_change_what_the_sides_see() {
    let (simulator, client) = start(page::EXAMPLE).await;
    let deed = async |deed: Value| client.ask(Method::POST, "/v1/deeds", Some(&deed)).await;
    let advance = async |seconds: u64| {
        client.ask(Method::POST, "/v1/clock", Some(&json!({ "advance_seconds": seconds }))).await.unwrap();
    };
    let link = async || client.ask(Method::GET, "/v1/links", None).await.unwrap()[0].clone();
    let (server, instance) = ("sql1.corp.example", "mi-sales");

    // Expiry breaks no connection, and every reconnect.
    deed(json!({ "deed": "expire_certificate", "server": server })).await.unwrap();
    advance(60).await;
    assert_eq!(link().await["sql_server"]["state"], "CONNECTED");
    deed(json!({ "deed": "stop_endpoint", "server": server })).await.unwrap();
    deed(json!({ "deed": "start_endpoint", "server": server })).await.unwrap();
    advance(900).await;
    assert_eq!(link().await["sql_server"]["state"], "DISCONNECTED");
    let expired = simulator.world().with(|estate| {
        let engine = estate.engine(server).unwrap();
        let held = engine.certificate("endpoint_2026").unwrap();
        let uploaded = &estate.managed_instances[0].trust_certificates[0].der;
        (held.not_after < estate.clock.now(), *uploaded == held.der)
    });
    assert_eq!(expired, (true, true));

    let (simulator, client) = {
        simulator.shutdown().await;
        start(page::EXAMPLE).await
    };
    let deed = async |deed: Value| client.ask(Method::POST, "/v1/deeds", Some(&deed)).await;
    let advance = async |seconds: u64| {
        client.ask(Method::POST, "/v1/clock", Some(&json!({ "advance_seconds": seconds }))).await.unwrap();
    };
    let link = async || client.ask(Method::GET, "/v1/links", None).await.unwrap()[0].clone();
    let refused = async |one: Value| match deed(one).await {
        Err(ClientError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };

    deed(json!({ "deed": "cut_network", "one": server, "other": instance })).await.unwrap();
    advance(30).await;
    assert_eq!(link().await["sql_server"]["state"], "DISCONNECTED");
    deed(json!({ "deed": "mend_network", "one": instance, "other": "10.0.0.4" })).await.unwrap();
    advance(60).await;
    assert_eq!(link().await["sql_server"]["state"], "CONNECTED");
    assert_eq!(refused(json!({ "deed": "mend_network", "one": server, "other": instance })).await, "Refused");

    deed(json!({ "deed": "rotate_certificate", "server": instance })).await.unwrap();
    deed(json!({ "deed": "fail_over", "link": "DAG_Sales" })).await.unwrap();
    advance(60).await;
    assert_eq!(link().await["managed_instance"]["role"], "PRIMARY");
    assert_eq!(link().await["sql_server"]["role"], "SECONDARY");

    deed(json!({ "deed": "write_rows", "server": instance, "database": "Sales", "blocks": 10 }))
        .await
        .unwrap();
    let secondary = json!({ "deed": "write_rows", "server": server, "database": "Sales" });
    assert_eq!(refused(secondary).await, "Refused");
    deed(json!({ "deed": "fill_log", "server": instance, "database": "Reports" })).await.unwrap();
    let full = json!({ "deed": "write_rows", "server": instance, "database": "Reports" });
    assert_eq!(refused(full.clone()).await, "Refused");
    deed(json!({ "deed": "free_log", "server": instance, "database": "Reports" })).await.unwrap();
    deed(full).await.unwrap();

    // As in Azure: not with a link.
    assert_eq!(refused(json!({ "deed": "stop_instance", "server": instance })).await, "Refused");
    assert_eq!(refused(json!({ "deed": "scale_instance", "server": instance })).await, "BadRequest");

    let roles = || {
        simulator.world().with(|estate| {
            let engine = estate.engine(server).unwrap();
            engine.logins.iter().find(|login| login.name == "terraform").unwrap().roles.clone()
        })
    };
    assert_eq!(roles(), ["sysadmin"]);
    deed(json!({ "deed": "remove_role", "server": server, "login": "terraform" })).await.unwrap();
    assert!(roles().is_empty());
    let permission = "VIEW SERVER STATE";
    deed(json!({ "deed": "revoke_permission", "server": server, "login": "monitoring", "permission": permission }))
        .await
        .unwrap();
    let granted = simulator
        .world()
        .with(|estate| estate.engine(server).unwrap().permissions.iter().any(|one| one.name == permission));
    assert!(!granted);

    for unknown in [
        json!({ "deed": "take_down", "site": "nowhere" }),
        json!({ "deed": "fail_over", "link": "none" }),
        json!({ "deed": "rotate_certificate", "server": server }),
        json!({ "deed": "stop_browser", "host": "sql2.corp.example" }),
        json!({ "deed": "fill_log", "server": server, "database": "none" }),
    ] {
        assert_eq!(refused(unknown).await, "NotFound");
    }
    assert_eq!(refused(json!({ "deed": "dance" })).await, "BadRequest");
    simulator.shutdown().await;
}

#[tokio::test]
async fn the_network_is_slow_or_open_one_way_until_it_is_mended() {
    let (simulator, client) = start(page::EXAMPLE).await;
    let (server, instance) = ("sql1.corp.example", "mi-sales");
    let deed = async |deed: Value| client.ask(Method::POST, "/v1/deeds", Some(&deed)).await;
    let connected = async || {
        client.ask(Method::POST, "/v1/clock", Some(&json!({ "advance_seconds": 60 }))).await.unwrap();
        client.ask(Method::GET, "/v1/links", None).await.unwrap()[0]["sql_server"]["state"] == "CONNECTED"
    };
    assert!(connected().await);
    for (from, to) in [(server, instance), (instance, server)] {
        deed(json!({ "deed": "block_network", "from": from, "to": to })).await.unwrap();
        assert!(!connected().await, "{from} to {to}");
        deed(json!({ "deed": "mend_network", "one": server, "other": instance })).await.unwrap();
        assert!(connected().await);
    }
    let slow = json!({ "deed": "slow_network", "one": server, "other": instance, "blocks_per_second": 5 });
    deed(slow).await.unwrap();
    assert!(connected().await);
    let world = client.ask(Method::GET, "/v1/world", None).await.unwrap();
    assert_eq!(world["network"]["slow"][0]["blocks_per_second"], 5);
    // Applications write 20 blocks a second; the link is synchronous, so they wait for what the way takes.
    let end = || {
        let look = |estate: &mut milink_simulator::world::Estate| {
            estate.engine(server).unwrap().database("Sales").unwrap().hardened_lsn
        };
        simulator.world().with(look)
    };
    let before = end();
    client.ask(Method::POST, "/v1/clock", Some(&json!({ "advance_seconds": 600 }))).await.unwrap();
    let written = end().since(before);
    assert!((2900..3200).contains(&written), "{written}");
    simulator.shutdown().await;
}

#[tokio::test]
async fn an_instance_is_scaled_stopped_and_started_by_azures_calls() {
    let text = r#"{"managed_instances": [
        {"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi"}
    ]}"#;
    let (simulator, client) = start(text).await;
    let deed = async |deed: Value| client.ask(Method::POST, "/v1/deeds", Some(&deed)).await;
    let state = async |seconds: u64| {
        client.ask(Method::POST, "/v1/clock", Some(&json!({ "advance_seconds": seconds }))).await.unwrap();
        let world = client.ask(Method::GET, "/v1/world", None).await.unwrap();
        world["managed_instances"][0]["state"].as_str().unwrap().to_owned()
    };
    deed(json!({ "deed": "scale_instance", "server": "mi", "v_cores": 16 })).await.unwrap();
    assert_eq!((state(1).await, state(7200).await), ("Updating".to_owned(), "Ready".to_owned()));
    deed(json!({ "deed": "stop_instance", "server": "mi" })).await.unwrap();
    assert_eq!((state(1).await, state(600).await), ("Stopping".to_owned(), "Stopped".to_owned()));
    assert!(deed(json!({ "deed": "fail_over_instance", "server": "mi" })).await.is_err(), "it is stopped");
    deed(json!({ "deed": "start_instance", "server": "mi" })).await.unwrap();
    assert_eq!(state(3600).await, "Ready");
    deed(json!({ "deed": "fail_over_instance", "server": "mi" })).await.unwrap();
    let restart = json!({ "deed": "restart_server", "server": "mi" });
    assert!(matches!(deed(restart).await, Err(ClientError::Refused { code, .. }) if code == "Refused"));
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_restart_ends_sessions_and_what_they_and_dbcc_had() {
    let server = SERVER.replacen(r#""version""#, r#""trace_flags": [1800], "version""#, 1);
    let (simulator, client) = start(&server).await;
    let mut before = sql(&simulator).await.unwrap();
    for statement in [
        "DBCC TRACEON (9567, -1)",
        "EXEC sp_configure 'remote access', 0",
        "EXEC sp_getapplock 'here', 'Exclusive', 'Session'",
    ] {
        assert!(run(&mut before, statement).await.is_none(), "{statement}");
    }
    let deed = json!({ "deed": "restart_server", "server": "h" });
    client.ask(Method::POST, "/v1/deeds", Some(&deed)).await.unwrap();
    let mut after = sql(&simulator).await.unwrap();
    let mut number = async |query: &str| {
        let row = after.simple_query(query).await.unwrap().into_row().await.unwrap().unwrap();
        row.get::<i32, _>(0).unwrap()
    };
    let lock = "DECLARE @got int; EXEC @got = sp_getapplock 'here', 'Exclusive', 'Session', 0; SELECT @got";
    assert_eq!(number(lock).await, 0);
    assert_eq!(number("SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1").await, 1);
    let in_use = "SELECT CAST(value_in_use AS int) FROM sys.configurations WHERE name = 'remote access'";
    assert_eq!(number(in_use).await, 0);
    let flags = simulator.world().with(|estate| estate.engine("h").unwrap().trace_flags.clone());
    assert_eq!(flags, [1800].into());
    let cut = run(&mut before, "SELECT 1").await;
    assert!(cut.is_some_and(|error| error.code().is_none()), "the connection is closed");
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_restart_and_a_site_that_goes_down_break_connections_whatever_runs() {
    let (simulator, client) = start(SERVER).await;
    for deed in
        [json!({ "deed": "restart_server", "server": "h" }), json!({ "deed": "take_down", "site": "h" })]
    {
        let (mut idle, mut busy) = (sql(&simulator).await.unwrap(), sql(&simulator).await.unwrap());
        let mark = simulator.journal().mark();
        let waiting = tokio::spawn(async move { run(&mut busy, "SELECT 1; WAITFOR DELAY '23:00:00'").await });
        // The first statement of the batch is over, so it waits.
        while !simulator.journal().since(mark).iter().any(|entry| entry.kind == "SELECT") {
            tokio::task::yield_now().await;
        }
        client.ask(Method::POST, "/v1/deeds", Some(&deed)).await.unwrap();
        let cut = waiting.await.unwrap();
        assert!(cut.is_some_and(|error| error.code().is_none()), "{deed}");
        assert!(run(&mut idle, "SELECT 1").await.is_some(), "{deed}");
    }
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_server_with_old_suites_alone_makes_no_handshake() {
    for opposite in [false, true] {
        let (simulator, client) = start(SERVER).await;
        simulator.world().with(|estate| estate.opposites.extend(opposite.then_some(54)));
        let offer = async |suites: &str| {
            let deed = json!({ "deed": "offer_suites", "server": "h", "suites": suites });
            client.ask(Method::POST, "/v1/deeds", Some(&deed)).await.unwrap();
        };
        let mut before = sql(&simulator).await.unwrap();
        offer("cbc").await;
        let error = sql(&simulator).await.err().unwrap().to_string();
        let expected = if opposite { "HandshakeFailure" } else { "eof" };
        assert!(error.contains(expected), "{error}");
        assert!(run(&mut before, "SELECT 1").await.is_none(), "who is in stays in");
        offer("current").await;
        assert!(sql(&simulator).await.is_ok());
        simulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_site_that_is_down_answers_nobody() {
    let (simulator, client) = start(SERVER).await;
    let deed = async |deed: &str| {
        let body = json!({ "deed": deed, "site": "h" });
        client.ask(Method::POST, "/v1/deeds", Some(&body)).await.unwrap();
    };
    let mut before = sql(&simulator).await.unwrap();
    deed("take_down").await;
    assert!(sql(&simulator).await.is_err());
    deed("bring_up").await;
    assert!(sql(&simulator).await.is_ok());
    assert!(run(&mut before, "SELECT 1").await.is_some(), "its engines were started again");
    simulator.shutdown().await;
}
