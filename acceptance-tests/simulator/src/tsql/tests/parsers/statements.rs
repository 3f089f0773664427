//! Statements about endpoints and availability groups: every option by itself and in many combinations.
//!
//! Each stands twice: as a server takes it, and as ScriptDom does. They differ where a form came after 2012. Then a
//! number stands in ScriptDom's text, in an option that nobody uses, at the place of the newer options; what the number
//! means is kept beside the list. So ScriptDom says where an option belongs, and the list says what was written.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// A statement.
pub(super) struct Case {
    /// As a server takes it.
    pub(super) ours: String,
    /// As ScriptDom takes it.
    pub(super) theirs: String,
    /// What ScriptDom's text says besides, to be put right in its neutral form.
    pub(super) adjust: fn(&mut Value),
}

/// The statements.
#[derive(Default)]
pub(super) struct List {
    pub(super) cases: Vec<Case>,
    /// What each number stands for.
    pub(super) newer: Vec<Value>,
}

/// An option of a replica.
#[derive(Default, Clone)]
struct Piece {
    ours: String,
    theirs: Option<String>,
    newer: Vec<(&'static str, Value)>,
}

const STATES: [&str; 4] = ["", "STATE = STARTED", "STATE = STOPPED", "STATE = DISABLED"];
const ROLES: [&str; 3] = ["ROLE = ALL", "ROLE = PARTNER", "ROLE = WITNESS"];
const ADDRESSES: [&str; 5] = [
    "",
    ", LISTENER_IP = ALL",
    ", LISTENER_IP = (10.0.0.4)",
    ", LISTENER_IP = ('::1')",
    ", LISTENER_IP = (N'10.0.0.4')",
];

impl List {
    pub(super) fn all() -> Self {
        let mut list = Self::default();
        list.endpoints();
        list.groups();
        list.changes();
        list.replicas();
        list.distributed();
        list.listeners();
        list.others();
        let mut seen = BTreeSet::new();
        list.cases.retain(|case| seen.insert(case.ours.clone()));
        list
    }

    /// Both read the same text.
    fn same(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.pair(text.clone(), text, |_| {});
    }

    fn pair(&mut self, ours: String, theirs: String, adjust: fn(&mut Value)) {
        self.cases.push(Case { ours, theirs, adjust });
    }

    /// The number for what ScriptDom does not know.
    fn number(&mut self, newer: Value) -> usize {
        self.newer.push(newer);
        self.newer.len() - 1
    }

