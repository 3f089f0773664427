//! Operations of an instance, and what it refuses meanwhile; what is left of its databases.

use milink_simulator::arm::backend::FailoverGroupSettings;
use milink_simulator::arm::path::InstancePath;
use milink_simulator::world::assumption;
use milink_simulator::world::failover_group::FailoverGroup;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{Answer, Azure, INSTANCE, LINK, link_properties};

async fn state(azure: &Azure) -> [String; 2] {
    let properties = azure.get("").await.body["properties"].clone();
    ["state", "provisioningState"].map(|name| properties[name].as_str().unwrap().to_owned())
}

async fn act(azure: &Azure, verb: &str) -> Answer {
    azure.call(Method::POST, verb, None).await
}

#[tokio::test]
async fn an_instance_stops_and_starts() {
    let azure = Azure::start().await;
    let stopping = act(&azure, "stop").await;
    assert_eq!(azure.after(&stopping, 60).await["status"], "InProgress");
    assert_eq!(state(&azure).await, ["Stopping", "InProgress"]);
    let refused = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(refused.code(), "ManagedInstanceStoppingOrStopped");
    assert_eq!(azure.after(&stopping, 300).await["status"], "Succeeded");
    assert_eq!(state(&azure).await, ["Stopped", "Succeeded"]);
    for refused in [act(&azure, "stop").await, act(&azure, "failover").await] {
        assert_eq!((refused.status, refused.code()), (400, "ManagedInstanceStoppingOrStopped"));
    }
    let starting = act(&azure, "start").await;
    assert_eq!(azure.after(&starting, 600).await["status"], "InProgress");
    assert_eq!(state(&azure).await, ["Starting", "InProgress"]);
    assert_eq!(azure.delete(LINK).await.code(), "ManagedInstanceStarting");
    assert_eq!(azure.after(&starting, 1200).await["status"], "Succeeded");
    assert_eq!(state(&azure).await, ["Ready", "Succeeded"]);
    let refused = act(&azure, "start").await;
    assert_eq!((refused.status, refused.code()), (400, "ManagementServiceStartManagedInstanceNotStopped"));
    let named = |answer: &Answer| answer.body["operation"].as_str().unwrap_or_default().to_owned();
    assert_eq!([named(&stopping), named(&starting)], ["StopManagedServer", "StartManagedServer"]);
    azure.world(|estate| estate.opposites.insert(assumption::INSTANCE_OPERATIONS));
    let idle = act(&azure, "start").await;
    assert_eq!(named(&idle), "StartManagedInstance");
    azure.done(&idle).await;
    assert_eq!(state(&azure).await, ["Ready", "Succeeded"]);
    for (verb, name) in [("failover", "FailoverManagedInstance"), ("stop", "StopManagedInstance")] {
        assert_eq!(named(&act(&azure, verb).await), name);
    }
    let early = azure.call_in("2021-11-01", Method::POST, "stop", None).await;
    assert_eq!((early.status, early.code()), (404, "InvalidResourceType"));
    azure.shutdown().await;
}

#[tokio::test]
async fn only_a_free_general_purpose_instance_stops() {
    let azure = Azure::linked().await;
    let refused = |answer: Answer| (answer.status, answer.code().to_owned());
    let code = |why: &str| (400, format!("ManagementServiceStopManagedInstance{why}"));
    assert_eq!(refused(act(&azure, "stop").await), code("UsingMILink"));
    azure.world(|estate| {
        let other = InstancePath::of_id(&INSTANCE.replace("mi-sales", "mi-other")).unwrap();
        estate.failover_groups.push(FailoverGroup {
            name: "fg".into(),
            members: (estate.managed_instances[0].view.path.clone(), other),
            settings: FailoverGroupSettings {
                grace_minutes: None,
                read_only_fails_over: false,
                standby: false,
            },
            copies: Vec::new(),
        });
    });
    assert_eq!(refused(act(&azure, "stop").await), code("PartOfFailoverGroup"));
    azure.managed(|managed| managed.view.tier = "BusinessCritical".into());
    assert_eq!(refused(act(&azure, "stop").await), code("NotSupportedOnSKU"));
    assert_eq!(state(&azure).await, ["Ready", "Succeeded"]);
    azure.shutdown().await;
}

