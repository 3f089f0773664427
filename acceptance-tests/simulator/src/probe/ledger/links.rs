//! What an engine settles that has groups or links.
//!
//! A link is a distributed group one of whose two members has a URL with `Server=` in it, which is how Management
//! Studio's library knows one.

use super::{Looked, ask};
use crate::probe::engine::Engine;
use crate::probe::report::{Outcome, Verdict};
use crate::world::trust;

/// Links whose other member is connected or not, with that member's URL.
const LINKS: &str = "SELECT r.endpoint_url AS url, s.connected_state AS connected, s.last_connect_error_number AS number \
    FROM sys.availability_groups AS g \
    JOIN sys.availability_replicas AS r ON r.group_id = g.group_id \
    JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = r.replica_id \
    WHERE g.is_distributed = 1 AND s.is_local = 0 AND r.endpoint_url LIKE '%Server=%'";

/// 20: how far the star of a pattern reaches, from a link that lives.
pub(super) async fn pattern(engine: &mut Engine) -> Looked {
    let links = ask(engine, LINKS).await?;
    let connected = (0..links.rows.len())
        .filter(|row| links.value(*row, "connected") == Some("1"))
        .filter_map(|row| host(links.value(row, "url")?))
        .next();
    let Some(fqdn) = connected else { return Ok(Outcome::open("no link is connected")) };
    let issuers = ask(engine, "EXEC sys.sp_certificate_issuers").await?;
    // The second column is the pattern, whatever it is called.
    let patterns: Vec<&str> = issuers.rows.iter().filter_map(|row| row.get(1)?.as_deref()).collect();
    let (narrow, wide): (Vec<&str>, Vec<&str>) = patterns
        .into_iter()
        .filter(|pattern| trust::covers(pattern, &fqdn, false))
        .partition(|pattern| label_by_label(pattern, &fqdn));
    Ok(match (narrow.is_empty(), wide.first()) {
        (false, _) => Outcome::open("a pattern covers the instance's name label by label"),
        (true, Some(pattern)) => Outcome::new(Verdict::Confirmed).with(format!(
            "a connected link's instance, of {} labels, is vouched for by a star with {} behind it",
            fqdn.split('.').count(),
            pattern.split('.').count() - 1
        )),
        // Trust of another kind, such as the instance's own certificate.
        (true, None) => Outcome::open("no pattern covers the instance's name"),
    })
}

/// The host in `tcp://host:5022;Server=[…]`.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (host, _) = rest.split_once(':')?;
    Some(host.to_lowercase())
}

/// Whether a pattern covers a name if a star stands for one label.
fn label_by_label(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let (pattern, name): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), name.split('.').collect());
    pattern.len() == name.len() && pattern.iter().zip(&name).all(|(one, other)| *one == "*" || one == other)
}

/// 25: what a link says that is not connected.
pub(super) async fn connect_error(engine: &mut Engine) -> Looked {
    let links = ask(engine, LINKS).await?;
    let broken: Vec<usize> =
        (0..links.rows.len()).filter(|row| links.value(*row, "connected") == Some("0")).collect();
    if broken.is_empty() {
        return Ok(Outcome::open("no link is disconnected"));
    }
    let mut outcome = Outcome::new(Verdict::Confirmed);
    for row in broken {
        let number = links.value(row, "number");
        if !matches!(number, Some("10060" | "28047")) {
            outcome.verdict = Verdict::Contradicted;
        }
        // What follows the number says where from and where to.
        outcome = outcome.with(format!("last_connect_error_number is {}", number.unwrap_or("NULL")));
    }
    Ok(outcome)
}