    fn endpoints(&mut self) {
        let (authentications, encryptions) = (authentications(), encryptions());
        for (index, (authentication, encryption)) in authentications
            .iter()
            .flat_map(|one| encryptions.iter().map(move |other| (one, other)))
            .enumerate()
        {
            let owner = ["", "AUTHORIZATION sa ", "AUTHORIZATION [it's]]] "][index % 3];
            let (state, address) = (STATES[index % 4], ADDRESSES[index % 5]);
            let role = ROLES[(index / 2) % 3];
            let word = ["DATABASE_MIRRORING", "DATA_MIRRORING"][index % 2];
            let mut parts: Vec<&str> = [authentication.as_str(), encryption.as_str(), role]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            let turn = index % parts.len();
            parts.rotate_left(turn);
            let payload = parts.join(", ");
            self.same(format!(
                "CREATE ENDPOINT [hadr {index}] {owner}{state} AS TCP (LISTENER_PORT = {}{address}) FOR {word} ({payload})",
                5022 + index
            ));
            let tcp = ["", "AS TCP (LISTENER_PORT = 5023)", "AS TCP (LISTENER_IP = ALL)"][index % 3];
            self.same(format!("ALTER ENDPOINT hadr {state} {tcp} FOR {word} ({payload})"));
            // ScriptDom wants a role in whatever stands behind FOR; the documentation does not.
            let rest: Vec<&str> = parts.iter().copied().filter(|part| !part.starts_with("ROLE")).collect();
            if !rest.is_empty() {
                let rest = rest.join(", ");
                self.pair(
                    format!("ALTER ENDPOINT hadr {state} {tcp} FOR {word} ({rest})"),
                    format!("ALTER ENDPOINT hadr {state} {tcp} FOR {word} ({rest}, ROLE = ALL)"),
                    |form| form["mirroring"]["role"] = Value::Null,
                );
            }
        }
        for state in STATES {
            for address in ADDRESSES {
                self.same(format!("ALTER ENDPOINT hadr {state} AS TCP (LISTENER_PORT = 5022{address})"));
            }
            self.same(format!("ALTER ENDPOINT hadr {state}"));
            self.same(format!("ALTER ENDPOINT hadr {state} AS TCP (LISTENER_IP = (10.0.0.4))"));
            self.same(format!("ALTER ENDPOINT hadr {state} AS HTTP (SITE = 'x')"));
            self.same(format!("ALTER ENDPOINT hadr {state} FOR TSQL ()"));
            self.same(format!("ALTER ENDPOINT hadr {state} FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS)"));
        }
        self.same("CREATE ENDPOINT e AS TCP (LISTENER_IP = ALL, LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ROLE = ALL)");
        for affinity in
            ["STATE = STARTED, AFFINITY = NONE", "STATE = STOPPED, AFFINITY = 3", "AFFINITY = ADMIN"]
        {
            self.same(format!(
                "CREATE ENDPOINT e {affinity} AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ROLE = ALL)"
            ));
            self.same(format!("ALTER ENDPOINT e {affinity} AS TCP (LISTENER_IP = ALL)"));
        }
        self.same("DROP ENDPOINT hadr");
        self.same("DROP ENDPOINT [a \"b\" ]]c]");
        self.same("DROP ENDPOINT \"a b\"");
    }

    /// `CREATE AVAILABILITY GROUP`, of replicas.
    fn groups(&mut self) {
        let replicas = pieces();
        let options = group_options();
        for index in 0..240 {
            let newer: Vec<_> = options
                .iter()
                .enumerate()
                .filter(|(bit, _)| (index * 2_654_435_761_usize) >> (7 + bit * 2) & 3 == 0)
                .map(|(_, option)| option)
                .collect();
            let databases =
                ["", "DATABASE Sales ", "DATABASE Sales, [it's]]] ", "DATABASE a, b, c, d "][index % 4];
            let names = &["SQL1", "SQL2\\it''s", "SQL3"][..1 + index % 3];
            let members: Vec<(String, String)> = names
                .iter()
                .enumerate()
                .map(|(nth, name)| self.replica(name, &replicas[(index * 7 + nth * 31) % replicas.len()]))
                .collect();
            let (ours, theirs) = joined(&members);
            let mut means: Map<String, Value> =
                newer.iter().map(|(word, _, value)| ((*word).to_owned(), value.clone())).collect();
            let mut listener = String::new();
            if index % 5 == 0 {
                let (text, value) = &listeners()[index % 6];
                listener = format!(" LISTENER {text}");
                means.insert("LISTENER".to_owned(), value.clone());
            }
            let texts: Vec<&str> = newer.iter().map(|(_, text, _)| text.as_str()).collect();
            let with = if texts.is_empty() { String::new() } else { format!("WITH ({}) ", texts.join(", ")) };
            let carrier = self.carrier(means);
            self.pair(
                format!(
                    "CREATE AVAILABILITY GROUP [g {index}] {with}FOR {databases}REPLICA ON {ours}{listener}"
                ),
                format!("CREATE AVAILABILITY GROUP [g {index}] {carrier}FOR {databases}REPLICA ON {theirs}"),
                |_| {},
            );
        }
        for name in ["g", "[g ]]h]", "\"g h\""] {
            self.same(format!("DROP AVAILABILITY GROUP {name}"));
        }
    }

