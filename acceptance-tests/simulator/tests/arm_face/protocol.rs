//! What HTTP itself carries: verbs, bodies, headers, pages, letter case.

use milink_simulator::world::assumption;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{Answer, Azure, GROUP, INSTANCE, LINK, STABLE, SUBSCRIPTION, link_properties};

/// A request with headers of the caller's choice.
async fn raw(azure: &Azure, method: Method, child: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let url = format!("{INSTANCE}/{child}?api-version={STABLE}");
    azure.send_raw(method, &url, headers, body).await
}

#[tokio::test]
async fn bodies_are_json_and_say_so() {
    let azure = Azure::start().await;
    let body = json!({ "properties": link_properties("Secondary") }).to_string().into_bytes();
    for (header, named) in [(None, "<null>"), (Some("text/plain"), "text/plain")] {
        let headers: Vec<_> = header.iter().map(|value| ("content-type", *value)).collect();
        let refused = raw(&azure, Method::PUT, LINK, &headers, body.clone()).await;
        assert_eq!(
            (refused.status, refused.code(), refused.is_gateways()),
            (415, "UnsupportedMediaType", true)
        );
        assert!(refused.message().contains(&format!("'{named}'")), "{refused:?}");
    }
    let json_type = [("content-type", "application/json; charset=utf-8")];
    for body in [&b"{\"properties\":"[..], b"[]", b"\xff\xfe"] {
        let refused = raw(&azure, Method::PUT, LINK, &json_type, body.to_vec()).await;
        assert_eq!(
            (refused.status, refused.code(), refused.is_gateways()),
            (400, "InvalidRequestContent", true)
        );
    }
    let refused = raw(&azure, Method::PUT, LINK, &json_type, vec![b' '; (4 << 20) + 1]).await;
    assert_eq!((refused.status, refused.code()), (413, "RequestContentTooLarge"));
    azure.pass(30);
    assert_eq!(azure.get(LINK).await.status, 404, "nothing of it was done");
    let accepted = raw(&azure, Method::PUT, LINK, &json_type, body).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    azure.shutdown().await;
}

#[tokio::test]
async fn a_body_without_properties_takes_long_to_be_an_internal_error() {
    let azure = Azure::start().await;
    for child in [LINK, "serverTrustCertificates/sql1"] {
        let asked = azure.call(Method::PUT, child, Some(json!({})));
        tokio::pin!(asked);
        let mut seconds = 0;
        let refused = loop {
            tokio::select! {
                refused = &mut asked => break refused,
                // Somebody else is served meanwhile.
                other = azure.get("") => assert_eq!(other.status, 200),
            }
            azure.pass(1);
            seconds += 1;
        };
        assert_eq!((refused.status, refused.code()), (500, "InternalServerError"), "{child}");
        assert!(refused.message().contains("Tracking ID: '"), "{refused:?}");
        assert!(seconds >= 23, "{child}: {seconds} s");
        assert_eq!(azure.get(child).await.status, 404, "nothing of it was done");
    }
    // A face that is shut down waits for nobody.
    let asked = azure.call(Method::PUT, LINK, Some(json!({})));
    tokio::pin!(asked);
    tokio::select! {
        refused = &mut asked => panic!("{refused:?}"),
        _ = azure.get("") => {}
    }
}

#[tokio::test]
async fn verbs_that_a_type_does_not_have_are_not_allowed() {
    let azure = Azure::linked().await;
    let body = || Some(json!({ "properties": {} }));
    for (method, child) in [
        (Method::POST, LINK),
        (Method::OPTIONS, LINK),
        (Method::HEAD, LINK),
        (Method::PUT, "distributedAvailabilityGroups"),
        (Method::DELETE, "serverTrustCertificates"),
        (Method::PUT, "databases/Sales"),
        (Method::DELETE, ""),
        (Method::DELETE, "encryptionProtector/current"),
    ] {
        let head = method == Method::HEAD;
        let refused = azure.call(method.clone(), child, if head { None } else { body() }).await;
        assert_eq!(refused.status, 405, "{method} {child}: {refused:?}");
        if !head {
            assert_eq!(refused.code(), "MethodNotAllowed", "{method} {child}");
        }
    }
    azure.world(|estate| estate.opposites.insert(assumption::HEAD_REFUSED));
    for (child, status) in [(LINK, 204), ("distributedAvailabilityGroups/other", 404)] {
        let looked = azure.call(Method::HEAD, child, None).await;
        assert_eq!((looked.status, looked.body), (status, Value::Null), "{child}");
    }
    // The provider calls a resource by an address of its own.
    let refused = azure.call(Method::POST, LINK, body()).await;
    assert!(refused.message().contains("management.westeurope.control.database.windows.net"), "{refused:?}");
    let group =
        |name: &str| format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}?api-version=2021-04-01");
    assert_eq!(azure.send(Method::HEAD, &group(GROUP), None).await.status, 204);
    assert_eq!(azure.send(Method::HEAD, &group("other"), None).await.status, 404);
    let refused = azure.send(Method::DELETE, &group(GROUP), None).await;
    assert_eq!((refused.status, refused.code()), (405, "MethodNotAllowed"));
    azure.shutdown().await;
}

