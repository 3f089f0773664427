//! The endpoint's certificate is rotated under a link that runs. With the right lines (`create_before_destroy`,
//! `depends_on`) the link is never without trust; with wrong ones it stays up all the same, and the message names the
//! lines; and a switch after which the link was not seen again keeps what the link needed until it is.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use milink_acceptance_tests::{Scenario, Workspace, opposites};
use milink_simulator::faults::{Action, Filter, Moment, Rule};
use milink_simulator::world::{Estate, World};

const SERVER: &str = "sql1.corp.example";
const ROTATE: [&str; 3] = ["apply", "-auto-approve", "-replace=milink_certificate.endpoint"];

/// Lines of the quickstart that give the order.
const LIFECYCLE_OF_TRUST: &str = "  lifecycle {\n    create_before_destroy = true # on the certificate alone, a rotation would remove the old upload first\n  }\n";
const LIFECYCLE_OF_CERTIFICATE: &str =
    "  lifecycle {\n    create_before_destroy = true # the old one goes when the endpoint has left it\n  }\n";
const DEPENDS_ON: &str = "  depends_on = [milink_server_trust_certificate.hq] # the instance knows a certificate before the endpoint shows it\n";

/// The quickstart, applied; the endpoint waits seconds for a link, not minutes.
async fn applied(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.replace(
        "main.tf",
        DEPENDS_ON,
        &format!("{DEPENDS_ON}\n  timeouts {{\n    update = \"15s\"\n  }}\n"),
    );
    terraform.apply().await.succeeded();
    assert!(scenario.world(is_connected), "the quickstart's link");
    (scenario, terraform)
}

fn is_connected(estate: &mut Estate) -> bool {
    estate.managed_instances[0].links[0].session.is_some()
}

/// How often the listener has started, the certificate that it shows, and the names of the uploads.
fn trust(estate: &mut Estate) -> (u64, String, Vec<String>) {
    let server = estate.engine(SERVER).unwrap();
    let endpoint = server.endpoint.as_ref().unwrap();
    let id = endpoint.authentication.certificate.unwrap();
    let shown = server.certificates.iter().find(|certificate| certificate.id == id).unwrap().name.clone();
    let uploads = estate.managed_instances[0].trust_certificates.iter().map(|one| one.name.clone()).collect();
    (endpoint.starts, shown, uploads)
}

/// What changed trust since a mark, in order.
fn deeds(scenario: &Scenario, mark: u64) -> Vec<String> {
    let interesting = [
        "PUT serverTrustCertificates",
        "DELETE serverTrustCertificates",
        "ALTER ENDPOINT",
        "CREATE CERTIFICATE",
        "DROP CERTIFICATE",
    ];
    let entries = scenario.simulator().journal().since(mark);
    entries.into_iter().map(|entry| entry.kind).filter(|kind| interesting.contains(&kind.as_str())).collect()
}

/// Where an instance takes one certificate only, none overlaps another: these rotations are refused.
const ONE_CERTIFICATE: [u16; 1] = [7];

/// Cuts the line between SQL Server and the instance, or mends it.
fn cut(estate: &mut Estate, cut: bool) {
    let sql = estate.sql_servers[0].host.clone();
    let instance = estate.managed_instances[0].engine.host.clone();
    let pair = if sql < instance { (sql, instance) } else { (instance, sql) };
    if cut {
        estate.network.cut.insert(pair);
    } else {
        estate.network.cut.remove(&pair);
    }
}

