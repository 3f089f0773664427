//! Every text that the provider can send to a SQL Server, written out for each version, and judged by the parsers of
//! SQL Server's makers where they are at hand.
//!
//! The files are in `target/statements/<version>/NN-name.sql`, one for each statement or query, with one batch for each
//! form that it takes. Names are hostile, passwords are masked by the provider itself. Nothing can be forgotten: an
//! exhaustive match turns every statement into the demand for an example, and every literal in the source that looks
//! like SQL must be in `sql::texts`.
//!
//! What it is not: a test of what a server does with a statement. That is the simulator's part.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in; what is skipped is said"
)]

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use terraform_provider_milink::certificate::roots;
use terraform_provider_milink::secret::Secret;
use terraform_provider_milink::sql::instance::{InstanceFacts, ProductVersion};
use terraform_provider_milink::sql::quote::{EndpointUrl, Identifier, InstanceUrl};
use terraform_provider_milink::sql::statement::{
    Authentication, AuthenticationWay, AvailabilityMode, BackupPreference, CreateAvailabilityGroup,
    CreateEndpoint, DistributedGroup, DistributedMember, Encryption, EncryptionAlgorithm, EndpointChange,
    EndpointRole, EndpointState, ListenerIp, MajorVersion, MemberUrl, SeedingMode, Statement, Windows,
};
use terraform_provider_milink::sql::texts;
use time::macros::date;

/// Ends a bracket, a literal, a line and, if anything of it got out of its quotes, a database.
const HOSTILE: &str = "it's a ]bracket[ of \"Größe\" 数据 😀\nGO TO second line; DROP DATABASE [x]; /* --";
/// What of [`HOSTILE`] must never stand outside of quotes.
const ESCAPED: [&str; 4] = ["bracket", "Größe", "second line", "DATABASE [x]"];
/// In every password: nothing may hold it.
const HIDDEN: &str = "Sw0rdfish";

/// A server that texts are written for.
struct Target {
    folder: &'static str,
    version: MajorVersion,
    /// The parser that reads its texts. The newest that there is anywhere is that of 2019 (150).
    parser: &'static str,
    /// A managed instance is asked, but nothing on it is changed by T-SQL.
    read_only: bool,
}

/// One file: what it is, and its batches.
struct File {
    name: String,
    batches: Vec<String>,
}

