//! The ARM face on the living world, over HTTPS, by a client that knows nothing of it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

mod arm_support;

use serde_json::json;

use arm_support::{Azure, LINK, link_properties};

#[tokio::test]
async fn a_certificate_is_uploaded_once() {
    let azure = Azure::start().await;
    let der = rcgen::generate_simple_self_signed(["sql1".into()]).unwrap().cert.der().to_vec();
    let blob: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let upload = || json!({ "publicBlob": format!("0x{blob}") });
    let first = azure.put("serverTrustCertificates/sql1", upload()).await;
    assert_eq!(azure.after(&first, 1).await["status"], "InProgress");
    assert_eq!(azure.after(&first, 20).await["status"], "Succeeded");
    let found = azure.get("serverTrustCertificates/sql1").await;
    assert_eq!((found.status, &found.body["properties"]["publicBlob"]), (200, &json!(blob.to_uppercase())));
    let again = azure.put("serverTrustCertificates/other", upload()).await;
    assert_eq!(azure.after(&again, 20).await["error"]["code"], "CertificateAlreadyExists");
    azure.shutdown().await;
}

#[tokio::test]
async fn a_link_to_an_unprepared_server_fails_after_five_minutes_and_can_be_deleted() {
    let azure = Azure::start().await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(azure.after(&made, 1).await["status"], "InProgress");
    assert_eq!(azure.get(LINK).await.status, 404);
    assert_eq!(azure.after(&made, 60).await["status"], "InProgress");
    let body = azure.get(LINK).await.body;
    assert_eq!(body["properties"]["databases"][0]["replicaState"], "InitiatingLink");
    let end = azure.after(&made, 300).await;
    assert_eq!((&end["status"], &end["error"]["code"]), (&json!("Failed"), &json!("41962")));
    let body = azure.get(LINK).await.body;
    assert_eq!(body["properties"]["databases"][0]["replicaState"], "LinkInitError");
    assert_eq!(body["properties"]["databases"][0]["mostRecentLinkError"], "41962");
    let deleted = azure.delete(LINK).await;
    assert_eq!(azure.after(&deleted, 60).await["status"], "Succeeded");
    let missing = azure.get(LINK).await;
    assert_eq!((missing.status, missing.code()), (404, "ResourceNotFound"));
    azure.shutdown().await;
}

#[tokio::test]
async fn the_instance_shows_its_endpoint_certificate() {
    let azure = Azure::start().await;
    let found = azure.get("endpointCertificates/DATABASE_MIRRORING").await;
    assert_eq!(found.status, 200);
    assert!(found.body["properties"]["publicBlob"].as_str().unwrap().starts_with("308"));
    assert_eq!(azure.get("endpointCertificates/OTHER").await.status, 404);
    azure.shutdown().await;
}

#[tokio::test]
async fn an_operation_is_listed_and_read_by_its_id() {
    let azure = Azure::start().await;
    let deleted = azure.delete(LINK).await;
    let poll = azure.after(&deleted, 0).await;
    let id = poll["name"].as_str().unwrap();
    let list = azure.get("operations").await.body;
    let one = azure.get(&format!("operations/{}", id.to_uppercase())).await;
    assert_eq!((one.status, &one.body), (200, &list["value"][0]));
    assert_eq!(one.body["properties"]["state"], "InProgress");
    azure.pass(60);
    let one = azure.get(&format!("operations/{id}")).await;
    assert_eq!(one.body["properties"]["percentComplete"], 100);
    let missing = azure.get("operations/00000000-0000-0000-0000-000000000000").await;
    assert_eq!((missing.status, missing.code()), (404, "ResourceNotFound"));
    azure.shutdown().await;
}