/// Waits until the world says so.
async fn until(world: &World, wanted: impl Fn(&mut Estate) -> bool) {
    let looking = async {
        while !world.with(|estate| wanted(estate)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("the world gets there");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_lines_keep_the_link_trusted_all_the_time() {
    let _without = opposites::without(&ONE_CERTIFICATE);
    let (scenario, terraform) = applied("rotation").await;
    let (_, old, _) = scenario.world(trust);
    let mark = scenario.simulator().journal().mark();
    // Looks at the link at the moment in which the old upload is about to go.
    let connected = Arc::new(Mutex::new(Vec::new()));
    let faults = scenario.simulator().faults();
    faults.add(Rule::always(Filter::kind("DELETE serverTrustCertificates"), Action::Signal(Moment::Before)));
    let world = scenario.simulator().world().clone();
    let looks = Arc::clone(&connected);
    faults.on_kill(move |_| looks.lock().unwrap().push(world.with(is_connected)));

    terraform
        .run(&ROTATE)
        .await
        .succeeded()
        .says("The listener of an endpoint restarts")
        .says("that interrupts")
        .says("the link DAG_Sales (asynchronous commit)");

    assert_eq!(
        deeds(&scenario, mark),
        [
            "CREATE CERTIFICATE",
            "PUT serverTrustCertificates",
            "ALTER ENDPOINT",
            "DELETE serverTrustCertificates",
            "DROP CERTIFICATE"
        ]
    );
    assert_eq!(*connected.lock().unwrap(), [true], "the link was not back before the old upload went");
    scenario.simulator().faults().clear();
    let (_, new, uploads) = scenario.world(trust);
    assert_ne!(new, old);
    assert_eq!(uploads, [new]);
    assert!(scenario.world(is_connected));
    assert_eq!(terraform.state("milink_mirroring_endpoint.hq").await["contact"], "settled");
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

/// Rotates with some lines left out: the old upload is not removed, nothing restarts, and the message names the line.
async fn refused_without(name: &str, lines: &[&str]) {
    let (scenario, terraform) = applied(name).await;
    for line in lines {
        terraform.replace("main.tf", line, "");
    }
    // What create_before_destroy says is kept in state as well.
    terraform.apply().await.succeeded();
    let before = scenario.world(trust);
    terraform.run(&ROTATE).await.failed().says("create_before_destroy = true").says("depends_on");
    let (starts, shown, uploads) = scenario.world(trust);
    assert_eq!((starts, &shown), (before.0, &before.1), "the endpoint was switched");
    assert!(uploads.contains(&shown), "the upload that the endpoint needs is gone: {uploads:?}");
    assert!(scenario.world(is_connected));
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_before_destroy_on_the_certificate_alone_is_refused_in_time() {
    refused_without("rotation-certificate-only", &[LIFECYCLE_OF_TRUST]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_create_before_destroy_is_refused_in_time() {
    refused_without("rotation-none", &[LIFECYCLE_OF_TRUST, LIFECYCLE_OF_CERTIFICATE]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_depends_on_the_endpoint_is_not_switched_before_the_instance_knows_the_certificate() {
    let _without = opposites::without(&ONE_CERTIFICATE);
    let (scenario, terraform) = applied("rotation-race").await;
    terraform.replace("main.tf", DEPENDS_ON, "");
    terraform.apply().await.succeeded();
    let before = scenario.world(trust);
    // The upload is slow, so the endpoint gets its turn first.
    let faults = scenario.simulator().faults();
    faults.add(Rule::once(
        Filter::kind("PUT serverTrustCertificates"),
        1,
        Action::Delay(Duration::from_secs(6)),
    ));

    terraform
        .run(&ROTATE)
        .await
        .failed()
        .says("The other side does not know the certificate")
        .says("`depends_on` its milink_server_trust_certificate");

    let after = scenario.world(trust);
    assert_eq!((after.0, &after.1), (before.0, &before.1), "the endpoint was switched");
    assert!(after.2.contains(&after.1), "{after:?}");
    assert!(scenario.world(is_connected));

    // What was missing is there now. Without the line the old upload may come before the switch and is refused then; at
    // no time is the link without trust, and some apply gets to the end.
    let mut last = terraform.apply().await;
    if last.code() != Some(0) {
        let (_, shown, uploads) = scenario.world(trust);
        assert!(uploads.contains(&shown), "{last}");
        last = terraform.apply().await;
    }
    last.succeeded();
    let (_, shown, uploads) = scenario.world(trust);
    assert_eq!(uploads, [shown]);
    until(scenario.simulator().world(), is_connected).await;
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_lost_at_the_switch_keeps_the_old_until_it_is_found_again() {
    let _without = opposites::without(&ONE_CERTIFICATE);
    let (scenario, terraform) = applied("rotation-lost").await;
    let (_, old, _) = scenario.world(trust);
    let faults = scenario.simulator().faults();
    faults.add(Rule::once(Filter::kind("ALTER ENDPOINT"), 1, Action::Signal(Moment::Before)));
    let world = scenario.simulator().world().clone();
    faults.on_kill(move |_| world.with(|estate| cut(estate, true)));

    terraform.run(&ROTATE).await.failed().says("Links are not connected again").says("DAG_Sales");
    kept(&scenario, &old);
    assert_eq!(terraform.state("milink_mirroring_endpoint.hq").await["contact"], "pending");

    // The bypass: the second apply finds nothing to alter, and must still not go on to the deletes.
    terraform.apply().await.failed().says("Links are not connected again");
    kept(&scenario, &old);

    scenario.world(|estate| cut(estate, false));
    // Without a refresh it is the endpoint's own update that finds the link again.
    terraform.run(&["apply", "-auto-approve", "-refresh=false"]).await.succeeded();
    let (_, new, uploads) = scenario.world(trust);
    assert_eq!(uploads, [new]);
    assert!(scenario.world(is_connected));
    assert_eq!(terraform.state("milink_mirroring_endpoint.hq").await["contact"], "settled");
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_at_the_switch_does_not_lose_who_has_to_come_back() {
    let _without = opposites::without(&ONE_CERTIFICATE);
    let (scenario, terraform) = applied("rotation-killed").await;
    let (_, old, _) = scenario.world(trust);
    let faults = scenario.simulator().faults();
    faults.add(Rule::once(Filter::kind("ALTER ENDPOINT"), 1, Action::Kill(Moment::After)));
    let run = terraform.start(&ROTATE);
    let kill = run.provider_killer();
    let world = scenario.simulator().world().clone();
    faults.on_kill(move |_| {
        world.with(|estate| cut(estate, true));
        kill();
    });
    let killed = run.end().await.failed();
    let (_, new, _) = scenario.world(trust);
    assert_ne!(new, old, "{killed}");

    terraform.apply().await.failed().says("Links are not connected again");
    kept(&scenario, &old);

    scenario.world(|estate| cut(estate, false));
    until(scenario.simulator().world(), is_connected).await;
    terraform.apply().await.succeeded();
    assert_eq!(scenario.world(trust).2, [new]);
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

/// The old certificate and its upload are still there beside the new ones.
fn kept(scenario: &Scenario, old: &str) {
    let (_, new, uploads) = scenario.world(trust);
    assert_ne!(new, old, "the endpoint was not switched");
    assert!(uploads.contains(&new) && uploads.iter().any(|name| name == old), "{uploads:?}");
    assert!(scenario.world(|estate| estate.engine(SERVER).unwrap().certificate(old).is_some()));
    assert!(!scenario.world(is_connected));
}