#[test]
fn every_text_is_written_masked_and_accepted() {
    let parser = parser();
    for target in targets() {
        let folder = target_folder().join("statements").join(target.folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        let mut paths = Vec::new();
        for (number, file) in files_for(&target).iter().enumerate() {
            let path = folder.join(format!("{:02}-{}.sql", number + 1, file.name));
            for batch in &file.batches {
                assert_nothing_escapes(batch, &path);
            }
            let text = file.batches.join("\nGO\n") + "\n";
            assert!(
                !text.contains(HIDDEN) && !text.contains("PRIVATE KEY"),
                "a secret is in {}",
                path.display()
            );
            fs::write(&path, text).unwrap();
            paths.push(path);
        }
        if let Some(parser) = &parser {
            parser.accepts(target.parser, &paths);
        }
    }
}

#[test]
fn every_statement_has_an_example() {
    let shown: BTreeSet<_> = statements().iter().map(name).collect();
    let missing: Vec<_> = NAMES.iter().filter(|name| !shown.contains(**name)).collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}

#[test]
fn every_text_in_the_source_is_listed() {
    let listed: BTreeSet<_> = texts::ALL.iter().map(|text| text.sql).collect();
    assert_eq!(listed.len(), texts::ALL.len(), "a text is listed twice");
    let sources = source::files("sql");
    // What changes a server is `Statement`, of which the compiler counts the variants; errors speak of statements.
    let elsewhere = ["sql/statement/", "sql/error.rs", "sql/error_numbers.rs"];
    let texts: Vec<_> = sources
        .iter()
        .filter(|source| !elsewhere.iter().any(|path| source.path.starts_with(path)))
        .flat_map(|source| source.literals.iter().map(|literal| (&source.path, literal.as_str())))
        .filter(|(_, literal)| looks_like_sql(literal))
        .collect();
    for (path, text) in &texts {
        assert!(listed.contains(text), "sql::texts lacks this text of {path}: {text}");
    }
    assert_eq!(texts.len(), listed.len());
}

#[test]
fn nothing_outside_of_sql_writes_sql() {
    let outside = source::files("").into_iter().filter(|source| !source.path.starts_with("sql/"));
    for source in outside {
        for literal in &source.literals {
            let select = literal.starts_with("SELECT ") || literal.starts_with("EXEC ");
            assert!(!select, "SQL in {}: {literal}", source.path);
        }
    }
}

#[test]
fn the_guards_see_what_they_should() {
    let fails = |text: &str| {
        let text = text.to_owned();
        std::panic::catch_unwind(|| assert_nothing_escapes(&text, Path::new("x"))).is_err()
    };
    let quoted = Identifier::parse("the name", HOSTILE).unwrap().to_string();
    assert!(!fails(&format!("DROP ENDPOINT {quoted}")));
    assert!(fails(&format!("DROP ENDPOINT [{HOSTILE}]")));
    assert!(fails(&format!("DROP ENDPOINT {}", quoted.replace("]]", "]"))));
    assert!(looks_like_sql("SELECT 1") && !looks_like_sql("SELECTED") && !looks_like_sql("Set up"));
}

/// The versions, and a managed instance, which calls itself version 12.
fn targets() -> Vec<Target> {
    let instance = InstanceFacts {
        version: ProductVersion { major: 12, minor: 0, build: 2000, revision: 8 },
        edition: "SQL Azure".to_owned(),
        engine_edition: 8,
        server_name: "mi-sales.0123456789ab.database.windows.net".to_owned(),
        at_server_name: None,
        hadr_enabled: true,
        clustered: false,
        collation: "SQL_Latin1_General_CP1_CI_AS".to_owned(),
        lists_issuers: false,
        knows_links: false,
        sees_definitions: true,
        sees_state: true,
    };
    let server = |folder, version, parser| Target { folder, version, parser, read_only: false };
    vec![
        server("2016", MajorVersion::Sql2016, "130"),
        server("2017", MajorVersion::Sql2017, "140"),
        server("2019", MajorVersion::Sql2019, "150"),
        server("2022", MajorVersion::Sql2022, "150"),
        server("2025", MajorVersion::Sql2025, "150"),
        Target { read_only: true, ..server("managed-instance", instance.major(), "150") },
    ]
}

fn files_for(target: &Target) -> Vec<File> {
    let mut files: Vec<File> = texts::ALL
        .iter()
        .filter(|text| text.since <= target.version)
        .map(|text| File { name: text.name.to_owned(), batches: vec![with_parameters(text)] })
        .collect();
    if target.read_only {
        return files;
    }
    for statement in statements() {
        let (name, batch) = (name(&statement), statement.masked(target.version));
        match files.iter_mut().find(|file| file.name == name) {
            Some(file) => file.batches.push(batch),
            None => files.push(File { name: name.to_owned(), batches: vec![batch] }),
        }
    }
    files
}

/// On the wire, parameters travel beside the text. Here they are declared in front of it.
fn with_parameters(text: &texts::Text) -> String {
    let declared: String = (1..=text.parameters.len())
        .map(|number| format!("DECLARE @P{number} nvarchar(4000) = N'{}';\n", HOSTILE.replace('\'', "''")))
        .collect();
    assert_eq!(text.sql.contains("@P1"), !text.parameters.is_empty(), "{}", text.name);
    declared + text.sql
}

/// Asserts that no hostile name got out of its quotes.
#[track_caller]
fn assert_nothing_escapes(text: &str, place: &Path) {
    let mut bare = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let close = match character {
            '[' => ']',
            '\'' => '\'',
            other => {
                bare.push(other);
                continue;
            }
        };
        loop {
            let inside = rest.next().unwrap_or_else(|| panic!("open quotes in {}: {text}", place.display()));
            if inside == close && rest.next_if_eq(&close).is_none() {
                break;
            }
        }
    }
    for piece in ESCAPED {
        assert!(!bare.contains(piece), "{piece:?} stands outside of quotes in {}: {text}", place.display());
    }
}

fn looks_like_sql(literal: &str) -> bool {
    const VERBS: [&str; 19] = [
        "ALTER", "BACKUP", "BEGIN", "CLOSE", "CREATE", "DBCC", "DECLARE", "DELETE", "DROP", "EXEC",
        "EXECUTE", "GRANT", "IF", "INSERT", "OPEN", "RESTORE", "SELECT", "SET", "UPDATE",
    ];
    literal.trim_start().split_once([' ', '\n']).is_some_and(|(verb, _)| VERBS.contains(&verb))
}

