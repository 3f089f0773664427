//! Commands that act on a simulator that runs: the control API for people.
//!
//! | command | what |
//! | --- | --- |
//! | `world` | what there is, and how the links stand |
//! | `clock` | the world's clock, shown and moved forward |
//! | `fault` | faults: added, listed, taken away |
//! | `deed` | what happens behind Terraform's back |
//! | `journal` | what was asked and answered |

use std::path::PathBuf;

use milink_simulator::control::client::Client;
use milink_simulator::control::deeds::Deed;
use milink_simulator::control::faults::FaultForm;
use milink_simulator::control::{Access, VARIABLE};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Failure, page};

/// Which simulator, and how to print.
#[derive(Debug, clap::Args)]
struct Connection {
    /// The file that `serve` wrote and printed, with the address of its control API and the token.
    #[arg(long, value_name = "FILE", env = VARIABLE)]
    control: PathBuf,
    /// Print the API's own answer.
    #[arg(long)]
    json: bool,
}

impl Connection {
    fn client(&self) -> Result<Client, Failure> {
        let access = Access::read(&self.control).map_err(|error| {
            Failure::Message(format!(
                "cannot read `{}`: {error}; `serve` prints its name",
                self.control.display()
            ))
        })?;
        Ok(Client::new(access))
    }

