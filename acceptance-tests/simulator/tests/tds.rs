//! The TDS face, judged by `tiberius`: sign-in in each way of encrypting, queries, parameters, errors.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a surprise ends the test that it happened in"
)]

use milink_simulator::journal::Outcome;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::world::assumption;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

async fn simulator() -> (Simulator, String) {
    let (estate, options) = Scene::demonstration().unwrap().into_parts();
    let password = estate
        .engine("sql1.corp.example")
        .and_then(|engine| engine.logins.iter().find(|login| login.name == "terraform"))
        .and_then(|login| login.password.clone())
        .map(|password| password.0)
        .unwrap();
    (Simulator::start(estate, options).await.unwrap(), password)
}

async fn connect(
    simulator: &Simulator,
    password: &str,
    encryption: EncryptionLevel,
) -> tiberius::Result<Client<Compat<TcpStream>>> {
    connect_to(simulator, 1433, password, encryption).await
}

async fn connect_to(
    simulator: &Simulator,
    port: u16,
    password: &str,
    encryption: EncryptionLevel,
) -> tiberius::Result<Client<Compat<TcpStream>>> {
    let address = simulator.addresses()[&format!("sql1.corp.example:{port}")];
    let mut config = Config::new();
    config.host("sql1.corp.example");
    config.port(port);
    config.database("master");
    config.encryption(encryption);
    config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
    config.authentication(AuthMethod::sql_server("terraform", password));
    let stream = TcpStream::connect(address).await.unwrap();
    Client::connect(config, stream.compat_write()).await
}

#[tokio::test]
async fn a_client_signs_in_whatever_is_encrypted() {
    let (simulator, password) = simulator().await;
    for encryption in
        [EncryptionLevel::Required, EncryptionLevel::Strict, EncryptionLevel::Off, EncryptionLevel::On]
    {
        let mut client = connect(&simulator, &password, encryption).await.unwrap();
        let row = client
            .simple_query("SELECT @@SERVERNAME AS name")
            .await
            .unwrap()
            .into_row()
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.get::<&str, _>("name"), Some("SQL1"), "{encryption:?}");
    }
    simulator.shutdown().await;
}

