//! What functions answer, in a world with a link.

use rusqlite::types::Value;

use super::InstanceHost;
use crate::tsql::query::Host as _;
use crate::world::assumption;
use crate::world::build::Build;
use crate::world::collation::Collation;
use crate::world::tests::Bench;

const SQL: &str = "sql1.corp.example";

fn host(bench: &Bench, login: &str, database: &str) -> InstanceHost {
    InstanceHost {
        world: bench.world.clone(),
        engine: SQL.into(),
        login: login.to_owned(),
        database: database.to_owned(),
        application: "tool".to_owned(),
        client: "desk".to_owned(),
        error: None,
        transactions: 0,
        doomed: false,
        peer: Some("10.0.0.9:50000".parse().unwrap()),
        temporary: vec!["#T".to_owned()],
        identity: None,
        context_info: None,
        arith_abort: false,
        session: 51,
        locks: Default::default(),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn ask(host: &InstanceHost, function: &str, arguments: &[Value]) -> Value {
    host.call(function, arguments).unwrap_or_else(|error| panic!("{function}: {}", error.message))
}

/// A function of texts; an empty text stands for NULL.
fn of(host: &InstanceHost, function: &str, arguments: &[&str]) -> Value {
    let arguments: Vec<Value> =
        arguments.iter().map(|word| if word.is_empty() { Value::Null } else { text(word) }).collect();
    ask(host, function, &arguments)
}

const YES: Value = Value::Integer(1);
const NO: Value = Value::Integer(0);

#[test]
fn permissions_are_asked_for_in_every_class() {
    let bench = Bench::linked();
    for statement in [
        "CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'",
        "CREATE USER app",
        "GRANT ALTER ANY ENDPOINT TO app",
        "GRANT CONTROL ON CERTIFICATE::endpoint_cert TO app",
        "DENY VIEW DEFINITION ON AVAILABILITY GROUP::AG_Sales TO app",
    ] {
        bench.sql(statement);
    }
    let (sa, app) = (host(&bench, "sa", "master"), host(&bench, "app", "master"));
    for (arguments, by_sa, by_app) in [
        (["", "", "VIEW SERVER STATE"], YES, NO),
        (["", "", "view any database"], YES, YES),
        (["", "SERVER", "CREATE ENDPOINT"], YES, YES),
        (["", "", "NO SUCH PERMISSION"], Value::Null, Value::Null),
        (["", "NO SUCH CLASS", "CONTROL"], Value::Null, Value::Null),
        (["x", "SERVER", "CONTROL SERVER"], Value::Null, Value::Null),
        (["hadr", "ENDPOINT", "ALTER"], YES, YES),
        (["[hadr]", "ENDPOINT", "CONTROL"], YES, NO),
        (["endpoint_cert", "CERTIFICATE", "VIEW DEFINITION"], YES, YES),
        (["AG_Sales", "AVAILABILITY GROUP", "VIEW DEFINITION"], YES, NO),
        (["nothing", "AVAILABILITY GROUP", "ALTER"], Value::Null, Value::Null),
        (["nobody", "LOGIN", "ALTER"], NO, NO),
        (["app", "LOGIN", "IMPERSONATE"], YES, YES),
        (["Sales", "DATABASE", "ANY"], YES, NO),
        (["", "DATABASE", "CONNECT"], YES, YES),
        (["sys.databases", "OBJECT", "SELECT"], YES, YES),
        (["sys.sp_certificate_add_issuer", "OBJECT", "EXECUTE"], YES, NO),
    ] {
        assert_eq!(of(&sa, "HAS_PERMS_BY_NAME", &arguments), by_sa, "sa {arguments:?}");
        assert_eq!(of(&app, "HAS_PERMS_BY_NAME", &arguments), by_app, "app {arguments:?}");
    }
}

#[test]
fn rights_on_what_does_not_exist_are_unknown_or_none() {
    let bench = Bench::linked();
    let sa = host(&bench, "sa", "master");
    let asked = || {
        [
            ["nothing", "AVAILABILITY GROUP", "ALTER"],
            ["nothing", "CERTIFICATE", "ALTER"],
            ["dbo.nothing", "OBJECT", "SELECT"],
            // No question at all.
            ["nothing", "NO SUCH CLASS", "ALTER"],
            ["AG_Sales", "AVAILABILITY GROUP", "NO SUCH PERMISSION"],
        ]
        .map(|arguments| of(&sa, "HAS_PERMS_BY_NAME", &arguments))
    };
    assert_eq!(asked(), [const { Value::Null }; 5]);
    bench.world.with(|estate| estate.opposites.insert(assumption::MISSING_OBJECTS));
    assert_eq!(asked(), [NO, NO, NO, Value::Null, Value::Null]);
}

#[test]
fn members_are_members_and_what_is_unknown_is_null() {
    let bench = Bench::prepared();
    bench.sql("CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'");
    let app = host(&bench, "app", "master");
    assert_eq!(of(&app, "IS_SRVROLEMEMBER", &["sysadmin"]), NO);
    assert_eq!(of(&app, "IS_SRVROLEMEMBER", &["public"]), YES);
    assert_eq!(of(&app, "IS_SRVROLEMEMBER", &["sysadmin", "sa"]), YES);
    assert_eq!(of(&app, "IS_SRVROLEMEMBER", &["norole"]), Value::Null);
    assert_eq!(of(&app, "IS_SRVROLEMEMBER", &["sysadmin", "nobody"]), Value::Null);
    assert_eq!(of(&app, "IS_MEMBER", &["db_owner"]), NO);
    assert_eq!(of(&app, "IS_MEMBER", &["norole"]), Value::Null);
    assert_eq!(of(&host(&bench, "sa", "master"), "IS_MEMBER", &["db_owner"]), YES);
}

#[test]
fn principals_have_names_numbers_and_identifiers() {
    let bench = Bench::prepared();
    for statement in ["CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'", "CREATE USER worker FOR LOGIN app"] {
        bench.sql(statement);
    }
    let (sa, app) = (host(&bench, "sa", "master"), host(&bench, "app", "master"));
    assert_eq!(of(&app, "SUSER_SNAME", &[]), text("app"));
    let sid = of(&app, "SUSER_SID", &["app"]);
    assert_eq!(ask(&sa, "SUSER_SNAME", std::slice::from_ref(&sid)), text("app"));
    assert_eq!(ask(&sa, "SUSER_SNAME", &[Value::Blob(vec![1])]), text("sa"));
    assert_eq!(ask(&sa, "SUSER_SNAME", &[Value::Blob(vec![9, 9])]), Value::Null);
    assert_eq!(of(&sa, "SUSER_SID", &["nobody"]), Value::Null);
    let id = of(&sa, "SUSER_ID", &["app"]);
    assert_eq!(ask(&sa, "SUSER_NAME", &[id]), text("app"));
    assert_eq!(ask(&sa, "SUSER_NAME", &[Value::Integer(3)]), text("sysadmin"));
    assert_eq!((of(&sa, "USER_NAME", &[]), of(&app, "USER_NAME", &[])), (text("dbo"), text("worker")));
    assert_eq!(of(&app, "USER_ID", &["worker"]), Value::Integer(5));
    assert_eq!(ask(&sa, "USER_NAME", &[Value::Integer(4)]), text("sys"));
    assert_eq!(of(&sa, "SCHEMA_ID", &["sys"]), Value::Integer(4));
    assert_eq!(of(&host(&bench, "app", "Sales"), "USER_NAME", &[]), Value::Null);
    assert_eq!((of(&app, "HAS_DBACCESS", &["Sales"]), of(&sa, "HAS_DBACCESS", &["Sales"])), (NO, YES));
    assert_eq!(of(&sa, "HAS_DBACCESS", &["nothing"]), Value::Null);
}

#[test]
fn objects_and_columns_are_found_by_the_rules_of_names() {
    let bench = Bench::prepared();
    let sa = host(&bench, "sa", "master");
    let found = |name: &str| of(&sa, "OBJECT_ID", &[name]) != Value::Null;
    for name in [
        "sys.databases",
        "[sys].[databases]",
        "master.sys.databases",
        "sp_executesql",
        "SYS.SP_CERTIFICATE_ISSUERS",
        "msdb.dbo.backupset",
        "msdb..backupset",
        "tempdb..#t",
    ] {
        assert!(found(name), "{name}");
    }
    for name in ["databases", "sys.nothing", "dbo.backupset", "nowhere.sys.databases", "#t", "sys.[databases"]
    {
        assert!(!found(name), "{name}");
    }
    assert_ne!(of(&sa, "OBJECT_ID", &["sys.databases", "V"]), Value::Null);
    assert_eq!(of(&sa, "OBJECT_ID", &["sys.databases", "U"]), Value::Null);
    let id = of(&sa, "OBJECT_ID", &["sys.availability_replicas"]);
    assert_eq!(ask(&sa, "OBJECT_NAME", std::slice::from_ref(&id)), text("availability_replicas"));
    assert_eq!(ask(&sa, "COL_NAME", &[id, Value::Integer(1)]), text("replica_id"));
    for (view, column, length) in [
        ("sys.availability_replicas", "endpoint_url", Value::Integer(512)),
        ("sys.availability_groups", "cluster_type", YES),
        ("sys.databases", "database_id", Value::Integer(4)),
        ("sys.dm_hadr_database_replica_states", "last_sent_lsn", Value::Integer(13)),
        ("sys.availability_groups", "nothing", Value::Null),
        ("sys.nothing", "name", Value::Null),
        ("availability_groups", "name", Value::Null),
    ] {
        assert_eq!(of(&sa, "COL_LENGTH", &[view, column]), length, "{view}.{column}");
    }
    bench.world.with(|estate| estate.sql_servers[0].build = Build::usual(13));
    assert_eq!(of(&sa, "COL_LENGTH", &["sys.availability_groups", "cluster_type"]), Value::Null);
    assert!(!found("sys.sp_validate_certificate_ca_chain") && !found("sys.dm_os_host_info"));
}

#[test]
fn names_of_objects_follow_the_collation() {
    let bench = Bench::prepared();
    let sa = host(&bench, "sa", "master");
    let collate = |name: &str| {
        bench.world.with(|estate| estate.sql_servers[0].collation = name.to_owned());
        Collation::named(name)
    };
    let seen = |name: &str| of(&sa, "OBJECT_ID", &[name]) != Value::Null;
    let length = |column: &str| of(&sa, "COL_LENGTH", &["sys.databases", column]);
    collate("Latin1_General_100_BIN2");
    assert!(seen("sys.databases") && !seen("sys.Databases") && !seen("SYS.databases"));
    assert_eq!((length("name"), length("Name")), (Value::Integer(256), Value::Null));
    assert_eq!(
        (of(&sa, "CERT_ID", &["ENDPOINT_CERT"]), of(&sa, "DB_ID", &["SALES"])),
        (Value::Null, Value::Null)
    );
    assert_ne!(of(&sa, "CERT_ID", &["endpoint_cert"]), Value::Null);
    assert_eq!(of(&sa, "IS_SRVROLEMEMBER", &["SYSADMIN"]), Value::Null);
    // The names of the functions' own words are no names of objects.
    assert_eq!(of(&sa, "HAS_PERMS_BY_NAME", &["", "server", "view server state"]), YES);
    collate("Turkish_CI_AS");
    assert!(seen("SYS.DATABASES"), "no letter of it is an i");
    assert!(!seen("sys.CERTIFICATES") && seen("sys.CERTiFiCATES") && seen("sys.CERTİFİCATES"));
    assert_eq!((length("DATABASE_ID"), length("DATABASE_iD")), (Value::Null, Value::Integer(4)));
}

#[test]
fn certificates_answer_in_master_alone() {
    let bench = Bench::prepared();
    let sa = host(&bench, "sa", "master");
    let id = of(&sa, "CERT_ID", &["[endpoint_cert]"]);
    assert!(matches!(ask(&sa, "CERTENCODED", std::slice::from_ref(&id)), Value::Blob(der) if der[0] == 0x30));
    let property = |name: &str| ask(&sa, "CERTPROPERTY", &[id.clone(), text(name)]);
    assert_eq!(property("Subject"), text("SQL1"));
    assert!(matches!(property("String_SID"), Value::Text(sid) if sid.starts_with("S-1-9-1-")));
    assert_eq!(property("nothing"), Value::Null);
    assert_eq!(of(&host(&bench, "sa", "Sales"), "CERT_ID", &["endpoint_cert"]), Value::Null);
    assert_eq!(ask(&sa, "CERTENCODED", &[Value::Integer(4711)]), Value::Null);
    let system = of(&sa, "CERT_ID", &["##MS_AgentSigningCertificate##"]);
    assert_eq!(sa.call("CERTENCODED", &[system]).unwrap_err().number, 49999);
    // The instance's certificate has no private key here; the endpoint's has.
    let imported = bench.world.with(|estate| {
        let fqdn = estate.managed_instances[0].view.fqdn.clone();
        estate.sql_servers[0].certificate(&fqdn).unwrap().id
    });
    assert_eq!(ask(&sa, "CERTPRIVATEKEY", &[Value::Integer(imported.into()), text("secret")]), Value::Null);
    // What comes is under the password: a file in Windows' form for private keys.
    let exported = ask(&sa, "CERTPRIVATEKEY", &[id, text("secret")]);
    assert!(matches!(&exported, Value::Blob(file) if file.starts_with(&[0x1E, 0xF1, 0xB5, 0xB0])));
}

#[test]
fn databases_say_what_they_are() {
    let bench = Bench::linked();
    let sa = host(&bench, "sa", "master");
    let property = |name: &str, property: &str| of(&sa, "DATABASEPROPERTYEX", &[name, property]);
    assert_eq!(property("Sales", "Status"), text("ONLINE"));
    assert_eq!(property("sales", "Updateability"), text("READ_WRITE"));
    assert_eq!(property("Sales", "Recovery"), text("FULL"));
    assert_eq!(property("Sales", "nothing"), Value::Null);
    assert_eq!(property("nothing", "Status"), Value::Null);
    assert_eq!(of(&sa, "FN_HADR_IS_PRIMARY_REPLICA", &["Sales"]), YES);
    assert_eq!(of(&sa, "FN_HADR_IS_PRIMARY_REPLICA", &["master"]), Value::Null);
    assert_eq!(of(&sa, "FN_HADR_IS_PRIMARY_REPLICA", &["nothing"]), Value::Null);
    let preferred = |preference: u8| {
        bench.world.with(|estate| estate.sql_servers[0].groups[0].backup_preference = preference);
        of(&sa, "FN_HADR_BACKUP_IS_PREFERRED_REPLICA", &["Sales"])
    };
    assert_eq!([0, 1, 2, 3].map(preferred), [YES, NO, NO, YES], "without a cluster");
    bench.world.with(|estate| estate.sql_servers[0].groups[0].cluster_type = 0);
    assert_eq!([0, 1, 2, 3].map(preferred), [YES, NO, YES, YES], "the only replica of a Windows cluster");
    assert_eq!(of(&sa, "FN_HADR_BACKUP_IS_PREFERRED_REPLICA", &["master"]), YES);
    // The instance's copy is a secondary one.
    let fqdn = bench.world.with(|estate| estate.managed_instances[0].view.fqdn.clone());
    let there = InstanceHost { engine: fqdn.as_str().into(), ..sa.clone() };
    assert_eq!(of(&there, "FN_HADR_IS_PRIMARY_REPLICA", &["Sales"]), NO);
    bench.world.with(|estate| estate.opposites.insert(assumption::RECEIVED_COPIES));
    assert_eq!(of(&there, "FN_HADR_IS_PRIMARY_REPLICA", &["Sales"]), YES);
    assert_eq!(of(&there, "FN_HADR_IS_PRIMARY_REPLICA", &["master"]), Value::Null);
    assert_eq!(of(&there, "DATABASEPROPERTYEX", &["Sales", "Updateability"]), text("READ_ONLY"));
}

#[test]
fn the_server_says_its_build_and_edition() {
    let bench = Bench::prepared();
    let sa = host(&bench, "sa", "master");
    let build = |text: &str| {
        bench.world.with(|estate| estate.sql_servers[0].build = text.parse().unwrap());
        ["ProductVersion", "ProductLevel", "ProductUpdateLevel", "ProductUpdateReference"]
            .map(|name| sa.server_property(name))
    };
    for (number, level, update, article) in [
        ("16.0.4295.3", "RTM", text("CU27"), text("KB5104824")),
        ("17.0.5005.3", "RTM", text("CU9"), text("KB5122048")),
        ("16.0.1000.6", "RTM", Value::Null, Value::Null),
        ("13.0.7000.253", "SP3", Value::Null, text("KB5014242")),
    ] {
        assert_eq!(build(number), [text(number), text(level), update, article], "{number}");
    }
    // What came with 2022 is unknown to 2016.
    assert_eq!(sa.server_property("SuspendedDatabaseCount"), Value::Null);
    assert_eq!(sa.server_property("nothing"), Value::Null);
    assert_eq!(sa.server_property("EditionID"), Value::Integer(-2_117_995_310));
    assert_eq!(sa.server_property("ishadrenabled"), YES);
}

#[test]
fn sessions_and_connections_have_properties() {
    let bench = Bench::prepared();
    let sa = host(&bench, "sa", "master");
    assert_eq!((of(&sa, "APP_NAME", &[]), of(&sa, "HOST_NAME", &[])), (text("tool"), text("desk")));
    assert_eq!(of(&sa, "CONNECTIONPROPERTY", &["net_transport"]), text("TCP"));
    assert_eq!(of(&sa, "CONNECTIONPROPERTY", &["local_tcp_port"]), Value::Integer(1433));
    assert_eq!(of(&sa, "CONNECTIONPROPERTY", &["client_net_address"]), text("10.0.0.9"));
    assert_eq!(of(&sa, "CONNECTIONPROPERTY", &["nothing"]), Value::Null);
    assert_eq!(of(&sa, "SESSIONPROPERTY", &["ANSI_NULLS"]), YES);
    assert_eq!(of(&sa, "SESSIONPROPERTY", &["NUMERIC_ROUNDABORT"]), NO);
    assert_eq!(of(&sa, "SESSIONPROPERTY", &["nothing"]), Value::Null);
}
