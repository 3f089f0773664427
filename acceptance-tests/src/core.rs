//! The quickstart without Terraform: its objects in their order, driven through the provider in this process.
//!
//! For sweeps over many points, where a real Terraform for each would take hours. That this order and these
//! configurations are the quickstart's is checked against the real one: the journals of both hold the same deeds, word
//! for word (`tests/sweep.rs`). What core does around the calls is `framework::harness`; what it stores after a provider that
//! died or failed is here: a create that brought nothing back stores nothing, a delete that failed keeps the object.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::harness::{Action, Harness, Problem, Stored};
use terraform_provider_milink::framework::value::{Object, Value};
use terraform_provider_milink::provider::{Milink, rehearsal, server_of};
use tokio::sync::Notify;

use crate::opposites;
use crate::single::roots;

/// Why a run ended.
#[derive(Debug)]
pub enum End {
    /// Everything was done; the types of the actions that were taken, by address.
    Done(Vec<(String, Action)>),
    /// The provider was killed.
    Killed,
    /// It was asked to stop, and what ran came to an end.
    Stopped,
    /// An object failed.
    Failed(String),
}

/// Interrupts a run from outside.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    kill: Arc<Notify>,
    stop: Arc<Notify>,
}

impl Interrupt {
    /// Kills the provider.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// Asks it to stop, as Ctrl-C does.
    pub fn stop(&self) {
        self.stop.notify_one();
    }
}

/// The quickstart and its state.
#[derive(Debug)]
pub struct Quickstart {
    rehearsal: PathBuf,
    variables: BTreeMap<String, String>,
    /// Whether the roots vouch for the names of the instance's zone only, and whether only those with RSA keys are imported:
    /// what [`opposites::configuration`] writes for Terraform.
    roots: (bool, bool),
    /// What somebody wrote into an object's block, beyond the quickstart.
    written: BTreeMap<String, (String, Json)>,
    /// By address, in no order.
    pub state: BTreeMap<String, Stored>,
    /// How many objects were applied or destroyed so far.
    pub progress: Arc<AtomicUsize>,
}

/// An object of the configuration.
struct Node {
    address: String,
    type_name: &'static str,
    config: Json,
}

impl Quickstart {
    /// Nothing is there yet. `rehearsal` is the simulator's file, `variables` those of the scene.
    pub fn new(rehearsal: PathBuf, variables: BTreeMap<String, String>) -> Self {
        Self {
            rehearsal,
            variables,
            roots: (opposites::in_force(20), opposites::in_force(43)),
            written: BTreeMap::new(),
            state: BTreeMap::new(),
            progress: Arc::default(),
        }
    }

    /// Writes an argument into an object's block.
    pub fn write(&mut self, address: &str, argument: &str, value: Json) {
        self.written.insert(address.to_owned(), (argument.to_owned(), value));
    }

    /// Plans and applies every object in its order, in a provider of its own that lives as long as this call.
    pub fn apply(&mut self, interrupt: &Interrupt) -> End {
        self.in_a_provider(interrupt, Way::Up)
    }

    /// Plans and applies one object.
    pub fn apply_only(&mut self, address: &str) -> End {
        self.in_a_provider(&Interrupt::default(), Way::Only(address.to_owned()))
    }

    /// Forgets the state and takes what can be imported into a new one by its id.
    pub fn import(&mut self) -> End {
        self.in_a_provider(&Interrupt::default(), Way::Import)
    }

    /// Destroys every object in the opposite order.
    pub fn destroy(&mut self, interrupt: &Interrupt) -> End {
        self.in_a_provider(interrupt, Way::Down)
    }

    /// Whether state says that an object was taken over.
    pub fn is_adopted(&self, address: &str) -> bool {
        self.state.get(address).is_some_and(|stored| matches!(stored.value("adopted"), Value::Bool(true)))
    }

    fn in_a_provider(&mut self, interrupt: &Interrupt, way: Way) -> End {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // What was spawned ends with the runtime, wherever it waits: connections close as those of a dead process.
        runtime.block_on(async {
            tokio::select! {
                end = self.run(interrupt, way) => end,
                () = interrupt.kill.notified() => End::Killed,
            }
        })
    }

    async fn run(&mut self, interrupt: &Interrupt, way: Way) -> End {
        let file = self.rehearsal.to_str().unwrap().to_owned();
        let provider = Milink::with_environment(Arc::new(move |name| {
            (name == rehearsal::VARIABLE).then(|| file.clone())
        }));
        let harness = Harness::new(server_of(provider, None));
        let result = match way {
            Way::Up => self.up(&harness, interrupt, None).await,
            Way::Only(address) => self.up(&harness, interrupt, Some(&address)).await,
            Way::Import => self.take_over(&harness).await,
            Way::Down => self.down(&harness, interrupt).await,
        };
        result.unwrap_or_else(|problem| End::Failed(problem.to_string()))
    }

