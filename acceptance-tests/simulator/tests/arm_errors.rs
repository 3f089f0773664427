//! The ways in which ARM and the SQL resource provider say no, each met by a client over HTTPS.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

mod arm_support;

use milink_simulator::arm::api_version::V2025_01;
use milink_simulator::arm::directory::{Denial, LockLevel, Role};
use milink_simulator::arm::throttle::{CallKind, Limit};
use milink_simulator::faults::Pattern;
use reqwest::Method;
use serde_json::json;

use arm_support::{Azure, CLIENT, GROUP, INSTANCE, LINK, STABLE, SUBSCRIPTION, link_properties};

#[tokio::test]
async fn locks_and_policies_are_the_gateways_refusals() {
    let azure = Azure::linked().await;
    let directory = azure.simulator.arm().directory();
    directory.lock(INSTANCE, LockLevel::CanNotDelete);
    let refused = azure.delete(LINK).await;
    assert_eq!((refused.status, refused.code()), (409, "ScopeLocked"));
    assert!(refused.is_gateways() && refused.message().contains("cannot perform delete operation"));
    assert_eq!(azure.patch(LINK, json!({ "replicationMode": "Async" })).await.status, 202);
    directory.unlock(INSTANCE);
    directory.lock(&format!("/subscriptions/{SUBSCRIPTION}"), LockLevel::ReadOnly);
    let refused =
        azure.post(&format!("{LINK}/failover"), json!({ "failoverType": "ForcedAllowDataLoss" })).await;
    assert_eq!((refused.status, refused.code()), (409, "ScopeLocked"));
    assert_eq!(azure.get(LINK).await.status, 200);
    directory.unlock(&format!("/subscriptions/{SUBSCRIPTION}"));
    directory.deny(Denial {
        scope: format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"),
        policy: "no-links".into(),
        resource_type: Pattern::new("Microsoft.Sql/managedInstances/distributedAvailabilityGroups"),
    });
    let refused = azure.put("distributedAvailabilityGroups/Other", link_properties("Secondary")).await;
    assert_eq!((refused.status, refused.code()), (403, "RequestDisallowedByPolicy"));
    assert!(refused.message().contains("no-links"));
    azure.shutdown().await;
}

#[tokio::test]
async fn a_role_lacks_an_action_by_its_name() {
    let azure = Azure::linked_from_instance().await;
    let scope = format!("/subscriptions/{SUBSCRIPTION}");
    let give = |role| azure.simulator.arm().directory().assign(CLIENT, vec![(scope.clone(), role)]);
    // The documented custom role has setRole and no failover.
    give(Role::documented_link_role());
    let planned = || {
        azure.post("distributedAvailabilityGroups/DAG_Sales/failover", json!({ "failoverType": "Planned" }))
    };
    let refused = planned().await;
    assert_eq!((refused.status, refused.code(), refused.is_gateways()), (403, "AuthorizationFailed", true));
    let action = "'Microsoft.Sql/managedInstances/distributedAvailabilityGroups/failover/action'";
    assert!(refused.message().contains(action), "{}", refused.message());
    give(Role::reader());
    assert_eq!(azure.get(LINK).await.status, 200);
    for (answer, action) in [
        (azure.delete(LINK).await, "distributedAvailabilityGroups/delete"),
        (azure.put("serverTrustCertificates/x", json!({})).await, "serverTrustCertificates/write"),
    ] {
        assert_eq!(answer.status, 403);
        assert!(answer.message().contains(action), "{}", answer.message());
    }
    give(Role::managed_instance_contributor());
    let accepted = planned().await;
    azure.done(&accepted).await;
    // Without any role the subscription is not even there.
    azure.simulator.arm().directory().assign(CLIENT, Vec::new());
    let refused = azure.get(LINK).await;
    assert_eq!((refused.status, refused.code()), (404, "SubscriptionNotFound"));
    azure.shutdown().await;
}