// ---------------------------------------------------------------------------------------------------------- examples

/// Makes `name` and `NAMES` of one table, so that a variant with a name is a variant that needs an example.
macro_rules! names {
    ($($pattern:pat => $name:literal,)+) => {
        /// The name of a statement's file. A new variant does not compile without one.
        fn name(statement: &Statement) -> &'static str {
            match statement { $($pattern => $name,)+ }
        }
        const NAMES: &[&str] = &[$($name,)+];
    };
}

names! {
    Statement::CreateMasterKey { .. } => "create-master-key",
    Statement::AddMasterKeyPassword { .. } => "add-master-key-password",
    Statement::DropMasterKeyPassword { .. } => "drop-master-key-password",
    Statement::AddServiceMasterKey { .. } => "add-service-master-key",
    Statement::DropMasterKey => "drop-master-key",
    Statement::CreateCertificate { .. } => "create-certificate",
    Statement::ImportCertificate { .. } => "import-certificate",
    Statement::DropCertificate { .. } => "drop-certificate",
    Statement::AddIssuer { .. } => "add-issuer",
    Statement::DropIssuer { .. } => "drop-issuer",
    Statement::CreateEndpoint(_) => "create-endpoint",
    Statement::AlterEndpoint(_) => "alter-endpoint",
    Statement::DropEndpoint { .. } => "drop-endpoint",
    Statement::CreateAvailabilityGroup(_) => "create-availability-group",
    Statement::SetBackupPreference { .. } => "set-backup-preference",
    Statement::SetDbFailover { .. } => "set-db-failover",
    Statement::GrantCreateAnyDatabase { .. } => "grant-create-any-database",
    Statement::AddDatabase { .. } => "add-database",
    Statement::RemoveDatabase { .. } => "remove-database",
    Statement::DropAvailabilityGroup { .. } => "drop-availability-group",
    Statement::DropDistributedGroup { .. } => "drop-distributed-group",
    Statement::CreateDistributedGroup(_) => "create-distributed-group",
    Statement::JoinDistributedGroup(_) => "join-distributed-group",
    Statement::SetDistributedMode { .. } => "set-distributed-mode",
}

/// All values of an enum of options; does not compile when one is missing.
macro_rules! every {
    ($type:ident: $($variant:ident),+) => {{
        let _complete = |value: $type| match value { $($type::$variant => ()),+ };
        [$($type::$variant),+]
    }};
}

/// Every statement in every form.
fn statements() -> Vec<Statement> {
    let mut all = keys_and_certificates();
    all.extend(endpoints());
    all.extend(groups());
    all.extend(distributed_groups());
    all
}

fn hostile() -> Identifier {
    Identifier::parse("the name", HOSTILE).unwrap()
}

fn keys_and_certificates() -> Vec<Statement> {
    let password = || Secret::new(format!("{HIDDEN}'s ]]; --\n{HIDDEN}"));
    let root = roots::ROOTS.first().unwrap();
    vec![
        Statement::CreateMasterKey { password: password() },
        Statement::AddMasterKeyPassword { password: password() },
        Statement::DropMasterKeyPassword { password: password() },
        Statement::AddServiceMasterKey { password: password() },
        Statement::DropMasterKey,
        Statement::CreateCertificate {
            name: hostile(),
            subject: HOSTILE.to_owned(),
            start: date!(2026 - 01 - 09),
            expiry: date!(2036 - 12 - 31),
        },
        Statement::ImportCertificate { name: hostile(), der: root.der.to_vec() },
        Statement::DropCertificate { name: hostile() },
        Statement::AddIssuer { certificate: hostile(), dns: HOSTILE.to_owned() },
        Statement::DropIssuer { certificate: hostile(), dns: HOSTILE.to_owned() },
    ]
}