    /// `ALTER AVAILABILITY GROUP` of the group itself.
    fn changes(&mut self) {
        for action in ["JOIN", "FAILOVER", "FORCE_FAILOVER_ALLOW_DATA_LOSS", "OFFLINE"] {
            self.same(format!("ALTER AVAILABILITY GROUP g {action}"));
        }
        for databases in ["Sales", "Sales, [it's]]]", "a, b, c"] {
            self.same(format!("ALTER AVAILABILITY GROUP [g]]] ADD DATABASE {databases}"));
            self.same(format!("ALTER AVAILABILITY GROUP [g]]] REMOVE DATABASE {databases}"));
        }
        for (word, text, value) in group_options() {
            if !text.contains('=') || word == "CLUSTER_TYPE" {
                continue;
            }
            self.newly(&format!("SET ({text})"), word, value);
        }
        for kind in ["WSFC", "EXTERNAL", "NONE"] {
            self.newly(&format!("JOIN WITH (CLUSTER_TYPE = {kind})"), "JOIN", json!(kind));
        }
        self.newly("SET (ROLE = SECONDARY)", "ROLE", json!("SECONDARY"));
        self.newly("GRANT CREATE ANY DATABASE", "CREATE ANY DATABASE", json!("GRANT"));
        self.newly("DENY CREATE ANY DATABASE", "CREATE ANY DATABASE", json!("DENY"));
    }

    /// A change that ScriptDom has no word for.
    fn newly(&mut self, text: &str, word: &str, value: Value) {
        let number = self.number(json!({ word: value }));
        self.pair(
            format!("ALTER AVAILABILITY GROUP [g h] {text}"),
            format!("ALTER AVAILABILITY GROUP [g h] SET (REQUIRED_COPIES_TO_COMMIT = {number})"),
            |_| {},
        );
    }

    /// `ALTER AVAILABILITY GROUP … REPLICA ON`.
    fn replicas(&mut self) {
        for (index, replica) in pieces().iter().enumerate() {
            let one = self.replica("SQL2", replica);
            let other = self.replica("SQL3", replica);
            for verb in ["ADD", "MODIFY"] {
                let count = if index % 4 == 0 { 2 } else { 1 };
                let (ours, theirs) = joined(&[one.clone(), other.clone()][..count]);
                self.pair(
                    format!("ALTER AVAILABILITY GROUP g {verb} REPLICA ON {ours}"),
                    format!("ALTER AVAILABILITY GROUP g {verb} REPLICA ON {theirs}"),
                    |_| {},
                );
            }
            // A modification may have any part alone.
            for piece in replica {
                let (ours, theirs) = self.replica("SQL\\2", std::slice::from_ref(piece));
                self.pair(
                    format!("ALTER AVAILABILITY GROUP g MODIFY REPLICA ON {ours}"),
                    format!("ALTER AVAILABILITY GROUP g MODIFY REPLICA ON {theirs}"),
                    |_| {},
                );
            }
        }
        self.same("ALTER AVAILABILITY GROUP g REMOVE REPLICA ON N'SQL2'");
        self.same("ALTER AVAILABILITY GROUP g REMOVE REPLICA ON 'SQL2', N'it''s'");
    }

    /// Groups of groups: for ScriptDom they are groups of replicas, whose endpoints are listeners.
    fn distributed(&mut self) {
        let replicas = pieces();
        let may = |piece: &&Piece| {
            let without = ["PRIMARY_ROLE", "SECONDARY_ROLE", "BACKUP_PRIORITY"];
            !without.iter().any(|word| piece.ours.starts_with(word))
        };
        for (index, replica) in replicas.iter().enumerate() {
            let member: Vec<Piece> = replica.iter().filter(may).cloned().collect();
            let members = [self.replica("AG 1", &member), self.replica("AG ]2", &member)];
            let (ours, theirs) = joined(&members);
            let ours = ours.replace("ENDPOINT_URL", "LISTENER_URL");
            let on = format!("AVAILABILITY GROUP ON {ours}");
            let carrier = self.carrier(
                [("DISTRIBUTED".to_owned(), json!("")), ("OF GROUPS".to_owned(), json!(true))]
                    .into_iter()
                    .collect(),
            );
            self.pair(
                format!("CREATE AVAILABILITY GROUP [d {index}] WITH (DISTRIBUTED) {on}"),
                format!("CREATE AVAILABILITY GROUP [d {index}] {carrier}FOR REPLICA ON {theirs}"),
                |_| {},
            );
            self.pair(
                format!("ALTER AVAILABILITY GROUP [d {index}] JOIN {on}"),
                format!("ALTER AVAILABILITY GROUP [d {index}] ADD REPLICA ON {theirs}"),
                |form| form["does"] = json!("join groups"),
            );
            self.pair(
                format!("ALTER AVAILABILITY GROUP [d {index}] MODIFY {on}"),
                format!("ALTER AVAILABILITY GROUP [d {index}] MODIFY REPLICA ON {theirs}"),
                |form| form["does"] = json!("modify groups"),
            );
        }
    }

