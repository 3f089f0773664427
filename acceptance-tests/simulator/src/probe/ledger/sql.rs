//! What the catalog and the procedures of an engine settle, with or without a link.

use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use super::{Looked, ask};
use crate::probe::engine::Engine;
use crate::probe::report::{Outcome, Verdict};
use crate::probe::value::unhex;
use crate::world::build::Capability;

/// Whether a procedure of `sys` is there.
async fn has_procedure(engine: &mut Engine, name: &str) -> Result<bool, Outcome> {
    let answer = ask(engine, &format!("SELECT OBJECT_ID('sys.{name}') AS id")).await?;
    Ok(answer.value(0, "id").is_some())
}

/// 26: the list of issuers in 2016.
pub(super) async fn issuer_list(engine: &mut Engine) -> Looked {
    let build = engine.facts.build;
    if build.major != 13 || !build.has(Capability::IssuerList) {
        return Ok(Outcome::open("it asks for a 2016 with the Azure Connect pack, 13.0.7000.253 or later"));
    }
    let list = has_procedure(engine, "sp_certificate_issuers").await?;
    let drop = has_procedure(engine, "sp_certificate_drop_issuer").await?;
    Ok(Outcome::new(Verdict::of(list && drop))
        .with(format!("sp_certificate_issuers: {list}, sp_certificate_drop_issuer: {drop}, in {build}")))
}

/// 27: the validation of chains in 2017 and 2019.
pub(super) async fn chain_procedure(engine: &mut Engine) -> Looked {
    let build = engine.facts.build;
    if !matches!(build.major, 14 | 15) {
        return Ok(Outcome::open("it asks for a 2017 or 2019"));
    }
    let there = has_procedure(engine, "sp_validate_certificate_ca_chain").await?;
    Ok(Outcome::new(Verdict::of(there == build.has(Capability::ChainValidation)))
        .with(format!("sp_validate_certificate_ca_chain: {there}, in {build}")))
}

/// Numbers that are believed of refusals.
const NUMBERS: [u32; 9] = [241, 1486, 15151, 15247, 15299, 15313, 15334, 15352, 41190];

/// 29: a number that no server has is certainly wrong. Whether it comes for its cause, the list does not say.
pub(super) async fn numbers(engine: &mut Engine) -> Looked {
    let listed = NUMBERS.map(|number| number.to_string());
    let answer = ask(
        engine,
        &format!(
            "SELECT message_id, severity, text FROM sys.messages WHERE language_id = 1033 AND message_id IN ({})",
            listed.join(", ")
        ),
    )
    .await?;
    let there: Vec<&str> = answer.column("message_id").flatten().collect();
    let missing: Vec<&str> =
        listed.iter().map(String::as_str).filter(|number| !there.contains(number)).collect();
    if !missing.is_empty() {
        return Ok(
            Outcome::new(Verdict::Contradicted).with(format!("sys.messages has no {}", missing.join(", ")))
        );
    }
    let mut outcome = Outcome::open("the numbers exist; that each comes for its cause, only trying shows");
    for row in 0..answer.rows.len() {
        let word = |column: &str| answer.value(row, column).unwrap_or_default();
        outcome = outcome.with(format!("{}: {}", word("message_id"), word("text")));
    }
    Ok(outcome)
}

/// Numbers and the classes that they are believed to arrive with.
const CLASSES: [(u32, u32); 5] = [(15213, 10), (15214, 10), (15215, 10), (15315, 16), (15342, 16)];

