//! The probe, against simulated servers that stand for the real ones: what agrees with the simulator is confirmed, what
//! does not is noticed, and what may not be seen stays open.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

#[path = "arm_support/mod.rs"]
mod arm_support;

use std::collections::BTreeSet;
use std::process::Output;

use arm_support::{Azure, CLIENT, GROUP, LINK, SUBSCRIPTION, TENANT, link_properties};
use milink_simulator::journal::Face;
use milink_simulator::probe::{
    AzureTarget, Finding, Place, Probe, ProbeError, Report, Secret, ServerTarget, SignIn, Trust, Verdict,
};
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::world::assumption;
use milink_simulator::world::security::{Login, LoginOptions, Password, Permission, Securable};
use serde_json::Value;

/// A SQL Server of a simulator, by `host:port`.
fn target(simulator: &Simulator, name: &str, sign_in: SignIn) -> ServerTarget {
    let address = simulator.addresses()[&name.to_lowercase()];
    ServerTarget {
        host: address.ip().to_string(),
        place: Place::Port(address.port()),
        sign_in,
        trust: Trust {
            authorities: Some(simulator.ca_certificate()),
            name: Some(name.split(':').next().unwrap().to_lowercase()),
            ..Trust::default()
        },
    }
}

fn login(user: &str, password: &str) -> SignIn {
    SignIn::Login { user: user.to_owned(), password: Secret::new(password.to_owned()) }
}

fn sql_login(name: &str, id: i32, roles: &[&str], made: time::OffsetDateTime) -> Login {
    Login {
        name: name.to_owned(),
        id,
        password: Some(Password("P4ss-word".to_owned())),
        kind: 'S',
        enabled: true,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        options: LoginOptions::default(),
        created: made,
        modified: made,
    }
}

/// A probe of everything that an estate has. The application is an administrator of the instance's engine.
async fn probe(azure: &Azure) -> Probe {
    let simulator = &azure.simulator;
    let fqdn = azure.managed(|managed| {
        let made = managed.engine.started;
        managed.engine.logins.push(sql_login("terraform", 900, &["sysadmin"], made));
        managed.view.fqdn.clone()
    });
    let sql = azure.token_for("https://database.windows.net").await;
    let arm = azure.token_for("https://management.azure.com").await;
    Probe {
        server: Some(target(simulator, "sql1.corp.example:1433", login("terraform", azure.sql_password()))),
        azure: Some(AzureTarget {
            resource_manager: simulator.arm().origin().parse().unwrap(),
            instance: azure.instance.clone(),
            token: Secret::new(arm),
            authorities: Some(simulator.ca_certificate()),
        }),
        instance: Some(target(simulator, &format!("{fqdn}:1433"), SignIn::Token(Secret::new(sql)))),
        ..Probe::default()
    }
}

async fn report(azure: &Azure) -> Report {
    probe(azure).await.run().await.unwrap()
}

/// Ids of the findings with a verdict; `None` is open.
fn ids(report: &Report, wanted: Option<&Verdict>) -> BTreeSet<String> {
    let is = |finding: &&Finding| match (wanted, &finding.outcome.verdict) {
        (Some(wanted), verdict) => wanted == verdict,
        (None, Verdict::Open(_)) => true,
        (None, _) => false,
    };
    report.findings.iter().filter(is).map(|finding| finding.id.clone()).collect()
}

fn none(report: &Report, verdict: &Verdict) {
    let wrong: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.outcome.verdict == *verdict).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[track_caller]
fn verdict<'a>(report: &'a Report, id: &str) -> &'a Verdict {
    &report.finding(id).unwrap_or_else(|| panic!("no finding {id}")).outcome.verdict
}

#[track_caller]
fn confirmed(report: &Report, number: u16) {
    expect(report, number, false);
}

#[track_caller]
fn expect(report: &Report, number: u16, contradicted: bool) {
    let finding = report.finding(&format!("assumption {number}")).unwrap();
    let wanted = if contradicted { Verdict::Contradicted } else { Verdict::Confirmed };
    assert_eq!(finding.outcome.verdict, wanted, "{finding:#?}");
}

/// What the simulator does not model yet, so that nothing can be compared.
const LEFT_OUT: [&str; 2] = ["statement instance parameters", "statement server parameters"];

#[tokio::test]
async fn servers_that_are_like_the_simulator_contradict_nothing() {
    let azure = Azure::linked().await;
    let report = report(&azure).await;
    none(&report, &Verdict::Contradicted);
    let compared = |id: &&String| !id.starts_with("assumption");
    let open = ids(&report, None);
    assert_eq!(
        open.iter().filter(compared).collect::<Vec<_>>(),
        LEFT_OUT,
        "each with the reason that it is left out"
    );
    for number in [1, 14, 20, 38, 40, 41, 42, 44, 73, 75, 79, 110] {
        confirmed(&report, number);
    }
    for id in [
        "columns server sys.certificates",
        "columns instance msdb.dbo.backupset",
        "statement server groups",
        "statement instance groups",
        "statement server whole-batch",
    ] {
        assert_eq!(verdict(&report, id), &Verdict::Confirmed, "{id}");
    }
    azure.shutdown().await;
}

