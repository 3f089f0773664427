//! The ARM face on the living world, over HTTPS, by a client that knows nothing of it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::time::Duration;

use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::world::clock::Clock;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

const INSTANCE: &str = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/data-platform/providers/Microsoft.Sql/managedInstances/mi-sales";
const TENANT: &str = "99999999-8888-4777-8666-555555555555";
const CLIENT: &str = "12345678-1234-4234-8234-123456789abc";

struct Azure {
    simulator: Simulator,
    http: reqwest::Client,
    token: String,
}

impl Azure {
    /// The quickstart's world on a clock that stands.
    async fn start() -> Self {
        let mut scene = Scene::demonstration().unwrap();
        scene.estate.clock = Clock::new(scene.estate.reached, 0);
        let secret = scene.variables["client_secret"].clone();
        let (estate, options) = scene.into_parts();
        let simulator = Simulator::start(estate, options).await.unwrap();
        let root = reqwest::Certificate::from_pem(simulator.ca_certificate().as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", CLIENT)
            .append_pair("client_secret", &secret)
            .append_pair("scope", "https://management.azure.com/.default");
        let answer = http
            .post(format!("{}/{TENANT}/oauth2/v2.0/token", simulator.arm().origin()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
            .await
            .unwrap();
        let token = answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
        Self { simulator, http, token }
    }

    async fn call(&self, method: Method, child: &str, body: Option<Value>) -> Response {
        let url = format!("{}{INSTANCE}/{child}?api-version=2025-01-01", self.simulator.arm().origin());
        let request = self.http.request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(properties) => request.json(&json!({ "properties": properties })),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// `GET`: status and body.
    async fn get(&self, child: &str) -> (StatusCode, Value) {
        let answer = self.call(Method::GET, child, None).await;
        (answer.status(), answer.json().await.unwrap())
    }

    /// What the polling URL of an accepted operation says after some seconds of the world.
    async fn after(&self, accepted: &Response, seconds: u64) -> Value {
        assert_eq!(accepted.status(), StatusCode::ACCEPTED);
        let url = accepted.headers()["azure-asyncoperation"].to_str().unwrap();
        self.simulator.world().with(|estate| estate.clock.advance(Duration::from_secs(seconds)));
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn a_certificate_is_uploaded_once() {
    let azure = Azure::start().await;
    let der = rcgen::generate_simple_self_signed(["sql1".into()]).unwrap().cert.der().to_vec();
    let blob: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let upload = || json!({ "publicBlob": format!("0x{blob}") });
    let first = azure.call(Method::PUT, "serverTrustCertificates/sql1", Some(upload())).await;
    assert_eq!(azure.after(&first, 1).await["status"], "InProgress");
    assert_eq!(azure.after(&first, 20).await["status"], "Succeeded");
    let (status, body) = azure.get("serverTrustCertificates/sql1").await;
    assert_eq!((status, &body["properties"]["publicBlob"]), (StatusCode::OK, &json!(blob.to_uppercase())));
    let again = azure.call(Method::PUT, "serverTrustCertificates/other", Some(upload())).await;
    assert_eq!(azure.after(&again, 20).await["error"]["code"], "CertificateAlreadyExists");
    azure.simulator.shutdown().await;
}

#[tokio::test]
async fn a_link_to_an_unprepared_server_fails_after_five_minutes_and_can_be_deleted() {
    let azure = Azure::start().await;
    let link = json!({
        "databases": [{ "databaseName": "Sales" }],
        "instanceAvailabilityGroupName": "AG_Sales_MI",
        "partnerAvailabilityGroupName": "AG_Sales",
        "partnerEndpoint": "TCP://10.0.0.4:5022",
        "instanceLinkRole": "Secondary",
    });
    let name = "distributedAvailabilityGroups/DAG_Sales";
    let made = azure.call(Method::PUT, name, Some(link)).await;
    assert_eq!(azure.after(&made, 1).await["status"], "InProgress");
    assert_eq!(azure.get(name).await.0, StatusCode::NOT_FOUND);
    assert_eq!(azure.after(&made, 60).await["status"], "InProgress");
    let (_, body) = azure.get(name).await;
    assert_eq!(body["properties"]["databases"][0]["replicaState"], "InitiatingLink");
    let end = azure.after(&made, 300).await;
    assert_eq!((&end["status"], &end["error"]["code"]), (&json!("Failed"), &json!("41962")));
    let (_, body) = azure.get(name).await;
    assert_eq!(body["properties"]["databases"][0]["replicaState"], "LinkInitError");
    assert_eq!(body["properties"]["databases"][0]["mostRecentLinkError"], "41962");
    let deleted = azure.call(Method::DELETE, name, None).await;
    assert_eq!(azure.after(&deleted, 60).await["status"], "Succeeded");
    let (status, body) = azure.get(name).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::NOT_FOUND, &json!("ResourceNotFound")));
    azure.simulator.shutdown().await;
}

#[tokio::test]
async fn the_instance_shows_its_endpoint_certificate() {
    let azure = Azure::start().await;
    let (status, body) = azure.get("endpointCertificates/DATABASE_MIRRORING").await;
    assert_eq!(status, StatusCode::OK);
    assert!(body["properties"]["publicBlob"].as_str().unwrap().starts_with("308"));
    assert_eq!(azure.get("endpointCertificates/OTHER").await.0, StatusCode::NOT_FOUND);
    azure.simulator.shutdown().await;
}