#[tokio::test]
async fn scaling_takes_an_hour_and_can_be_called_off() {
    let azure = Azure::changed(|_, settings| settings.token_lifetime = time::Duration::DAY).await;
    azure.link().await;
    let connected =
        async || azure.get(LINK).await.body["properties"]["databases"][0]["connectedState"] == "CONNECTED";
    let scale = |cores: u32| azure.patch("", json!({ "vCores": cores }));
    let scaling = scale(16).await;
    assert_eq!(azure.after(&scaling, 600).await["status"], "InProgress");
    assert_eq!(state(&azure).await, ["Updating", "InProgress"]);
    let old = azure.call_in("2021-11-01", Method::GET, "", None).await.body;
    assert_eq!(old["properties"]["provisioningState"], "Updating");
    assert!(connected().await, "replication goes on");
    for refused in [
        azure.delete(LINK).await,
        azure.patch(LINK, json!({ "replicationMode": "Sync" })).await,
        azure.put("serverTrustCertificates/x", json!({ "publicBlob": "" })).await,
        scale(24).await,
    ] {
        let expected = if refused.code() == "MissingPublicBlob" {
            "MissingPublicBlob"
        } else {
            "ManagedInstanceUpdateSloInProgress"
        };
        assert_eq!((refused.status, refused.code()), (400, expected));
    }
    let operation = azure.get("operations").await.body["value"][0].clone();
    assert_eq!(operation["properties"]["isCancellable"], true);
    let id = operation["name"].as_str().unwrap();
    assert_eq!(act(&azure, &format!("operations/{id}/cancel")).await.status, 200);
    assert_eq!(azure.after(&scaling, 1).await["status"], "Canceled");
    assert_eq!(state(&azure).await, ["Ready", "Succeeded"]);
    let refused = act(&azure, &format!("operations/{id}/cancel")).await;
    assert_eq!((refused.status, refused.code()), (409, "CannotCancelOperation"));
    assert_eq!(azure.get("").await.body["properties"]["vCores"], 8);

    // To its end: the engine goes on elsewhere, and the link connects anew.
    let scaling = scale(16).await;
    assert_eq!(azure.after(&scaling, 3_601).await["status"], "Succeeded");
    assert_eq!(azure.get("").await.body["properties"]["vCores"], 16);
    assert!(!connected().await, "the connection of before is lost");
    azure.pass(60);
    assert!(connected().await);
    let refused = azure.patch("", json!({ "storageSizeInGB": 100 })).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"));
    let grown = azure.patch("", json!({ "storageSizeInGB": 512 })).await;
    assert_eq!(azure.after(&grown, 400).await["status"], "Succeeded");
    assert_eq!(azure.get("").await.body["properties"]["storageSizeInGB"], 512);
    azure.shutdown().await;
}

#[tokio::test]
async fn a_failover_of_the_instance_interrupts_a_link_for_a_moment() {
    let azure = Azure::linked().await;
    let moved = act(&azure, "failover").await;
    assert_eq!(azure.after(&moved, 61).await["status"], "Succeeded");
    let database = |body: &Value| body["properties"]["databases"][0].clone();
    assert_eq!(database(&azure.get(LINK).await.body)["connectedState"], "DISCONNECTED");
    azure.pass(60);
    let after = database(&azure.get(LINK).await.body);
    assert_eq!(
        (&after["connectedState"], &after["replicaState"]),
        (&json!("CONNECTED"), &json!("LinkSynchronizing"))
    );
    azure.shutdown().await;
}