/// 32: a message arrives with its severity of the list unless the engine says another, so an equal one settles it.
pub(super) async fn severities(engine: &mut Engine) -> Looked {
    let listed = CLASSES.map(|(number, _)| number.to_string()).join(", ");
    let answer = ask(
        engine,
        &format!(
            "SELECT message_id, severity FROM sys.messages WHERE language_id = 1033 AND message_id IN ({listed})"
        ),
    )
    .await?;
    let of = |number: u32| {
        let number = number.to_string();
        let row = answer.column("message_id").position(|one| one == Some(number.as_str()))?;
        answer.value(row, "severity")
    };
    let told: Vec<String> =
        CLASSES.iter().map(|(number, _)| format!("{number}: {}", of(*number).unwrap_or("none"))).collect();
    let same = CLASSES.iter().all(|(number, class)| of(*number) == Some(class.to_string().as_str()));
    let verdict = if same {
        Verdict::Confirmed
    } else {
        Verdict::open("the list has others; with which class they arrive, only trying shows")
    };
    Ok(Outcome::new(verdict).with(format!("severities in sys.messages: {}", told.join(", "))))
}

/// 30: the parameters of two procedures.
pub(super) async fn drop_issuer(engine: &mut Engine) -> Looked {
    let answer = ask(
        engine,
        "SELECT o.name AS procedure_name, p.name, p.system_type_id FROM sys.all_parameters AS p \
         JOIN sys.system_objects AS o ON o.object_id = p.object_id \
         WHERE o.name IN ('sp_certificate_add_issuer', 'sp_certificate_drop_issuer') ORDER BY o.name, p.parameter_id",
    )
    .await?;
    let of = |procedure: &str| -> Vec<String> {
        let rows =
            (0..answer.rows.len()).filter(|row| answer.value(*row, "procedure_name") == Some(procedure));
        let word = |row: usize, column: &str| answer.value(row, column).unwrap_or_default().to_owned();
        rows.map(|row| format!("{} of type {}", word(row, "name"), word(row, "system_type_id"))).collect()
    };
    let (add, drop) = (of("sp_certificate_add_issuer"), of("sp_certificate_drop_issuer"));
    if add.is_empty() || drop.is_empty() {
        return Ok(Outcome::open("the catalog does not list the parameters of these procedures"));
    }
    Ok(Outcome::new(Verdict::of(add == drop)).with(format!(
        "add: {}; drop: {}",
        add.join(", "),
        drop.join(", ")
    )))
}

/// 35: a port outside of the documented range.
pub(super) async fn port(engine: &mut Engine) -> Looked {
    let answer = ask(
        engine,
        "SELECT t.port FROM sys.database_mirroring_endpoints AS e \
         JOIN sys.tcp_endpoints AS t ON t.endpoint_id = e.endpoint_id",
    )
    .await?;
    Ok(match answer.value(0, "port").and_then(|port| port.parse::<u32>().ok()) {
        None => Outcome::open("there is no mirroring endpoint, or it is not shown"),
        Some(1024..=32767) => Outcome::open("the endpoint's port is in the documented range"),
        Some(port) => Outcome::new(Verdict::Confirmed).with(format!("the endpoint listens on {port}")),
    })
}

/// 148: how cluster types are numbered. The number of Windows clusters is the same either way.
pub(super) async fn cluster_types(engine: &mut Engine) -> Looked {
    if engine.facts.build.major < 14 {
        return Ok(Outcome::open("it asks for a 2017 or later"));
    }
    let answer = ask(
        engine,
        "SELECT name, cluster_type, cluster_type_desc FROM sys.availability_groups \
         WHERE cluster_type_desc IN (N'NONE', N'EXTERNAL')",
    )
    .await?;
    let Some(found) = answer.value(0, "cluster_type") else {
        return Ok(Outcome::open("there is no group without a Windows cluster, or it is not shown"));
    };
    let word = answer.value(0, "cluster_type_desc").unwrap_or_default();
    Ok(Outcome::new(Verdict::of((word, found) == ("NONE", "2") || (word, found) == ("EXTERNAL", "1")))
        .with(format!("a group of the cluster type {word} has {found}")))
}

