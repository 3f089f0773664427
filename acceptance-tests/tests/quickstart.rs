//! The whole quickstart with the real Terraform: apply, plans that stay empty, destroy, and what is left.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Scenario, deeds};
use milink_simulator::rehearsal::status;
use milink_simulator::world::managed::LinkPhase;

const LINK: &str = "milink_link.sales";

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_stays_as_it_is_and_goes() {
    let scenario = Scenario::quickstart("quickstart").await;
    let before = scenario.inventory();
    let terraform = scenario.quickstart_workspace().await;

    terraform.plan().await.succeeded().does_not_say("Warning: Unused");
    terraform.apply_plan().await.succeeded();

    let links = scenario.world(|estate| status::links(estate));
    assert_eq!(links.len(), 1, "{links:?}");
    let (sql_server, instance) =
        (links[0].sql_server.as_ref().unwrap(), links[0].managed_instance.as_ref().unwrap());
    assert_eq!((sql_server.role, sql_server.state), ("PRIMARY", "CONNECTED"));
    assert_eq!((instance.role, instance.state), ("SECONDARY", "synchronizing"));
    assert_eq!(links[0].databases[0].seeded, Some(100));
    assert_eq!(links[0].databases[0].seedings, 1, "something disturbed the seeding");

    let link = terraform.state(LINK).await;
    assert_eq!(link["status"], "established", "{link:#}");
    assert_eq!(link["complete"], true);
    assert_eq!(link["observed_primary"], "sql_server");

    // Ten times with and ten times without a look at the servers.
    for round in 0..20 {
        let refresh = if round % 2 == 0 { "-refresh=true" } else { "-refresh=false" };
        let plan = terraform.plan_detailed_exitcode(&[refresh]).await;
        assert_eq!(plan.code(), Some(0), "round {round}, {refresh}: {plan}");
    }

    terraform.destroy().await.succeeded();
    assert!(terraform.addresses().await.is_empty());
    let differences = before.compare(&scenario.inventory());
    assert!(differences.is_clean(), "{differences:#?}");
    let remaining: Vec<_> = differences.remaining.iter().map(|(item, _)| item.to_string()).collect();
    assert_eq!(remaining.len(), 2, "{remaining:?}");
    assert!(remaining.iter().any(|item| item.starts_with("database master key on sql1")), "{remaining:?}");
    assert!(remaining.iter().any(|item| item.starts_with("database Sales on mi-sales.")), "{remaining:?}");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_apply_sends_nothing_that_changes_anything() {
    let scenario = Scenario::quickstart("second-apply").await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    let mark = scenario.simulator().journal().mark();
    let generation = terraform.state(LINK).await["link_generation"].clone();

    terraform.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");

    deeds::assert_none_since(scenario.simulator(), mark);
    assert_eq!(terraform.state(LINK).await["link_generation"], generation);
    scenario.world(|estate| {
        assert_eq!(estate.managed_instances[0].links[0].phase, LinkPhase::Synchronizing);
    });
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}