    /// Asks, and prints the answer: as it is, or as `show` writes it.
    async fn print(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        show: impl FnOnce(&Value) -> String,
    ) -> Result<(), Failure> {
        let answer = self.client()?.ask(method, path, body.as_ref()).await.map_err(Failure::from_error)?;
        let text = if self.json { format!("{answer:#}") } else { show(&answer) };
        page::say(&text);
        Ok(())
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct World {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, clap::Args)]
pub(super) struct Clock {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Option<ClockCommand>,
}

#[derive(Debug, clap::Subcommand)]
enum ClockCommand {
    /// Move it forward: `90s`, `10m`, `6h`, `30d`.
    Advance {
        /// By how much.
        #[arg(value_parser = seconds)]
        by: u64,
    },
    /// Move it forward to a moment, RFC 3339.
    Set {
        /// The moment.
        to: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Fault {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: FaultCommand,
}

#[derive(Debug, clap::Subcommand)]
enum FaultCommand {
    /// Add one: which events count first, then what happens to the one that is hit.
    Add(FaultForm),
    /// List those in force.
    List,
    /// Take one away.
    Remove {
        /// Its number.
        id: u64,
    },
    /// Take all away, and let go on what hangs.
    Clear,
    /// Let go on what hangs.
    Resume,
}

#[derive(Debug, clap::Args)]
pub(super) struct Do {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Args)]
pub(super) struct Journal {
    #[command(flatten)]
    connection: Connection,
    /// Leave out this many lines.
    #[arg(long, default_value_t = 0)]
    after: u64,
    /// Wait for more.
    #[arg(long)]
    follow: bool,
}

pub(super) async fn world(arguments: World) -> Result<(), Failure> {
    arguments.connection.print(Method::GET, "/v1/world", None, show_world).await
}

pub(super) async fn clock(arguments: Clock) -> Result<(), Failure> {
    let show =
        |clock: &Value| format!("{}, {} times as fast as yours", text(clock, "now"), text(clock, "speed"));
    let connection = arguments.connection;
    match arguments.command {
        None => connection.print(Method::GET, "/v1/clock", None, show).await,
        Some(ClockCommand::Advance { by }) => {
            connection.print(Method::POST, "/v1/clock", Some(json!({ "advance_seconds": by })), show).await
        }
        Some(ClockCommand::Set { to }) => {
            connection.print(Method::POST, "/v1/clock", Some(json!({ "set": to })), show).await
        }
    }
}

pub(super) async fn fault(arguments: Fault) -> Result<(), Failure> {
    let connection = arguments.connection;
    let one = |fault: &Value| faults(std::slice::from_ref(fault));
    match arguments.command {
        FaultCommand::Add(form) => {
            let form = serde_json::to_value(form).map_err(Failure::from_error)?;
            connection.print(Method::POST, "/v1/faults", Some(form), one).await
        }
        FaultCommand::List => {
            connection.print(Method::GET, "/v1/faults", None, |all| faults(items(all))).await
        }
        FaultCommand::Remove { id } => {
            let show = |_: &Value| format!("fault {id} is gone");
            connection.print(Method::DELETE, &format!("/v1/faults/{id}"), None, show).await
        }
        FaultCommand::Clear => {
            let show = |gone: &Value| format!("{} faults are gone", text(gone, "removed"));
            connection.print(Method::DELETE, "/v1/faults", None, show).await
        }
        FaultCommand::Resume => {
            let show = |_: &Value| "what hung goes on".to_owned();
            connection.print(Method::POST, "/v1/faults/resume", None, show).await
        }
    }
}

pub(super) async fn deed(arguments: Do) -> Result<(), Failure> {
    let deed = serde_json::to_value(arguments.deed).map_err(Failure::from_error)?;
    arguments.connection.print(Method::POST, "/v1/deeds", Some(deed), |done| text(done, "done")).await
}

pub(super) async fn journal(arguments: Journal) -> Result<(), Failure> {
    let path = format!("/v1/journal?after={}&follow={}", arguments.after, arguments.follow);
    let show = |lines: &str| {
        for line in lines.lines() {
            match serde_json::from_str(line) {
                Ok(entry) if !arguments.connection.json => page::say(&entry_line(&entry)),
                _ => page::say(line),
            }
        }
    };
    arguments.connection.client()?.follow(&path, show).await.map_err(Failure::from_error)
}

fn entry_line(entry: &Value) -> String {
    let outcome = entry.get("outcome").unwrap_or(&Value::Null);
    let ended = match text(outcome, "result").as_str() {
        "ok" => text(outcome, "detail"),
        "error" => format!("{} {}", text(outcome, "code"), text(outcome, "message")),
        "fault" => text(outcome, "action"),
        other => other.to_owned(),
    };
    let [sequence, server, kind, object] =
        ["sequence", "server", "kind", "object"].map(|name| text(entry, name));
    format!("{sequence:>5}  {server}  {kind}  {object}  -> {ended}")
}

fn show_world(world: &Value) -> String {
    let mut out = format!("{}\n\n", text(world.get("clock").unwrap_or(&Value::Null), "now"));
    let rows = items(world.get("sql_servers").unwrap_or(&Value::Null)).iter().map(|one| {
        vec![
            text(one, "server"),
            format!("SQL Server {} {}", text(one, "version"), text(one, "edition")),
            text(one, "build"),
            up(one),
            names(one, "databases"),
            text(one.get("endpoint").unwrap_or(&Value::Null), "state"),
        ]
    });
    let instances = items(world.get("managed_instances").unwrap_or(&Value::Null)).iter().map(|one| {
        vec![
            text(one, "server"),
            text(one, "tier"),
            text(one, "update_policy"),
            if text(one, "state") == "Ready" { up(one) } else { text(one, "state") },
            names(one, "databases"),
            text(one.get("endpoint").unwrap_or(&Value::Null), "state"),
        ]
    });
    let rows: Vec<_> = rows.chain(instances).collect();
    out.push_str(&page::table(&["server", "kind", "build", "state", "databases", "endpoint"], &rows));
    let links = items(world.get("links").unwrap_or(&Value::Null)).iter().map(|link| {
        let half = |side: &str| match link.get(side) {
            Some(half @ Value::Object(_)) => {
                format!("{} {} {}", text(half, "host"), text(half, "role"), text(half, "state"))
            }
            _ => "missing".to_owned(),
        };
        vec![text(link, "name"), half("sql_server"), half("managed_instance"), names(link, "databases")]
    });
    let links: Vec<_> = links.collect();
    if !links.is_empty() {
        out.push('\n');
        out.push_str(&page::table(&["link", "SQL Server", "managed instance", "databases"], &links));
    }
    let network = world.get("network").unwrap_or(&Value::Null);
    let pairs = |list: &str| items(network.get(list).unwrap_or(&Value::Null)).to_vec();
    let sites = |pair: &Value, between: &str| items(pair).iter().map(plain).collect::<Vec<_>>().join(between);
    for pair in pairs("cut") {
        out.push_str(&format!("\nThe network is cut between {}.", sites(&pair, " and ")));
    }
    for pair in pairs("blocked") {
        out.push_str(&format!("\nNothing comes from {}.", sites(&pair, " to ")));
    }
    for way in pairs("slow") {
        let between = sites(way.get("sites").unwrap_or(&Value::Null), " and ");
        out.push_str(&format!("\nThe network is slow between {between}."));
    }
    out
}

fn up(server: &Value) -> String {
    if server.get("up") == Some(&Value::Bool(true)) { "up" } else { "down" }.to_owned()
}

fn faults(all: &[Value]) -> String {
    if all.is_empty() {
        return "There is no fault.".to_owned();
    }
    let row = |fault: &Value| {
        let filter: Vec<String> = ["face", "server", "kind", "text"]
            .into_iter()
            .filter(|name| fault.get(*name).is_some_and(|value| !value.is_null()))
            .map(|name| format!("{name} {}", text(fault, name)))
            .collect();
        let times = match fault.get("times") {
            Some(Value::Null) | None => "all".to_owned(),
            Some(times) => plain(times),
        };
        vec![
            text(fault, "id"),
            text(fault, "action"),
            if filter.is_empty() { "everything".to_owned() } else { filter.join(", ") },
            format!("{} / {times}", text(fault, "nth")),
            text(fault, "counted"),
            text(fault, "hit"),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    page::table(&["id", "what", "of", "nth / times", "counted", "hit"], &rows)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn names(value: &Value, list: &str) -> String {
    let names: Vec<String> =
        items(value.get(list).unwrap_or(&Value::Null)).iter().map(|one| text(one, "name")).collect();
    names.join(", ")
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).map(plain).unwrap_or_default()
}

/// As people read it: strings without quotes, nothing for null.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `90s`, `10m`, `6h`, `30d`.
fn seconds(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        _ => 0,
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|number| number.parse::<u64>().ok());
    number
        .and_then(|number| number.checked_mul(unit))
        .filter(|_| unit > 0)
        .ok_or_else(|| "a number and s, m, h or d: `10m`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, expected) in
            [("90s", Some(90)), ("10m", Some(600)), ("6h", Some(21_600)), ("2d", Some(172_800))]
        {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
        for wrong in ["", "10", "m", "-1s", "1.5h", "1w", "99999999999999999d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_broken_shows() {
        let world = json!({
            "clock": { "now": "2026-06-01T08:00:00Z" },
            "sql_servers": [{ "server": "h", "version": "2022", "up": false, "databases": [{ "name": "Sales" }] }],
            "managed_instances": [{ "server": "mi", "up": true, "state": "Stopped" }],
            "links": [{ "name": "dag", "managed_instance": null, "databases": [] }],
            "network": {
                "cut": [["h", "mi"]], "blocked": [["mi", "h"]],
                "slow": [{ "sites": ["h", "mi"], "blocks_per_second": 1 }],
            },
        });
        let shown = show_world(&world);
        for expected in [
            "down",
            "Sales",
            "Stopped",
            "missing",
            "cut between h and mi",
            "comes from mi to h",
            "slow between h and mi",
        ] {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
    }
}
