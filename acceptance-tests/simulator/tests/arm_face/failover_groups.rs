//! Instance failover groups, as azure-cli's recording test_sql_instance_failover_group_mgmt has them.

use milink_simulator::scene::Scene;
use milink_simulator::world::Estate;
use milink_simulator::world::assumption;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{
    Answer, Azure, CLIENT, GROUP, INSTANCE, LINK, STABLE, SUBSCRIPTION, TENANT, link_properties,
};
use super::keys::{KEY, customers};

const PARTNER_GROUP: &str = "data-recovery";

fn partner() -> String {
    INSTANCE.replace(GROUP, PARTNER_GROUP).replace("mi-sales", "mi-spare")
}

/// An instance of another group in the partner's region.
fn third() -> String {
    INSTANCE.replace("mi-sales", "mi-third")
}

/// Two instances of one zone, a region apart, the first with two databases, and a third.
async fn pair(change: impl FnOnce(&mut Estate)) -> Azure {
    let scene = json!({
        "managed_instances": [
            {
                "id": INSTANCE,
                "location": "westeurope",
                "dns_zone": "ac72dfdc4647",
                "databases": [{ "name": "Sales" }, { "name": "Orders" }],
            },
            { "id": partner(), "location": "northeurope", "dns_zone": "ac72dfdc4647" },
            { "id": third(), "location": "northeurope", "dns_zone": "ac72dfdc4647" },
        ],
        "applications": [
            { "tenant_id": TENANT, "client_id": CLIENT, "client_secret_variable": "client_secret" },
        ],
        "variables": { "sql_password": "Str0ng and long?" },
    });
    let scene = Scene::new(serde_json::from_value(scene).unwrap()).unwrap();
    Azure::of(scene, |estate, _| change(estate)).await
}

/// A request about the group `fg`, asked of the first member (true) or the second.
async fn ask(azure: &Azure, first: bool, method: Method, verb: &str, body: Option<&Value>) -> Answer {
    let (group, region) = if first { (GROUP, "westeurope") } else { (PARTNER_GROUP, "northeurope") };
    let url = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Sql/locations/{region}/instanceFailoverGroups/fg{verb}?api-version={STABLE}"
    );
    azure.send(method, &url, body).await
}

fn body() -> Value {
    json!({ "properties": {
        "readWriteEndpoint": { "failoverPolicy": "Automatic", "failoverWithDataLossGracePeriodMinutes": 120 },
        "readOnlyEndpoint": { "failoverPolicy": "Disabled" },
        "partnerRegions": [{ "location": "northeurope" }],
        "managedInstancePairs": [
            { "primaryManagedInstanceId": INSTANCE, "partnerManagedInstanceId": partner() },
        ],
    } })
}

async fn make(azure: &Azure) {
    let made = ask(azure, true, Method::PUT, "", Some(&body())).await;
    assert_eq!(azure.after(&made, 145).await["status"], "Succeeded");
}

fn databases(azure: &Azure, instance: usize) -> Vec<String> {
    azure.world(|estate| {
        let databases = &estate.managed_instances[instance].engine.databases;
        databases.iter().filter(|one| one.id > 4).map(|one| one.name.clone()).collect()
    })
}