/// 115: what the switch of multi-database links answers.
pub(super) async fn switch(engine: &mut Engine) -> Looked {
    if !engine.facts.build.has(Capability::MultiDatabase) {
        return Ok(Outcome::open("it asks for a 2022 with CU27 or a 2025 with CU9"));
    }
    let answer = ask(engine, "EXEC sys.sp_multidb_milink").await?;
    let names: Vec<&str> = answer.columns.iter().map(|(name, _)| name.as_str()).collect();
    Ok(Outcome::new(Verdict::of(names == [""] && answer.rows.len() == 1))
        .with(format!("{} rows with the columns {names:?}", answer.rows.len())))
}

/// A certificate of `master`, as it is shown and as it is.
struct Shown {
    subject: String,
    issuer: String,
    der: Vec<u8>,
}

/// The certificates of `master` whose content the server gives.
async fn certificates(engine: &mut Engine) -> Result<Vec<Shown>, Outcome> {
    let answer =
        ask(engine, "SELECT certificate_id, subject, issuer_name FROM master.sys.certificates").await?;
    let mut shown = Vec::new();
    for row in 0..answer.rows.len() {
        let word = |column: &str| answer.value(row, column).unwrap_or_default();
        let Ok(id) = word("certificate_id").parse::<i32>() else { continue };
        // One by one: some of the engine's own are not given.
        let Ok(content) = engine.ask(&format!("SELECT CERTENCODED({id}) AS der")).await else { continue };
        let Some(der) = content.value(0, "der").and_then(unhex) else { continue };
        shown.push(Shown {
            subject: word("subject").to_owned(),
            issuer: word("issuer_name").to_owned(),
            der,
        });
    }
    Ok(shown)
}

/// 38: the attributes of a name, with or without what they are called.
pub(super) async fn shown_name(engine: &mut Engine) -> Looked {
    let mut forms = std::collections::BTreeSet::new();
    let mut wrong = false;
    for certificate in certificates(engine).await? {
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else { continue };
        for (shown, name) in
            [(&certificate.subject, parsed.subject()), (&certificate.issuer, parsed.issuer())]
        {
            let Some(values) = values(name) else { continue };
            let believed = values.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ");
            wrong |= *shown != believed;
            forms.insert(form(shown, &values));
        }
    }
    if forms.is_empty() {
        return Ok(Outcome::open("no certificate of master shows its content"));
    }
    let forms: Vec<String> = forms.into_iter().collect();
    Ok(Outcome::new(Verdict::of(!wrong)).with(format!("shown as {}", forms.join(" and as "))))
}

/// The attributes of a name: what they are called, and their values.
fn values<'a>(name: &'a X509Name<'a>) -> Option<Vec<(String, &'a str)>> {
    let called = |one: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        let registry = x509_parser::objects::oid_registry();
        x509_parser::objects::oid2abbrev(one.attr_type(), registry)
            .map_or_else(|_| one.attr_type().to_id_string(), str::to_owned)
    };
    let values: Option<Vec<_>> =
        name.iter_attributes().map(|one| Some((called(one), one.as_str().ok()?))).collect();
    values.filter(|values| !values.is_empty())
}

/// How a name is written, without saying whose it is: each value stands as what it is called. Each comma part of what is
/// shown is looked for on its own, because the order may be another.
fn form(shown: &str, values: &[(String, &str)]) -> String {
    let mut longest: Vec<_> = values.iter().filter(|(_, value)| !value.is_empty()).collect();
    longest.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut pieces = vec![(shown.to_owned(), false)];
    for (called, value) in longest {
        let place = pieces.iter().position(|(piece, settled)| !settled && piece.contains(value));
        let Some(place) = place else { continue };
        let (piece, _) = pieces.remove(place);
        let (before, after) = piece.split_once(value).unwrap_or_default();
        let parts = [(before.to_owned(), false), (format!("<{called}>"), true), (after.to_owned(), false)];
        pieces.splice(place..place, parts);
    }
    // What is left between the values is punctuation and names of attributes; anything longer is somebody's.
    pieces
        .into_iter()
        .map(|(piece, settled)| if settled || piece.chars().count() <= 8 { piece } else { "…".to_owned() })
        .collect()
}

