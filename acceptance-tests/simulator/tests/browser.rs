//! SQL Server Browser over its socket: what clients are told, and what they are not; `tiberius` finds an instance by it.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::net::SocketAddr;

use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::world::assumption;
use serde_json::json;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, SqlBrowser as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_util::compat::TokioAsyncWriteCompatExt as _;

const HOST: &str = "sql1.corp.example";
const PASSWORD: &str = "P4ss-word";

/// A host with the default instance, two named ones and a hidden one, and another host without any.
async fn simulator() -> Simulator {
    let server = |host: &str, more: serde_json::Value| {
        let mut server = json!({
            "host": host, "version": "2022", "build": "16.0.4125.3",
            "logins": [{ "name": "terraform", "password": PASSWORD }],
        });
        server.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server
    };
    let file = json!({ "sql_servers": [
        server(HOST, json!({ "port": 15433 })),
        server(HOST, json!({ "instance": "Sales" })),
        server(HOST, json!({ "instance": "HR", "port": 51433, "failover_cluster_instance": true })),
        server(HOST, json!({ "instance": "Secret", "hidden": true })),
        server("sql2.corp.example", json!({})),
    ]});
    let (estate, options) = Scene::parse(&file.to_string()).unwrap().into_parts();
    Simulator::start(estate, options).await.unwrap()
}

fn browser(simulator: &Simulator) -> SocketAddr {
    let browsers = simulator.browsers();
    assert_eq!(browsers.iter().map(|one| one.host.as_str()).collect::<Vec<_>>(), [HOST]);
    browsers[0].service.as_ref().unwrap().address()
}

struct Asker(UdpSocket);

impl Asker {
    async fn new(simulator: &Simulator) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(browser(simulator)).await.unwrap();
        Self(socket)
    }

    /// The text of the answer; nothing where there is none. A question that is always answered is asked after the one
    /// that may not be: the service answers in order.
    async fn ask(&self, question: &[u8], sentinel: Option<&[u8]>) -> Option<String> {
        let mut answer = [0; 65_536];
        self.0.send(question).await.unwrap();
        if let Some(sentinel) = sentinel {
            self.0.send(sentinel).await.unwrap();
        }
        let length = self.0.recv(&mut answer).await.unwrap();
        assert_eq!(answer[0], 5);
        assert_eq!(usize::from(u16::from_le_bytes([answer[1], answer[2]])), length - 3);
        let text = String::from_utf8(answer[3..length].to_vec()).unwrap();
        (sentinel.is_none() || !text.contains("InstanceName;SALES;")).then_some(text)
    }
}

#[tokio::test]
async fn clients_are_told_the_ports_at_which_instances_listen() {
    let simulator = simulator().await;
    let asker = Asker::new(&simulator).await;
    let sales = simulator.addresses()[&format!("{HOST}\\sales")];
    assert_eq!(sales.ip(), browser(&simulator).ip());
    let expected = format!(
        "ServerName;SQL1;InstanceName;SALES;IsClustered;No;Version;16.0.4125.3;tcp;{};;",
        sales.port()
    );
    assert_eq!(asker.ask(b"\x04sales\0", None).await.unwrap(), expected);
    let all = asker.ask(b"\x03", None).await.unwrap();
    let names: Vec<_> =
        all.split("InstanceName;").skip(1).filter_map(|part| part.split(';').next()).collect();
    assert_eq!(names, ["MSSQLSERVER", "SALES", "HR"]);
    // An instance has its own port there, unless something of this machine has it everywhere.
    assert!(all.contains("HR;IsClustered;Yes;Version;16.0.4125.3;tcp;51433;;"), "{all}");
    assert_eq!(asker.ask(b"\x02", None).await.unwrap(), all);
    simulator.shutdown().await;
}

#[tokio::test]
async fn the_service_is_silent_about_what_it_does_not_show() {
    let simulator = simulator().await;
    let asker = Asker::new(&simulator).await;
    let after = Some(b"\x04SALES\0".as_slice());
    for silent in [b"\x04SECRET\0".as_slice(), b"\x04NONE\0", b"\x04", b"\x07", b"\x0f\x01SALES\0", b""] {
        assert_eq!(asker.ask(silent, after).await, None, "{silent:?}");
    }
    assert!(asker.ask(b"\x04HR", None).await.is_some(), "the zero at the end is left out by drivers");
    simulator.world().with(|estate| estate.opposites.insert(assumption::ZERO_AT_THE_END));
    assert_eq!(asker.ask(b"\x04HR", after).await, None);
    assert!(asker.ask(b"\x04HR\0", after).await.is_some());
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_client_finds_an_instance_by_its_name_unless_the_service_is_stopped() {
    let simulator = simulator().await;
    let find = async || {
        let mut config = Config::new();
        config.host(browser(&simulator).ip());
        config.instance_name("SALES");
        let stream = TcpStream::connect_named(&config).await?;
        config.host(HOST);
        config.encryption(EncryptionLevel::Required);
        config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
        config.authentication(AuthMethod::sql_server("terraform", PASSWORD));
        Client::connect(config, stream.compat_write()).await
    };
    let mut client = find().await.unwrap();
    let row = client.simple_query("SELECT @@SERVERNAME").await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<&str, _>(0), Some(r"SQL1\SALES"));
    simulator.world().with(|estate| estate.browsers.insert(HOST.to_owned(), false));
    assert!(find().await.is_err());
    simulator.world().with(|estate| estate.browsers.insert(HOST.to_owned(), true));
    assert!(find().await.is_ok());
    simulator.world().with(|estate| estate.bring_down(HOST));
    assert!(find().await.is_err());
    simulator.shutdown().await;
}