    async fn up(
        &mut self,
        harness: &Harness<Milink>,
        interrupt: &Interrupt,
        only: Option<&str>,
    ) -> Result<End, Problem> {
        harness.configure(self.provider_block()).await?;
        let mut taken = Vec::new();
        for step in 0.. {
            // Later objects refer to what earlier ones became.
            let mut nodes = self.nodes(harness).await?;
            if step >= nodes.len() {
                break;
            }
            let mut node = nodes.swap_remove(step);
            if only.is_some_and(|only| only != node.address) {
                continue;
            }
            if let Some((argument, value)) = self.written.get(&node.address) {
                node.config[argument] = value.clone();
            }
            let config = harness.config(node.type_name, node.config)?;
            let plan = harness.plan(node.type_name, self.state.get(&node.address), &config).await?;
            match &plan.prior {
                Some(refreshed) => drop(self.state.insert(node.address.clone(), refreshed.clone())),
                None => drop(self.state.remove(&node.address)),
            }
            taken.push((node.address.clone(), plan.action.clone()));
            let mut stopped = false;
            let applied = harness
                .apply_until(plan, async {
                    interrupt.stop.notified().await;
                    stopped = true;
                })
                .await?;
            match applied.stored {
                Some(stored) => drop(self.state.insert(node.address.clone(), stored)),
                None => drop(self.state.remove(&node.address)),
            }
            self.progress.fetch_add(1, Ordering::SeqCst);
            if stopped {
                return Ok(End::Stopped);
            }
            if applied.diagnostics.has_errors() {
                return Ok(End::Failed(format!(
                    "{}: {}",
                    node.address,
                    Problem::Diagnostics(applied.diagnostics)
                )));
            }
        }
        Ok(End::Done(taken))
    }

    async fn take_over(&mut self, harness: &Harness<Milink>) -> Result<End, Problem> {
        harness.configure(self.provider_block()).await?;
        let mut taken = Vec::new();
        for (address, stored) in std::mem::take(&mut self.state) {
            let type_name = address.split('.').next().unwrap_or_default();
            let id = match type_name {
                // A gate is no object outside Terraform.
                "milink_link_synchronization" => continue,
                "milink_master_key" | "milink_mirroring_endpoint" => "hq".to_owned(),
                "milink_certificate" | "milink_imported_certificate" | "milink_availability_group" => {
                    format!("hq/{}", crate::single::text(&stored, "name"))
                }
                _ => crate::single::text(&stored, "id"),
            };
            let imported = harness.import(type_name, &id).await?;
            self.state.insert(address.clone(), imported);
            taken.push((address, Action::NoOp));
        }
        Ok(End::Done(taken))
    }

    async fn down(&mut self, harness: &Harness<Milink>, interrupt: &Interrupt) -> Result<End, Problem> {
        harness.configure(self.provider_block()).await?;
        let mut taken = Vec::new();
        // All plans come first: a guard that refuses one object keeps all of them.
        let mut plans = Vec::new();
        for node in self.nodes(harness).await?.into_iter().rev() {
            let Some(stored) = self.state.get(&node.address) else { continue };
            plans.push((node.address, harness.plan_destroy(node.type_name, stored).await?));
        }
        for (address, plan) in plans {
            taken.push((address.clone(), plan.action.clone()));
            let mut stopped = false;
            let applied = harness
                .apply_until(plan, async {
                    interrupt.stop.notified().await;
                    stopped = true;
                })
                .await?;
            match applied.stored {
                Some(stored) => drop(self.state.insert(address.clone(), stored)),
                None => drop(self.state.remove(&address)),
            }
            self.progress.fetch_add(1, Ordering::SeqCst);
            if stopped {
                return Ok(End::Stopped);
            }
            if applied.diagnostics.has_errors() {
                return Ok(End::Failed(format!("{address}: {}", Problem::Diagnostics(applied.diagnostics))));
            }
        }
        Ok(End::Done(taken))
    }

    fn variable(&self, name: &str, default: &str) -> String {
        self.variables.get(name).cloned().unwrap_or_else(|| default.to_owned())
    }

    fn provider_block(&self) -> Json {
        json!({
            "azure": {
                "subscription_id": SUBSCRIPTION,
                "tenant_id": "99999999-8888-4777-8666-555555555555",
                "client_id": "12345678-1234-4234-8234-123456789abc",
                "client_secret": self.variable("client_secret", ""),
            },
            "sql_server": [{
                "name": "hq",
                "host": "sql1.corp.example",
                "sql_login": { "username": "terraform", "password": self.variable("sql_password", "") },
            }],
        })
    }