/// 43: a certificate whose key is on a curve.
pub(super) async fn curves(engine: &mut Engine) -> Looked {
    let certificates = certificates(engine).await?;
    let on_curve = |der: &Vec<u8>| {
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return false };
        matches!(parsed.public_key().parsed(), Ok(PublicKey::EC(_)))
    };
    let found = certificates.iter().filter(|one| on_curve(&one.der)).count();
    Ok(if found > 0 {
        Outcome::new(Verdict::Confirmed).with(format!("{found} certificates of master have elliptic keys"))
    } else {
        Outcome::open("no certificate of master has an elliptic key; to be tried: import one of Azure's")
    })
}

/// 44: what an instance says of its version.
pub(super) async fn instance_version(engine: &mut Engine) -> Looked {
    let answer = ask(engine, "SELECT @@VERSION AS version").await?;
    let text = answer.value(0, "version").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default().trim();
    let believed = first.starts_with("Microsoft SQL Azure (RTM) - 12.0.2000")
        && engine.facts.build.to_string().starts_with("12.0.2000");
    Ok(Outcome::new(Verdict::of(believed)).with(format!("@@VERSION: {first}")))
}

/// Views that ask for one permission, and those that are believed to ask for the other.
const PERFORMANCE: [&str; 6] = [
    "dm_hadr_availability_replica_states",
    "dm_hadr_automatic_seeding",
    "dm_hadr_cluster",
    "dm_hadr_physical_seeding_stats",
    "dm_os_sys_info",
    "dm_hadr_availability_group_states",
];
const SECURITY: [&str; 4] =
    ["dm_database_encryption_keys", "dm_exec_connections", "dm_server_services", "dm_tcp_listener_states"];

/// 72: what a login reads that has one of the two permissions.
pub(super) async fn state_rights(engine: &mut Engine) -> Looked {
    if engine.facts.major < 16 {
        return Ok(Outcome::open("it asks for a 2022 or 2025"));
    }
    let answer = ask(
        engine,
        "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER PERFORMANCE STATE') AS performance, \
         HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER SECURITY STATE') AS security",
    )
    .await?;
    let has = |column: &str| answer.value(0, column) == Some("1");
    let (performance, security) = (has("performance"), has("security"));
    if performance == security {
        let held = if performance { "both" } else { "neither" };
        return Ok(Outcome::open(format!(
            "the login has {held} of VIEW SERVER PERFORMANCE STATE and VIEW SERVER SECURITY STATE; it asks for one with one of them"
        )));
    }
    let mut wrong = Vec::new();
    let views = PERFORMANCE.map(|view| (view, performance)).into_iter();
    for (view, readable) in views.chain(SECURITY.map(|view| (view, security))) {
        match engine.ask(&format!("SELECT COUNT(*) AS n FROM sys.{view}")).await {
            Ok(_) if !readable => wrong.push(format!("sys.{view} is read with the other permission")),
            Err(failure) if failure.is_denied() && readable => wrong.push(format!("sys.{view} is denied")),
            Err(failure) if !failure.is_denied() => return Err(super::unanswered(&failure)),
            _ => {}
        }
    }
    let mut outcome = Outcome::new(Verdict::of(wrong.is_empty()));
    outcome.evidence = wrong;
    Ok(outcome)
}