#[tokio::test]
async fn a_group_is_made_set_failed_over_and_taken_apart() {
    let azure = pair(|_| ()).await;
    let made = ask(&azure, true, Method::PUT, "", Some(&body())).await;
    assert_eq!(made.body["operation"], "CreateManagedFailoverGroup");
    let poll = made.header("azure-asyncoperation").unwrap();
    let expected = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Sql/locations/westeurope/instanceFailoverGroupAzureAsyncOperation/"
    );
    assert!(poll.contains(&expected), "{poll}");
    assert_eq!(azure.after(&made, 120).await["status"], "InProgress");
    assert_eq!(ask(&azure, true, Method::GET, "", None).await.status, 404);
    let refused = ask(&azure, true, Method::PUT, "", Some(&body())).await;
    assert_eq!((refused.status, refused.code()), (409, "InstanceFailoverGroupBusy"));
    assert_eq!(azure.after(&made, 30).await["status"], "Succeeded");

    // Each member shows its own role, in its own region and group; the id has the region as people write it.
    let seen = ask(&azure, true, Method::GET, "", None).await.body;
    assert_eq!(azure.send(Method::GET, made.header("location").unwrap(), None).await.body, seen);
    assert!(
        seen["id"].as_str().unwrap().contains("/locations/West Europe/instanceFailoverGroups/fg"),
        "{seen}"
    );
    let mut expected = body()["properties"].clone();
    expected["replicationRole"] = "Primary".into();
    expected["replicationState"] = "CATCH_UP".into();
    expected["secondaryType"] = "Geo".into();
    expected["partnerRegions"] = json!([{ "location": "northeurope", "replicationRole": "Secondary" }]);
    assert_eq!(seen["properties"], expected);
    let seen = ask(&azure, false, Method::GET, "", None).await.body["properties"].clone();
    assert_eq!(
        (&seen["replicationRole"], &seen["managedInstancePairs"]),
        (&json!("Secondary"), &expected["managedInstancePairs"])
    );
    assert_eq!(databases(&azure, 1), ["Sales", "Orders"]);
    let id = azure.get("databases/Sales").await.body["properties"]["failoverGroupId"].clone();
    assert!(id.as_str().unwrap().ends_with("/locations/westeurope/instanceFailoverGroups/fg"), "{id}");

    let mut manual = body();
    manual["properties"]["readWriteEndpoint"] = json!({ "failoverPolicy": "Manual" });
    let refused = ask(&azure, false, Method::PUT, "", Some(&manual)).await;
    assert_eq!(refused.code(), "InstanceFailoverGroupCreateOrUpdateRequestInvalidPrimary");
    let set = ask(&azure, true, Method::PUT, "", Some(&manual)).await;
    assert_eq!(
        (&set.body["operation"], azure.after(&set, 10).await["status"].clone()),
        (&json!("UpdateManagedFailoverGroup"), json!("Succeeded"))
    );
    let seen = ask(&azure, false, Method::GET, "", None).await.body;
    assert_eq!(seen["properties"]["readWriteEndpoint"], json!({ "failoverPolicy": "Manual" }));

    manual["properties"]["managedInstancePairs"][0]["partnerManagedInstanceId"] = third().into();
    let refused = ask(&azure, true, Method::PUT, "", Some(&manual)).await;
    assert_eq!(refused.code(), "InstanceFailoverGroupCreateOrUpdateRequestReadOnlyPropertyModified");
    manual["properties"]["managedInstancePairs"][0]["partnerManagedInstanceId"] = partner().into();

    // The failover is asked of who shall be primary.
    let refused = ask(&azure, true, Method::POST, "/failover", None).await;
    assert_eq!((refused.status, refused.code()), (400, "InstanceFailoverGroupFailoverRequestOnPrimary"));
    let over = ask(&azure, false, Method::POST, "/failover", None).await;
    assert_eq!(over.body["operation"], "FailoverManagedFailoverGroup");
    assert_eq!(azure.after(&over, 30).await["status"], "Succeeded");
    let seen = ask(&azure, true, Method::GET, "", None).await.body["properties"].clone();
    assert_eq!(
        (&seen["replicationRole"], &seen["managedInstancePairs"][0]["primaryManagedInstanceId"]),
        (&json!("Secondary"), &json!(partner()))
    );
    let refused = ask(&azure, true, Method::DELETE, "", None).await;
    assert_eq!(
        (refused.status, refused.code()),
        (400, "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary")
    );
    let refused = ask(&azure, true, Method::PUT, "", Some(&manual)).await;
    assert_eq!(refused.code(), "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary");
    let over = ask(&azure, true, Method::POST, "/forceFailoverAllowDataLoss", None).await;
    assert_eq!(azure.after(&over, 20).await["status"], "Succeeded");
    assert_eq!(
        ask(&azure, true, Method::GET, "", None).await.body["properties"]["replicationRole"],
        "Primary"
    );

    // What the primary loses its copy loses; taken apart, each keeps its own.
    let dropped = azure.delete("databases/Orders").await;
    azure.done(&dropped).await;
    assert_eq!(databases(&azure, 1), ["Sales"]);
    let gone = ask(&azure, true, Method::DELETE, "", None).await;
    assert_eq!(gone.body["operation"], "DropManagedFailoverGroup");
    assert_eq!(azure.after(&gone, 30).await["status"], "Succeeded");
    assert_eq!(azure.send(Method::GET, gone.header("location").unwrap(), None).await.body, Value::Null);
    assert_eq!(ask(&azure, false, Method::GET, "", None).await.status, 404);
    assert_eq!(ask(&azure, true, Method::DELETE, "", None).await.status, 204);
    let refused = ask(&azure, true, Method::POST, "/failover", None).await;
    assert_eq!((refused.status, refused.code()), (400, "InstanceFailoverGroupDoesNotExist"));
    let dropped = azure.delete("databases/Sales").await;
    azure.done(&dropped).await;
    assert_eq!(databases(&azure, 1), ["Sales"]);
    azure.shutdown().await;
}

