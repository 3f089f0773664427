//! What Azure Resource Manager settles.

use std::collections::BTreeMap;

use serde_json::Value;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Check;
use crate::probe::arm_facts::{Answer, ArmFacts, word};
use crate::probe::azure::AzureFailure;
use crate::probe::engine::Engine;
use crate::probe::report::{Outcome, Verdict};
use crate::probe::value::unhex;
use crate::world::x509;

/// Settles an entry, or says why it stays open.
pub(super) fn settle(number: u16, check: Check, facts: &ArmFacts) -> Outcome {
    let looked = match check {
        Check::Root => root(facts),
        Check::FailedLink => failed_link(facts),
        Check::SeveralCertificates => several_certificates(facts),
        Check::SeedingWord => seeding_word(facts),
        Check::CopyStatus => copy_status(facts),
        Check::EngineCode => engine_code(facts),
        Check::UnknownOperation => Ok(unknown_operation(number, facts)),
        Check::FlatState => flat_state(facts),
        Check::LinkOperations => link_operations(facts),
        Check::SendLag => send_lag(facts),
        Check::LastBackup => last_backup(facts),
        Check::BrokerCertificate => broker_certificate(facts),
        _ => Ok(Outcome::open("another side settles it")),
    };
    looked.unwrap_or_else(|open| open)
}

/// What was asked for, or why the check ends.
fn read<T>(answer: &Answer<T>) -> Result<&T, Outcome> {
    answer.as_ref().map_err(|failure| {
        Outcome::open(if failure.is_denied() {
            "the identity may not look".to_owned()
        } else {
            format!("the question was not answered: {failure}")
        })
    })
}

/// The databases of all links, each with its link.
fn databases(facts: &ArmFacts) -> Result<Vec<(&Value, &Value)>, Outcome> {
    let links = read(&facts.links)?;
    Ok(links
        .iter()
        .flat_map(|link| {
            let all = link.pointer("/properties/databases").and_then(Value::as_array);
            all.into_iter().flatten().map(move |one| (link, one))
        })
        .collect())
}

fn of<'a>(database: &'a Value, property: &str) -> &'a str {
    database.get(property).and_then(Value::as_str).unwrap_or_default()
}

/// 1: the root that the instance names.
fn root(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let certificate = read(&facts.endpoint)?;
    let roots = certificate.pointer("/properties/trustedRootCertificates").and_then(Value::as_array);
    let Some(roots) = roots.filter(|roots| !roots.is_empty()) else {
        return Ok(Outcome::open(
            "the instance names no roots; to be tried: validate its chain on a SQL Server",
        ));
    };
    let subjects: Vec<&str> = roots.iter().map(|root| of(root, "subject")).collect();
    let told = format!("roots: {}", subjects.join("; "));
    Ok(match (subjects.as_slice(), issuer(certificate)) {
        ([only], _) => Outcome::new(Verdict::of(only.contains(x509::ROOT_NAME))).with(told),
        (_, issuer) => {
            Outcome::open("it names several; which one its chain ends in, the issuing authority says")
                .with(told)
                .with(format!("issued by {}", issuer.unwrap_or_default()))
        }
    })
}

/// Who issued the endpoint's certificate: a public authority.
fn issuer(certificate: &Value) -> Option<String> {
    let der = unhex(word(certificate, "publicBlob"))?;
    let (_, parsed) = X509Certificate::from_der(&der).ok()?;
    Some(parsed.issuer().to_string())
}

/// 5: a link that could not be made and is there.
fn failed_link(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let failed: Vec<&str> = databases(facts)?
        .into_iter()
        .map(|(_, database)| of(database, "replicaState"))
        .filter(|state| matches!(*state, "LinkInitError" | "LinkCreationError"))
        .collect();
    Ok(if failed.is_empty() {
        Outcome::open("no link failed to be made")
    } else {
        Outcome::new(Verdict::Confirmed).with(format!("there are links in {}", failed.join(", ")))
    })
}

/// 7: two certificates of one subject.
fn several_certificates(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let mut subjects: BTreeMap<String, usize> = BTreeMap::new();
    for certificate in read(&facts.certificates)? {
        let Some(der) = unhex(word(certificate, "publicBlob")) else { continue };
        let Ok((_, parsed)) = X509Certificate::from_der(&der) else { continue };
        *subjects.entry(parsed.subject().to_string()).or_default() += 1;
    }
    Ok(match subjects.values().max() {
        Some(most @ 2..) => {
            Outcome::new(Verdict::Confirmed).with(format!("{most} certificates have one subject"))
        }
        _ => Outcome::open("no two of the uploaded certificates have one subject"),
    })
}