    fn listeners(&mut self) {
        for (text, value) in listeners() {
            self.newly(&format!("ADD LISTENER {text}"), "ADD LISTENER", value);
        }
        self.newly("REMOVE LISTENER N'it''s'", "REMOVE LISTENER", json!("it's"));
        self.newly("RESTART LISTENER 'l'", "RESTART LISTENER", json!("l"));
        self.newly("MODIFY LISTENER 'l' (PORT = 1434)", "MODIFY LISTENER", json!(["l", 1434, null]));
        self.newly(
            "MODIFY LISTENER 'l' (ADD IP ('10.0.0.5', '255.0.0.0'))",
            "MODIFY LISTENER",
            json!(["l", null, ["10.0.0.5", "255.0.0.0"]]),
        );
        self.newly(
            "MODIFY LISTENER 'l' (ADD IP (N'::1'))",
            "MODIFY LISTENER",
            json!(["l", null, ["::1", null]]),
        );
    }

    /// Databases that join, owners and rights.
    fn others(&mut self) {
        for database in ["Sales", "[it's]]]", "CURRENT"] {
            for option in
                ["AVAILABILITY GROUP = g", "AVAILABILITY GROUP = [g ]]h]", "OFF", "SUSPEND", "RESUME"]
            {
                self.same(format!("ALTER DATABASE {database} SET HADR {option}"));
            }
        }
        for on in ["ENDPOINT::hadr", "ENDPOINT::[a ]]b]", "AVAILABILITY GROUP::g"] {
            self.same(format!("ALTER AUTHORIZATION ON {on} TO sa"));
            self.same(format!("GRANT ALTER ON {on} TO app"));
            self.same(format!("GRANT CONTROL, ALTER ON {on} TO app, [it's]]] WITH GRANT OPTION"));
            self.same(format!("DENY VIEW DEFINITION ON {on} TO app CASCADE"));
            self.same(format!("REVOKE VIEW DEFINITION ON {on} FROM app"));
            self.same(format!("REVOKE GRANT OPTION FOR TAKE OWNERSHIP ON {on} TO app CASCADE"));
        }
        self.same("GRANT CONNECT ON ENDPOINT::hadr TO app");
        self.same("GRANT ALTER ANY ENDPOINT, CREATE ENDPOINT TO app");
        self.same("DENY ALTER ANY AVAILABILITY GROUP TO app");
        self.same("REVOKE CREATE AVAILABILITY GROUP FROM app");
    }

    /// `WITH (…) ` of ScriptDom's text, if there is anything to carry.
    fn carrier(&mut self, means: Map<String, Value>) -> String {
        if means.is_empty() {
            return String::new();
        }
        let number = self.number(json!(means));
        format!("WITH (REQUIRED_COPIES_TO_COMMIT = {number}) ")
    }