fn endpoints() -> Vec<Statement> {
    let ciphers = every!(EncryptionAlgorithm: Aes, Rc4, AesRc4, Rc4Aes);
    let encryptions: Vec<_> = [Encryption::Disabled]
        .into_iter()
        .chain(ciphers.map(Encryption::Supported))
        .chain(ciphers.map(Encryption::Required))
        .inspect(|encryption| match encryption {
            Encryption::Disabled | Encryption::Supported(_) | Encryption::Required(_) => (),
        })
        .collect();
    let plain = CreateEndpoint {
        name: hostile(),
        state: EndpointState::Started,
        port: 5022,
        ip: ListenerIp::All,
        authentication: Authentication { first: AuthenticationWay::Certificate(hostile()), second: None },
        encryption: Encryption::Required(EncryptionAlgorithm::Aes),
        role: EndpointRole::All,
    };
    let mut created = Vec::new();
    for encryption in encryptions {
        created.push(CreateEndpoint { encryption, ..plain.clone() });
    }
    for state in every!(EndpointState: Started, Stopped, Disabled) {
        created.push(CreateEndpoint { state, ..plain.clone() });
    }
    for role in every!(EndpointRole: Partner, Witness, All) {
        created.push(CreateEndpoint { role, ..plain.clone() });
    }
    // The ends of the range that is documented, and that the parsers insist on.
    for (ip, port) in [("10.0.0.4", 1024), ("2001:db8::4", 32767)] {
        let ip = ListenerIp::Address(ip.parse::<IpAddr>().unwrap());
        created.push(CreateEndpoint { ip, port, ..plain.clone() });
    }
    let certificate = || AuthenticationWay::Certificate(hostile());
    for windows in every!(Windows: Ntlm, Kerberos, Negotiate) {
        let windows = || AuthenticationWay::Windows(windows);
        for (first, second) in
            [(windows(), None), (windows(), Some(certificate())), (certificate(), Some(windows()))]
        {
            created
                .push(CreateEndpoint { authentication: Authentication { first, second }, ..plain.clone() });
        }
    }
    // An ALTER has the same clauses, any of them alone.
    let altered = created.iter().flat_map(|endpoint| {
        let nothing = EndpointChange::of(hostile());
        let state = Some(endpoint.state);
        let listener = Some((endpoint.port, endpoint.ip.clone()));
        let mirroring = Some((endpoint.authentication.clone(), endpoint.encryption, endpoint.role));
        [
            EndpointChange { state, ..nothing.clone() },
            EndpointChange { listener: listener.clone(), ..nothing.clone() },
            EndpointChange { mirroring: mirroring.clone(), ..nothing.clone() },
            EndpointChange { state, listener, mirroring, ..nothing },
        ]
    });
    let mut distinct: Vec<EndpointChange> = Vec::new();
    for change in altered {
        if !distinct.contains(&change) {
            distinct.push(change);
        }
    }
    created
        .iter()
        .cloned()
        .map(Statement::CreateEndpoint)
        .chain(distinct.into_iter().map(Statement::AlterEndpoint))
        .chain([Statement::DropEndpoint { name: hostile() }])
        .collect()
}

fn groups() -> Vec<Statement> {
    let plain = CreateAvailabilityGroup {
        name: hostile(),
        server_name: HOSTILE.to_owned(),
        endpoint_url: EndpointUrl::parse("TCP://sql_1.corp.example:5022").unwrap(),
        databases: Vec::new(),
        backup_preference: BackupPreference::Primary,
        availability_mode: AvailabilityMode::Synchronous,
        db_failover: false,
        dtc_support: false,
        basic: false,
        readable_secondary: false,
    };
    let preferences = every!(BackupPreference: Primary, SecondaryOnly, Secondary, None);
    let mut created = vec![
        CreateAvailabilityGroup { databases: vec![hostile()], basic: true, ..plain.clone() },
        CreateAvailabilityGroup { databases: vec![hostile(), hostile()], db_failover: true, ..plain.clone() },
        CreateAvailabilityGroup { dtc_support: true, readable_secondary: true, ..plain.clone() },
        CreateAvailabilityGroup { db_failover: true, dtc_support: true, basic: true, ..plain.clone() },
    ];
    for backup_preference in preferences {
        created.push(CreateAvailabilityGroup { backup_preference, ..plain.clone() });
    }
    for availability_mode in every!(AvailabilityMode: Asynchronous, Synchronous) {
        created.push(CreateAvailabilityGroup { availability_mode, ..plain.clone() });
    }
    let group = hostile;
    created
        .into_iter()
        .map(Statement::CreateAvailabilityGroup)
        .chain(preferences.map(|preference| Statement::SetBackupPreference { group: group(), preference }))
        .chain([true, false].map(|on| Statement::SetDbFailover { group: group(), on }))
        .chain([
            Statement::GrantCreateAnyDatabase { group: group() },
            Statement::AddDatabase { group: group(), database: hostile() },
            Statement::RemoveDatabase { group: group(), database: hostile() },
            Statement::DropAvailabilityGroup { group: group() },
        ])
        .collect()
}

