//! A link over the listener of a group with two nodes: a node failover behind Terraform's back plans nothing, and the
//! certificates of both nodes are rotated under the link.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::time::Duration;

use milink_acceptance_tests::{Scenario, Workspace, opposites};
use milink_simulator::scene::Scene;
use milink_simulator::world::Estate;
use milink_simulator::world::group::Role;
use serde_json::{Value as Json, json};

const N1: &str = "sql1.corp.example";
const N2: &str = "sql2.corp.example";

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    milink = { source = "milink/milink" }
  }
}

variable "sql_password" { sensitive = true }
variable "client_secret" { sensitive = true }
variable "master_key_password" {
  sensitive = true
  ephemeral = true
}

provider "milink" {
  azure {
    subscription_id = "11111111-2222-4333-8444-555555555555"
    tenant_id       = "99999999-8888-4777-8666-555555555555"
    client_id       = "12345678-1234-4234-8234-123456789abc"
    client_secret   = var.client_secret
  }
  sql_server {
    name = "n1"
    host = "sql1.corp.example"
    sql_login {
      username = "terraform"
      password = var.sql_password
    }
  }
  sql_server {
    name = "n2"
    host = "sql2.corp.example"
    sql_login {
      username = "terraform"
      password = var.sql_password
    }
  }
}

locals {
  nodes    = toset(["n1", "n2"])
  instance = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/data-platform/providers/Microsoft.Sql/managedInstances/mi-sales"
  azure    = provider::milink::azure_root_certificates()
  roots    = { for pair in setproduct(local.nodes, keys(local.azure)) : "${pair[0]}-${pair[1]}" => { node = pair[0], root = local.azure[pair[1]] } }
}

resource "milink_master_key" "node" {
  for_each            = local.nodes
  sql_server          = each.key
  password_wo         = var.master_key_password
  password_wo_version = 1
}

resource "milink_certificate" "node" {
  for_each    = local.nodes
  sql_server  = each.key
  name_prefix = "milink_"
  valid_for   = "1825d"
  depends_on  = [milink_master_key.node]
  lifecycle {
    create_before_destroy = true
  }
}

resource "milink_imported_certificate" "root" {
  for_each        = local.roots
  sql_server      = each.value.node
  name            = each.value.root.name
  certificate     = each.value.root.certificate
  trusted_for_dns = ["*.database.windows.net"]
}

data "milink_endpoint_certificate" "instance" {
  managed_instance_id = local.instance
}

resource "milink_imported_certificate" "instance" {
  for_each    = local.nodes
  sql_server  = each.key
  name        = data.milink_endpoint_certificate.instance.fully_qualified_domain_name
  certificate = data.milink_endpoint_certificate.instance.certificate
  depends_on  = [milink_imported_certificate.root]
}

resource "milink_server_trust_certificate" "node" {
  for_each            = local.nodes
  managed_instance_id = local.instance
  name                = milink_certificate.node[each.key].name
  certificate         = milink_certificate.node[each.key].certificate
  lifecycle {
    create_before_destroy = true
  }
}

resource "milink_mirroring_endpoint" "node" {
  for_each               = local.nodes
  sql_server             = each.key
  port                   = 5022
  certificate            = milink_certificate.node[each.key].name
  allow_listener_restart = true
  depends_on             = [milink_server_trust_certificate.node]
  timeouts {
    update = "60s"
  }
}

resource "milink_availability_group" "sales" {
  sql_servers  = ["n1", "n2"]
  name         = "AG_Sales"
  databases    = ["Sales"]
  depends_on   = [milink_mirroring_endpoint.node]
}

resource "milink_link" "sales" {
  name                             = "DAG_Sales"
  managed_instance_id              = local.instance
  sql_servers                      = ["n1", "n2"]
  availability_group_name          = milink_availability_group.sales.name
  instance_availability_group_name = "AG_Sales_MI"
  partner_endpoint                 = "TCP://10.0.0.99:5022"
  databases                        = ["Sales"]
  deletion_protection              = false
  depends_on = [
    milink_imported_certificate.root,
    milink_imported_certificate.instance,
    milink_server_trust_certificate.node,
    milink_mirroring_endpoint.node,
  ]
}

resource "milink_link_synchronization" "sales" {
  link_id         = milink_link.sales.id
  link_generation = milink_link.sales.link_generation
  wait_for        = "synchronized"
}
"#;

