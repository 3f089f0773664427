//! What views say of a world is true of it.

use rusqlite::types::Value;

use super::{SQL, look, row, seen, view, with_sql, words};
use crate::world::tests::Bench;

fn number(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        other => panic!("{other:?} is no number"),
    }
}

#[test]
fn a_primary_knows_what_it_sent_and_the_secondary_what_it_redid() {
    let bench = Bench::linked();
    with_sql(&bench, |sql| {
        let sales = sql.databases.iter_mut().find(|one| one.name == "Sales").unwrap();
        sales.activity = 50;
    });
    bench.advance(30);
    let dag = with_sql(&bench, |sql| sql.group("DAG_Sales").unwrap().id.to_uppercase());
    let rows = seen(&bench, "dm_hadr_database_replica_states");
    let of_link: Vec<_> = rows.iter().filter(|row| row["group_id"] == words(&dag)).collect();
    assert_eq!(of_link.len(), 2);
    let side = |local: i64| *of_link.iter().find(|row| row["is_local"] == Value::Integer(local)).unwrap();
    let (own, other) = (side(1), side(0));
    // An asynchronous primary has hardened nothing for others, and sends nothing to itself.
    for name in ["last_hardened_lsn", "last_sent_lsn", "redo_queue_size", "secondary_lag_seconds"] {
        assert_eq!(own[name], Value::Null, "{name}");
    }
    assert_eq!(
        (&own["is_primary_replica"], &other["is_primary_replica"]),
        (&Value::Integer(1), &Value::Integer(0))
    );
    let (end, hardened) = (number(&own["end_of_log_lsn"]), number(&other["last_hardened_lsn"]));
    assert!(hardened <= end && number(&other["last_redone_lsn"]) < hardened);
    assert!(number(&other["last_sent_lsn"]) >= number(&other["last_received_lsn"]));
    assert_eq!(number(&other["log_send_queue_size"]) > 0, hardened < end);
    for name in
        ["last_sent_time", "last_hardened_time", "last_redone_time", "last_commit_time", "log_send_rate"]
    {
        assert_ne!(other[name], Value::Null, "{name}");
    }
    // The instance knows of itself what it redid, and nothing of what was sent.
    let fqdn = bench.world.with(|estate| estate.managed_instances[0].view.fqdn.clone());
    let there = bench
        .world
        .with(|estate| look(estate, &fqdn, "sa", view("dm_hadr_database_replica_states"), "master"))
        .unwrap();
    let copy = there.iter().find(|row| row["is_primary_replica"] == Value::Integer(0)).unwrap();
    assert_eq!(copy["last_sent_lsn"], Value::Null);
    assert_ne!(copy["last_redone_lsn"], Value::Null);
}

#[test]
fn synchronous_commit_shows_what_all_have_hardened() {
    let bench = Bench::linked();
    let local = with_sql(&bench, |sql| sql.group("AG_Sales").unwrap().id.to_uppercase());
    let rows = seen(&bench, "dm_hadr_database_replica_states");
    let own = row(&rows, "group_id", &words(&local));
    assert_eq!(own["last_hardened_lsn"], own["end_of_log_lsn"]);
    assert_eq!(own["is_commit_participant"], Value::Integer(1));
}

#[test]
fn every_installation_has_its_principals_endpoints_and_keys() {
    let bench = Bench::prepared();
    let endpoints = seen(&bench, "endpoints");
    let ids: Vec<i64> = endpoints.iter().map(|row| number(&row["endpoint_id"])).collect();
    assert_eq!(ids.get(..5), Some([1, 2, 3, 4, 5].as_slice()));
    assert_eq!(row(&endpoints, "endpoint_id", &Value::Integer(1))["is_admin_endpoint"], Value::Integer(1));
    assert_eq!(seen(&bench, "tcp_endpoints").len(), 3);
    assert_eq!(seen(&bench, "database_mirroring_endpoints").len(), 1);
    let principals = seen(&bench, "server_principals");
    for name in ["sa", "public", "sysadmin", r"NT AUTHORITY\SYSTEM", "##MS_PolicyTsqlExecutionLogin##"] {
        row(&principals, "name", &words(name));
    }
    assert_eq!(row(&principals, "name", &words("sa"))["sid"], Value::Blob(vec![1]));
    assert_eq!(row(&principals, "name", &words("public"))["is_fixed_role"], Value::Integer(0));
    row(&principals, "name", &words("##MS_ServerStateReader##"));
    let certificates = seen(&bench, "certificates");
    row(&certificates, "name", &words("##MS_AgentSigningCertificate##"));
    let own = row(&certificates, "name", &words("endpoint_cert"));
    assert_eq!(own["pvt_key_encryption_type"], words("MK"));
    let Value::Text(sid) = &own["string_sid"] else { panic!("no SID") };
    assert!(sid.starts_with("S-1-9-1-") && sid.split('-').count() == 9, "{sid}");
    let keys = seen(&bench, "symmetric_keys");
    assert_eq!(
        row(&keys, "symmetric_key_id", &Value::Integer(101))["name"],
        words("##MS_DatabaseMasterKey##")
    );
    assert_eq!(
        row(&keys, "symmetric_key_id", &Value::Integer(102))["name"],
        words("##MS_ServiceMasterKey##")
    );
    assert_eq!(seen(&bench, "key_encryptions").len(), 2);
    with_sql(&bench, |sql| sql.build = crate::world::build::Build::usual(15));
    let principals = seen(&bench, "server_principals");
    assert!(
        principals.iter().all(|row| row["name"] != words("##MS_ServerStateReader##")),
        "it came with 2022"
    );
}