#[tokio::test]
async fn what_is_left_of_a_link_is_a_database_and_then_a_dropped_one() {
    let azure = Azure::linked().await;
    let deleted = azure.delete(LINK).await;
    azure.done(&deleted).await;
    assert_eq!(azure.get("recoverableDatabases/Sales").await.status, 404, "no backup yet");
    azure.pass(1_200);
    let kept = azure.get("recoverableDatabases/sales").await.body;
    assert!(kept["properties"]["lastAvailableBackupDate"].is_string(), "{kept}");
    let dropped = azure.delete("databases/Sales").await;
    azure.done(&dropped).await;
    let list = azure.get("restorableDroppedDatabases").await.body;
    let one = &list["value"][0];
    let (name, ticks) = one["name"].as_str().unwrap().split_once(',').unwrap();
    assert_eq!((name, &one["properties"]["databaseName"]), ("Sales", &json!("Sales")));
    assert!(ticks.len() == 18 && ticks.parse::<u64>().is_ok(), "{ticks}");
    for name in ["creationDate", "deletionDate", "earliestRestoreDate"] {
        assert!(one["properties"][name].is_string(), "{one}");
    }
    let same = azure.get(&format!("restorableDroppedDatabases/Sales,{ticks}")).await;
    assert_eq!((same.status, &same.body), (200, one));
    // Its name is free again.
    let made = azure.put(LINK, link_properties("Secondary")).await;
    assert_ne!(azure.after(&made, 30).await["error"]["code"], "ManagedDatabaseNameInUse");
    azure.shutdown().await;
}

#[tokio::test]
async fn keys_protector_and_administrators_are_read() {
    let azure = Azure::start().await;
    for (child, name, property, value, other) in [
        ("keys", "ServiceManaged", "serverKeyType", json!("ServiceManaged"), "ResourceNotFound"),
        (
            "encryptionProtector",
            "current",
            "serverKeyName",
            json!("ServiceManaged"),
            "InvalidEncryptionProtectorName",
        ),
        (
            "azureADOnlyAuthentications",
            "Default",
            "azureADOnlyAuthentication",
            json!(false),
            "ResourceNotFound",
        ),
    ] {
        let list = azure.get(child).await.body;
        let one = azure.get(&format!("{child}/{}", name.to_lowercase())).await;
        assert_eq!((one.status, &one.body), (200, &list["value"][0]), "{child}");
        assert_eq!((&one.body["name"], &one.body["properties"][property]), (&json!(name), &value));
        assert_eq!(azure.get(&format!("{child}/other")).await.code(), other);
        assert_eq!(azure.patch(&format!("{child}/{name}"), json!({})).await.status, 405);
    }
    assert_eq!(azure.get("administrators").await.body, json!({ "value": [] }));
    assert_eq!(azure.get("administrators/ActiveDirectory").await.code(), "ResourceNotFound");
    azure.shutdown().await;
}

#[tokio::test]
async fn providers_tell_versions_and_regions() {
    let azure = Azure::start().await;
    let url = format!(
        "{}?api-version=2021-04-01",
        INSTANCE.split("/resourceGroups").next().unwrap().to_owned() + "/providers/Microsoft.Sql"
    );
    let found = azure.send(Method::GET, &url, None).await;
    assert_eq!((found.status, &found.body["registrationState"]), (200, &json!("Registered")));
    let types = found.body["resourceTypes"].as_array().unwrap();
    let links = types
        .iter()
        .find(|one| one["resourceType"] == "managedInstances/distributedAvailabilityGroups")
        .unwrap();
    assert_eq!(links["locations"], json!(["West Europe"]));
    let versions: Vec<&str> =
        links["apiVersions"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let dates: Vec<&str> = versions.iter().map(|version| version.get(..10).unwrap()).collect();
    assert!(dates.is_sorted_by(|one, next| one >= next), "newest first: {versions:?}");
    for version in ["2021-11-01", "2023-08-01", "2025-01-01", "2025-08-01-preview", "2026-08-01-preview"] {
        assert!(versions.contains(&version), "{version}");
    }
    let refused = azure.send(Method::GET, &url.replace("Microsoft.Sql", "Microsoft.Nothing"), None).await;
    assert_eq!((refused.status, refused.code()), (404, "InvalidResourceNamespace"));
    azure.shutdown().await;
}
