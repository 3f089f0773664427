//! Links: what is sent, what comes back, and what differs by version.

use milink_simulator::world::assumption;
use milink_simulator::world::group::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::arm_support::{Azure, Groups, LINK, link_properties};

const PREVIEW: &str = "2025-08-01-preview";
const MULTI: &str = "distributedAvailabilityGroups/multi1";

/// A multi-database link to a SQL Server that nobody has prepared.
fn multi(databases: &[&str]) -> Value {
    let databases: Vec<Value> = databases.iter().map(|name| json!({ "databaseName": name })).collect();
    let mut properties = link_properties("Secondary");
    properties["databases"] = json!(databases);
    properties["linkMode"] = json!("MultiDatabase");
    json!({ "properties": properties })
}

async fn properties_in(azure: &Azure, version: &str, link: &str) -> Value {
    let answer = azure.call_in(version, Method::GET, link, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["properties"].clone()
}

fn names(properties: &Value) -> Vec<&str> {
    let databases = properties["databases"].as_array().unwrap();
    databases.iter().map(|one| one["databaseName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_put_leaves_out_has_its_default() {
    let azure = Azure::prepared().await;
    let mut minimal = link_properties("Secondary");
    minimal.as_object_mut().unwrap().remove("instanceLinkRole");
    minimal["replicationMode"] = json!("Sync");
    let accepted = azure.put(LINK, minimal).await;
    assert_eq!(accepted.status, 202);
    let body: Vec<&String> = accepted.body.as_object().unwrap().keys().collect();
    assert_eq!(body, ["operation", "startTime"]);
    azure.done(&accepted).await;
    let found = properties_in(&azure, PREVIEW, LINK).await;
    for (name, value) in [
        ("distributedAvailabilityGroupName", "DAG_Sales"),
        ("instanceLinkRole", "Secondary"),
        ("partnerLinkRole", "Primary"),
        ("failoverMode", "None"),
        ("seedingMode", "Automatic"),
        ("linkMode", "SingleDatabase"),
        ("replicationMode", "Async"),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    azure.shutdown().await;
}

#[tokio::test]
async fn operations_have_names_of_their_own() {
    let azure = Azure::start().await;
    let other = "distributedAvailabilityGroups/Other";
    let stock = |role: &str| {
        let mut properties = link_properties(role);
        properties["databases"] = json!([{ "databaseName": "Stock" }]);
        properties
    };
    let operation =
        |answer: &super::arm_support::Answer| answer.body["operation"].as_str().unwrap().to_owned();
    let from_instance = azure.put(other, stock("Primary")).await;
    assert_eq!(operation(&from_instance), "DistributedAvailabilityGroupsLinkCreateFromMI");
    let to_instance = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(operation(&to_instance), "DistributedAvailabilityGroupsLinkCreate");
    let made = azure.call_in(PREVIEW, Method::PUT, MULTI, Some(multi(&["a", "b"]))).await;
    assert_eq!(operation(&made), "CreateManagedFailoverGroup");
    azure.pass(20);
    assert_eq!(operation(&azure.delete(LINK).await), "DistributedAvailabilityGroupsDropLink");
    assert_eq!(operation(&azure.delete(MULTI).await), "DropManagedFailoverGroup");
    azure.shutdown().await;
}

#[tokio::test]
async fn databases_are_a_set() {
    let azure = Azure::start().await;
    let made = azure.call_in(PREVIEW, Method::PUT, MULTI, Some(multi(&["db1", "db2"]))).await;
    assert_eq!(made.status, 202, "{made:?}");
    azure.pass(20);
    assert_eq!(names(&properties_in(&azure, PREVIEW, MULTI).await), ["db2", "db1"]);
    azure.shutdown().await;

    // A list replaces the one before, in the versions and for the links that have lists.
    let azure = Azure::changed(|estate, _| {
        let sql = &mut estate.sql_servers[0];
        let mut stock = sql.database("Sales").unwrap().clone();
        stock.name = "Stock".into();
        stock.id += 100;
        stock.guid = "5aa1e500-0000-4000-8000-000000000001".into();
        sql.databases.push(stock);
    })
    .await;
    azure.prepare_groups(true, &["Sales", "Stock"]).await;
    let mut body = multi(&["Sales", "Stock"]);
    body["properties"]["instanceLinkRole"] = json!("Primary");
    let made = azure.call_in(PREVIEW, Method::PUT, "distributedAvailabilityGroups/multi1", Some(body)).await;
    azure.done(&made).await;
    let found = properties_in(&azure, PREVIEW, MULTI).await;
    assert_eq!(names(&found), ["Sales", "Stock"], "{found}");
    let one = json!({ "properties": { "databases": [{ "databaseName": "Sales" }] } });
    let changed = azure.call_in(PREVIEW, Method::PATCH, MULTI, Some(one.clone())).await;
    azure.done(&changed).await;
    assert_eq!(names(&properties_in(&azure, PREVIEW, MULTI).await), ["Sales"]);
    let refused = azure.patch(MULTI, one["properties"].clone()).await;
    assert_eq!(refused.code(), "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases");
    azure.shutdown().await;

    let azure = Azure::linked().await;
    let refused = azure.call_in(PREVIEW, Method::PATCH, LINK, Some(one)).await;
    assert_eq!(refused.code(), "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases");
    azure.shutdown().await;
}

#[tokio::test]
async fn only_multi_database_links_have_a_rule_for_names() {
    let azure = Azure::start().await;
    for name in ["Multi1", "-multi", "multi-", "multi_1"] {
        let link = format!("distributedAvailabilityGroups/{name}");
        let refused = azure.call_in(PREVIEW, Method::PUT, &link, Some(multi(&["a", "b"]))).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "InvalidMultiDbDistributedAvailabilityGroupName"),
            "{name}"
        );
    }
    let link = "distributedAvailabilityGroups/Link_1-of$SALES";
    let accepted = azure.put(link, link_properties("Secondary")).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    azure.pass(20);
    assert_eq!(azure.get(&link.to_uppercase()).await.body["name"], "Link_1-of$SALES");
    azure.shutdown().await;
}

#[tokio::test]
async fn the_id_of_a_group_comes_from_its_names() {
    let azure = Azure::start().await;
    let id = async |link: &str| {
        let made = azure.put(link, link_properties("Secondary")).await;
        azure.pass(20);
        let id = azure.get(link).await.body["properties"]["distributedAvailabilityGroupId"].clone();
        let deleted = azure.delete(link).await;
        azure.done(&deleted).await;
        assert_eq!(azure.after(&made, 0).await["status"], "Canceled");
        id
    };
    let first = id(LINK).await;
    assert!(uuid::Uuid::try_parse(first.as_str().unwrap()).is_ok());
    assert_eq!(id(LINK).await, first);
    assert_ne!(id("distributedAvailabilityGroups/Other").await, first);
    azure.shutdown().await;
}

#[tokio::test]
async fn positions_follow_the_role() {
    let secondary = Azure::linked().await;
    let primary = Azure::linked_from_instance().await;
    for (azure, has, has_not) in
        [(&secondary, "lastReceivedLsn", "lastSentLsn"), (&primary, "lastSentLsn", "lastReceivedLsn")]
    {
        let database = properties_in(azure, PREVIEW, LINK).await["databases"][0].clone();
        let lsn = database[has].as_str().unwrap();
        assert!(lsn.len() > 10 && lsn.chars().all(|c| c.is_ascii_digit()), "{lsn}");
        assert!(database.get(has_not).is_none(), "{database}");
        assert!(database["instanceSendReplicationLagSeconds"].as_i64().unwrap() >= 0, "{database}");
    }
    // Nothing is sent by who gave the primary role away.
    let moved = primary.post(&format!("{LINK}/failover"), json!({ "failoverType": "Planned" })).await;
    primary.done(&moved).await;
    let database = properties_in(&primary, PREVIEW, LINK).await["databases"][0].clone();
    assert_eq!(database["instanceSendReplicationLagSeconds"], -1);
    secondary.shutdown().await;
    primary.shutdown().await;
}

#[tokio::test]
async fn seeding_is_told_in_percent_while_it_lasts() {
    let azure = Azure::changed(|estate, settings| {
        estate.seeding_rate = 1 << 20;
        settings.token_lifetime = time::Duration::days(2);
    })
    .await;
    azure.prepare(false).await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(azure.after(&made, 60).await["status"], "InProgress");
    let seeding = properties_in(&azure, PREVIEW, LINK).await["databases"][0].clone();
    assert_eq!(seeding["replicaState"], "LinkInitialSeeding");
    let progress = seeding["seedingProgress"].as_str().unwrap();
    let percent: u8 = progress.strip_suffix('%').unwrap().parse().unwrap();
    assert!(percent < 100, "{progress}");
    let copy = async || azure.get("databases/Sales").await.body["properties"]["status"].clone();
    assert_eq!(copy().await, "Restoring");
    azure.pass(86_400);
    assert_eq!(copy().await, "Online", "though it takes no writes");
    let refused = azure.delete("databases/Sales").await;
    assert_eq!((refused.status, refused.code()), (409, "ConflictingDatabaseOperation"));
    let seeded = properties_in(&azure, PREVIEW, LINK).await["databases"][0].clone();
    assert_eq!(seeded["replicaState"], "LinkSynchronizing");
    assert!(seeded.get("seedingProgress").is_none(), "{seeded}");
    azure.shutdown().await;
}

#[tokio::test]
async fn an_error_is_a_number_until_the_newest_version() {
    let azure = Azure::start().await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    azure.pass(400);
    assert_eq!(azure.after(&made, 0).await["status"], "Failed");
    let found = properties_in(&azure, "2025-01-01", LINK).await;
    assert_eq!(found["databases"][0]["mostRecentLinkError"], "41962");
    assert!(found.get("mostRecentError").is_none(), "{found}");
    let found = properties_in(&azure, "2026-08-01-preview", LINK).await;
    assert_eq!(found["mostRecentError"], "41962");
    assert!(found["mostRecentErrorMessage"].as_str().unwrap().contains("within 5 minutes"), "{found}");
    azure.shutdown().await;
}

#[tokio::test]
async fn a_link_that_could_not_be_made_stays_until_it_is_deleted() {
    let azure = Azure::start().await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    azure.pass(20);
    let young = azure.get(LINK).await.body["properties"]["databases"][0].clone();
    assert_eq!(
        (&young["replicaState"], &young["partnerAuthCertValidity"]),
        (&json!("InitiatingLink"), &json!({}))
    );
    azure.pass(400);
    assert_eq!(azure.after(&made, 0).await["status"], "Failed");
    assert_eq!(azure.get(LINK).await.body["properties"]["databases"][0]["replicaState"], "LinkInitError");
    for link in [LINK, "distributedAvailabilityGroups/Other"] {
        let again = azure.put(link, link_properties("Secondary")).await;
        assert_eq!(azure.after(&again, 20).await["error"]["code"], "ManagedDatabaseNameInUse", "{link}");
    }
    let deleted = azure.delete(LINK).await;
    azure.done(&deleted).await;
    let again = azure.put(LINK, link_properties("Secondary")).await;
    assert_eq!(azure.after(&again, 20).await["status"], "InProgress");
    azure.shutdown().await;
}

/// What ARM says of the link's one database.
async fn database(azure: &Azure) -> Value {
    properties_in(azure, PREVIEW, LINK).await["databases"][0].clone()
}

#[tokio::test]
async fn an_error_of_replication_outlives_a_forced_failover() {
    let azure = Azure::prepared().await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    azure.done(&made).await;
    let shown = database(&azure).await["partnerAuthCertValidity"].clone();
    assert!(shown["certificateName"] == "sql1" && shown["expiryDate"].is_string(), "{shown}");
    // By what the recorded link came to its error is not known; here a database leaves its group, where that is allowed.
    azure.world(|estate| estate.opposites.insert(assumption::KEPT_DATABASE));
    azure.sql("ALTER AVAILABILITY GROUP [AG_Sales] REMOVE DATABASE [Sales]").await;
    // Its making succeeded all the same.
    assert_eq!(azure.after(&made, 30).await["status"], "Succeeded");
    let said = |database: &Value| {
        ["replicaState", "synchronizationHealth", "connectedState", "mostRecentLinkError"]
            .map(|name| database[name].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(said(&database(&azure).await), ["LinkSynchronizationError", "HEALTHY", "CONNECTED", "41977"]);
    let moved =
        azure.post(&format!("{LINK}/failover"), json!({ "failoverType": "ForcedAllowDataLoss" })).await;
    azure.done(&moved).await;
    let after = database(&azure).await;
    assert_eq!(said(&after)[..3], ["LinkSynchronizationError", "NOT_HEALTHY", "DISCONNECTED"]);
    assert_eq!((&after["lastSentLsn"], &after["lastHardenedLsn"]), (&json!("1"), &json!("0")));
    azure.shutdown().await;
}

#[tokio::test]
async fn forced_away_from_the_instance_nobody_is_primary() {
    let azure = Azure::linked_from_instance().await;
    let there = || azure.world(|estate| estate.sql_servers[0].group("DAG_Sales").unwrap().role);
    assert_eq!(there(), Role::Secondary);
    let moved =
        azure.post(&format!("{LINK}/failover"), json!({ "failoverType": "ForcedAllowDataLoss" })).await;
    azure.done(&moved).await;
    let found = azure.get(LINK).await.body["properties"].clone();
    assert_eq!(
        (&found["instanceLinkRole"], &found["partnerLinkRole"]),
        (&json!("Secondary"), &json!("Primary"))
    );
    assert_eq!(there(), Role::Secondary, "SQL Server was not asked");
    azure.shutdown().await;
}

#[tokio::test]
async fn what_was_deleted_is_gone_when_its_operation_has_ended() {
    for late in [false, true] {
        let azure = Azure::linked().await;
        if late {
            azure.world(|estate| estate.opposites.insert(assumption::GONE_AT_ONCE));
        }
        let shown = async |one: &str| {
            let (list, _) = one.split_once('/').unwrap();
            let listed = azure.get(list).await.body["value"].as_array().unwrap().len() == 1;
            let found = azure.get(one).await.status == 200;
            assert_eq!(listed, found, "{one}: list and item say the same");
            found
        };
        for one in [LINK, "serverTrustCertificates/sql1"] {
            let deleted = azure.delete(one).await;
            assert!(shown(one).await, "{one}, while the operation runs");
            assert_eq!(azure.after(&deleted, 16).await["status"], "Succeeded");
            assert_eq!(shown(one).await, late, "{one}");
            azure.pass(30);
            assert!(!shown(one).await, "{one}");
        }
        azure.shutdown().await;
    }
}

#[tokio::test]
async fn actions_came_with_their_versions() {
    let azure = Azure::linked_from_instance().await;
    let act = async |version: &str, verb: &str, body: Value| {
        azure.call_in(version, Method::POST, &format!("{LINK}/{verb}"), Some(body)).await
    };
    let planned = json!({ "failoverType": "Planned" });
    for (version, verb) in
        [("2021-11-01", "setRole"), ("2022-11-01-preview", "failover"), ("2025-01-01", "promote")]
    {
        let refused = act(version, verb, planned.clone()).await;
        assert_eq!((refused.status, refused.code()), (404, "InvalidResourceType"), "{version} {verb}");
    }
    for body in [json!({ "instanceRole": "Secondary" }), json!({ "roleChangeType": "Planned" }), json!({})] {
        let refused = act("2022-05-01-preview", "setRole", body).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"));
    }
    azure.world(|estate| estate.opposites.insert(assumption::REFUSAL_CODES));
    let refused = act("2022-05-01-preview", "setRole", json!({ "instanceRole": "Leader" })).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidResourceIdSegment"));
    let set = act(
        "2022-05-01-preview",
        "setRole",
        json!({ "instanceRole": "Secondary", "roleChangeType": "Planned" }),
    );
    let set = set.await;
    azure.done(&set).await;
    assert_eq!(azure.get(LINK).await.body["properties"]["instanceLinkRole"], "Secondary");
    azure.shutdown().await;
}

#[tokio::test]
async fn a_planned_failover_swaps_roles_and_ends_in_async() {
    let azure = Azure::linked_from_instance().await;
    let sync = azure.patch(LINK, json!({ "replicationMode": "Sync" })).await;
    azure.done(&sync).await;
    let found = azure.get(LINK).await.body["properties"].clone();
    assert_eq!((&found["replicationMode"], &found["partnerLinkRole"]), (&json!("Sync"), &json!("Secondary")));
    let moved = azure.post(&format!("{LINK}/failover"), json!({ "failoverType": "Planned" })).await;
    azure.done(&moved).await;
    let found = azure.get(LINK).await.body["properties"].clone();
    assert_eq!(found["instanceLinkRole"], "Secondary");
    assert_eq!((&found["replicationMode"], &found["partnerLinkRole"]), (&json!("Async"), &json!("Primary")));
    azure.shutdown().await;
}

/// Documented is the JOIN before the PUT; after it there are the five minutes in which replication has to start.
#[tokio::test]
async fn a_join_may_come_before_the_put_or_within_five_minutes_after_it() {
    let before = Azure::linked_from_instance().await;
    assert_eq!(
        before.get(LINK).await.body["properties"]["databases"][0]["replicaState"],
        "LinkSynchronizing"
    );
    before.shutdown().await;
    for (seconds, end) in [(120, "Succeeded"), (310, "Failed")] {
        let azure = Azure::start().await;
        azure.prepare(true).await;
        azure.sql("DROP AVAILABILITY GROUP [DAG_Sales]").await;
        let made = azure.put(LINK, link_properties("Primary")).await;
        azure.pass(seconds);
        assert_eq!(azure.get(LINK).await.status, 200);
        azure.join().await;
        assert_eq!(azure.after(&made, 200).await["status"], end, "after {seconds} s");
        azure.shutdown().await;
    }
}

#[tokio::test]
async fn the_flat_shape_is_still_taken() {
    let azure = Azure::prepared().await;
    let whole = json!({
        "targetDatabase": "Sales",
        "sourceEndpoint": "TCP://10.0.0.4:5022",
        "primaryAvailabilityGroupName": "AG_Sales",
        "secondaryAvailabilityGroupName": "AG_Sales_MI",
    });
    for missing in whole.as_object().unwrap().keys() {
        let mut part = whole.clone();
        part.as_object_mut().unwrap().remove(missing);
        let body = json!({ "properties": part });
        let refused = azure.call_in("2021-11-01", Method::PUT, LINK, Some(body)).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"), "{missing}");
        assert!(refused.message().to_lowercase().contains(&missing.to_lowercase()), "{refused:?}");
    }
    let body = json!({ "properties": whole });
    let made = azure.call_in("2021-11-01", Method::PUT, LINK, Some(body)).await;
    azure.done(&made).await;
    assert_eq!(properties_in(&azure, "2021-11-01", LINK).await["linkState"], "Catchup");
    assert_eq!(names(&properties_in(&azure, "2025-01-01", LINK).await), ["Sales"]);
    azure.shutdown().await;
}

#[tokio::test]
async fn what_a_version_does_not_have_counts_for_nothing() {
    let azure = Azure::start().await;
    let refused = azure.call(Method::PUT, MULTI, Some(multi(&["a", "b"]))).await;
    assert_eq!(refused.code(), "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases");
    let accepted = azure.call(Method::PUT, MULTI, Some(multi(&["a"]))).await;
    assert_eq!(accepted.body["operation"], "DistributedAvailabilityGroupsLinkCreate", "{accepted:?}");
    azure.shutdown().await;
}

/// The five versions that clients use, each with exactly its properties.
#[tokio::test]
async fn each_version_shows_exactly_its_own_properties() {
    let azure = Azure::start().await;
    let made = azure.put(LINK, link_properties("Secondary")).await;
    azure.pass(400);
    assert_eq!(azure.after(&made, 0).await["status"], "Failed");
    let flat = "distributedAvailabilityGroupId linkState primaryAvailabilityGroupName replicationMode \
                secondaryAvailabilityGroupName sourceEndpoint sourceReplicaId targetDatabase targetReplicaId";
    let present = "databases distributedAvailabilityGroupId distributedAvailabilityGroupName failoverMode \
                   instanceAvailabilityGroupName instanceLinkRole partnerAvailabilityGroupName partnerEndpoint \
                   partnerLinkRole replicationMode seedingMode";
    let more = |names: &[&'static str]| {
        let mut all: Vec<&str> = present.split_whitespace().chain(names.iter().copied()).collect();
        all.sort_unstable();
        all.join(" ")
    };
    let errors = ["linkMode", "mostRecentError", "mostRecentErrorMessage", "mostRecentErrorTime"];
    for (version, expected) in [
        ("2021-11-01", flat.to_owned()),
        ("2023-08-01", more(&[])),
        ("2025-01-01", more(&[])),
        ("2025-08-01-preview", more(&["linkMode"])),
        ("2026-08-01-preview", more(&errors)),
    ] {
        let found = properties_in(&azure, version, LINK).await;
        let mut names: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), expected, "{version}");
    }
    azure.shutdown().await;
}

impl Azure {
    /// The JOIN of the demonstration's link, whose local group is there.
    async fn join(&self) {
        let (fqdn, name) =
            self.managed(|managed| (managed.view.fqdn.clone(), managed.view.path.name.clone()));
        let how = "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";
        self.sql(&format!(
            "ALTER AVAILABILITY GROUP [DAG_Sales] JOIN AVAILABILITY GROUP ON N'AG_Sales_MI' WITH (LISTENER_URL = \
             N'tcp://{fqdn}:5022;Server=[{name}]', {how}), N'AG_Sales' WITH (LISTENER_URL = N'TCP://10.0.0.4:5022', {how})"
        ))
        .await;
    }

    /// Everything that a link of these databases needs on SQL Server.
    async fn prepare_groups(&self, from_instance: bool, databases: &[&str]) {
        self.trust(0, "sql1").await;
        let groups = Groups {
            link: "multi1",
            endpoint: "TCP://10.0.0.4:5022",
            partner_group: "AG_Sales",
            instance_group: "AG_Sales_MI",
            databases,
            from_instance,
        };
        self.groups(0, &groups).await;
    }
}