#[test]
fn what_statements_made_of_principals_shows() {
    let bench = Bench::prepared();
    for statement in [
        "CREATE LOGIN monitor WITH PASSWORD = 'Str0ng one!'",
        "CREATE USER watcher FOR LOGIN monitor",
        "ALTER SERVER ROLE [##MS_ServerStateReader##] ADD MEMBER monitor",
        "GRANT VIEW ANY DEFINITION TO monitor",
        "DENY CONNECT ON ENDPOINT::hadr TO monitor",
        "GRANT CONTROL ON CERTIFICATE::endpoint_cert TO watcher",
        "GRANT CREATE CERTIFICATE TO watcher",
    ] {
        bench.sql(statement);
    }
    let principals = seen(&bench, "server_principals");
    let login = row(&principals, "name", &words("monitor"))["principal_id"].clone();
    let members = seen(&bench, "server_role_members");
    assert_eq!(row(&members, "member_principal_id", &login)["role_principal_id"], Value::Integer(11));
    let permissions = seen(&bench, "server_permissions");
    let mine: Vec<_> = permissions.iter().filter(|row| row["grantee_principal_id"] == login).collect();
    let said: Vec<_> = mine.iter().map(|row| (&row["type"], &row["state"], &row["class"])).collect();
    assert_eq!(
        said,
        [
            (&words("COSQ"), &words("G"), &Value::Integer(100)),
            (&words("VWAD"), &words("G"), &Value::Integer(100)),
            (&words("CO  "), &words("D"), &Value::Integer(105)),
        ]
    );
    let users = seen(&bench, "database_principals");
    let watcher = row(&users, "name", &words("watcher"));
    assert_eq!(watcher["sid"], row(&principals, "name", &words("monitor"))["sid"]);
    let inside = seen(&bench, "database_permissions");
    let mine: Vec<_> =
        inside.iter().filter(|row| row["grantee_principal_id"] == watcher["principal_id"]).collect();
    let said: Vec<_> = mine.iter().map(|row| (&row["type"], &row["class_desc"])).collect();
    assert_eq!(
        said,
        [
            (&words("CO  "), &words("DATABASE")),
            (&words("CL  "), &words("CERTIFICATE")),
            (&words("CRCF"), &words("DATABASE")),
        ]
    );
    bench.sql("DROP USER watcher");
    assert!(seen(&bench, "database_permissions").iter().all(|row| row["class"] == Value::Integer(0)));
}

#[test]
fn a_seeding_says_how_far_it_is_and_when_it_will_end() {
    let bench = Bench::prepared();
    bench.create(crate::world::tests::request()).unwrap();
    bench.advance(40);
    let (running, history) =
        (seen(&bench, "dm_hadr_physical_seeding_stats"), seen(&bench, "dm_hadr_automatic_seeding"));
    let one = running.first().expect("it seeds");
    assert!(number(&one["transferred_size_bytes"]) < number(&one["database_size_bytes"]));
    let (Value::Text(start), Value::Text(end)) = (&one["start_time_utc"], &one["estimate_time_complete_utc"])
    else {
        panic!("no times: {one:?}");
    };
    assert!(end > start);
    assert_eq!(one["local_physical_seeding_id"], history[0]["operation_id"]);
    assert_eq!(
        (&history[0]["current_state"], &history[0]["completion_time"]),
        (&words("SEEDING"), &Value::Null)
    );
    let requests = seen(&bench, "dm_exec_requests");
    assert_eq!(row(&requests, "command", &words("VDI_CLIENT_WORKER"))["database_id"], Value::Integer(5));
    let databases = seen(&bench, "databases");
    let sales = row(&databases, "name", &words("Sales"));
    assert_eq!(history[0]["ag_db_id"], sales["group_database_id"]);
    bench.advance(400);
    assert!(seen(&bench, "dm_hadr_physical_seeding_stats").is_empty());
    let history = seen(&bench, "dm_hadr_automatic_seeding");
    assert_eq!(history[0]["current_state"], words("COMPLETED"));
    assert_ne!(history[0]["completion_time"], Value::Null);
}

#[test]
fn the_instance_has_its_own_certificate_and_no_services_of_windows() {
    let bench = Bench::prepared();
    let fqdn = bench.world.with(|estate| estate.managed_instances[0].view.fqdn.clone());
    let of = |name: &str| bench.world.with(|estate| look(estate, &fqdn, "sa", view(name), "master")).unwrap();
    row(&of("certificates"), "name", &words("##MS_InstanceCertificate##"));
    assert!(of("server_principals").iter().all(|row| row["type"] != words("U")));
    let here =
        bench.world.with(|estate| look(estate, SQL, "sa", view("dm_server_services"), "master")).unwrap();
    assert_eq!(here[0]["servicename"], words("SQL Server (MSSQLSERVER)"));
}

#[test]
fn linux_has_neither_services_of_windows_nor_their_accounts() {
    let bench = Bench::prepared();
    with_sql(&bench, |sql| sql.linux = true);
    let host = &seen(&bench, "dm_os_host_info")[0];
    assert_eq!((&host["host_platform"], &host["host_sku"]), (&words("Linux"), &Value::Null));
    assert_eq!(seen(&bench, "dm_server_services").len(), 1);
    let files = seen(&bench, "master_files");
    assert!(
        files
            .iter()
            .all(|row| matches!(&row["physical_name"], Value::Text(path) if path.starts_with("/var/")))
    );
}

#[test]
fn names_of_the_engines_own_certificates_are_taken() {
    let bench = Bench::prepared();
    let made = bench.world.with(|estate| {
        let text = "CREATE CERTIFICATE [##MS_AgentSigningCertificate##] WITH SUBJECT = 'x'";
        crate::tsql::run_ddl(estate, SQL, text)
    });
    assert_eq!(made, Err(15232));
}