#[tokio::test]
async fn a_group_and_links_exclude_each_other() {
    let azure = pair(|_| ()).await;
    make(&azure).await;
    let refused = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!((refused.status, refused.code()), (400, "ManagedInstanceHasGeoReplica"));
    azure.world(|estate| estate.opposites.insert(assumption::REPLICA_REFUSED));
    let accepted = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(azure.after(&accepted, 20).await["error"]["code"], "ManagedInstanceHasGeoReplica");
    azure.shutdown().await;

    let linked = Azure::linked().await;
    let mut other = body();
    other["properties"]["managedInstancePairs"][0]["partnerManagedInstanceId"] = partner().into();
    let refused = ask(&linked, true, Method::PUT, "", Some(&other)).await;
    assert_eq!((refused.status, refused.code()), (404, "ServerNotInSubscription"));
    linked.shutdown().await;

    let azure = pair(|_| ()).await;
    let mut properties = link_properties("Primary");
    properties["databases"] = json!([{ "databaseName": "Orders" }]);
    let link = azure.put(LINK, properties).await;
    assert_eq!(link.status, 202);
    let refused = ask(&azure, true, Method::PUT, "", Some(&body())).await;
    assert_eq!((refused.status, refused.code()), (409, "ManagedInstanceHasHybridLink"));
    azure.shutdown().await;
}

#[tokio::test]
async fn a_key_has_to_be_on_both_members() {
    let azure = pair(|_| ()).await;
    let made = azure.put(KEY, customers()).await;
    azure.done(&made).await;
    make(&azure).await;
    let by = json!({ "serverKeyType": "AzureKeyVault", "serverKeyName": KEY.trim_start_matches("keys/") });
    let refused = azure.put("encryptionProtector/current", by.clone()).await;
    assert_eq!((refused.status, refused.code()), (400, "KeyMaterialNotFoundOnRemoteServer"));
    let url = format!("{}/{KEY}?api-version={STABLE}", partner());
    let made = azure.send(Method::PUT, &url, Some(&json!({ "properties": customers() }))).await;
    azure.done(&made).await;
    assert_eq!(azure.put("encryptionProtector/current", by).await.status, 202);
    azure.shutdown().await;
}

#[tokio::test]
async fn what_a_group_lacks_is_told_by_its_code() {
    let azure = pair(|_| ()).await;
    let set = |pointer: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let endpoint = |policy: &str, minutes: Value| {
        let value = json!({ "failoverPolicy": policy, "failoverWithDataLossGracePeriodMinutes": minutes });
        set("/properties/readWriteEndpoint", value)
    };
    let pair_of = |primary: &str, partner: &str| json!([{ "primaryManagedInstanceId": primary, "partnerManagedInstanceId": partner }]);
    let pairs = |value: Value| set("/properties/managedInstancePairs", value);
    for (body, what) in [
        (json!({}), ""),
        (set("/properties/readWriteEndpoint", Value::Null), "ReadWriteEndpoint"),
        (endpoint("Sometimes", Value::Null), "ReadWriteFailoverPolicy"),
        (endpoint("Automatic", Value::Null), "ReadWriteEndpointFields"),
        (endpoint("Manual", json!(60)), "ReadWriteEndpointFieldsForManualPolicy"),
        (set("/properties/partnerRegions", json!([])), "ManagedInstanceRegion"),
        (pairs(json!([])), "Primary"),
        (pairs(pair_of(INSTANCE, "")), "Partner"),
        (pairs(pair_of(&partner(), INSTANCE)), "Primary"),
    ] {
        let refused = ask(&azure, true, Method::PUT, "", Some(&body)).await;
        let code = format!("InstanceFailoverGroupCreateOrUpdateRequestInvalid{what}");
        assert_eq!((refused.status, refused.code()), (400, code.as_str()));
    }
    let region = json!([{ "location": "northeurope" }, { "location": "westus2" }]);
    for (body, what) in [
        (endpoint("Automatic", json!(-1)), "NegativeGracePeriodValues"),
        (endpoint("Automatic", json!(59)), "LessThanMinimumGracePeriodValues"),
        (set("/properties/partnerRegions", region), "UnsupportedPartnerCount"),
        (pairs(json!([{}, {}])), "UnsupportedPairCount"),
        (pairs(pair_of(INSTANCE, INSTANCE)), "DuplicatePartner"),
    ] {
        let refused = ask(&azure, true, Method::PUT, "", Some(&body)).await;
        let code = format!("InstanceFailoverGroupCreateOrUpdateRequest{what}");
        assert_eq!((refused.status, refused.code()), (400, code.as_str()));
    }
    let refused = ask(&azure, true, Method::PUT, "-", Some(&body())).await;
    assert_eq!((refused.status, refused.code()), (409, "InvalidFailoverGroupName"));
    let stranger = partner().replace(SUBSCRIPTION, CLIENT);
    let refused = ask(&azure, true, Method::PUT, "", Some(&pairs(pair_of(INSTANCE, &stranger)))).await;
    assert_eq!(refused.code(), "InstanceFailoverGroupPartnerManagedInstanceFromDifferentSubscription");
    let west = set("/properties/partnerRegions", json!([{ "location": "westus2" }]));
    let refused = ask(&azure, true, Method::PUT, "", Some(&west)).await;
    assert_eq!((refused.status, refused.code()), (400, "FailoverGroupRegionMismatch"));
    azure.shutdown().await;
}