#[tokio::test]
async fn every_version_is_like_itself() {
    let server = |version: &str| {
        format!(
            r#"{{"host": "h{version}", "version": "{version}", "logins": [{{"name": "l", "password": "P4ss-word"}}]}}"#
        )
    };
    let versions = ["2016", "2017", "2019", "2022", "2025"];
    let text = format!(r#"{{"sql_servers": [{}]}}"#, versions.map(server).join(","));
    let (mut estate, options) = Scene::new(serde_json::from_str(&text).unwrap()).unwrap().into_parts();
    estate.sql_servers[1].linux = true;
    estate.sql_servers[2].collation = "Turkish_CI_AS".to_owned();
    let simulator = Simulator::start(estate, options).await.unwrap();
    for version in versions {
        let server = target(&simulator, &format!("h{version}:1433"), login("l", "P4ss-word"));
        let report = Probe { server: Some(server), ..Probe::default() }.run().await.unwrap();
        none(&report, &Verdict::Contradicted);
        assert!(report.count(&Verdict::Confirmed) > 90, "{version}: {}", report.to_text());
    }
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_state_that_is_called_otherwise_is_noticed() {
    for opposite in [false, true] {
        let azure = Azure::prepared().await;
        if opposite {
            azure.world(|estate| estate.opposites.insert(assumption::SEEDING_WORD));
        }
        azure.put(LINK, link_properties("Secondary")).await;
        azure.pass(40);
        expect(&report(&azure).await, 11, opposite);
        azure.shutdown().await;
    }
}

#[tokio::test]
async fn a_copy_that_has_another_status_is_noticed() {
    let azure = Azure::linked().await;
    azure.world(|estate| estate.opposites.insert(assumption::COPY_STATUS));
    expect(&report(&azure).await, 14, true);
    azure.shutdown().await;
}

#[tokio::test]
async fn a_link_without_its_group_is_looked_at() {
    for opposite in [false, true] {
        let azure = Azure::linked().await;
        if opposite {
            azure.world(|estate| estate.opposites.insert(assumption::GROUP_GONE));
        }
        azure.sql("DROP AVAILABILITY GROUP [DAG_Sales]").await;
        azure.pass(120);
        expect(&report(&azure).await, 17, opposite);
        azure.shutdown().await;
    }
}

#[tokio::test]
async fn a_link_that_broke_and_certificates_tell_more() {
    let azure = Azure::linked().await;
    let fqdn = azure.managed(|managed| managed.view.fqdn.clone());
    azure.world(|estate| {
        let mut pair = ["sql1.corp.example".to_owned(), fqdn];
        pair.sort();
        let [one, other] = pair;
        estate.network.cut.insert((one, other));
        let engine = estate.engine_mut("sql1.corp.example").unwrap();
        let own = engine.certificates.iter_mut().find(|one| one.name == "endpoint_cert").unwrap();
        own.subject = "CN=SQL".to_owned();
    });
    azure.pass(120);
    let report = report(&azure).await;
    confirmed(&report, 25);
    expect(&report, 38, true);
    let told = &report.finding("assumption 38").unwrap().outcome.evidence;
    assert!(told.iter().any(|line| line.contains("CN=<CN>")), "{told:?}");
    azure.shutdown().await;
}

#[tokio::test]
async fn a_login_that_may_see_little_leaves_much_open() {
    let azure = Azure::linked().await;
    let add = |name: &str, id: i32, permissions: &[&str]| {
        azure.world(|estate| {
            let engine = estate.engine_mut("sql1.corp.example").unwrap();
            let made = engine.started;
            engine.logins.push(sql_login(name, id, &[], made));
            for permission in permissions {
                engine.permissions.push(Permission {
                    grantee: id,
                    grantor: 1,
                    name: (*permission).to_owned(),
                    securable: Securable::Server,
                    denied: false,
                    grant_option: false,
                });
            }
        });
    };
    add("nobody", 900, &["CONNECT SQL"]);
    add("watcher", 901, &["CONNECT SQL", "VIEW SERVER PERFORMANCE STATE"]);
    let run = async |user: &str| {
        let server = target(&azure.simulator, "sql1.corp.example:1433", login(user, "P4ss-word"));
        Probe { server: Some(server), ..Probe::default() }.run().await.unwrap()
    };
    let nobody = run("nobody").await;
    let denied = Verdict::open("the login may not");
    for id in ["statement server replica-states", "statement server seeding", "statement server backups"] {
        assert_eq!(verdict(&nobody, id), &denied, "{id}");
    }
    let wrong = ids(&nobody, Some(&Verdict::Contradicted));
    assert_eq!(wrong, BTreeSet::new());
    let watcher = run("watcher").await;
    confirmed(&watcher, 72);
    azure.shutdown().await;
}

#[tokio::test]
async fn a_report_says_neither_secrets_nor_names() {
    let azure = Azure::linked().await;
    let sql = azure.token_for("https://database.windows.net").await;
    let report = report(&azure).await;
    let (fqdn, zone) = azure.managed(|managed| (managed.view.fqdn.clone(), managed.view.dns_zone.clone()));
    for text in [report.to_text(), report.to_json().to_string()] {
        for hidden in [
            azure.sql_password(),
            azure.client_secret(),
            &sql,
            SUBSCRIPTION,
            TENANT,
            CLIENT,
            GROUP,
            "mi-sales",
            &fqdn,
            &zone,
            "DAG_Sales",
            "AG_Sales",
            "SQL1",
            "sql1.corp.example",
            "terraform",
            "127.0.0.1",
            "10.0.0.4",
            "AG_Sales_MI",
        ] {
            assert!(!text.contains(hidden), "{hidden} in\n{text}");
        }
    }
    // Nor do errors.
    let server = target(&azure.simulator, "sql1.corp.example:1433", login("terraform", "wr0ng-secret"));
    let error = Probe { server: Some(server), ..Probe::default() }.run().await.unwrap_err();
    let ProbeError::Unreachable(text) = error else { panic!("{error:?}") };
    assert!(text.contains("18456") && text.contains("<login>"), "{text}");
    assert!(!text.contains("terraform") && !text.contains("wr0ng-secret"), "{text}");
    azure.shutdown().await;
}

#[tokio::test]
async fn nothing_is_asked_but_to_read() {
    let azure = Azure::linked().await;
    let mark = azure.simulator.journal().mark();
    report(&azure).await;
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    for entry in azure.simulator.journal().since(mark) {
        match entry.face {
            Face::Sql => drop(kinds.insert(entry.kind)),
            Face::Arm => assert!(entry.kind.starts_with("GET "), "{}", entry.kind),
            Face::Entra => {}
        }
    }
    let only = ["SELECT", "sp_certificate_issuers", "sp_multidb_milink"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), only);
    azure.shutdown().await;
}

/// Runs the command against a server of the estate, with these arguments beside.
async fn command(azure: &Azure, password: &str, more: &[&str]) -> Output {
    let server = azure.simulator.addresses()["sql1.corp.example:1433"];
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, azure.simulator.ca_certificate()).unwrap();
    tokio::process::Command::new(env!("CARGO_BIN_EXE_milink-simulator"))
        .arg("probe")
        .arg("--server")
        .arg(format!("127.0.0.1,{}", server.port()))
        .args(["--user", "terraform", "--host-name-in-certificate", "sql1.corp.example", "--ca-certificate"])
        .arg(&authority)
        .args(more)
        .env("SQLCMDPASSWORD", password)
        .env("ARM_TENANT_ID", TENANT)
        .env("ARM_CLIENT_ID", CLIENT)
        .env("ARM_CLIENT_SECRET", azure.client_secret())
        .env("ARM_RESOURCE_MANAGER_ENDPOINT", azure.simulator.arm().origin())
        .env("ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", azure.simulator.arm().origin())
        .env("MILINK_AZURE_CA_CERTIFICATE", azure.simulator.ca_certificate())
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_command_tells_by_its_code_what_was_found() {
    let azure = Azure::linked().await;
    let password = azure.sql_password().to_owned();
    let fine = command(&azure, &password, &["--json", "--instance", &azure.instance]).await;
    assert_eq!(fine.status.code(), Some(0), "{}", String::from_utf8_lossy(&fine.stderr));
    let report: Value = serde_json::from_slice(&fine.stdout).unwrap();
    let of = |id: &str| report["findings"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(of("assumption 14")["verdict"], "confirmed");
    assert_eq!(of("statement server groups")["verdict"], "confirmed");

    azure.world(|estate| estate.opposites.insert(assumption::COPY_STATUS));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.txt");
    let wrong =
        command(&azure, &password, &["--instance", &azure.instance, "--output", file.to_str().unwrap()])
            .await;
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
    assert!(wrong.stdout.is_empty());
    assert!(std::fs::read_to_string(file).unwrap().contains("1 contradicted"));

    for failed in [
        command(&azure, "wr0ng-secret", &[]).await,
        command(&azure, "", &[]).await,
        command(&azure, &password, &["--instance", "nothing"]).await,
        command(&azure, &password, &["--no-such-argument"]).await,
    ] {
        let told = String::from_utf8_lossy(&failed.stderr);
        assert_eq!(failed.status.code(), Some(1), "{told}");
        assert!(!told.is_empty() && !told.contains("wr0ng-secret") && !told.contains(&password), "{told}");
    }
    azure.shutdown().await;
}
