//! What the real service does and nobody would expect, numbered in `src/arm/oddity.rs`, over HTTPS.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

mod arm_support;

use reqwest::Method;
use serde_json::{Value, json};

use arm_support::{Azure, LINK, hex, link_properties};

const FAILOVER: &str = "distributedAvailabilityGroups/DAG_Sales/failover";

async fn link(azure: &Azure) -> (String, Value) {
    let body = azure.get(LINK).await.body;
    let role = body["properties"]["instanceLinkRole"].as_str().unwrap().to_owned();
    (role, body["properties"]["databases"][0].clone())
}

fn standing(database: &Value) -> [&str; 3] {
    ["replicaState", "synchronizationHealth", "connectedState"].map(|name| database[name].as_str().unwrap())
}

#[tokio::test]
async fn planned_failover_is_for_a_primary_and_forced_flips_either_role() {
    let azure = Azure::linked().await;
    let refused = azure.post(FAILOVER, json!({ "failoverType": "Planned" })).await;
    assert_eq!(
        (refused.status, refused.code()),
        (400, "InvalidDistributedAvailabilityGroupFailoverInstanceRole")
    );
    let accepted = azure.post(FAILOVER, json!({ "failoverType": "ForcedAllowDataLoss" })).await;
    assert_eq!(accepted.body["operation"], "DistributedAvailabilityGroupsLinkFailover");
    azure.done(&accepted).await;
    let (role, database) = link(&azure).await;
    assert_eq!((role.as_str(), &database["connectedState"]), ("Primary", &json!("DISCONNECTED")));
    assert_eq!((&database["lastSentLsn"], &database["lastHardenedLsn"]), (&json!("1"), &json!("0")));
    azure.shutdown().await;
}

#[tokio::test]
async fn after_a_planned_failover_everything_goes_on_and_after_a_forced_one_nothing_is_connected() {
    let azure = Azure::linked_from_instance().await;
    let accepted = azure.post(FAILOVER, json!({ "failoverType": "Planned" })).await;
    azure.done(&accepted).await;
    let (role, database) = link(&azure).await;
    assert_eq!(
        (role.as_str(), standing(&database)),
        ("Secondary", ["LinkSynchronizing", "HEALTHY", "CONNECTED"])
    );
    // The result URL of a failover is the link, that of a deletion nothing.
    let result = azure.send(Method::GET, accepted.header("location").unwrap(), None).await;
    assert_eq!((result.status, &result.body["name"]), (200, &json!("DAG_Sales")));
    azure.shutdown().await;

    let azure = Azure::linked_from_instance().await;
    let accepted = azure.post(FAILOVER, json!({ "failoverType": "ForcedAllowDataLoss" })).await;
    azure.done(&accepted).await;
    let (role, database) = link(&azure).await;
    assert_eq!(
        (role.as_str(), standing(&database)),
        ("Secondary", ["LinkSynchronizing", "HEALTHY", "DISCONNECTED"])
    );
    assert_eq!(database["lastReceivedLsn"], "1");
    let deleted = azure.delete(LINK).await;
    azure.done(&deleted).await;
    let result = azure.send(Method::GET, deleted.header("location").unwrap(), None).await;
    assert_eq!((result.status, result.body), (200, Value::Null));
    azure.shutdown().await;
}

#[tokio::test]
async fn a_young_link_shows_late_takes_no_change_and_can_be_deleted() {
    let azure = Azure::prepared().await;
    let accepted = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(accepted.body["operation"], "DistributedAvailabilityGroupsLinkCreate");
    assert_eq!(azure.get(LINK).await.status, 404);
    azure.pass(20);
    let found = azure.get(&LINK.to_lowercase()).await;
    assert_eq!(found.body["properties"]["partnerEndpoint"], "TCP://10.0.0.4:5022");
    let refused = azure.patch(LINK, json!({ "replicationMode": "Sync" })).await;
    assert!(refused.message().ends_with("is in a replication relationship."), "{refused:?}");
    let deleted = azure.delete(LINK).await;
    azure.done(&deleted).await;
    assert_eq!(azure.get(LINK).await.status, 404);
    assert_eq!(azure.after(&accepted, 0).await["status"], "Canceled");
    // Once more: accepted, although there is nothing to delete.
    let deleted = azure.delete(LINK).await;
    assert_eq!(
        (deleted.status, &deleted.body["operation"]),
        (202, &json!("DistributedAvailabilityGroupsDropLink"))
    );
    azure.shutdown().await;
}

#[tokio::test]
async fn polling_urls_are_long_signed_and_not_to_be_changed() {
    let azure = Azure::start().await;
    let accepted = azure.delete(LINK).await;
    let poll = accepted.header("azure-asyncoperation").unwrap();
    let result = accepted.header("location").unwrap();
    assert!(poll.len() > 3_400 && result.len() > 3_400);
    let id = |url: &str| url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(id(poll), id(result));
    assert_eq!(accepted.header("retry-after"), Some("15"));
    let answer = azure.send(Method::GET, poll, None).await;
    assert_eq!((answer.status, answer.header("retry-after")), (200, Some("15")));
    let (bare, _) = poll.split_once("&t=").unwrap();
    assert_eq!(azure.send(Method::GET, bare, None).await.status, 403);
    azure.shutdown().await;
}

#[tokio::test]
async fn certificates_are_made_and_never_replaced() {
    let world = Azure::start().await;
    let der = |name: &str| rcgen::generate_simple_self_signed([name.into()]).unwrap().cert.der().to_vec();
    let (one, two) = (der("one"), der("two"));
    let azure = &world;
    let put = |name: &'static str, blob: String| async move {
        azure.put(&format!("serverTrustCertificates/{name}"), json!({ "publicBlob": blob })).await
    };
    let first = put("partner_cert", format!("0x{}", hex(&one))).await;
    azure.done(&first).await;
    let second = put("sql2", hex(&two)).await;
    azure.done(&second).await;
    let list = azure.get("serverTrustCertificates").await.body;
    let blobs: Vec<&Value> =
        list["value"].as_array().unwrap().iter().map(|one| &one["properties"]["publicBlob"]).collect();
    assert_eq!(blobs, [&json!(hex(&one).to_uppercase()), &json!(hex(&two).to_uppercase())]);
    let again = put("partner_cert", hex(&one)).await;
    azure.done(&again).await;
    for (name, blob) in [("other", &one), ("partner_cert", &two)] {
        let accepted = put(name, hex(blob)).await;
        assert_eq!(azure.after(&accepted, 20).await["error"]["code"], "CertificateAlreadyExists", "{name}");
    }
    for (blob, code) in [(String::new(), "MissingPublicBlob"), (hex(&one[..100]), "InvalidPublicBlob")] {
        let refused = put("third", blob).await;
        assert_eq!((refused.status, refused.code()), (400, code));
    }
    world.shutdown().await;
}

#[tokio::test]
async fn each_version_has_its_own_shape_of_a_link() {
    let azure = Azure::linked().await;
    for (version, has, has_not) in [
        ("2021-11-01", "targetDatabase", "databases"),
        ("2023-08-01", "databases", "targetDatabase"),
        ("2025-01-01", "instanceLinkRole", "linkMode"),
        ("2025-08-01-preview", "linkMode", "mostRecentError"),
    ] {
        let answer = azure.call_in(version, Method::GET, LINK, None).await;
        let properties = &answer.body["properties"];
        assert!(
            properties.get(has).is_some() && properties.get(has_not).is_none(),
            "{version}: {properties}"
        );
    }
    azure.shutdown().await;
}
