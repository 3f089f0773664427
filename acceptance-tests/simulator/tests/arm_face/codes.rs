//! Codes of refusals: those with a cause in the world, and those that a fault rule plays.

use milink_simulator::arm::error_code::{Cause, ERROR_CODES};
use milink_simulator::faults::{Action, Failure, Filter, Rule};
use milink_simulator::world::assumption;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{Azure, LINK, link_properties};

fn with(name: &str, value: Value) -> Value {
    let mut properties = link_properties("Secondary");
    properties[name] = value;
    properties
}

#[tokio::test]
async fn every_other_code_can_be_injected() {
    let azure = Azure::start().await;
    let mut injected = 0;
    for one in ERROR_CODES {
        if matches!(one.cause, Cause::Met(_)) {
            continue;
        }
        let wait = (one.status == 429).then_some(17);
        let failure = Failure::Http {
            status: one.status,
            code: one.code.to_owned(),
            message: "As the specification says it.".to_owned(),
            retry_after: wait,
        };
        let rule = Rule::once(Filter::kind("PUT distributedAvailabilityGroups"), 1, Action::Fail(failure));
        let rule = azure.simulator.faults().add(rule);
        let refused = azure.put(LINK, link_properties("Secondary")).await;
        assert_eq!((refused.status, refused.code()), (one.status, one.code));
        assert_eq!(refused.header("retry-after"), wait.map(|_| "17"));
        azure.simulator.faults().remove(rule);
        injected += 1;
    }
    assert!(injected > 10);
    azure.pass(60);
    assert_eq!(azure.get(LINK).await.status, 404, "what was refused has not been done");
    azure.shutdown().await;
}

#[tokio::test]
async fn each_name_of_a_group_has_its_code() {
    let azure = Azure::start().await;
    for (name, code) in [
        ("instanceAvailabilityGroupName", "InstanceAvailabilityGroupName"),
        ("partnerAvailabilityGroupName", "PartnerAvailabilityGroupName"),
    ] {
        let refused = azure.put(LINK, with(name, json!(""))).await;
        let code = format!("InvalidDistributedAvailabilityGroupsCreateOrUpdateRequest{code}");
        assert_eq!((refused.status, refused.code()), (400, code.as_str()));
    }
    azure.shutdown().await;
}

#[tokio::test]
async fn names_that_no_database_has() {
    let azure = Azure::start().await;
    for (name, code) in [
        ("Sales ".to_owned(), "CannotUseTrailingWhitespacesInDatabaseName"),
        ("Sa\0les".to_owned(), "InvalidIdentifier"),
        ("S".repeat(129), "TokenTooLong"),
    ] {
        let refused = azure.put(LINK, with("databases", json!([{ "databaseName": name }]))).await;
        assert_eq!((refused.status, refused.code(), refused.is_gateways()), (400, code, false), "{name}");
    }
    for (name, code) in [("Sa%00les".to_owned(), "InvalidIdentifier"), ("S".repeat(129), "TokenTooLong")] {
        let link = format!("distributedAvailabilityGroups/{name}");
        let refused = azure.put(&link, link_properties("Secondary")).await;
        assert_eq!((refused.status, refused.code()), (400, code), "{name}");
    }
    let longest = with("databases", json!([{ "databaseName": "S".repeat(128) }]));
    assert_eq!(azure.put(LINK, longest).await.status, 202);
    azure.shutdown().await;
}

#[tokio::test]
async fn a_link_from_the_instance_needs_its_database() {
    let azure = Azure::start().await;
    let accepted = azure.put(LINK, with("instanceLinkRole", json!("Primary"))).await;
    let end = azure.after(&accepted, 30).await;
    assert_eq!((&end["status"], &end["error"]["code"]), (&json!("Failed"), &json!("DatabaseDoesNotExist")));
    azure.shutdown().await;
}