    /// The objects of `examples/quickstart`, in an order that its references allow. What refers to an object that is
    /// not there yet is left out.
    async fn nodes(&self, harness: &Harness<Milink>) -> Result<Vec<Node>, Problem> {
        let instance = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/data-platform/providers/Microsoft.Sql/managedInstances/mi-sales"
        );
        let partner = "TCP://10.0.0.4:5022";
        let mut nodes = vec![
            node(
                "milink_master_key.hq",
                "milink_master_key",
                json!({
                    "sql_server": "hq",
                    "password_wo": self.variable("master_key_password", ""),
                    "password_wo_version": 1,
                }),
            ),
            node(
                "milink_certificate.endpoint",
                "milink_certificate",
                json!({
                    "sql_server": "hq", "name_prefix": "milink_", "valid_for": "1825d", "rotate_before": "60d",
                }),
            ),
        ];
        let (shown, _) = harness
            .data_source("milink_endpoint_certificate", json!({ "managed_instance_id": instance }))
            .await?;
        let fqdn = text(&shown, "fully_qualified_domain_name");
        let (of_the_zone, only_rsa) = self.roots;
        let pattern = match fqdn.as_str().unwrap_or_default().split('.').nth(1) {
            Some(zone) if of_the_zone => format!("*.{zone}.database.windows.net"),
            _ => "*.database.windows.net".to_owned(),
        };
        for (key, root) in roots(harness).await {
            if only_rsa && text(&root, "key_algorithm") != "RSA" {
                continue;
            }
            let address = format!("milink_imported_certificate.root[\"{key}\"]");
            nodes.push(node(
                &address,
                "milink_imported_certificate",
                json!({
                    "sql_server": "hq",
                    "name": text(&root, "name"),
                    "certificate": text(&root, "certificate"),
                    "trusted_for_dns": [pattern],
                }),
            ));
        }
        nodes.push(node(
            "milink_imported_certificate.instance",
            "milink_imported_certificate",
            json!({
                "sql_server": "hq",
                "name": fqdn,
                "certificate": text(&shown, "certificate"),
            }),
        ));
        let Some(endpoint) = self.state.get("milink_certificate.endpoint") else { return Ok(nodes) };
        nodes.push(node(
            "milink_server_trust_certificate.hq",
            "milink_server_trust_certificate",
            json!({
                "managed_instance_id": instance,
                "name": text(&endpoint.state, "name"),
                "certificate": text(&endpoint.state, "certificate"),
            }),
        ));
        nodes.push(node(
            "milink_mirroring_endpoint.hq",
            "milink_mirroring_endpoint",
            json!({
                "sql_server": "hq",
                "port": 5022,
                "certificate": text(&endpoint.state, "name"),
                "state": "started",
                "on_destroy": "drop",
            }),
        ));
        nodes.push(node(
            "milink_availability_group.sales",
            "milink_availability_group",
            json!({
                "sql_servers": ["hq"], "name": "AG_Sales", "databases": ["Sales"], "endpoint_url": partner,
            }),
        ));
        nodes.push(node(
            "milink_link.sales",
            "milink_link",
            json!({
                "name": "DAG_Sales",
                "managed_instance_id": instance,
                "sql_servers": ["hq"],
                "availability_group_name": "AG_Sales",
                "instance_availability_group_name": "AG_Sales_MI",
                "partner_endpoint": partner,
                "databases": ["Sales"],
                "deletion_protection": false,
                "on_destroy": "detach",
            }),
        ));
        let Some(link) = self.state.get("milink_link.sales") else { return Ok(nodes) };
        nodes.push(node(
            "milink_link_synchronization.sales",
            "milink_link_synchronization",
            json!({
                "link_id": text(&link.state, "id"),
                "link_generation": text(&link.state, "link_generation"),
                "wait_for": "synchronized",
                "timeouts": { "create": "2h" },
            }),
        ));
        Ok(nodes)
    }
}

enum Way {
    Up,
    Only(String),
    Import,
    Down,
}

const SUBSCRIPTION: &str = "11111111-2222-4333-8444-555555555555";

fn node(address: &str, type_name: &'static str, config: Json) -> Node {
    Node { address: address.to_owned(), type_name, config }
}

fn text(object: &Object, name: &str) -> Json {
    match object.get(name) {
        Some(Value::String(text)) => json!(text),
        Some(Value::Number(number)) => serde_json::from_str(&number.to_string()).unwrap(),
        _ => Json::Null,
    }
}
