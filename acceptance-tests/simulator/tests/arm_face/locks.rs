//! Management locks as resources, and what they forbid.

use milink_simulator::arm::directory::Role;
use milink_simulator::world::assumption;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{Answer, Azure, CLIENT, GROUP, INSTANCE, LINK, SUBSCRIPTION};

/// A request about a lock of a scope.
async fn lock(azure: &Azure, method: Method, scope: &str, name: &str, body: Option<Value>) -> Answer {
    let slash = if name.is_empty() { "" } else { "/" };
    let url = format!("{scope}/providers/Microsoft.Authorization/locks{slash}{name}?api-version=2016-09-01");
    azure.send(method, &url, body.as_ref()).await
}

/// Whoever may lock.
async fn owned() -> Azure {
    let azure = Azure::linked().await;
    let scope = format!("/subscriptions/{SUBSCRIPTION}");
    let owner = Role::custom("Owner", &["*"], &[]);
    azure.simulator.arm().directory().assign(CLIENT, vec![(scope, owner)]);
    azure
}

fn level(level: &str) -> Option<Value> {
    Some(json!({ "properties": { "level": level, "notes": "hands off" } }))
}

#[tokio::test]
async fn locks_are_resources() {
    let azure = owned().await;
    let made = lock(&azure, Method::PUT, INSTANCE, "keep", level("CanNotDelete")).await;
    let expected = json!({
        "id": format!("{INSTANCE}/providers/Microsoft.Authorization/locks/keep"),
        "name": "keep",
        "type": "Microsoft.Authorization/locks",
        "properties": { "level": "CanNotDelete", "notes": "hands off" },
    });
    assert_eq!((made.status, &made.body), (201, &expected));
    assert_eq!(lock(&azure, Method::GET, INSTANCE, "KEEP", None).await.body, expected);
    let changed = lock(&azure, Method::PUT, INSTANCE, "keep", level("ReadOnly")).await;
    assert_eq!((changed.status, &changed.body["properties"]["level"]), (200, &json!("ReadOnly")));
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}");
    assert_eq!(lock(&azure, Method::PUT, &group, "all", level("CanNotDelete")).await.status, 201);
    for (scope, names) in [(group.as_str(), vec!["keep", "all"]), (INSTANCE, vec!["keep"])] {
        let list = lock(&azure, Method::GET, scope, "", None).await.body;
        let found: Vec<&str> =
            list["value"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{scope}");
    }
    let refused = lock(&azure, Method::PUT, INSTANCE, "odd", level("Sometimes")).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidRequestContent"));
    assert_eq!(lock(&azure, Method::DELETE, INSTANCE, "keep", None).await.status, 200);
    assert_eq!(lock(&azure, Method::DELETE, INSTANCE, "keep", None).await.status, 204);
    let missing = lock(&azure, Method::GET, INSTANCE, "keep", None).await;
    assert_eq!((missing.status, missing.code()), (404, "LockNotFound"));
    azure.world(|estate| estate.opposites.insert(assumption::LOCK_CODES));
    let missing = lock(&azure, Method::GET, INSTANCE, "keep", None).await;
    assert_eq!((missing.status, missing.code(), missing.is_gateways()), (404, "ResourceNotFound", true));
    let refused = lock(&azure, Method::PUT, INSTANCE, "odd", level("Sometimes")).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidLock"));
    azure.shutdown().await;
}

#[tokio::test]
async fn a_lock_holds_at_its_scope_and_below() {
    let azure = owned().await;
    let link = format!("{INSTANCE}/{LINK}");
    lock(&azure, Method::PUT, &link, "keep", level("CanNotDelete")).await;
    let refused = azure.delete(LINK).await;
    assert_eq!((refused.status, refused.code(), refused.is_gateways()), (409, "ScopeLocked", true));
    assert!(refused.message().contains(&format!("'{link}'")), "{refused:?}");
    // Beside it nothing is locked.
    assert_eq!(azure.delete("serverTrustCertificates/other").await.status, 202);
    azure.pass(60);
    lock(&azure, Method::PUT, INSTANCE, "freeze", level("ReadOnly")).await;
    for refused in [
        azure.patch(LINK, json!({ "replicationMode": "Sync" })).await,
        azure.post(&format!("{LINK}/failover"), json!({ "failoverType": "Planned" })).await,
        azure.call(Method::POST, "stop", None).await,
        azure.delete("serverTrustCertificates/other").await,
    ] {
        assert_eq!((refused.status, refused.code()), (409, "ScopeLocked"));
    }
    assert_eq!(azure.get(LINK).await.status, 200);
    // A lock is taken off where everything else is locked.
    assert_eq!(lock(&azure, Method::DELETE, INSTANCE, "freeze", None).await.status, 200);
    assert_eq!(lock(&azure, Method::DELETE, &link, "keep", None).await.status, 200);
    assert_eq!(azure.delete(LINK).await.status, 202);
    azure.shutdown().await;
}

#[tokio::test]
async fn a_contributor_sees_locks_and_cannot_change_them() {
    let azure = Azure::start().await;
    for method in [Method::PUT, Method::DELETE] {
        let refused = lock(&azure, method, INSTANCE, "keep", level("ReadOnly")).await;
        assert_eq!((refused.status, refused.code()), (403, "AuthorizationFailed"));
        assert!(refused.message().contains("Microsoft.Authorization/locks/"), "{refused:?}");
    }
    assert_eq!(lock(&azure, Method::GET, INSTANCE, "", None).await.status, 200);
    azure.shutdown().await;
}