fn distributed_groups() -> Vec<Statement> {
    let member = |url: MemberUrl| match url {
        MemberUrl::SqlServer(_) | MemberUrl::Instance(_) => DistributedMember { group: hostile(), url },
    };
    let server = || member(MemberUrl::SqlServer(EndpointUrl::parse("tcp://10.0.0.4:5022").unwrap()));
    let url = || InstanceUrl::new("mi-sales.0123456789ab.database.windows.net", "mi-sales").unwrap();
    let instance = || member(MemberUrl::Instance(url()));
    let database = "it has a \"Größe\" 数据\nGO TO second line -- /*";
    let joined = || member(MemberUrl::Instance(url().with_database(database).unwrap()));
    let seedings = every!(SeedingMode: Automatic, Manual);
    let group = |members| DistributedGroup { name: hostile(), members, seeding: SeedingMode::Automatic };
    let modes = every!(AvailabilityMode: Asynchronous, Synchronous);
    let mut all = vec![
        Statement::CreateDistributedGroup(group([server(), instance()])),
        Statement::CreateDistributedGroup(group([instance(), server()])),
        Statement::JoinDistributedGroup(group([joined(), server()])),
        Statement::JoinDistributedGroup(group([server(), joined()])),
    ];
    all.extend(seedings.map(|seeding| {
        Statement::CreateDistributedGroup(DistributedGroup { seeding, ..group([server(), instance()]) })
    }));
    all.extend(modes.map(|mode| {
        let members = [hostile(), Identifier::parse("the name", "mi-sales").unwrap()];
        Statement::SetDistributedMode { group: hostile(), local: hostile(), members, mode }
    }));
    all.push(Statement::DropDistributedGroup { group: hostile(), local: hostile() });
    all
}

// ------------------------------------------------------------------------------------------------------------ parsers

/// Microsoft's parsers, as `../shared/oracles/tsqlparse` runs them, in a Python of their own.
struct Parser {
    environment: PathBuf,
    tool: PathBuf,
}

/// The parsers, or nothing, which is said, where they or what they run on is not at hand.
fn parser() -> Option<Parser> {
    let shared = std::env::var_os("MILINK_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let tool = shared.join("oracles/tsqlparse/tsqlparse.py");
    if !tool.is_file() {
        eprintln!(
            "skipped: the parsers are neither in ../shared nor where MILINK_SHARED says; files were only written"
        );
        return None;
    }
    let environment = target_folder().join("oracles/tsqlparse");
    let python = environment.join("bin/python");
    let ready = || {
        let found = Command::new(&python).args(["-c", "import pythonnet"]).output();
        found.is_ok_and(|output| output.status.success())
    };
    if !ready() {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).output();
        let pip = ["-m", "pip", "install", "--quiet", "pythonnet==3.2.1"];
        let installed = made.and_then(|_made| Command::new(&python).args(pip).output());
        if !ready() {
            eprintln!(
                "skipped: the parsers' Python cannot be installed; files were only written: {installed:?}"
            );
            return None;
        }
    }
    Some(Parser { environment, tool })
}

impl Parser {
    /// Asserts that a file that they must reject is rejected, and that these are accepted.
    fn accepts(&self, version: &str, paths: &[PathBuf]) {
        let run = |paths: &[PathBuf]| {
            // One at a time: each run writes a file of the tool's cache anew, which another may read just then.
            let turn = fs::File::create(self.environment.join("turn")).unwrap();
            turn.lock().unwrap();
            let mut command = Command::new(self.environment.join("bin/python"));
            command.env("TSQLPARSE_CACHE", self.environment.join("cache"));
            command.arg(&self.tool).args(["--mask", "--quiet", "--versions", version]).args(paths);
            command.output().unwrap()
        };
        let wrong = target_folder().join("oracles").join(format!("wrong-{version}.sql"));
        fs::write(&wrong, "CREATE MASTER KEY ENCRYPTION WITH PASSWORD = N'***'\n").unwrap();
        assert_eq!(run(&[wrong]).status.code(), Some(1), "the parsers of {version} accept anything");
        let output = run(paths);
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{version}:\n{said}");
    }
}

fn target_folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}