    /// A replica in both spellings.
    fn replica(&mut self, name: &str, pieces: &[Piece]) -> (String, String) {
        let ours: Vec<&str> = pieces.iter().map(|piece| piece.ours.as_str()).collect();
        let mut theirs: Vec<String> = pieces.iter().filter_map(|piece| piece.theirs.clone()).collect();
        let newer: Map<String, Value> = pieces
            .iter()
            .flat_map(|piece| piece.newer.iter().map(|(word, value)| ((*word).to_owned(), value.clone())))
            .collect();
        if !newer.is_empty() {
            let number = self.number(json!(newer));
            theirs.push(format!("APPLY_DELAY = {number}"));
        }
        (format!("N'{name}' WITH ({})", ours.join(", ")), format!("N'{name}' WITH ({})", theirs.join(", ")))
    }
}

fn joined(members: &[(String, String)]) -> (String, String) {
    let ours: Vec<&str> = members.iter().map(|(ours, _)| ours.as_str()).collect();
    let theirs: Vec<&str> = members.iter().map(|(_, theirs)| theirs.as_str()).collect();
    (ours.join(", "), theirs.join(", "))
}

/// `AUTHENTICATION = …`, or nothing.
fn authentications() -> Vec<String> {
    let windows = ["WINDOWS", "WINDOWS NTLM", "WINDOWS KERBEROS", "WINDOWS NEGOTIATE"];
    let mut all = vec![String::new(), "AUTHENTICATION = CERTIFICATE c".to_owned()];
    for kind in windows {
        all.push(format!("AUTHENTICATION = {kind}"));
        all.push(format!("AUTHENTICATION = {kind} CERTIFICATE [c ]]d]"));
        all.push(format!("AUTHENTICATION = CERTIFICATE c {kind}"));
    }
    all
}

/// `ENCRYPTION = …`, or nothing.
fn encryptions() -> Vec<String> {
    let mut all = vec![String::new(), "ENCRYPTION = DISABLED".to_owned()];
    for level in ["SUPPORTED", "REQUIRED"] {
        all.push(format!("ENCRYPTION = {level}"));
        for algorithm in ["AES", "RC4", "AES RC4", "RC4 AES"] {
            all.push(format!("ENCRYPTION = {level} ALGORITHM {algorithm}"));
        }
    }
    all
}

/// Options of a group: word, text, value.
fn group_options() -> Vec<(&'static str, String, Value)> {
    let mut all = Vec::new();
    let mut one = |word: &'static str, value: Value| {
        let text = match &value {
            Value::String(text) if text.is_empty() => word.to_owned(),
            Value::String(text) => format!("{word} = {text}"),
            number => format!("{word} = {number}"),
        };
        if !all.iter().any(|(_, other, _)| *other == text) {
            all.push((word, text, value));
        }
    };
    one("AUTOMATED_BACKUP_PREFERENCE", json!("SECONDARY"));
    one("FAILURE_CONDITION_LEVEL", json!(3));
    one("HEALTH_CHECK_TIMEOUT", json!(30_000));
    one("DB_FAILOVER", json!("ON"));
    one("DTC_SUPPORT", json!("PER_DB"));
    one("REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT", json!(1));
    one("CLUSTER_TYPE", json!("NONE"));
    one("BASIC", json!(""));
    one("DISTRIBUTED", json!(""));
    one("CONTAINED", json!(""));
    all
}