#[tokio::test]
async fn a_region_may_lack_a_version() {
    let azure = Azure::changed(|estate, settings| {
        // The alphabetically first region of the subscription is another one than the instance's.
        let subscription = estate.subscriptions.values_mut().next().unwrap();
        subscription.groups.push(("elsewhere".into(), "australiaeast".into()));
        settings.missing_versions = vec![("australiaeast".into(), V2025_01)];
    })
    .await;
    let groups = |region: &str| {
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Sql/locations/{region}/instanceFailoverGroups?api-version={STABLE}"
        )
    };
    assert_eq!(azure.get("").await.status, 200);
    assert_eq!(azure.send(Method::GET, &groups("westeurope"), None).await.status, 200);
    let refused = azure.send(Method::GET, &groups("australiaeast"), None).await;
    assert_eq!((refused.status, refused.code()), (400, "NoRegisteredProviderFound"));
    assert!(refused.message().contains("location 'australiaeast' and API version '2025-01-01'"));
    let refused = azure.call_in("2022-08-01", Method::GET, "distributedAvailabilityGroups", None).await;
    assert_eq!((refused.status, refused.code()), (400, "NoRegisteredProviderFound"));
    azure.shutdown().await;
}

#[tokio::test]
async fn an_instance_that_is_not_ready_takes_no_changes() {
    let azure = Azure::start().await;
    for (state, code) in [
        ("Stopping", "ManagedInstanceStoppingOrStopped"),
        ("Stopped", "ManagedInstanceStoppingOrStopped"),
        ("Starting", "ManagedInstanceStarting"),
        ("Updating", "ManagedInstanceOperationInProgress"),
    ] {
        azure.managed(|managed| managed.view.state = state.into());
        assert_eq!(azure.get("").await.body["properties"]["state"], state);
        for refused in [azure.put(LINK, link_properties("Secondary")).await, azure.delete(LINK).await] {
            assert_eq!((refused.status, refused.code()), (400, code));
            assert!(!refused.is_gateways());
        }
    }
    azure.shutdown().await;
}

#[tokio::test]
async fn an_instance_takes_no_operation_while_a_link_is_made() {
    let azure = Azure::prepared().await;
    let accepted = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(azure.after(&accepted, 20).await["status"], "InProgress");
    let refused = azure.patch("", json!({ "hybridSecondaryUsage": "Passive" })).await;
    assert_eq!((refused.status, refused.code()), (400, "OperationCanNotStartDueToMiLink"));
    azure.done(&accepted).await;
    let accepted = azure.patch("", json!({ "hybridSecondaryUsage": "Passive" })).await;
    azure.done(&accepted).await;
    assert_eq!(azure.get("").await.body["properties"]["hybridSecondaryUsage"], "Passive");
    azure.shutdown().await;
}

#[tokio::test]
async fn a_token_expires_during_a_wait() {
    let mut azure = Azure::start().await;
    let accepted = azure.delete(LINK).await;
    let poll = accepted.header("azure-asyncoperation").unwrap().to_owned();
    azure.pass(3601);
    let refused = azure.send(Method::GET, &poll, None).await;
    assert_eq!((refused.status, refused.code()), (401, "ExpiredAuthenticationToken"));
    assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    azure.sign_in().await;
    assert_eq!(azure.send(Method::GET, &poll, None).await.body["status"], "Succeeded");
    // A token of another resource, and none at all.
    let other = azure.token_for("https://database.windows.net").await;
    let refused = azure.send_as(Some(&other), Method::GET, &poll, None).await;
    assert_eq!((refused.status, refused.code()), (401, "InvalidAuthenticationTokenAudience"));
    let refused = azure.send_as(Some("nonsense"), Method::GET, &poll, None).await;
    assert_eq!((refused.status, refused.code()), (401, "InvalidAuthenticationToken"));
    let refused = azure.send_as(None, Method::GET, &poll, None).await;
    assert_eq!((refused.status, refused.code()), (401, "AuthenticationFailed"));
    azure.shutdown().await;
}

