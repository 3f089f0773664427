//! Every recorded answer of the real service, through the client as it is.
//!
//! The server gives the recorded answer to the recorded request and to no other, so paths, methods, versions and bodies
//! are held against what Microsoft's own clients sent. Properties that the client does not read are listed with the
//! reason; one that is neither read nor listed fails.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use terraform_provider_milink::arm::instance::ManagedInstance;
use terraform_provider_milink::arm::link::{Link, NewLink};
use terraform_provider_milink::arm::{Client, Error, LinkId, ManagedInstanceId, TrustCertificateId};
use terraform_provider_milink::certificate::Certificate;

use super::bench::{self, wait};
use super::server::{HOST, Reply, Request};

/// What a link has that the client does not read.
const UNREAD_OF_LINKS: [(&str, &str); 17] = [
    ("/id", "was seen to be the instance's; ids are built"),
    ("/type", "known from the path"),
    ("/properties/distributedAvailabilityGroupName", "the same as the name"),
    ("/properties/databases/instanceReplicaId", "T-SQL tells replicas"),
    ("/properties/databases/partnerReplicaId", "T-SQL tells replicas"),
    ("/properties/databases/lastReceivedLsn", "progress is judged by the hardened LSN"),
    ("/properties/databases/lastReceivedTime", "as above"),
    ("/properties/databases/lastSentLsn", "as above"),
    ("/properties/databases/lastSentTime", "as above"),
    ("/properties/databases/lastCommitLsn", "as above"),
    ("/properties/databases/lastCommitTime", "as above"),
    ("/properties/databases/lastHardenedTime", "as above"),
    ("/properties/databases/lastBackupLsn", "backups are no business of links"),
    ("/properties/databases/lastBackupTime", "as above"),
    ("/properties/databases/instanceSendReplicationLagSeconds", "T-SQL tells the queues"),
    ("/properties/databases/instanceRedoReplicationLagSeconds", "T-SQL tells the queues"),
    ("/systemData", "who and when is the activity log's"),
];

#[tokio::test]
async fn every_recorded_exchange_goes_through_the_client() {
    let Some(pairs) = pairs() else { return };
    let all = pairs.len();
    let (mut whole, mut answers) = (0, 0);
    for pair in pairs {
        match replay(pair).await {
            Read::Whole => whole += 1,
            Read::Answer => answers += 1,
            Read::Nothing => {}
        }
    }
    assert!(whole >= 44, "only {whole} exchanges of {all} were replayed");
    assert_eq!((all - whole - answers, answers), (1, 5), "not replayed, and read for their answers alone");
}

