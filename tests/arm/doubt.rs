//! What the client does when the service or the line is in doubt.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use terraform_provider_milink::arm::link::NewLink;
use terraform_provider_milink::arm::{Error, LinkId, Progress, Wait};
use tokio::time::Instant;

use super::bench::{client, instance, unversioned_client, wait};
use super::server::{HOST, Reply, Request};

const VERSION: &str = "2025-01-01";

fn id() -> LinkId {
    LinkId { instance: instance(), name: "link".to_owned() }
}

fn new_link() -> NewLink {
    NewLink {
        databases: vec!["db".to_owned()],
        instance_group: "AG_MI".to_owned(),
        partner_group: "AG".to_owned(),
        partner_endpoint: "TCP://10.0.0.4:5022".to_owned(),
        instance_is_primary: false,
        failover_mode: None,
        seeding_mode: "Automatic".to_owned(),
    }
}

fn accepted() -> Reply {
    let url = format!("https://{HOST}/operations/1?api-version=2025-01-01&t=1&c=C&s=S&h=H");
    Reply::json(202, &json!({ "operation": "DistributedAvailabilityGroupsLinkCreate" }))
        .with("azure-asyncoperation", url)
}

/// Answers in order, the last one again and again, and keeps what was asked.
fn script(replies: Vec<Reply>) -> (Arc<Mutex<Vec<Request>>>, impl Fn(Request) -> Reply + Send + Sync) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let next = AtomicUsize::new(0);
    let answer = move |request| {
        kept.lock().unwrap().push(request);
        let number = next.fetch_add(1, Ordering::SeqCst);
        if number > 20 {
            return Reply::error(400, "AskedTooOften", "Nothing here takes so many requests.");
        }
        let place = number.min(replies.len() - 1);
        replies[place].clone()
    };
    (asked, answer)
}

fn methods(asked: &Mutex<Vec<Request>>) -> Vec<String> {
    asked.lock().unwrap().iter().map(|request| request.method.clone()).collect()
}

