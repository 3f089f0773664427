//! Somebody else at the same servers: an administrator, a script, another tool.
//!
//! Drift comes from them. They use the wire like anybody, so that the world sees what it would see in production.

use std::time::Duration;

use milink_simulator::simulator::Simulator;
use serde_json::{Value, json};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

/// A TDS client that is not ours.
#[derive(Debug)]
pub struct SqlClient {
    client: Client<Compat<TcpStream>>,
}

impl SqlClient {
    /// Signs in to a server of the world at its usual port.
    pub async fn connect(simulator: &Simulator, host: &str, user: &str, password: &str) -> Self {
        let address = simulator.addresses()[&format!("{host}:1433")];
        let mut config = Config::new();
        config.host(host);
        config.authentication(AuthMethod::sql_server(user, password));
        config.encryption(EncryptionLevel::Required);
        config.trust_cert(); // whom it talks to is not what a test with this client is about
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let client = Client::connect(config, stream.compat_write()).await.unwrap();
        Self { client }
    }

    /// Runs a batch.
    pub async fn execute(&mut self, sql: &str) -> Result<(), tiberius::error::Error> {
        self.client.simple_query(sql).await?.into_results().await.map(|_| ())
    }

    /// The first column of the first result, as text.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows = self.client.simple_query(sql).await.unwrap().into_first_result().await.unwrap();
        rows.iter().map(|row| row.get::<&str, _>(0).unwrap_or_default().to_owned()).collect()
    }
}

/// An ARM client that is not ours.
#[derive(Debug)]
pub struct ArmClient {
    http: reqwest::Client,
    origin: String,
    token: String,
}

/// Of the quickstart's world.
const TENANT: &str = "99999999-8888-4777-8666-555555555555";
const CLIENT_ID: &str = "12345678-1234-4234-8234-123456789abc";
/// The quickstart's managed instance.
pub const INSTANCE: &str = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/data-platform/providers/Microsoft.Sql/managedInstances/mi-sales";

impl ArmClient {
    /// Signs in as the quickstart's application.
    pub async fn connect(simulator: &Simulator, client_secret: &str) -> Self {
        let root = reqwest::Certificate::from_pem(simulator.ca_certificate().as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
        let origin = simulator.arm().origin();
        let form = format!(
            "grant_type=client_credentials&client_id={CLIENT_ID}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&client_secret={}",
            url_encoded(client_secret)
        );
        let answer = http
            .post(format!("{origin}/{TENANT}/oauth2/v2.0/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        Self { http, origin, token }
    }

    /// `GET` below the quickstart's instance; nothing when it is not there.
    pub async fn get(&self, child: &str) -> Option<Value> {
        let answer = self.send(reqwest::Method::GET, child, None).await;
        (answer.status() != 404).then_some(())?;
        Some(answer.error_for_status().unwrap().json().await.unwrap())
    }

    /// `PUT` below the quickstart's instance; returns when the operation has ended.
    pub async fn put(&self, child: &str, body: &Value) {
        let answer = self.send(reqwest::Method::PUT, child, Some(body)).await;
        self.wait(answer).await.unwrap();
    }

    /// `POST` below the quickstart's instance; returns when the operation has ended.
    pub async fn post(&self, child: &str, body: &Value) {
        let answer = self.send(reqwest::Method::POST, child, Some(body)).await;
        self.wait(answer).await.unwrap();
    }

    /// `DELETE` below the quickstart's instance; returns when the operation has ended.
    pub async fn delete(&self, child: &str) {
        self.try_delete(child).await.unwrap();
    }

    /// The same; what the operation failed with, where it did.
    pub async fn try_delete(&self, child: &str) -> Result<(), Value> {
        let answer = self.send(reqwest::Method::DELETE, child, None).await;
        self.wait(answer).await
    }

    async fn send(&self, method: reqwest::Method, child: &str, body: Option<&Value>) -> reqwest::Response {
        let url = format!("{}{INSTANCE}/{child}?api-version=2023-08-01", self.origin);
        let request = self.http.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Follows the operation that was accepted, at the pace that the service asks for; where it fails, what it says.
    async fn wait(&self, answer: reqwest::Response) -> Result<(), Value> {
        let answer = answer.error_for_status().unwrap();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let Some(url) = header("azure-asyncoperation").map(str::to_owned) else { return Ok(()) };
        loop {
            let answer = self.http.get(&url).bearer_auth(&self.token).send().await.unwrap();
            let pause =
                answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            let standing: Value = answer.error_for_status().unwrap().json().await.unwrap();
            match standing["status"].as_str() {
                Some("Succeeded") => return Ok(()),
                Some("Failed" | "Canceled" | "Cancelled") => return Err(standing),
                _ => tokio::time::sleep(Duration::from_secs(pause.unwrap_or(1))).await,
            }
        }
    }
}

/// A body that sets properties.
pub fn properties(properties: Value) -> Value {
    json!({ "properties": properties })
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
