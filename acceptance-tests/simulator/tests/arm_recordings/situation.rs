//! The estate in which a recording was made, and what happened in it between two requests.

use std::collections::BTreeMap;

use milink_simulator::scene::Scene;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arm_support::{Answer, Azure, CLIENT, Groups, TENANT};
use super::recording::{Entry, Recording};

/// An estate in the table's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Described {
    region: String,
    tier: String,
    #[serde(default)]
    update_policy: Option<String>,
    /// Properties of the instance's view that the scene's format has no word for.
    #[serde(default)]
    v_cores: Option<u32>,
    #[serde(default)]
    storage_gb: Option<u32>,
    #[serde(default)]
    administrator: Option<String>,
    #[serde(default)]
    license: Option<String>,
    #[serde(default)]
    collation: Option<String>,
    #[serde(default)]
    next_generation: bool,
    #[serde(default)]
    passive: bool,
    #[serde(default)]
    public_endpoint: bool,
    /// Links carry the id of the instance, as they did until August 2024.
    #[serde(default)]
    instance_ids_in_links: bool,
    /// SQL Servers with what they have for links.
    #[serde(default)]
    sql_servers: Vec<SqlServer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SqlServer {
    address: String,
    #[serde(default)]
    version: Option<String>,
    /// Name under which its certificate was uploaded.
    certificate: String,
    link: String,
    instance_group: String,
    partner_group: String,
    /// As it is sent: `tcp://10.0.1.8:5022`.
    endpoint: String,
    databases: Vec<String>,
    /// The instance is primary.
    #[serde(default)]
    from_instance: bool,
    /// Nothing is prepared for the link.
    #[serde(default)]
    unprepared: bool,
    #[serde(default)]
    more_databases: Vec<String>,
}

/// A simulator in that estate.
pub(crate) struct Situation {
    azure: Azure,
    /// By the operation's id in the recording.
    polls: BTreeMap<String, String>,
    /// The operation that was accepted last.
    last: Option<String>,
}

impl Situation {
    pub(crate) async fn set(recording: &Recording, described: &Described) -> Self {
        let servers: Vec<Value> = described
            .sql_servers
            .iter()
            .enumerate()
            .map(|(number, server)| {
                let all = server.databases.iter().chain(&server.more_databases);
                json!({
                    "host": format!("sql{number}.corp.example"),
                    "aliases": [server.address],
                    "version": server.version.as_deref().unwrap_or("2022"),
                    "logins": [{ "name": "terraform", "password": "Str0ng and long?" }],
                    "databases": all.map(|name| json!({ "name": name })).collect::<Vec<_>>(),
                })
            })
            .collect();
        let scene: Scene = Scene::new(
            serde_json::from_value(json!({
                "sql_servers": servers,
                "managed_instances": [{
                    "id": recording.instance(),
                    "location": described.region,
                    "tier": described.tier,
                    "update_policy": described.update_policy,
                    "v_cores": described.v_cores,
                    "storage_gb": described.storage_gb,
                }],
                "applications": [{
                    "tenant_id": TENANT,
                    "client_id": CLIENT,
                    "client_secret_variable": "client_secret",
                }],
                "variables": { "sql_password": "Str0ng and long?" },
            }))
            .unwrap(),
        )
        .unwrap();
        let azure = Azure::of(scene, |estate, settings| {
            settings.instance_ids_in_links = described.instance_ids_in_links;
            let view = &mut estate.managed_instances[0].view;
            view.general_purpose_v2 = described.next_generation;
            view.public_endpoint = described.public_endpoint;
            if described.passive {
                view.hybrid_secondary_usage = "Passive".into();
            }
            for (to, from) in [
                (&mut view.administrator, &described.administrator),
                (&mut view.license, &described.license),
                (&mut view.collation, &described.collation),
            ] {
                if let Some(from) = from {
                    to.clone_from(from);
                }
            }
        })
        .await;
        for (number, server) in described.sql_servers.iter().enumerate() {
            if server.unprepared {
                continue;
            }
            azure.trust(number, &server.certificate).await;
            let databases: Vec<&str> = server.databases.iter().map(String::as_str).collect();
            let groups = Groups {
                link: &server.link,
                endpoint: &server.endpoint,
                partner_group: &server.partner_group,
                instance_group: &server.instance_group,
                databases: &databases,
                from_instance: server.from_instance,
            };
            azure.groups(number, &groups).await;
        }
        Self { azure, polls: BTreeMap::new(), last: None }
    }

    /// `pass SECONDS`, `opposite ASSUMED`, `state WORD`, `sql SERVER BATCH`, `METHOD CHILD [BODY]`.
    pub(crate) async fn act(&mut self, step: &str) {
        let (verb, rest) = step.split_once(' ').unwrap();
        match verb {
            "pass" => self.azure.pass(rest.parse().unwrap()),
            "opposite" => {
                let number = rest.parse().unwrap();
                self.azure.world(|estate| estate.opposites.insert(number));
            }
            "state" => self.azure.managed(|managed| {
                managed.view.state = rest.to_owned();
                let works = rest == "Ready";
                managed.view.provisioning_state = if works { "Succeeded" } else { rest }.to_owned();
            }),
            "sql" => {
                let (server, batch) = rest.split_once(' ').unwrap();
                self.azure.sql_on(server.parse().unwrap(), &[batch.to_owned()]).await;
            }
            method => {
                let (child, body) = match rest.split_once(' ') {
                    Some((child, body)) => (child, Some(serde_json::from_str(body).unwrap())),
                    None => (rest, None),
                };
                let answer =
                    self.azure.call_in("2025-08-01-preview", method.parse().unwrap(), child, body).await;
                assert_eq!(answer.status, 202, "{step}: {answer:?}");
                self.last = answer.header("azure-asyncoperation").map(str::to_owned);
            }
        }
    }

    /// Sends a recorded request; polls go to the URL that the simulator gave for the same operation.
    pub(crate) async fn replay(&mut self, entry: &Entry) -> Answer {
        let (_, path) = entry.url.split_once("management.azure.com").unwrap();
        let url = match path.split_once("AzureAsyncOperation/") {
            Some((_, id)) => {
                let id = id.split('?').next().unwrap();
                self.polls.get(id).or(self.last.as_ref()).expect("an operation").clone()
            }
            None => path.to_owned(),
        };
        let method = Method::from_bytes(entry.method.as_bytes()).unwrap();
        let answer = self.azure.send(method, &url, entry.request.as_ref()).await;
        if let Some(poll) = answer.header("azure-asyncoperation") {
            self.last = Some(poll.to_owned());
            if let Some((_, id)) = entry.poll.as_ref().and_then(|url| url.split_once("AzureAsyncOperation/"))
            {
                self.polls.insert(id.split('?').next().unwrap().to_owned(), poll.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn end(self) {
        self.azure.shutdown().await;
    }
}