#[tokio::test]
async fn a_put_whose_answer_is_lost_is_not_sent_again() {
    let (asked, answer) = script(vec![Reply::HangUp]);
    let error = client(VERSION, answer).await.create_link(&id(), &new_link(), &wait()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(methods(&asked), ["PUT"]);
}

#[tokio::test]
async fn an_inner_error_of_the_service_leaves_a_put_in_doubt() {
    let (asked, answer) =
        script(vec![Reply::error(500, "InternalServerError", "An unexpected error occured.")]);
    let error = client(VERSION, answer).await.create_link(&id(), &new_link(), &wait()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(methods(&asked), ["PUT"]);
}

#[tokio::test]
async fn a_read_is_repeated_until_it_is_answered() {
    let busy = Reply::error(429, "SubscriptionTooManyRequests", "Slow down.").with("retry-after", "0");
    let broken = Reply::error(503, "ServiceUnavailable", "Later.").with("retry-after", "0");
    let (asked, answer) = script(vec![busy, broken, Reply::json(200, &json!({ "value": [] }))]);
    assert!(client(VERSION, answer).await.links(&instance()).await.unwrap().is_empty());
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_was_refused_without_beginning_is_sent_again() {
    let throttled =
        Reply::error(429, "SubscriptionTooManyCreateUpdateRequests", "Slow down.").with("retry-after", "0");
    let seeding =
        "The 'create' operation cannot be completed as there exists a database in a process of creation.";
    let busy = Reply::error(400, "OperationCanNotStartDueToMiLink", seeding).with("retry-after", "0");
    let (asked, answer) = script(vec![throttled, busy, accepted()]);
    client(VERSION, answer).await.create_link(&id(), &new_link(), &wait()).await.unwrap();
    assert_eq!(methods(&asked), ["PUT", "PUT", "PUT"]);
}

#[tokio::test]
async fn who_waits_too_long_hears_what_was_in_the_way() {
    let busy =
        Reply::error(409, "ManagedInstanceIsBusy", "Something else goes on.").with("retry-after", "60");
    let (_, answer) = script(vec![busy]);
    let short = Wait { deadline: Some(Instant::now() + std::time::Duration::from_secs(20)), ..wait() };
    let error = client(VERSION, answer).await.delete_link(&id(), &short).await.unwrap_err();
    assert_eq!(error.code(), Some("ManagedInstanceIsBusy"));
}

#[tokio::test]
async fn an_interrupted_wait_ends_and_nothing_more_is_sent() {
    let busy =
        Reply::error(409, "ManagedInstanceIsBusy", "Something else goes on.").with("retry-after", "20");
    let (asked, answer) = script(vec![busy]);
    let client = client(VERSION, answer).await;
    let interrupted = wait();
    let cancellation = interrupted.cancellation.clone();
    let deleting = tokio::spawn(async move { client.delete_link(&id(), &interrupted).await });
    while asked.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    cancellation.cancel();
    assert!(matches!(deleting.await.unwrap(), Err(Error::Cancelled)));
    assert_eq!(methods(&asked), ["DELETE"]);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let expired =
        Reply::error(401, "ExpiredAuthenticationToken", "The access token expiry is earlier than now.");
    let (asked, answer) = script(vec![expired.clone(), accepted()]);
    client(VERSION, answer).await.create_link(&id(), &new_link(), &wait()).await.unwrap();
    let tokens: Vec<String> =
        asked.lock().unwrap().iter().map(|request| request.authorization.clone()).collect();
    assert_eq!(tokens, ["Bearer token-0", "Bearer token-1"]);

    let (asked, answer) = script(vec![expired]);
    let error = client(VERSION, answer).await.delete_link(&id(), &wait()).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_operation_that_fails_later_says_why() {
    let failed = json!({ "name": "1", "status": "Failed", "error": {
        "code": "ManagedDatabaseNameInUse", "message": "Database 'PS4' already exists. Choose a different database name." } });
    let running = Reply::json(200, &json!({ "name": "1", "status": "InProgress" })).with("retry-after", "0");
    let (asked, answer) = script(vec![accepted(), running, Reply::json(200, &failed)]);
    let client = client(VERSION, answer).await;
    let operation = client.create_link(&id(), &new_link(), &wait()).await.unwrap();
    assert!(matches!(client.poll(&operation).await.unwrap(), Progress::Running(_)));
    let error = client.finish(&operation, &wait()).await.unwrap_err();
    assert_eq!(error.code(), Some("ManagedDatabaseNameInUse"));
    assert!(error.hint().is_some());
    let asked = asked.lock().unwrap();
    let polled: Vec<&str> = asked.iter().skip(1).map(|request| request.target.as_str()).collect();
    let url = "/operations/1?api-version=2025-01-01&t=1&c=C&s=S&h=H";
    assert_eq!(polled, [url, url], "the URL is used as it came, signature and all");
}

#[tokio::test]
async fn a_missing_instance_is_told_from_a_missing_link() {
    let text = "The Resource 'Microsoft.Sql/managedInstances/mi' under resource group 'rg' was not found.";
    let gone = Reply::error(404, "ResourceNotFound", text).with("x-ms-failure-cause", "gateway");
    let (_, answer) = script(vec![gone]);
    let error = client(VERSION, answer).await.links(&instance()).await.unwrap_err();
    let Error::Service(error) = &*error else { panic!("{error}") };
    assert!(error.gateway && error.status == 404, "{error}");
}

#[tokio::test]
async fn a_thousand_readers_are_one_call_until_something_is_written() {
    let (asked, answer) = script(vec![
        Reply::json(200, &json!({ "value": [] })),
        accepted(),
        Reply::json(200, &json!({ "value": [{ "name": "link", "properties": {} }] })),
    ]);
    let client = client(VERSION, answer).await;
    let instance = instance();
    let reads = (0..1000).map(|_| client.links(&instance));
    assert!(futures::future::join_all(reads).await.into_iter().all(|links| links.unwrap().is_empty()));
    assert_eq!(methods(&asked), ["GET"]);
    client.create_link(&id(), &new_link(), &wait()).await.unwrap();
    assert_eq!(client.links(&instance).await.unwrap().len(), 1);
    assert_eq!(methods(&asked), ["GET", "PUT", "GET"]);
}

#[tokio::test]
async fn pages_are_put_together() {
    let next = format!("https://{HOST}/page2?api-version=2025-01-01");
    let (asked, answer) = script(vec![
        Reply::json(200, &json!({ "value": [{ "name": "a", "properties": {} }], "nextLink": next })),
        Reply::json(200, &json!({ "value": [{ "name": "b", "properties": {} }], "nextLink": Value::Null })),
    ]);
    let links = client(VERSION, answer).await.links(&instance()).await.unwrap();
    assert_eq!(links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(asked.lock().unwrap()[1].target, "/page2?api-version=2025-01-01");
}

#[tokio::test]
async fn a_token_goes_to_the_configured_service_alone() {
    for elsewhere in [
        "https://evil.example/operations/1?t=1&s=SIGNATURE",
        "https://management.azure.com.evil.example/operations/1?t=1&s=SIGNATURE",
        "http://management.azure.com/operations/1?t=1&s=SIGNATURE",
        "https://management.azure.com:8443/operations/1?t=1&s=SIGNATURE",
    ] {
        let accepted = Reply::json(202, &json!({})).with("azure-asyncoperation", elsewhere.to_owned());
        let (asked, answer) = script(vec![accepted]);
        let azure = client(VERSION, answer).await;
        let operation = azure.create_link(&id(), &new_link(), &wait()).await.unwrap();
        let error = azure.poll(&operation).await.unwrap_err();
        assert!(error.to_string().contains("the token is for management.azure.com alone"), "{error}");
        assert!(!error.to_string().contains("SIGNATURE"), "{error}");
        assert!(error.is_outcome_unknown());
        assert_eq!(methods(&asked), ["PUT"]);

        let (asked, answer) = script(vec![Reply::json(200, &json!({ "value": [], "nextLink": elsewhere }))]);
        let error = client(VERSION, answer).await.links(&instance()).await.unwrap_err();
        assert!(error.to_string().contains("the token is for management.azure.com alone"), "{error}");
        assert_eq!(methods(&asked), ["GET"]);
    }
}

#[tokio::test]
async fn an_error_is_not_kept_for_those_who_ask_later() {
    let refused = Reply::error(403, "AuthorizationFailed", "No.");
    let (asked, answer) = script(vec![refused, Reply::json(200, &json!({ "value": [] }))]);
    let azure = client(VERSION, answer).await;
    assert_eq!(azure.links(&instance()).await.unwrap_err().status(), Some(403));
    assert!(azure.links(&instance()).await.unwrap().is_empty());
    assert_eq!(methods(&asked), ["GET", "GET"]);
}

#[tokio::test]
async fn an_operation_that_the_service_has_forgotten_has_ended() {
    let (_, answer) = script(vec![accepted(), Reply::error(404, "OperationNotFound", "Gone.")]);
    let azure = client(VERSION, answer).await;
    let operation = azure.create_link(&id(), &new_link(), &wait()).await.unwrap();
    assert!(matches!(azure.poll(&operation).await.unwrap(), Progress::Succeeded));
}

#[tokio::test]
async fn a_status_is_read_whatever_form_its_parts_have() {
    let odd = json!({ "value": [
        { "name": "a", "properties": { "databases": null, "instanceLinkRole": "Standby", "brandNew": { "x": [1] } } },
        { "name": "b", "properties": { "databases": [
            { "databaseName": "db", "mostRecentLinkError": 1412, "seedingProgress": 80, "replicaState": "Dreaming" } ] } },
        { "name": "c", "properties": null },
    ] });
    let (_, answer) = script(vec![Reply::json(200, &odd)]);
    let links = client(VERSION, answer).await.links(&instance()).await.unwrap();
    assert_eq!(links.len(), 3);
    assert!(links[0].properties.databases.is_empty());
    assert_eq!(links[0].properties.instance_link_role.as_deref(), Some("Standby"));
    let database = &links[1].properties.databases[0];
    assert_eq!(database.most_recent_link_error.as_deref(), Some("1412"));
    assert_eq!(database.seeding_progress.as_deref(), Some("80"));
    assert!(!database.has_failed());
}

#[tokio::test]
async fn a_region_without_the_preview_is_read_in_the_stable_version_from_then_on() {
    let metadata = json!({ "resourceTypes": [{
        "resourceType": "managedInstances/distributedAvailabilityGroups",
        "apiVersions": ["2026-08-01-preview", "2025-01-01", "2023-08-01"] }] });
    let unknown = Reply::error(
        400,
        "NoRegisteredProviderFound",
        "No registered resource provider found for location 'westeurope' and API version '2026-08-01-preview'.",
    );
    let list = Reply::json(200, &json!({ "value": [] }));
    let (asked, answer) = script(vec![Reply::json(200, &metadata), unknown, list.clone(), list]);
    let azure = unversioned_client(answer).await;
    azure.links(&instance()).await.unwrap();
    azure.forget();
    azure.links(&instance()).await.unwrap();
    let versions: Vec<String> = asked
        .lock()
        .unwrap()
        .iter()
        .filter_map(|request| {
            request.target.split_once("api-version=").map(|(_, version)| version.to_owned())
        })
        .collect();
    assert_eq!(versions, ["2022-09-01", "2026-08-01-preview", "2025-01-01", "2025-01-01"]);
}