/// Sets of options of a replica, each with what every new one needs.
fn pieces() -> Vec<Vec<Piece>> {
    let known =
        |text: &str| Piece { ours: text.to_owned(), theirs: Some(text.to_owned()), newer: Vec::new() };
    let newer = |text: &str, word: &'static str, value: Value| Piece {
        ours: text.to_owned(),
        theirs: None,
        newer: vec![(word, value)],
    };
    let modes = [
        known("AVAILABILITY_MODE = SYNCHRONOUS_COMMIT"),
        known("AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT"),
        newer("AVAILABILITY_MODE = CONFIGURATION_ONLY", "AVAILABILITY_MODE", json!("CONFIGURATION_ONLY")),
    ];
    let failovers = [
        known("FAILOVER_MODE = AUTOMATIC"),
        known("FAILOVER_MODE = MANUAL"),
        newer("FAILOVER_MODE = EXTERNAL", "FAILOVER_MODE", json!("EXTERNAL")),
    ];
    let more = [
        vec![],
        vec![newer("SEEDING_MODE = AUTOMATIC", "SEEDING_MODE", json!("AUTOMATIC"))],
        vec![
            newer("SEEDING_MODE = MANUAL", "SEEDING_MODE", json!("MANUAL")),
            newer("BACKUP_PRIORITY = 50", "BACKUP_PRIORITY", json!(50)),
        ],
        vec![known("SESSION_TIMEOUT = 20"), newer("BACKUP_PRIORITY = 0", "BACKUP_PRIORITY", json!(0))],
    ];
    let role = |primary: bool, connections: Option<&str>, rest: &str, what: Vec<(&'static str, Value)>| {
        let word = if primary { "PRIMARY_ROLE" } else { "SECONDARY_ROLE" };
        let connections = connections.map(|kind| format!("ALLOW_CONNECTIONS = {kind}"));
        let both: Vec<&str> =
            connections.iter().map(String::as_str).chain([rest]).filter(|text| !text.is_empty()).collect();
        Piece {
            ours: format!("{word} ({})", both.join(", ")),
            theirs: connections.map(|connections| format!("{word} ({connections})")),
            newer: what,
        }
    };
    let list = |text: &str, names: Value| {
        (format!("READ_ONLY_ROUTING_LIST = {text}"), vec![("READ_ONLY_ROUTING_LIST", names)])
    };
    let (one, one_means) = list("('SQL2')", json!([["SQL2"]]));
    let (sets, sets_mean) = list("(('SQL2', 'SQL3'), N'SQL1')", json!([["SQL2", "SQL3"], ["SQL1"]]));
    let (none, none_means) = list("NONE", json!([]));
    let primaries = [
        vec![],
        vec![role(true, Some("READ_WRITE"), "", vec![])],
        vec![role(true, Some("ALL"), "", vec![])],
        vec![role(true, Some("ALL"), &one, one_means)],
        vec![role(true, None, &sets, sets_mean)],
        vec![role(true, None, &none, none_means)],
        vec![role(
            true,
            Some("READ_WRITE"),
            "READ_WRITE_ROUTING_URL = 'TCP://a:1'",
            vec![("READ_WRITE_ROUTING_URL", json!("TCP://a:1"))],
        )],
    ];
    let secondaries = [
        vec![],
        vec![role(false, Some("NO"), "", vec![])],
        vec![role(false, Some("READ_ONLY"), "", vec![])],
        vec![role(false, Some("ALL"), "", vec![])],
        vec![role(
            false,
            Some("ALL"),
            "READ_ONLY_ROUTING_URL = N'TCP://a:1'",
            vec![("READ_ONLY_ROUTING_URL", json!("TCP://a:1"))],
        )],
    ];
    // Every value of a part meets every value of each neighbour: the counts have no common divisor but 3.
    (0..105)
        .map(|index: usize| {
            let mut set = vec![
                known(&format!("ENDPOINT_URL = N'TCP://host-{index}.corp.example:5022'")),
                modes[index % 3].clone(),
                failovers[index / 3 % 3].clone(),
            ];
            set.extend(more[index % 4].clone());
            set.extend(primaries[index % 7].clone());
            set.extend(secondaries[index % 5].clone());
            let turn = index % set.len();
            set.rotate_left(turn);
            set
        })
        .collect()
}

/// Listeners: text and value.
fn listeners() -> Vec<(String, Value)> {
    let one = |text: &str, value: Value| (text.to_owned(), value);
    vec![
        one("'l' (WITH DHCP)", json!(["l", true, [], null])),
        one(
            "N'it''s' (WITH DHCP ON ('10.0.0.0', '255.0.0.0'))",
            json!(["it's", true, [["10.0.0.0", "255.0.0.0"]], null]),
        ),
        one("'l' (WITH DHCP, PORT = 1433)", json!(["l", true, [], 1433])),
        one(
            "'l' (WITH IP (('10.0.0.5', '255.0.0.0')))",
            json!(["l", false, [["10.0.0.5", "255.0.0.0"]], null]),
        ),
        one(
            "'l' (WITH IP ((N'10.0.0.5', N'255.0.0.0'), ('10.1.0.5', '255.0.0.0')), PORT = 1433)",
            json!(["l", false, [["10.0.0.5", "255.0.0.0"], ["10.1.0.5", "255.0.0.0"]], 1433]),
        ),
        one("'l' (WITH IP (('::1')), PORT = 60173)", json!(["l", false, [["::1", null]], 60173])),
    ]
}