/// 74: positions that a copy goes back to, and the number of a failed seeding.
pub(super) async fn positions(engine: &mut Engine) -> Looked {
    let states = ask(
        engine,
        "SELECT COUNT(*) AS n, SUM(CASE WHEN recovery_lsn > end_of_log_lsn THEN 1 ELSE 0 END) AS beyond \
         FROM sys.dm_hadr_database_replica_states WHERE is_local = 1",
    )
    .await?;
    let seedings = ask(
        engine,
        "SELECT DISTINCT failure_state, failure_state_desc FROM sys.dm_hadr_automatic_seeding \
         WHERE failure_state IS NOT NULL AND failure_state <> 0",
    )
    .await?;
    let count = |column: &str| states.value(0, column).and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    let failures: Vec<String> = (0..seedings.rows.len())
        .map(|row| {
            let word = |column: &str| seedings.value(row, column).unwrap_or("NULL");
            format!("{} {}", word("failure_state"), word("failure_state_desc"))
        })
        .collect();
    let other = failures.iter().any(|failure| failure.ends_with("Seeding") && failure != "2 Seeding");
    let verdict = if other || count("beyond") > 0 {
        Verdict::Contradicted
    } else {
        Verdict::open("nothing speaks against it; what the values follow, only watching a link shows")
    };
    let told =
        format!("{} local copies, of {} the recovery_lsn is beyond the log", count("n"), count("beyond"));
    let mut outcome = Outcome::new(verdict).with(told);
    if !failures.is_empty() {
        outcome = outcome.with(format!("failed seedings: {}", failures.join(", ")));
    }
    Ok(outcome)
}

/// 76: the groups inside of distributed ones.
pub(super) async fn internal_groups(engine: &mut Engine) -> Looked {
    if engine.facts.major < 17 {
        return Ok(Outcome::open("it asks for a 2025"));
    }
    let databases = ask(
        engine,
        "SELECT COUNT(*) AS n FROM sys.availability_groups AS g \
         JOIN sys.availability_replicas AS r ON r.group_id = g.group_id \
         JOIN sys.availability_groups AS own ON own.name = r.replica_server_name \
         JOIN sys.availability_databases_cluster AS d ON d.group_id = own.group_id WHERE g.is_distributed = 1",
    )
    .await?;
    let groups = ask(engine, "SELECT COUNT(*) AS n FROM sys.dm_hadr_internal_availability_groups").await?;
    let replicas =
        ask(engine, "SELECT COUNT(*) AS n FROM sys.dm_hadr_internal_availability_replicas").await?;
    let [databases, groups, replicas] = [databases, groups, replicas]
        .map(|answer| answer.value(0, "n").and_then(|n| n.parse::<u32>().ok()).unwrap_or(0));
    if databases == 0 {
        return Ok(Outcome::open("no distributed group has a database"));
    }
    Ok(Outcome::new(Verdict::of(groups == databases && replicas == 2 * databases)).with(format!(
        "{databases} databases of distributed groups, {groups} internal groups, {replicas} replicas of them"
    )))
}

/// 78: whether a server that receives a link is primary of it.
pub(super) async fn receives(engine: &mut Engine) -> Looked {
    let answer = ask(
        engine,
        "SELECT sys.fn_hadr_is_primary_replica(d.database_name) AS answer FROM sys.availability_groups AS g \
         JOIN sys.dm_hadr_availability_replica_states AS s ON s.group_id = g.group_id \
         JOIN sys.availability_replicas AS r ON r.replica_id = s.replica_id \
         JOIN sys.availability_groups AS own ON own.name = r.replica_server_name \
         JOIN sys.availability_databases_cluster AS d ON d.group_id = own.group_id \
         WHERE g.is_distributed = 1 AND s.is_local = 1 AND s.role = 2",
    )
    .await?;
    if answer.rows.is_empty() {
        return Ok(Outcome::open("this server receives no database of a link"));
    }
    let told: Vec<&str> = answer.column("answer").map(|value| value.unwrap_or("NULL")).collect();
    Ok(Outcome::new(Verdict::of(told.iter().all(|one| *one == "0")))
        .with(format!("of received databases it says {}", told.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_patterns_are_taken_apart() {
        let url = "tcp://MI.0123.database.windows.net:5022;Server=[mi]";
        assert_eq!(host(url).as_deref(), Some("mi.0123.database.windows.net"));
        assert_eq!(host("nowhere"), None);
        let name = "mi.0123.database.windows.net";
        for (pattern, covers) in [
            ("*.0123.database.windows.net", true),
            ("*.*.database.windows.net", true),
            ("MI.0123.database.windows.net", true),
            ("*.database.windows.net", false),
            ("*", false),
        ] {
            assert_eq!(label_by_label(pattern, name), covers, "{pattern}");
        }
    }
}