/// 11: the word of a link that is being seeded.
fn seeding_word(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let seeds: Vec<&str> = databases(facts)?
        .into_iter()
        .map(|(_, database)| of(database, "replicaState"))
        .filter(|state| matches!(*state, "LinkInitialSeeding" | "CreatingLink"))
        .collect();
    Ok(match seeds.first() {
        None => Outcome::open("no link is being seeded"),
        Some(_) => Outcome::new(Verdict::of(seeds.iter().all(|state| *state == "LinkInitialSeeding")))
            .with(format!("a link that is being seeded says {}", seeds.join(", "))),
    })
}

/// 14: the status of a seeded copy.
fn copy_status(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let here = read(&facts.databases)?;
    let mut statuses = Vec::new();
    for (link, database) in databases(facts)? {
        let copy = word(link, "instanceLinkRole") == "Secondary"
            && of(database, "replicaState") == "LinkSynchronizing";
        let name = of(database, "databaseName");
        let found = here.iter().find(|one| of(one, "name").eq_ignore_ascii_case(name));
        statuses.extend(found.filter(|_| copy).map(|one| word(one, "status")));
    }
    Ok(match statuses.first() {
        None => Outcome::open("the instance receives no seeded database of a link"),
        Some(_) => Outcome::new(Verdict::of(statuses.iter().all(|status| *status == "Online")))
            .with(format!("seeded copies are {}", statuses.join(", "))),
    })
}

/// 17: the state of a link whose distributed group SQL Server does not have, though it has the local one.
pub(super) async fn group_gone(server: &mut Engine, facts: &ArmFacts) -> Outcome {
    let links = match read(&facts.links) {
        Ok(links) => links,
        Err(open) => return open,
    };
    if !server.facts.sees_all {
        return Outcome::open("the login does not see all definitions");
    }
    let groups = match super::ask(server, "SELECT name, is_distributed FROM sys.availability_groups").await {
        Ok(groups) => groups,
        Err(open) => return open,
    };
    let has = |wanted: &str, distributed: &str| {
        (0..groups.rows.len()).any(|row| {
            groups.value(row, "name").is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                && groups.value(row, "is_distributed") == Some(distributed)
        })
    };
    let mut outcome: Option<Outcome> = None;
    for link in links {
        let own = has(word(link, "partnerAvailabilityGroupName"), "0");
        if !own || has(word(link, "distributedAvailabilityGroupName"), "1") {
            continue;
        }
        for database in link.pointer("/properties/databases").and_then(Value::as_array).into_iter().flatten()
        {
            let (state, connected) = (of(database, "replicaState"), of(database, "connectedState"));
            let holds = state == "LinkSynchronizationError" && connected == "DISCONNECTED";
            let so_far = outcome.take().unwrap_or_else(|| Outcome::new(Verdict::Confirmed));
            let verdict = if holds { so_far.verdict } else { Verdict::Contradicted };
            outcome = Some(
                Outcome { verdict, evidence: so_far.evidence }
                    .with(format!("a link without its distributed group is in {state}, {connected}")),
            );
        }
    }
    outcome.unwrap_or_else(|| Outcome::open("no link of this server lost its distributed group"))
}

/// Operations that are about links.
fn about_links(facts: &ArmFacts) -> Result<Vec<&Value>, Outcome> {
    let about = |one: &&Value| {
        let name = word(one, "operation").to_lowercase();
        name.contains("distributedavailabilitygroup") || name.contains("managedfailovergroup")
    };
    Ok(read(&facts.operations)?.iter().filter(about).collect())
}

/// 18: the code of an operation that failed.
fn engine_code(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let failed: Vec<&Value> =
        about_links(facts)?.into_iter().filter(|one| word(one, "state") == "Failed").collect();
    let mut outcome =
        Outcome::open("the instance lists no operation of a link that failed with an error of the engine");
    for one in failed {
        let code = one.pointer("/properties/errorCode").map(Value::to_string).unwrap_or_default();
        // The text names databases that may be gone since; only what it begins with is told.
        let text = word(one, "errorDescription");
        let leading: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
        let code = code.trim_matches('"');
        if [code, &leading].iter().any(|word| word.len() >= 4 && word.parse::<u32>().is_ok()) {
            outcome.verdict = Verdict::Confirmed;
        }
        outcome = outcome.with(format!("{} failed: {code} {leading}", word(one, "operation")));
    }
    Ok(outcome)
}