#[tokio::test]
async fn every_recorded_error_is_understood() {
    let Some(pairs) = pairs() else { return };
    let mut codes = std::collections::BTreeSet::new();
    for pair in pairs {
        let (status, body, name) = (pair.status(), pair.response.body.clone(), pair.name.clone());
        if status < 300 {
            continue;
        }
        let gateway =
            pair.response.headers.get("x-ms-failure-cause").and_then(Value::as_str) == Some("gateway");
        let request_id =
            pair.response.headers.get("x-ms-request-id").and_then(Value::as_str).map(str::to_owned);
        let client = bench::client("2023-08-01", move |_| pair.reply()).await;
        // The way by which a client reads an error is one, whatever was asked.
        let error = client.links(&bench::instance()).await.unwrap_err();
        let Error::Service(error) = &*error else { panic!("{name}: {error}") };
        assert_eq!(error.status, status, "{name}");
        assert_eq!(error.code, body["error"]["code"], "{name}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&error.message), words(body["error"]["message"].as_str().unwrap()), "{name}");
        assert!(!error.message.contains('\n'), "{name}: {}", error.message);
        assert_eq!(error.gateway, gateway, "{name}");
        assert_eq!(error.request_id, request_id, "{name}");
        codes.insert(error.code.clone());
    }
    let expected = [
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases",
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestInstanceAvailabilityGroupName",
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestPartnerAvailabilityGroupName",
        "InvalidMultiDbDistributedAvailabilityGroupName",
        "InvalidParameterValue",
        "ResourceNotFound",
    ];
    assert_eq!(codes.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn nothing_of_a_recorded_link_is_lost_unnoticed() {
    let Some(bodies) = recorded_bodies() else { return };
    let mut links = 0;
    for link in resources(&bodies, "Microsoft.Sql/managedInstances/distributedAvailabilityGroups") {
        links += 1;
        let unread = unread::<Link>(link);
        let surprises: Vec<&String> =
            unread.iter().filter(|path| !UNREAD_OF_LINKS.iter().any(|(known, _)| known == path)).collect();
        assert!(surprises.is_empty(), "neither read nor explained: {surprises:?}");
    }
    assert!(links >= 10, "only {links} links were found");
}

#[test]
fn recorded_instances_are_read() {
    let Some(bodies) = recorded_bodies() else { return };
    let instances = resources(&bodies, "Microsoft.Sql/managedInstances");
    assert!(!instances.is_empty());
    for body in instances {
        let instance: ManagedInstance = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(instance.name, body["name"]);
        assert_eq!(
            instance.properties.fully_qualified_domain_name,
            body["properties"]["fullyQualifiedDomainName"]
        );
        assert_eq!(instance.properties.state.as_deref(), body["properties"]["state"].as_str());
    }
}

/// A recorded exchange.
#[derive(Clone, Deserialize)]
struct Pair {
    name: String,
    request: RecordedRequest,
    response: RecordedResponse,
}

#[derive(Clone, Deserialize)]
struct RecordedRequest {
    method: String,
    url: String,
    body: Value,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedResponse {
    status_code: Value,
    headers: serde_json::Map<String, Value>,
    body: Value,
}

/// What of an exchange the client went through.
enum Read {
    /// Request and answer.
    Whole,
    /// The answer: this client never asks so.
    Answer,
    /// Nothing here; an error is read with the other errors.
    Nothing,
}

impl Pair {
    fn status(&self) -> u16 {
        self.response.status_code.to_string().trim_matches('"').parse().unwrap()
    }

    /// The answer as it was.
    fn reply(&self) -> Reply {
        let mut reply = Reply::json(self.status(), &self.response.body);
        for (name, value) in &self.response.headers {
            if name != "content-length" && name != "content-encoding" {
                reply = reply.with(name, value.as_str().unwrap());
            }
        }
        reply
    }
}

/// Does with the client what was done, and looks whether it sees what was answered.
async fn replay(pair: Pair) -> Read {
    let name = pair.name.clone();
    let target = pair.request.url.split_once(HOST).unwrap().1.to_owned();
    let (path, version) = target.split_once("?api-version=").unwrap();
    let version = version.to_owned();
    let segments: Vec<String> = path.split('/').skip(9).map(str::to_owned).collect();
    let instance = ManagedInstanceId::parse(&path.split('/').take(9).collect::<Vec<_>>().join("/")).unwrap();
    let recorded = pair.clone();
    let client = bench::client(&version, move |request| answer(&recorded, &request)).await;
    let status = pair.status();
    let body = &pair.response.body;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (pair.request.method.as_str(), segments.as_slice()) {
        ("GET", ["distributedAvailabilityGroups", rest @ ..]) => {
            let links = client.links(&instance).await.unwrap();
            let recorded =
                if rest.is_empty() { body["value"].as_array().unwrap().clone() } else { found(status, body) };
            assert_eq!(links.len(), recorded.len(), "{name}");
            for (link, recorded) in links.iter().zip(&recorded) {
                same_link(link, recorded, &name);
            }
        }
        ("PUT", ["distributedAvailabilityGroups", link]) => {
            let id = LinkId { instance, name: (*link).to_owned() };
            let Some(new) = as_new_link(&pair.request.body) else {
                // A preview's link with several databases, or several without saying so: nothing that this client sends. It
                // reads the answer, which it may get to what it sends.
                let recorded = pair.clone();
                let client = bench::client(&version, move |request| {
                    if is_poll(&recorded, &request) { ended_operation() } else { recorded.reply() }
                })
                .await;
                let operation = client.create_link(&id, &any_link(), &wait()).await;
                ended(&client, status, body, operation, &name).await;
                return Read::Answer;
            };
            let operation = client.create_link(&id, &new, &wait()).await;
            ended(&client, status, body, operation, &name).await;
        }
        ("DELETE", ["distributedAvailabilityGroups", link]) => {
            let id = LinkId { instance, name: (*link).to_owned() };
            let operation = client.delete_link(&id, &wait()).await;
            ended(&client, status, body, operation, &name).await;
        }
        ("GET", ["serverTrustCertificates", rest @ ..]) => {
            let certificates = client.trust_certificates(&instance).await.unwrap();
            let recorded =
                if rest.is_empty() { body["value"].as_array().unwrap().clone() } else { found(status, body) };
            assert_eq!(certificates.len(), recorded.len(), "{name}");
            for (certificate, recorded) in certificates.iter().zip(&recorded) {
                let parsed = Certificate::from_der(certificate.der.as_deref().unwrap()).unwrap();
                assert_eq!(certificate.name, recorded["name"], "{name}");
                assert_eq!(parsed.sha1(), recorded["properties"]["thumbprint"], "{name}");
                assert_eq!(certificate.thumbprint.as_deref(), Some(parsed.sha1().as_str()), "{name}");
            }
        }
        ("PUT", ["serverTrustCertificates", certificate]) => {
            let id = TrustCertificateId { instance, name: (*certificate).to_owned() };
            let blob = pair.request.body["properties"]["publicBlob"].as_str().unwrap();
            let der = Certificate::parse(blob).unwrap().der().to_vec();
            let operation = client.upload_trust_certificate(&id, &der, &wait()).await;
            ended(&client, status, body, operation, &name).await;
        }
        ("DELETE", ["serverTrustCertificates", certificate]) => {
            let id = TrustCertificateId { instance, name: (*certificate).to_owned() };
            let operation = client.delete_trust_certificate(&id, &wait()).await;
            ended(&client, status, body, operation, &name).await;
        }
        ("GET", ["endpointCertificates", "DATABASE_MIRRORING"]) => {
            let certificate = client.endpoint_certificate(&instance).await.unwrap();
            let certificate = Certificate::from_der(&certificate.der).unwrap();
            let blob = body["properties"]["publicBlob"].as_str().unwrap();
            assert_eq!(certificate.to_hex().strip_prefix("0x"), Some(blob), "{name}");
            assert!(certificate.is_for(&format!("ps2226.{}", certificate.common_name().unwrap())), "{name}");
            assert!(!certificate.is_self_signed(), "{name}");
        }
        // Failovers are no part of this client yet. The one that was recorded was refused.
        ("POST", ["distributedAvailabilityGroups", _, "failover"]) => {
            assert!(status >= 300, "{name}");
            return Read::Nothing;
        }
        other => panic!("{name}: the test does not know {other:?}"),
    }
    Read::Whole
}

/// Whether a request asks for the operation that was accepted.
fn is_poll(pair: &Pair, request: &Request) -> bool {
    let operation = pair.response.headers.get("azure-asyncoperation").and_then(Value::as_str);
    operation.is_some_and(|url| url.ends_with(&request.target))
}

fn ended_operation() -> Reply {
    Reply::json(200, &json!({ "name": "x", "status": "Succeeded", "startTime": "2024-10-30T15:05:22.123Z" }))
}

fn any_link() -> NewLink {
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

/// The recorded answer to the recorded request; operations end at the second question.
fn answer(pair: &Pair, request: &Request) -> Reply {
    assert_eq!(request.authorization, "Bearer token-0");
    let target = pair.request.url.split_once(HOST).unwrap().1;
    let status = pair.status();
    if is_poll(pair, request) {
        assert_eq!(request.method, "GET");
        return ended_operation();
    }
    assert_eq!(request.method, pair.request.method, "{}", pair.name);
    // This client reads lists where others read single resources; then the list is made of what was recorded.
    let (path, query) = target.split_once('?').unwrap();
    let list = path.rsplit_once('/').map(|(list, _)| format!("{list}?{query}"));
    if request.method == "GET"
        && list.as_deref() == Some(request.target.as_str())
        && !path.contains("endpointCertificates")
    {
        return Reply::json(200, &json!({ "value": found(status, &pair.response.body) }));
    }
    assert_eq!(request.target, target, "{}", pair.name);
    if request.method == "PUT" {
        same_properties(&request.body, &pair.request.body, &pair.name);
    }
    pair.reply()
}

/// The operation, or the refusal, is the recorded one.
async fn ended(
    client: &Client,
    status: u16,
    body: &Value,
    operation: Result<terraform_provider_milink::arm::Operation, Error>,
    name: &str,
) {
    if status < 300 {
        let operation = operation.unwrap();
        assert_eq!(
            format!("{operation:?}"),
            format!("Operation({})", body["operation"].as_str().unwrap()),
            "{name}"
        );
        client.finish(&operation, &wait()).await.unwrap();
    } else {
        let error = operation.unwrap_err();
        assert_eq!(error.status(), Some(status), "{name}");
        assert_eq!(error.code(), body["error"]["code"].as_str(), "{name}");
        assert!(!error.is_outcome_unknown(), "{name}: a refusal is an outcome");
    }
}

fn same_link(link: &Link, recorded: &Value, name: &str) {
    let properties = &recorded["properties"];
    assert_eq!(link.name, recorded["name"], "{name}");
    for (read, property) in [
        (&link.properties.instance_link_role, "instanceLinkRole"),
        (&link.properties.partner_link_role, "partnerLinkRole"),
        (&link.properties.partner_endpoint, "partnerEndpoint"),
        (&link.properties.failover_mode, "failoverMode"),
        (&link.properties.seeding_mode, "seedingMode"),
        (&link.properties.replication_mode, "replicationMode"),
        (&link.properties.link_mode, "linkMode"),
        (&link.properties.distributed_availability_group_id, "distributedAvailabilityGroupId"),
    ] {
        assert_eq!(read.as_deref(), properties[property].as_str(), "{name}: {property}");
    }
    let databases = properties["databases"].as_array().unwrap();
    assert_eq!(link.properties.databases.len(), databases.len(), "{name}");
    for (read, database) in link.properties.databases.iter().zip(databases) {
        assert_eq!(read.database_name, database["databaseName"], "{name}");
        assert_eq!(read.replica_state.as_deref(), database["replicaState"].as_str(), "{name}");
        assert_eq!(
            read.most_recent_link_error.as_deref(),
            database["mostRecentLinkError"].as_str(),
            "{name}"
        );
        assert_eq!(read.is_connected(), database["connectedState"] == "CONNECTED", "{name}");
    }
}

/// What was asked for, if this client can ask for it.
fn as_new_link(body: &Value) -> Option<NewLink> {
    let properties = &body["properties"];
    let text = |name: &str| properties[name].as_str().map(str::to_owned);
    let databases = properties["databases"].as_array()?;
    if !properties["linkMode"].is_null() {
        return None;
    }
    Some(NewLink {
        databases: databases
            .iter()
            .filter_map(|database| Some(database["databaseName"].as_str()?.to_owned()))
            .collect(),
        instance_group: text("instanceAvailabilityGroupName").unwrap_or_default(),
        partner_group: text("partnerAvailabilityGroupName").unwrap_or_default(),
        partner_endpoint: text("partnerEndpoint").unwrap_or_default(),
        instance_is_primary: text("instanceLinkRole").as_deref() == Some("Primary"),
        failover_mode: text("failoverMode"),
        seeding_mode: text("seedingMode").unwrap_or_else(|| "Automatic".to_owned()),
    })
}

/// Every property that was recorded is sent too, with the same value. One client sent `replicationMode`, which a create
/// ignores; defaults may be said.
fn same_properties(sent: &Value, recorded: &Value, name: &str) {
    for (property, value) in recorded["properties"].as_object().unwrap() {
        let sent = &sent["properties"][property];
        if property == "replicationMode" || (sent == "" && value.is_null()) {
            continue;
        }
        assert_eq!(sent, value, "{name}: {property}");
    }
}

fn found(status: u16, body: &Value) -> Vec<Value> {
    if status == 200 { vec![body.clone()] } else { Vec::new() }
}

/// Paths of the properties whose change does not change what is read. Items of lists count as one.
fn unread<T: DeserializeOwned + std::fmt::Debug>(body: &Value) -> Vec<String> {
    let whole = format!("{:?}", serde_json::from_value::<T>(body.clone()).unwrap());
    let mut pointers = Vec::new();
    leaves(body, String::new(), &mut pointers);
    pointers.retain(|pointer| {
        let mut changed = body.clone();
        *changed.pointer_mut(pointer).unwrap() = json!("changed");
        // What cannot be read when it is changed is read.
        serde_json::from_value::<T>(changed).is_ok_and(|read| format!("{read:?}") == whole)
    });
    let mut paths: Vec<String> = pointers
        .into_iter()
        .map(|pointer| {
            let parts: Vec<&str> = pointer.split('/').filter(|part| part.parse::<usize>().is_err()).collect();
            parts.join("/")
        })
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

fn leaves(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            object.iter().for_each(|(name, value)| leaves(value, format!("{pointer}/{name}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, value)| leaves(value, format!("{pointer}/{place}"), found));
        }
        _ => found.push(pointer),
    }
}

/// The resources of a type, from single answers and lists.
fn resources<'a>(bodies: &'a [Value], kind: &str) -> Vec<&'a Value> {
    bodies
        .iter()
        .flat_map(|body| body["value"].as_array().map_or_else(|| vec![body], |items| items.iter().collect()))
        .filter(|resource| resource["type"] == kind)
        .collect()
}

/// All answers of all recordings.
fn recorded_bodies() -> Option<Vec<Value>> {
    let mut bodies = Vec::new();
    for folder in ["azure-cli", "azure-powershell"] {
        for file in files(folder, "yaml")? {
            for line in std::fs::read_to_string(&file).unwrap().lines() {
                // The one form in which the recordings hold bodies: a quoted line of YAML, '' for an apostrophe.
                let Some(text) =
                    line.trim().strip_prefix("string: '").and_then(|text| text.strip_suffix('\''))
                else {
                    continue;
                };
                if !text.is_empty() {
                    bodies.push(serde_json::from_str(&text.replace("''", "'")).unwrap());
                }
            }
        }
    }
    Some(bodies)
}

/// All recorded exchanges.
fn pairs() -> Option<Vec<Pair>> {
    let read = |file: PathBuf| -> Vec<Pair> {
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    Some(files("pairs", "json")?.into_iter().flat_map(read).collect())
}

/// The recordings of a folder; says so where there are none.
fn files(folder: &str, extension: &str) -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("MILINK_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("data/recordings").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: the recordings are neither in ../shared nor where MILINK_SHARED says");
        return None;
    };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no recordings", folder.display());
    Some(files)
}