#[tokio::test]
async fn calls_are_counted_and_too_many_are_refused() {
    let azure = Azure::start().await;
    let left = |answer: &arm_support::Answer| -> u32 {
        answer.header("x-ms-ratelimit-remaining-subscription-global-reads").unwrap().parse().unwrap()
    };
    azure.simulator.arm().throttle().limit(CallKind::Read, Limit { capacity: 3, per_second: 0.001 });
    let answers = [azure.get("").await, azure.get("").await, azure.get("").await];
    assert_eq!(answers.each_ref().map(left), [2, 1, 0]);
    let refused = azure.get("").await;
    assert_eq!((refused.status, refused.code()), (429, "SubscriptionRequestsThrottled"));
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 1);
    // Other kinds of calls have buckets of their own.
    let deleted = azure.delete(LINK).await;
    assert_eq!(deleted.status, 202);
    assert!(deleted.header("x-ms-ratelimit-remaining-subscription-deletes").is_some());
    azure.shutdown().await;
}

#[tokio::test]
async fn what_is_missing_is_told_apart_by_who_says_so() {
    let azure = Azure::start().await;
    let url = |path: &str| format!("/subscriptions/{path}?api-version={STABLE}");
    let sql = "providers/Microsoft.Sql/managedInstances";
    for (path, status, code, gateway) in [
        (
            format!("{SUBSCRIPTION}/resourceGroups/{GROUP}/{sql}/mi-sales/{LINK}"),
            404,
            "ResourceNotFound",
            false,
        ),
        (format!("{SUBSCRIPTION}/resourceGroups/{GROUP}/{sql}/other/{LINK}"), 404, "ResourceNotFound", true),
        (
            format!("{SUBSCRIPTION}/resourceGroups/other/{sql}/mi-sales/{LINK}"),
            404,
            "ResourceGroupNotFound",
            true,
        ),
        (format!("{TENANTLESS}/resourceGroups/{GROUP}/{sql}/mi-sales"), 404, "SubscriptionNotFound", true),
        (format!("x/resourceGroups/{GROUP}/{sql}/mi-sales"), 400, "InvalidSubscriptionId", true),
    ] {
        let answer = azure.send(Method::GET, &url(&path), None).await;
        assert_eq!((answer.status, answer.code(), answer.is_gateways()), (status, code, gateway), "{path}");
    }
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}?api-version=yesterday");
    let answer = azure.send(Method::GET, &group, None).await;
    assert_eq!(
        (answer.status, answer.code(), answer.is_gateways()),
        (400, "InvalidApiVersionParameter", true)
    );
    let answer = azure.send(Method::GET, INSTANCE, None).await;
    assert_eq!((answer.status, answer.code()), (400, "MissingApiVersionParameter"));
    azure.shutdown().await;
}

/// A subscription that nobody has.
const TENANTLESS: &str = "22222222-2222-4333-8444-555555555555";

#[tokio::test]
async fn what_a_link_may_not_be_called_or_hold() {
    let azure = Azure::linked().await;
    let with = |change: serde_json::Value| {
        let mut properties = link_properties("Secondary");
        properties.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        properties
    };
    let other = "distributedAvailabilityGroups/Other";
    for (change, status, code) in [
        (
            json!({ "databases": [] }),
            400,
            "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases",
        ),
        (json!({ "partnerEndpoint": "sql1:5022" }), 400, "InvalidParameterValue"),
        (json!({ "seedingMode": "Sometimes" }), 400, "InvalidResourceIdSegment"),
        (json!({ "databases": [{ "databaseName": "master" }] }), 400, "CannotUseReservedDatabaseName"),
    ] {
        let refused = azure.put(other, with(change.clone())).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{change}");
    }
    // What only the instance knows is accepted first and fails later, as HTTP 200 with code and message alone.
    let accepted = azure.put(other, link_properties("Secondary")).await;
    let end = azure.after(&accepted, 20).await;
    assert_eq!(
        (&end["status"], &end["error"]["code"]),
        (&json!("Failed"), &json!("ManagedDatabaseNameInUse"))
    );
    assert_eq!(end["error"].as_object().unwrap().len(), 2);
    let refused = azure.delete("databases/Sales").await;
    assert_eq!((refused.status, refused.code()), (409, "ConflictingDatabaseOperation"));
    let refused = azure.post(&format!("{LINK}/failover"), json!({})).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidDistributedAvailabilityGroupFailoverRequest"));
    let refused = azure.put("distributedAvailabilityGroups/", link_properties("Secondary")).await;
    assert_eq!((refused.status, refused.code()), (405, "MethodNotAllowed"));
    azure.shutdown().await;
}