#[tokio::test]
async fn an_instance_takes_no_more_than_it_can() {
    let stock = with("databases", json!([{ "databaseName": "Stock" }]));
    let other = "distributedAvailabilityGroups/Other";
    for (next_generation, most) in [(false, 100), (true, 500)] {
        let azure = Azure::changed(|estate, _| {
            let own = estate.sql_servers[0].database("Sales").unwrap().clone();
            let managed = &mut estate.managed_instances[0];
            managed.view.general_purpose_v2 = next_generation;
            for number in 1..most {
                let mut own = own.clone();
                (own.name, own.id, own.size) = (format!("Own{number}"), 100 + number, 1 << 20);
                managed.engine.databases.push(own);
            }
        })
        .await;
        // One more is taken, and counts although nothing of it has come yet.
        let last = azure.put(LINK, link_properties("Secondary")).await;
        let beyond = azure.put(other, stock.clone()).await;
        let end = azure.after(&beyond, 20).await;
        assert_eq!(end["error"]["code"], "DatabaseNumberLimitReached", "{most}");
        assert_eq!(azure.after(&last, 0).await["status"], "InProgress", "{most}");
        assert_eq!(azure.get(other).await.status, 404);
        azure.world(|estate| estate.opposites.insert(assumption::DATABASE_LIMIT));
        let refused = azure.put(other, stock.clone()).await;
        assert_eq!((refused.status, refused.code()), (400, "DatabaseNumberLimitReached"));
        azure.shutdown().await;
    }
    let azure = Azure::changed(|estate, _| {
        let mut own = estate.sql_servers[0].database("Sales").unwrap().clone();
        (own.name, own.id, own.size) = ("Own".to_owned(), 100, 256 << 30);
        estate.managed_instances[0].engine.databases.push(own);
    })
    .await;
    let beyond = azure.put(LINK, link_properties("Secondary")).await;
    let end = azure.after(&beyond, 20).await;
    assert_eq!(end["error"]["code"], "NoMoreSpaceInManagedInstance");
    assert!(end["error"]["message"].as_str().unwrap().contains("(262144) MBs"), "{end}");
    azure.shutdown().await;
}

#[tokio::test]
async fn operations_are_found_by_their_ids() {
    let azure = Azure::start().await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    azure.pass(20);
    let result = made.header("location").unwrap();
    let running = azure.send(Method::GET, result, None).await;
    assert_eq!((running.status, &running.body), (202, &Value::Null));
    assert!(running.header("location").is_some() && running.header("retry-after") == Some("15"));
    let deleted = azure.delete(LINK).await;
    azure.done(&deleted).await;
    assert_eq!(azure.after(&made, 0).await["status"], "Canceled");
    let refused = azure.send(Method::GET, result, None).await;
    assert_eq!((refused.status, refused.code()), (409, "OperationCancelled"));
    // The service forgets them after a while.
    azure.world(|estate| estate.operations.clear());
    let poll = made.header("azure-asyncoperation").unwrap();
    let refused = azure.send(Method::GET, poll, None).await;
    assert_eq!((refused.status, refused.code(), refused.is_gateways()), (404, "OperationIdNotFound", false));
    azure.world(|estate| estate.opposites.insert(assumption::REFUSAL_CODES));
    let refused = azure.send(Method::GET, poll, None).await;
    assert_eq!((refused.status, refused.code(), refused.is_gateways()), (404, "ResourceNotFound", false));
    azure.shutdown().await;
}

#[tokio::test]
async fn one_operation_on_a_link_at_a_time() {
    let azure = Azure::linked().await;
    let first = azure.patch(LINK, json!({ "replicationMode": "Sync" })).await;
    assert_eq!(first.status, 202);
    for refused in [
        azure.patch(LINK, json!({ "replicationMode": "Async" })).await,
        azure.delete(LINK).await,
        azure.post(&format!("{LINK}/failover"), json!({ "failoverType": "ForcedAllowDataLoss" })).await,
    ] {
        assert_eq!((refused.status, refused.code()), (409, "ConflictingServerOperation"));
    }
    azure.done(&first).await;
    assert_eq!(azure.delete(LINK).await.status, 202);
    azure.shutdown().await;
}