#[tokio::test]
async fn instances_of_one_host_are_two_servers() {
    let server = |rest: &str| {
        format!(
            r#"{{"host": "sql1.corp.example", "version": "2022", "logins": [{{"name": "terraform", "password": "P4ss-word"}}]{rest}}}"#
        )
    };
    let text = format!(
        r#"{{"sql_servers": [{}, {}]}}"#,
        server(""),
        server(r#", "instance": "SALES", "port": 1500"#)
    );
    let (estate, options) = Scene::new(serde_json::from_str(&text).unwrap()).unwrap().into_parts();
    let simulator = Simulator::start(estate, options).await.unwrap();
    for (port, server, service) in [(1500, r"SQL1\SALES", "SALES"), (1433, "SQL1", "MSSQLSERVER")] {
        let mut client = connect_to(&simulator, port, "P4ss-word", EncryptionLevel::Required).await.unwrap();
        assert_eq!(number(&mut client, "CREATE DATABASE here").await, None, "at {server}");
        let asked = client.simple_query("SELECT @@SERVERNAME, @@SERVICENAME, DB_ID('here')").await.unwrap();
        let row = asked.into_row().await.unwrap().unwrap();
        let answers = (row.get::<&str, _>(0), row.get::<&str, _>(1), row.get::<i32, _>(2));
        assert_eq!(answers, (Some(server), Some(service), Some(5)));
        assert_eq!(number(&mut client, "DROP DATABASE here").await, None);
    }
    let log = simulator.journal().entries();
    let at =
        |server| log.iter().filter(|entry| entry.server == server && entry.kind == "CREATE DATABASE").count();
    assert_eq!((at("sql1.corp.example"), at(r"sql1.corp.example\sales")), (1, 1));
    simulator.shutdown().await;
}

/// Error number of a statement, nothing where it succeeds.
async fn number(client: &mut Client<Compat<TcpStream>>, text: &str) -> Option<u32> {
    let failed = match client.simple_query(text).await {
        Ok(stream) => stream.into_results().await.err(),
        Err(error) => Some(error),
    };
    failed.map(|error| error.code().unwrap_or_else(|| panic!("{text}: {error}")))
}

#[tokio::test]
async fn names_compare_as_the_servers_collation_says() {
    // The name's own spelling and its capitals; the error where they lead nowhere; whether they are one on a Turkish
    // server, where I is no capital of i.
    let cases = [
        ("SELECT name FROM sys.{databases|DATABASES}", 208, true),
        ("SELECT {is_encrypted|IS_ENCRYPTED} FROM sys.databases", 207, false),
        ("DECLARE @i int; SELECT {@i|@I}", 137, false),
        ("EXEC sys.{sp_certificate_issuers|SP_CERTIFICATE_ISSUERS}", 2812, false),
        ("SELECT sys.{fn_hadr_is_primary_replica|FN_HADR_IS_PRIMARY_REPLICA}('Sales')", 4121, false),
        ("ALTER AUTHORIZATION ON DATABASE::Sales TO {terraform|TERRAFORM}", 15151, true),
        ("USE {dim|DIM}", 911, false),
    ];
    for (collation, same) in [
        ("SQL_Latin1_General_CP1_CI_AS", (|_| true) as fn(bool) -> bool),
        ("Latin1_General_100_BIN2", |_| false),
        ("Turkish_CI_AS", |turkish| turkish),
    ] {
        let (mut estate, options) = Scene::demonstration().unwrap().into_parts();
        let engine = estate.engine_mut("sql1.corp.example").unwrap();
        engine.collation = collation.to_owned();
        let password = engine.logins.iter().find_map(|login| login.password.clone()).unwrap().0;
        let mut other = engine.databases.last().cloned().unwrap();
        (other.name, other.id) = ("dim".to_owned(), other.id + 1);
        engine.databases.push(other);
        let simulator = Simulator::start(estate, options).await.unwrap();
        let mut client = connect(&simulator, &password, EncryptionLevel::Required).await.unwrap();
        for (text, missing, turkish) in cases {
            let (before, rest) = text.split_once('{').unwrap();
            let (names, after) = rest.split_once('}').unwrap();
            let (own, capitals) = names.split_once('|').unwrap();
            let own = format!("{before}{own}{after}");
            assert_eq!(number(&mut client, &own).await, None, "{own} under {collation}");
            let capitals = format!("{before}{capitals}{after}");
            let expected = (!same(turkish)).then_some(missing);
            assert_eq!(number(&mut client, &capitals).await, expected, "{capitals} under {collation}");
        }
        simulator.shutdown().await;
    }
}

/// What a client reads that is not let in: number and state of the first error.
async fn refusal(simulator: &Simulator, user: &str, password: &str, database: &str) -> (u32, u8) {
    let address = simulator.addresses()["sql1.corp.example:1433"];
    let mut config = Config::new();
    config.host("sql1.corp.example");
    config.port(1433);
    config.database(database);
    config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
    config.authentication(AuthMethod::sql_server(user, password));
    let stream = TcpStream::connect(address).await.unwrap();
    match Client::connect(config, stream.compat_write()).await {
        Err(tiberius::error::Error::Server(error)) => (error.code(), error.state()),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// States of 18456 as the server's log has them, the newest last.
fn logged(simulator: &Simulator) -> Vec<String> {
    let refused = simulator.journal().of_kind("LOGIN").into_iter();
    let text = |outcome| match outcome {
        Outcome::Error { message, .. } => message.rsplit("State: ").next().unwrap_or_default().to_owned(),
        other => panic!("{other:?}"),
    };
    refused.map(|entry| text(entry.outcome)).collect()
}

#[tokio::test]
async fn clients_do_not_learn_why_they_are_refused_and_the_log_does() {
    let (simulator, password) = simulator().await;
    assert_eq!(refusal(&simulator, "nobody", "x", "master").await, (18456, 1));
    assert_eq!(refusal(&simulator, "terraform", "wrong", "master").await, (18456, 1));
    assert_eq!(refusal(&simulator, "terraform", &password, "nowhere").await, (4060, 1));
    simulator.world().with(|estate| {
        let engine = estate.engine_mut("sql1.corp.example").unwrap();
        engine.logins.iter_mut().find(|login| login.name == "terraform").unwrap().enabled = false;
    });
    assert_eq!(refusal(&simulator, "terraform", "wrong", "master").await, (18456, 1));
    // Who knows the password of a disabled login may know that it is disabled.
    assert_eq!(refusal(&simulator, "terraform", &password, "master").await, (18470, 1));
    assert_eq!(logged(&simulator), ["5.", "8.", "38.", "7.", "1."]);
    simulator.shutdown().await;
}

#[tokio::test]
async fn parameters_results_and_errors_with_their_lines() {
    let (simulator, password) = simulator().await;
    let mut client = connect(&simulator, &password, EncryptionLevel::Required).await.unwrap();
    let rows = client.query("SELECT @P1 + N'!' AS a, @P2 AS b", &[&"é]'", &7]).await.unwrap();
    let row = rows.into_row().await.unwrap().unwrap();
    assert_eq!((row.get::<&str, _>("a"), row.get::<i32, _>("b")), (Some("é]'!"), Some(7)));
    let sets = client
        .simple_query("SELECT 1 AS a; SELECT 2 AS b, 3 AS c")
        .await
        .unwrap()
        .into_results()
        .await
        .unwrap();
    assert_eq!(sets.len(), 2);
    let error = match client.simple_query("SELECT 1\nSELECT nothing FROM sys.databases").await {
        Ok(stream) => stream.into_results().await.map(drop),
        Err(error) => Err(error),
    };
    match error {
        Err(tiberius::error::Error::Server(error)) => assert_eq!((error.code(), error.line()), (207, 2)),
        other => panic!("{other:?}"),
    }
    // The connection is none the worse.
    assert!(client.simple_query("SELECT 1").await.unwrap().into_row().await.unwrap().is_some());
    simulator.shutdown().await;
}

/// What a server says of the session that asks: its number, and whether all of it is encrypted.
async fn who(client: &mut Client<Compat<TcpStream>>) -> (i32, String) {
    let text = "SELECT session_id, encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID";
    let row = client.simple_query(text).await.unwrap().into_row().await.unwrap().unwrap();
    (row.get(0).unwrap(), row.get::<&str, _>(1).unwrap().to_owned())
}

#[tokio::test]
async fn five_hundred_clients_are_served_at_once() {
    let (simulator, password) = simulator().await;
    let mut connecting = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let (address, password) = (simulator.addresses()["sql1.corp.example:1433"], password.clone());
        connecting.spawn(async move {
            let mut config = Config::new();
            config.encryption(EncryptionLevel::NotSupported);
            config.authentication(AuthMethod::sql_server("terraform", password));
            let stream = TcpStream::connect(address).await.unwrap();
            Client::connect(config, stream.compat_write()).await.unwrap()
        });
    }
    let mut clients = connecting.join_all().await;
    let mut sessions = std::collections::BTreeSet::new();
    for client in &mut clients {
        sessions.insert(who(client).await.0);
    }
    assert_eq!(sessions.len(), 500, "each has a session of its own");
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_server_takes_the_connections_that_its_settings_allow() {
    use EncryptionLevel::{NotSupported, Off, Required, Strict};
    use milink_simulator::world::transport::Encryption;
    // Nothing encrypted, the login, everything, everything as TDS 8.0; what of it shows as encrypted.
    let clear = Some("FALSE");
    let tls = Some("TRUE");
    for (encryption, expected) in [
        (Encryption::Off, [(NotSupported, clear), (Required, None), (Strict, None)]),
        (Encryption::Optional, [(Off, clear), (Required, tls), (Strict, tls)]),
        // (This client gives in to a server that insists.)
        (Encryption::Required, [(NotSupported, tls), (Off, tls), (Strict, tls)]),
        (Encryption::Strict, [(NotSupported, None), (Required, None), (Strict, tls)]),
    ] {
        let (simulator, password) = simulator().await;
        simulator.world().with(|estate| {
            estate.engine_mut("sql1.corp.example").unwrap().transport.encryption = encryption;
        });
        for (level, shown) in expected {
            let connected = connect(&simulator, &password, level).await;
            let seen = match connected {
                Ok(mut client) => Some(who(&mut client).await.1),
                Err(_) => None,
            };
            assert_eq!(seen.as_deref(), shown, "{encryption:?}, {level:?}");
        }
        simulator.shutdown().await;
    }
}

#[tokio::test]
async fn a_server_before_2022_speaks_no_tds_8() {
    let text = r#"{"sql_servers": [{"host": "sql1.corp.example", "version": "2019", "logins": [{"name": "terraform", "password": "P4ss-word"}]}]}"#;
    let (estate, options) = Scene::new(serde_json::from_str(text).unwrap()).unwrap().into_parts();
    let simulator = Simulator::start(estate, options).await.unwrap();
    assert!(connect(&simulator, "P4ss-word", EncryptionLevel::Strict).await.is_err());
    assert!(connect(&simulator, "P4ss-word", EncryptionLevel::Required).await.is_ok());
    let strict = text.replace(r#""version""#, r#""encryption": "strict", "version""#);
    assert!(Scene::new(serde_json::from_str(&strict).unwrap()).is_err(), "nor can it be told to");
    simulator.shutdown().await;
}

#[tokio::test]
async fn who_signs_in_is_sent_where_the_server_routes_to() {
    let text = r#"{"sql_servers": [{"host": "sql1.corp.example", "version": "2022", "routes_to": "sql2.corp.example:1450", "logins": [{"name": "terraform", "password": "P4ss-word"}]}]}"#;
    let (estate, options) = Scene::new(serde_json::from_str(text).unwrap()).unwrap().into_parts();
    let simulator = Simulator::start(estate, options).await.unwrap();
    match connect(&simulator, "P4ss-word", EncryptionLevel::Required).await.map(drop) {
        Err(tiberius::error::Error::Routing { host, port }) => {
            assert_eq!((host.as_str(), port), ("sql2.corp.example", 1450));
        }
        other => panic!("{other:?}"),
    }
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_token_needs_a_login_of_its_name() {
    let (simulator, _) = simulator().await;
    let instance = simulator.addresses().keys().find(|name| name.starts_with("mi-sales.")).unwrap().clone();
    let application = milink_simulator::arm::directory::Application {
        tenant: "99999999-8888-4777-8666-555555555555".to_owned(),
        object_id: "o".to_owned(),
        name: "terraform".to_owned(),
        client_id: "c".to_owned(),
        secrets: Vec::new(),
        federated: Vec::new(),
        roles: Vec::new(),
    };
    let stranger =
        milink_simulator::arm::directory::Application { name: "stranger".to_owned(), ..application.clone() };
    let mint = |application, resource| simulator.arm().tokens().mint(application, resource, "issuer").0;
    let sql = "https://database.windows.net/";
    for opposite in [None, Some(assumption::TOKEN_STATES)] {
        simulator.world().with(|estate| estate.opposites.extend(opposite));
        for (server, token, right) in [
            // The instance's administrator; somebody that it does not know; a token for another service.
            (instance.as_str(), mint(&application, sql), true),
            (instance.as_str(), mint(&stranger, sql), false),
            (instance.as_str(), mint(&application, "https://management.azure.com/"), false),
            // A SQL Server knows the SQL login of that name, which is another principal.
            ("sql1.corp.example:1433", mint(&application, sql), false),
        ] {
            let (host, _port) = server.rsplit_once(':').unwrap();
            let mut config = Config::new();
            config.host(host);
            config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
            config.authentication(AuthMethod::aad_token(token));
            let stream = TcpStream::connect(simulator.addresses()[server]).await.unwrap();
            match Client::connect(config, stream.compat_write()).await {
                Ok(_) => assert!(right, "{server}"),
                Err(tiberius::error::Error::Server(error)) => {
                    assert_eq!((error.code(), right), (18456, false))
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(logged(&simulator), ["5.", "1.", "5.", "102.", "102.", "102."]);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_savepoint_keeps_the_transaction() {
    let (simulator, password) = simulator().await;
    let mut client = connect(&simulator, &password, EncryptionLevel::Required).await.unwrap();
    for (text, failed, depth) in [
        ("SAVE TRANSACTION here", Some(628), 0),
        ("BEGIN TRANSACTION", None, 1),
        ("ROLLBACK TRANSACTION here", Some(6401), 1),
        ("SAVE TRANSACTION here", None, 1),
        ("ROLLBACK TRANSACTION here", None, 1),
        ("ROLLBACK TRANSACTION here", None, 1),
        ("ROLLBACK TRANSACTION", None, 0),
        ("BEGIN TRANSACTION outer_one; BEGIN TRANSACTION", None, 2),
        ("ROLLBACK TRANSACTION outer_one", None, 0),
    ] {
        assert_eq!(number(&mut client, text).await, failed, "{text}");
        let row = client.simple_query("SELECT @@TRANCOUNT").await.unwrap().into_row().await.unwrap().unwrap();
        assert_eq!(row.get::<i32, _>(0), Some(depth), "{text}");
    }
    simulator.shutdown().await;
}