/// 39 and 41: a poll without a signature, of an operation that there is not.
fn unknown_operation(number: u16, facts: &ArmFacts) -> Outcome {
    let (_, answer) = &facts.unknown;
    let (status, code, message) = match answer {
        Err(AzureFailure::Refused { status, code, message }) => (*status, code.as_str(), message.as_str()),
        Err(failure) => return Outcome::open(format!("the question was not answered: {failure}")),
        Ok(_) => (200, "", "an answer"),
    };
    let told = format!("{status} {code}: {message}");
    // Rights are looked at before anything else.
    if status == 401 || message.contains("does not have authorization") {
        return Outcome::open("the identity may not poll operations").with(told);
    }
    let missing = code == "OperationIdNotFound";
    let verdict = match number {
        41 => match (status, code) {
            (403, "AuthorizationFailed") => Verdict::Confirmed,
            _ if missing => Verdict::Contradicted,
            _ => Verdict::open("a URL without a signature is answered in a third way"),
        },
        _ if missing => Verdict::open("the code is right; that of setRole asks for a refused request"),
        _ if (status, code) == (404, "ResourceNotFound") => Verdict::Contradicted,
        _ => Verdict::open("an operation that is unknown is not told from a URL that is not signed"),
    };
    Outcome::new(verdict).with(told)
}

/// 40: the state of a link in the first api-versions.
fn flat_state(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let links = read(&facts.links)?;
    let mut outcome: Option<Outcome> = None;
    let mut refused = None;
    for (link, flat) in links.iter().zip(&facts.flat) {
        let state =
            link.pointer("/properties/databases/0").map(|one| of(one, "replicaState")).unwrap_or_default();
        let believed = match state {
            "LinkSynchronizing" => "Catchup",
            state if state.contains("Error") => "Error",
            _ => continue,
        };
        let flat = match flat {
            Ok(flat) => word(flat, "linkState"),
            Err(failure) => {
                refused = Some(failure.to_string());
                continue;
            }
        };
        let so_far = outcome.take().unwrap_or_else(|| Outcome::new(Verdict::Confirmed));
        let verdict = if flat == believed { so_far.verdict } else { Verdict::Contradicted };
        outcome = Some(
            Outcome { verdict, evidence: so_far.evidence }.with(format!("a link in {state} was in {flat}")),
        );
    }
    Ok(outcome.unwrap_or_else(|| match refused {
        Some(refused) => Outcome::open("the old api-version is not answered").with(refused),
        None => Outcome::open("no link replicates or failed"),
    }))
}

/// 42: operations of links among the instance's.
fn link_operations(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let (about, all) = (about_links(facts)?.len(), read(&facts.operations)?.len());
    let told = format!("{about} of {all} listed operations are about links");
    Ok(if about > 0 {
        Outcome::new(Verdict::Confirmed).with(told)
    } else {
        Outcome::open("it asks for an operation of a link that ended lately").with(told)
    })
}

/// 45: lags of links.
fn send_lag(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let mut decided = None;
    let mut evidence = Vec::new();
    for (link, database) in databases(facts)? {
        let lag = |name: &str| database.get(name).and_then(Value::as_i64);
        let (Some(send), Some(redo)) =
            (lag("instanceSendReplicationLagSeconds"), lag("instanceRedoReplicationLagSeconds"))
        else {
            continue;
        };
        let role = word(link, "instanceLinkRole");
        let holds = match (role, send) {
            ("Secondary", -1) if redo != -1 => Some(true),
            // Such a link may have begun on SQL Server.
            _ if send == redo => None,
            _ => Some(false),
        };
        decided = match (decided, holds) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (known, new) => new.or(known),
        };
        evidence.push(format!("an instance that is {role}: send lag {send}, redo lag {redo}"));
    }
    let mut outcome = match decided {
        Some(holds) => Outcome::new(Verdict::of(holds)),
        None => {
            Outcome::open("it asks for a link that began at the instance and was failed over to SQL Server")
        }
    };
    outcome.evidence = evidence;
    Ok(outcome)
}

/// 46: the last backup of a copy.
fn last_backup(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let copies: Vec<bool> = databases(facts)?
        .into_iter()
        .filter(|(link, _)| word(link, "instanceLinkRole") == "Secondary")
        .map(|(_, database)| !of(database, "lastBackupTime").is_empty())
        .collect();
    let told = format!(
        "{} of {} received databases show a last backup",
        copies.iter().filter(|shown| **shown).count(),
        copies.len()
    );
    Ok(if copies.contains(&true) {
        Outcome::new(Verdict::Confirmed).with(told)
    } else {
        Outcome::open("it asks for a link that began at the instance and was failed over to SQL Server")
            .with(told)
    })
}

/// 152: the certificates of both kinds of endpoints.
fn broker_certificate(facts: &ArmFacts) -> Result<Outcome, Outcome> {
    let blob = |certificate: &Value| unhex(word(certificate, "publicBlob"));
    let (mirroring, broker) = (blob(read(&facts.endpoint)?), blob(read(&facts.broker)?));
    Ok(match (mirroring, broker) {
        (Some(one), Some(other)) => Outcome::new(Verdict::of(one == other)),
        _ => Outcome::open("a certificate has no content"),
    })
}
