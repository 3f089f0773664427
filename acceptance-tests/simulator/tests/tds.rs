//! The TDS face, judged by `tiberius`: sign-in in each way of encrypting, queries, parameters, errors.

#![allow(clippy::unwrap_used, reason = "a surprise ends the test that it happened in")]

use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
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
    let address = simulator.addresses()["sql1.corp.example:1433"];
    let mut config = Config::new();
    config.host("sql1.corp.example");
    config.port(1433);
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
async fn a_wrong_password_is_refused_by_number() {
    let (simulator, _password) = simulator().await;
    match connect(&simulator, "wrong", EncryptionLevel::Required).await {
        Err(tiberius::error::Error::Server(error)) => assert_eq!((error.code(), error.state()), (18456, 1)),
        other => panic!("{:?}", other.map(|_| ())),
    }
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