#[tokio::test]
async fn every_answer_can_be_found_again_in_the_services_logs() {
    let azure = Azure::start().await;
    let first = azure.get("").await;
    let second = azure.get(LINK).await;
    for answer in [&first, &second] {
        for name in ["x-ms-request-id", "x-ms-correlation-request-id"] {
            assert!(uuid::Uuid::try_parse(answer.header(name).unwrap()).is_ok(), "{name}");
        }
        assert!(answer.header("x-ms-routing-request-id").is_some());
    }
    assert_ne!(first.header("x-ms-request-id"), second.header("x-ms-request-id"));
    let id = "0c3b1f7e-6e04-4a6b-9a55-6a5a3c1c5f11";
    let own = [("x-ms-client-request-id", id), ("x-ms-return-client-request-id", "true")];
    let answer = raw(&azure, Method::GET, LINK, &own, Vec::new()).await;
    assert_eq!(answer.header("x-ms-client-request-id"), Some(id));
    let answer = raw(&azure, Method::GET, LINK, &own[..1], Vec::new()).await;
    assert_eq!(answer.header("x-ms-client-request-id"), None);
    let answer = raw(&azure, Method::GET, LINK, &[("x-ms-correlation-request-id", id)], Vec::new()).await;
    assert_eq!(answer.header("x-ms-correlation-request-id"), Some(id));
    azure.shutdown().await;
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let azure = Azure::changed(|_, settings| settings.page_size = Some(2)).await;
    for number in 0..5 {
        let link = format!("distributedAvailabilityGroups/Link{number}");
        let mut properties = link_properties("Secondary");
        properties["databases"] = json!([{ "databaseName": format!("db{number}") }]);
        assert_eq!(azure.put(&link, properties).await.status, 202);
    }
    azure.pass(20);
    let mut url = format!("{INSTANCE}/distributedAvailabilityGroups?api-version={STABLE}");
    let mut pages = Vec::new();
    loop {
        let page = azure.send(Method::GET, &url, None).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = page.body["value"].as_array().unwrap();
        pages.push(items.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
        match page.body.get("nextLink").and_then(Value::as_str) {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [vec!["Link0", "Link1"], vec!["Link2", "Link3"], vec!["Link4"]]);
    azure.shutdown().await;
}

#[tokio::test]
async fn letter_case_is_the_services_own_whatever_was_asked() {
    let azure = Azure::linked().await;
    let upper = format!("{}/{}?API-VERSION={STABLE}", INSTANCE.to_uppercase(), LINK.to_uppercase());
    let found = azure.send(Method::GET, &upper, None).await;
    assert_eq!(found.body["id"], format!("{INSTANCE}/{LINK}"));
    assert_eq!(found.body["name"], "DAG_Sales");
    // The same name in another case is the same link.
    let changed = azure.patch(&LINK.to_lowercase(), json!({ "replicationMode": "Sync" })).await;
    azure.done(&changed).await;
    let list = azure.get("distributedAvailabilityGroups").await.body;
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    assert_eq!(list["value"][0]["properties"]["replicationMode"], "Sync");
    let deleted = azure.delete(&LINK.to_uppercase()).await;
    azure.done(&deleted).await;
    assert_eq!(azure.get(LINK).await.status, 404);
    azure.shutdown().await;
}