fn scene() -> Scene {
    let server = |host: &str, databases: Json, variable: Json| {
        let mut login = json!({ "name": "terraform", "password": "Aa1'\"{{$]on-both-nodes" });
        login.as_object_mut().unwrap().extend(variable.as_object().unwrap().clone());
        json!({
            "host": host, "version": "2022", "cluster": "WSFC1", "databases": databases, "logins": [login],
        })
    };
    let mut description: Json =
        serde_json::from_str(include_str!("../simulator/src/scene/demonstration.json")).unwrap();
    description["sql_servers"] = json!([
        server(
            N1,
            json!([{ "name": "Sales", "size_gb": 8 }]),
            json!({ "password_variable": "sql_password" })
        ),
        server(N2, json!([]), json!({})),
    ]);
    description["availability_groups"] = json!([{
        "name": "AG_Sales", "nodes": [N1, N2], "databases": ["Sales"],
        "listener": { "dns_name": "sales", "ip": "10.0.0.99" },
    }]);
    Scene::new(serde_json::from_value(description).unwrap()).unwrap()
}

/// Where the nodes do not connect, or have no quorum without each other, none takes over.
const NO_OTHER_NODE: [u16; 2] = [135, 140];

async fn applied(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::start(name, scene()).await;
    let terraform = scenario.workspace(&[("main.tf", CONFIGURATION)]).await;
    terraform.apply().await.succeeded();
    (scenario, terraform)
}

/// The node that the link is connected to.
fn partner(estate: &mut Estate) -> Option<String> {
    estate.managed_instances[0].links[0].session.as_ref().map(|session| session.engine.host.clone())
}

fn seedings(estate: &mut Estate) -> u32 {
    estate.managed_instances[0].links[0].databases[0].seedings
}

async fn until(scenario: &Scenario, wanted: impl Fn(&mut Estate) -> bool) {
    let looking = async {
        while !scenario.world(|estate| wanted(estate)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("the world gets there");
}

async fn nothing_planned(terraform: &Workspace) {
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_failover_moves_the_link_and_plans_nothing() {
    let _without = opposites::without(&NO_OTHER_NODE);
    let (scenario, terraform) = applied("node-failover").await;
    assert_eq!(scenario.world(partner).as_deref(), Some(N1));
    nothing_planned(&terraform).await;

    // An administrator fails the group over.
    scenario.sql_client(N2).await.execute("ALTER AVAILABILITY GROUP AG_Sales FAILOVER").await.unwrap();
    until(&scenario, |estate| partner(estate).as_deref() == Some(N2)).await;
    assert_eq!(scenario.world(seedings), 1, "nothing is seeded anew");
    nothing_planned(&terraform).await;

    // The cluster does, while the primary's site is away; what it kept is planned against the node that is there.
    scenario.world(|estate| estate.network.down.insert(N2.to_owned()));
    until(&scenario, |estate| partner(estate).as_deref() == Some(N1)).await;
    scenario.world(|estate| estate.network.down.clear());
    until(&scenario, |estate| estate.engine(N2).unwrap().groups[0].role == Role::Secondary).await;
    nothing_planned(&terraform).await;
    assert_eq!(scenario.world(seedings), 1);

    // Destroyed from wherever it is primary, the group that was there before stays.
    terraform.destroy().await.succeeded();
    scenario.world(|estate| {
        for host in [N1, N2] {
            let names: Vec<_> =
                estate.engine(host).unwrap().groups.iter().map(|one| one.name.clone()).collect();
            assert_eq!(names, ["AG_Sales"], "{host}");
        }
        assert!(estate.managed_instances[0].links.is_empty());
    });
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificates_of_both_nodes_are_rotated_under_the_link() {
    let _without = opposites::without(&[7, 135]);
    let (scenario, terraform) = applied("node-rotation").await;
    let shown = |estate: &mut Estate, host: &str| {
        let engine = estate.engine(host).unwrap();
        let id = engine.endpoint.as_ref().unwrap().authentication.certificate.unwrap();
        engine.certificate_by_id(id).unwrap().name.clone()
    };
    let before = [N1, N2].map(|host| scenario.world(|estate| shown(estate, host)));
    terraform
        .run(&[
            "apply",
            "-auto-approve",
            "-replace=milink_certificate.node[\"n1\"]",
            "-replace=milink_certificate.node[\"n2\"]",
        ])
        .await
        .succeeded();
    let after = [N1, N2].map(|host| scenario.world(|estate| shown(estate, host)));
    assert!(before.iter().zip(&after).all(|(old, new)| old != new), "{before:?} {after:?}");
    until(&scenario, |estate| partner(estate).is_some()).await;
    nothing_planned(&terraform).await;
    // The node that becomes primary is known to the instance too.
    scenario.sql_client(N2).await.execute("ALTER AVAILABILITY GROUP AG_Sales FAILOVER").await.unwrap();
    until(&scenario, |estate| partner(estate).as_deref() == Some(N2)).await;
    assert_eq!(scenario.world(seedings), 1);
    scenario.finish().await;
}