/// 73: what every installation has.
pub(super) async fn installed(engine: &mut Engine) -> Looked {
    let dates = "start_date, expiry_date, key_length";
    let early = "start_date, expiry_date"; // key_length came with 2017
    let columns = if engine.facts.major < 14 { early } else { dates };
    let mut differences = Vec::new();
    for (what, statement) in [
        ("principals", "SELECT name, principal_id AS id, type FROM sys.server_principals".to_owned()),
        (
            "certificates",
            format!(
                "SELECT name, certificate_id AS id, subject, issuer_name, thumbprint, {columns} \
                 FROM master.sys.certificates WHERE name LIKE '##%'"
            ),
        ),
    ] {
        let real = ask(engine, &statement).await?;
        let twin = engine.ask_twin(&statement).await.map_err(|failure| super::unanswered(&failure))?;
        for row in 0..twin.rows.len() {
            let Some(name) = twin.value(row, "name").filter(|name| name.starts_with("##")) else { continue };
            let Some(place) = real.column("name").position(|one| one == Some(name)) else {
                if !engine.facts.sees_all {
                    return Ok(Outcome::open("the login does not see all definitions"));
                }
                differences.push(format!("{name} of the {what} is not there"));
                continue;
            };
            for (column, _) in &twin.columns {
                let (there, here) = (real.value(place, column), twin.value(row, column));
                if there != here {
                    differences.push(format!(
                        "{column} of {name}: {}, in the simulator {}",
                        there.unwrap_or("NULL"),
                        here.unwrap_or("NULL")
                    ));
                }
            }
        }
    }
    let mut outcome = Outcome::new(Verdict::of(differences.is_empty()));
    outcome.evidence = differences;
    Ok(outcome)
}

/// 75: the views of the cluster without one.
pub(super) async fn no_cluster(engine: &mut Engine) -> Looked {
    let cluster = ask(engine, "SELECT cluster_name FROM sys.dm_hadr_cluster").await?;
    if cluster.column("cluster_name").flatten().any(|name| !name.is_empty()) {
        let networks =
            ask(engine, "SELECT network_subnet_prefix_length AS bits FROM sys.dm_hadr_cluster_networks")
                .await?;
        let votes =
            ask(engine, "SELECT number_of_quorum_votes AS votes FROM sys.dm_hadr_cluster_members").await?;
        let all = |set: &crate::probe::server::ResultSet, column: &str| {
            set.column(column).map(|value| value.unwrap_or("NULL").to_owned()).collect::<Vec<_>>().join(", ")
        };
        return Ok(Outcome::open("there is a cluster; it asks for a server without one").with(format!(
            "bits of the networks' masks: {}; votes of the members: {}",
            all(&networks, "bits"),
            all(&votes, "votes")
        )));
    }
    let mut wrong = Vec::new();
    if cluster.rows.len() != 1 {
        wrong.push(format!("sys.dm_hadr_cluster has {} rows", cluster.rows.len()));
    }
    for view in ["members", "networks"] {
        let answer = ask(engine, &format!("SELECT COUNT(*) AS n FROM sys.dm_hadr_cluster_{view}")).await?;
        let rows = answer.value(0, "n").unwrap_or_default();
        if rows != "0" {
            wrong.push(format!("sys.dm_hadr_cluster_{view} has {rows} rows"));
        }
    }
    let mut outcome = Outcome::new(Verdict::of(wrong.is_empty()));
    outcome.evidence = wrong;
    Ok(outcome)
}

/// 79: rights on what does not exist.
pub(super) async fn missing_object(engine: &mut Engine) -> Looked {
    let question = "SELECT HAS_PERMS_BY_NAME(N'dbo.no_such_object_anywhere', 'OBJECT', 'SELECT') AS answer";
    let answer = ask(engine, question).await?;
    let told = answer.value(0, "answer");
    Ok(Outcome::new(Verdict::of(told.is_none())).with(format!("it is {}", told.unwrap_or("NULL"))))
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn forms_of_names_say_how_they_are_written_and_not_whose_they_are() {
        let values = [("C".to_owned(), "US"), ("O".to_owned(), "Contoso, Inc"), ("CN".to_owned(), "Contoso")];
        for (shown, told) in [
            ("US, Contoso, Inc, Contoso", "<C>, <O>, <CN>"),
            ("CN=Contoso, O=\"Contoso, Inc\", C=US", "CN=<CN>, O=\"<O>\", C=<C>"),
            ("somebody else", "…"),
        ] {
            assert_eq!(form(shown, &values), told);
        }
    }
}