#[tokio::test]
async fn members_have_to_fit() {
    type Change = fn(&mut Estate);
    let cases: [(Change, u16, &str); 6] = [
        (|estate| estate.managed_instances[1].view.dns_zone = "0".into(), 400, "DnsZoneMismatch"),
        (
            |estate| estate.managed_instances[1].view.tier = "BusinessCritical".into(),
            400,
            "ServerEditionMismatch",
        ),
        (|estate| estate.managed_instances[1].view.storage_gb = 512, 400, "GeoDrInstanceSizeMismatch"),
        (
            |estate| estate.managed_instances[0].view.database_format = "AlwaysUpToDate".into(),
            400,
            "ManagedInstanceEstablishingFailoverGroupGeoPrimaryWithNewerVersionEditionThanSecondary",
        ),
        (
            |estate| {
                let mut database = estate.managed_instances[0].engine.database("Sales").unwrap().clone();
                database.name = "Own".into();
                estate.managed_instances[1].engine.databases.push(database);
            },
            400,
            "GeoDrSecondaryInstanceNotEmpty",
        ),
        (
            |estate| estate.managed_instances[1].view.state = "Stopped".into(),
            400,
            "ManagedInstanceStoppingOrStopped",
        ),
    ];
    for (change, status, code) in cases {
        let azure = pair(change).await;
        let refused = ask(&azure, true, Method::PUT, "", Some(&body())).await;
        assert_eq!((refused.status, refused.code()), (status, code));
        azure.shutdown().await;
    }
    // Under the opposite the operation says so, and what is not there is another code.
    let azure = pair(|estate| {
        estate.opposites.insert(assumption::GROUP_REFUSALS);
        estate.managed_instances[1].view.dns_zone = "0".into();
    })
    .await;
    let accepted = ask(&azure, true, Method::PUT, "", Some(&body())).await;
    assert_eq!(azure.after(&accepted, 10).await["error"]["code"], "DnsZoneMismatch");
    assert_eq!(ask(&azure, true, Method::GET, "", None).await.status, 404);
    let mut other = body();
    other["properties"]["managedInstancePairs"][0]["partnerManagedInstanceId"] =
        partner().replace("mi-spare", "mi-nowhere").into();
    let refused = ask(&azure, true, Method::PUT, "", Some(&other)).await;
    assert_eq!((refused.status, refused.code()), (400, "ServerNotFound"));
    azure.shutdown().await;
    let azure = pair(|estate| estate.managed_instances[1].view.location = "westeurope".into()).await;
    let mut near = body();
    near["properties"]["partnerRegions"] = json!([{ "location": "West Europe" }]);
    let refused = ask(&azure, true, Method::PUT, "", Some(&near)).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidFailoverGroupRegion"));
    azure.shutdown().await;
    let azure = pair(|_| ()).await;
    make(&azure).await;
    let mut other = body();
    other["properties"]["managedInstancePairs"][0]["partnerManagedInstanceId"] = third().into();
    let refused = ask(&azure, true, Method::PUT, "2", Some(&other)).await;
    assert_eq!((refused.status, refused.code()), (409, "InstanceFailoverGroupAlreadyExists"));
    azure.world(|estate| estate.managed_instances[1].view.database_format = "AlwaysUpToDate".into());
    let refused = ask(&azure, false, Method::POST, "/failover", None).await;
    assert_eq!(refused.code(), "ManagedInstanceFailoverInFailoverGroupInstancesWithDifferentVersionEditions");
    azure.shutdown().await;
}
