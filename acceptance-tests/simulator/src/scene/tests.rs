use super::*;

#[test]
fn the_demonstration_has_what_the_quickstart_names() {
    let scene = Scene::demonstration().unwrap();
    assert!(scene.estate.engine("sql1.corp.example").unwrap().database("Sales").is_some());
    assert!(scene.estate.engine("10.0.0.4").is_some());
    let instance = &scene.estate.managed_instances[0];
    assert_eq!(instance.view.path.name, "mi-sales");
    let variables: Vec<_> = scene.variables.keys().map(String::as_str).collect();
    assert_eq!(variables, ["client_secret", "master_key_password", "sql_password"]);
}

#[test]
fn a_host_carries_several_instances() {
    let server = |rest: &str| format!(r#"{{"host": "Sql1.example", "version": "2022"{rest}}}"#);
    let scene = |servers: &[String]| {
        let text = format!(r#"{{"sql_servers": [{}]}}"#, servers.join(","));
        Scene::parse(&text)
    };
    let named = [server(""), server(r#", "instance": "SALES""#)];
    let estate = scene(&named).unwrap().estate;
    let names = ["sql1.example", r"SQL1.example\Sales"]
        .map(|key| estate.engine(key).map(|engine| (engine.server_name(), engine.port)));
    assert_eq!(names, [Some(("SQL1".into(), 1433)), Some((r"SQL1\SALES".into(), 49_173))]);
    assert!(estate.engine(r"sql1.example\other").is_none());
    for twice in [[server(""), server("")], [server(""), server(r#", "instance": "B", "port": 1433"#)]] {
        assert!(matches!(scene(&twice), Err(SceneError::Invalid(_))), "{twice:?}");
    }
}

#[test]
fn a_link_of_the_start_has_several_databases_where_the_build_knows_such() {
    let scene = |build: &str| {
        Scene::parse(&format!(
            r#"{{
                "sql_servers": [{{
                    "host": "h", "version": "2022", "build": "{build}", "configuration": {{"Remote Access": 0}},
                    "databases": [{{"name": "One"}}, {{"name": "Two"}}]
                }}],
                "managed_instances": [{{
                    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi"
                }}],
                "links": [{{
                    "name": "dag", "sql_server": "h", "managed_instance": "mi", "database": "One",
                    "more_databases": ["Two"]
                }}]
            }}"#
        ))
    };
    let estate = scene("16.0.4295.3").unwrap().estate;
    let link = &estate.managed_instances[0].links[0];
    assert!(link.request.multi_database);
    let copies: Vec<&str> = link.databases.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(copies, ["One", "Two"]);
    assert!(
        link.databases.iter().all(|one| estate.managed_instances[0].engine.database(&one.name).is_some())
    );
    assert_eq!(estate.sql_servers[0].configuration.get("remote access"), Some(&0));
    let error = scene("16.0.4125.3").unwrap_err().to_string();
    assert!(error.starts_with("links[0].more_databases: the build"), "{error}");
}

#[test]
fn the_browser_runs_where_a_named_instance_is_or_the_file_says_so() {
    let server = |host: &str, rest: &str| format!(r#"{{"host": "{host}", "version": "2022"{rest}}}"#);
    let servers = [
        server("plain", ""),
        server("Named", r#", "instance": "A""#),
        server("said", r#", "browser": true"#),
        server("off", r#", "instance": "A""#),
        server("off", r#", "browser": false"#),
    ];
    let scene = Scene::parse(&format!(r#"{{"sql_servers": [{}]}}"#, servers.join(","))).unwrap();
    let browsers: Vec<_> = scene.estate.browsers.into_iter().collect();
    let expected = [("named", true), ("off", false), ("said", true)];
    assert_eq!(browsers, expected.map(|(host, runs)| (host.to_owned(), runs)));
}

#[test]
fn every_version_can_have_a_group() {
    for (version, cluster) in [
        ("2016", ""),
        ("2017", "WITH (CLUSTER_TYPE = NONE)"),
        ("2019", "WITH (CLUSTER_TYPE = NONE)"),
        ("2022", "WITH (CLUSTER_TYPE = NONE)"),
        ("2025", "WITH (CLUSTER_TYPE = NONE)"),
    ] {
        let text = format!(
            r#"{{"sql_servers": [{{"host": "h", "version": "{version}", "databases": [{{"name": "Sales"}}]}}]}}"#
        );
        let mut estate = Scene::new(serde_json::from_str(&text).unwrap()).unwrap().estate;
        for statement in [
            "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Str0ng and long!'",
            "CREATE CERTIFICATE own WITH SUBJECT = 'own'",
            "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION \
             = CERTIFICATE own, ROLE = ALL)",
            &format!(
                "CREATE AVAILABILITY GROUP ag {cluster} FOR DATABASE Sales REPLICA ON N'H' WITH (ENDPOINT_URL = \
                 N'TCP://h:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = \
                 AUTOMATIC)"
            ),
        ] {
            assert_eq!(crate::tsql::run_ddl(&mut estate, "h", statement), Ok(()), "{version}: {statement}");
        }
    }
}

#[test]
fn a_build_belongs_to_its_version() {
    let scene = |build: &str| {
        let text = format!(r#"{{"sql_servers": [{{"host": "h", "version": "2022", "build": "{build}"}}]}}"#);
        Scene::new(serde_json::from_str(&text).unwrap())
    };
    let estate = scene("16.0.4295.3").unwrap().estate;
    assert!(estate.sql_servers[0].has(crate::world::build::Capability::MultiDatabase));
    assert!(scene("15.0.4312.2").is_err());
    assert!(scene("newest").is_err());
}

#[test]
fn secrets_are_new_each_time() {
    let passwords = [Scene::demonstration(), Scene::demonstration()]
        .map(|scene| scene.unwrap().variables["sql_password"].clone());
    assert_ne!(passwords[0], passwords[1]);
}

#[test]
fn what_means_nothing_is_named_with_its_place() {
    let server = r#"{"host": "h", "version": "2022""#;
    for (text, expected) in [
        (r#"{"sqlservers": []}"#.to_owned(), "sqlservers: there is no such field"),
        (
            format!(r#"{{"sql_servers": [{server}, "build": "15.0.4312.2"}}]}}"#),
            "sql_servers[0].build: `15.0",
        ),
        (
            format!(r#"{{"sql_servers": [{server}, "databases": [{{"name": "a"}}, {{"name": "A"}}]}}]}}"#),
            "sql_servers[0].databases[1]: there are two",
        ),
        (
            format!(r#"{{"sql_servers": [{server}, "certificates": [{{"name": "c"}}]}}]}}"#),
            "sql_servers[0].certificates[0]: Msg 15581",
        ),
        (
            format!(r#"{{"sql_servers": [{server}, "statements": ["CREATE LOGIN"]}}]}}"#),
            "sql_servers[0].statements[0]: Msg 102",
        ),
        (
            format!(r#"{{"sql_servers": [{server}, "os": "linux", "instance": "A"}}]}}"#),
            "sql_servers[0].instance: SQL Server on Linux",
        ),
        (
            format!(
                r#"{{"sql_servers": [{server}, "browser": true}}, {server}, "instance": "A", "browser": false}}]}}"#
            ),
            "sql_servers[1].browser: another instance",
        ),
        (
            format!(r#"{{"sql_servers": [{server}, "configuration": {{"remote acess": 0}}}}]}}"#),
            "sql_servers[0].configuration.remote acess: the version has no such option",
        ),
        (
            format!(r#"{{"sql_servers": [{server}, "configuration": {{"remote access": 2}}}}]}}"#),
            "sql_servers[0].configuration.remote access: `2` is not from 0 to 1",
        ),
        (
            r#"{"network": {"slow": [{"between": ["a", "b"], "blocks_per_second": 1}]}}"#.to_owned(),
            "network.slow[0].between[0]: `a` is neither",
        ),
        (r#"{"network": {"down": ["nowhere"]}}"#.to_owned(), "network.down[0]: `nowhere` is neither"),
        (r#"{"opposites": [9999]}"#.to_owned(), "opposites[0]: assumption 9999 has no switch"),
        (r#"{"starts_at": "yesterday"}"#.to_owned(), "starts_at: "),
        (r#"{"managed_instances": [{"id": "mi"}]}"#.to_owned(), "managed_instances[0].id: `mi` is not"),
        (
            r#"{"links": [{"name": "l", "sql_server": "h", "managed_instance": "m", "database": "d"}]}"#
                .to_owned(),
            "links[0].sql_server: `h` is no SQL Server",
        ),
    ] {
        let error = Scene::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    assert!(matches!(Scene::parse("{"), Err(SceneError::Syntax(_))));
}

#[test]
fn a_link_of_the_start_replicates_in_both_directions() {
    for (primary, failover) in [("sql_server", false), ("managed_instance", true)] {
        let text = format!(
            r#"{{
                "sql_servers": [{{"host": "h", "version": "2022"{sql}}}],
                "managed_instances": [{{
                    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi"{mi}
                }}],
                "links": [{{
                    "name": "dag",
                    "sql_server": "H",
                    "managed_instance": "MI",
                    "database": "Sales",
                    "primary": "{primary}",
                    "both_directions": {failover},
                    "synchronous": {failover}
                }}]
            }}"#,
            sql = if failover { "" } else { r#", "databases": [{"name": "Sales", "size_gb": 8}]"# },
            mi = if failover { r#", "databases": [{"name": "Sales"}]"# } else { "" },
        );
        let before = OffsetDateTime::now_utc();
        let mut estate = Scene::parse(&text).unwrap().estate;
        estate.catch_up();
        let link = &estate.managed_instances[0].links[0];
        assert_eq!(link.phase, crate::world::managed::LinkPhase::Synchronizing, "{primary}");
        assert!(link.session.is_some());
        assert_eq!((link.instance_is_primary, link.synchronous), (failover, failover));
        assert!(estate.engine("h").unwrap().database("Sales").is_some());
        assert!(estate.managed_instances[0].engine.database("Sales").is_some());
        assert!(estate.clock.now() >= before && estate.clock.speed() == SPEED);
    }
}
