//! What is believed about T-SQL, and its opposite: the same batches on a server of either kind.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Event, PASSWORD, Request, Server, errors, said, shown};
use crate::tds::backend::{Backend as _, Session as _};
use crate::tsql::session::SqlSession;
use crate::world::Estate;
use crate::world::assumption;
use crate::world::build::Build;
use crate::world::security::Password;
use crate::world::tests::Bench;

/// What a client reads of a batch: values of rows, and of messages number and class.
async fn told(session: &mut SqlSession, text: &str) -> String {
    let (sender, mut events) = mpsc::channel(1000);
    session.run(Request::Batch(text.to_owned()), &sender, &CancellationToken::new()).await;
    drop(sender);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            // PRINT.
            Event::Message(message) if message.number == 0 => told.push(message.text),
            Event::Message(message) => told.push(format!("{}/{}", message.number, message.class)),
            Event::Row(row) => told.extend(row.iter().map(shown)),
            _ => {}
        }
    }
    told.join(" ")
}

/// Batches with what is told of each as believed and under the opposite.
async fn both(number: u16, cases: &[(&str, &str, &str)]) {
    for opposite in [false, true] {
        let (server, mut session) = Server::usual().await;
        server.world.with(|estate| estate.opposites.extend(opposite.then_some(number)));
        for (text, believed, other) in cases {
            let expected = if opposite { other } else { believed };
            assert_eq!(told(&mut session, text).await, *expected, "{number}, opposite {opposite}: {text}");
        }
    }
}

#[tokio::test]
async fn refusals_have_one_number_or_another() {
    const GROUP: &str = "CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = \
                         N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL)";
    both(
        assumption::REFUSAL_NUMBERS,
        &[
            ("CREATE CERTIFICATE d WITH SUBJECT = 'd', EXPIRY_DATE = 'soon'", "241/16", "8114/16"),
            ("DROP CERTIFICATE endpoint_cert", "15352/16", "3716/16"),
            ("EXEC sp_certificate_add_issuer 9999, N'x.example'", "15151/16", "15247/16"),
            (
                "DECLARE @id int = CERT_ID('endpoint_cert'), @status int; BEGIN TRY \
                 EXEC @status = sp_validate_certificate_ca_chain @id; PRINT @status END TRY BEGIN CATCH PRINT 'caught' END CATCH",
                "caught",
                "37449/10 0",
            ),
            ("ALTER MASTER KEY DROP ENCRYPTION BY PASSWORD = 'not there'", "15313/16", "15329/16"),
            (
                "CREATE CERTIFICATE held ENCRYPTION BY PASSWORD = 'Str0ng secret' WITH SUBJECT = 'held'; \
                 ALTER ENDPOINT hadr FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE held)",
                "15334/16",
                "15581/16",
            ),
            ("ALTER AVAILABILITY GROUP DAG_Sales REMOVE DATABASE Sales", "41190/16", "15151/16"),
            ("DROP ENDPOINT hadr", "", ""),
            (GROUP, "1486/16", "1418/16"),
        ],
    )
    .await;
    for (opposite, refused) in [(None, "!15247"), (Some(assumption::REFUSAL_NUMBERS), "!262")] {
        let (server, mut session) = Server::usual().await;
        server.world.with(|estate| estate.opposites.extend(opposite));
        said(&mut session, &format!("CREATE LOGIN app WITH PASSWORD = '{PASSWORD}'")).await;
        let mut app = server.sign_in("app", PASSWORD).await.unwrap();
        assert_eq!(said(&mut app, GROUP).await, refused);
    }
}

#[tokio::test]
async fn messages_arrive_with_one_class_or_the_tables() {
    both(
        assumption::LISTED_CLASSES,
        &[
            (
                "BEGIN TRY CLOSE MASTER KEY; PRINT 'on' END TRY BEGIN CATCH PRINT 'caught' END CATCH",
                "caught",
                "15315/10 on",
            ),
            (
                "BEGIN TRY CREATE CERTIFICATE old WITH SUBJECT = 'o', START_DATE = '20100101', EXPIRY_DATE = '20110101'; \
                 PRINT 'on' END TRY BEGIN CATCH PRINT 'caught' END CATCH",
                "15214/10 on",
                "caught",
            ),
            // It was made all the same, and a rollback knows of it.
            ("SELECT COUNT(*) FROM sys.certificates WHERE name = 'old'", "1", "1"),
            (
                "BEGIN TRANSACTION; CREATE CERTIFICATE o2 WITH SUBJECT = 'o2', START_DATE = '20100101', EXPIRY_DATE = '20110101'; \
                 ROLLBACK; SELECT COUNT(*) FROM sys.certificates WHERE name = 'o2'",
                "15214/10 0",
                "15214/16 0",
            ),
            ("CREATE LOGIN mapped FROM CERTIFICATE old", "", ""),
            ("DROP CERTIFICATE old", "15559/16", "15559/10"),
            ("SELECT COUNT(*) FROM sys.certificates WHERE name = 'old'", "1", "1"),
            // Seen with 16.
            ("OPEN MASTER KEY DECRYPTION BY PASSWORD = 'wrong'", "15313/16", "15313/16"),
        ],
    )
    .await;
}

#[tokio::test]
async fn passwords_of_private_keys_are_of_one_encoding_or_another() {
    let (server, mut session) = Server::usual().await;
    let (export, import) = (
        "SELECT CONVERT(varchar(max), CERTPRIVATEKEY(CERT_ID('moved'), N'Schlüssel 1'), 1)",
        "DECLARE @c nvarchar(max) = N'ALTER CERTIFICATE moved REMOVE PRIVATE KEY; ALTER CERTIFICATE moved WITH PRIVATE KEY \
         (BINARY = KEY, DECRYPTION BY PASSWORD = N''Schlüssel 1'')'; EXEC (@c)",
    );
    said(&mut session, "CREATE CERTIFICATE moved WITH SUBJECT = 'moved', EXPIRY_DATE = '20990101'").await;
    let believed = said(&mut session, export).await;
    assert_eq!(told(&mut session, &import.replace("KEY,", &format!("{believed},"))).await, "");
    server.world.with(|estate| estate.opposites.insert(assumption::PRIVATE_KEY_PASSWORDS));
    let other = said(&mut session, export).await;
    assert_eq!(told(&mut session, &import.replace("KEY,", &format!("{other},"))).await, "");
    assert_eq!(told(&mut session, &import.replace("KEY,", &format!("{believed},"))).await, "15465/16");
    both(
        assumption::PRIVATE_KEY_PASSWORDS,
        &[
            (
                "CREATE CERTIFICATE held ENCRYPTION BY PASSWORD = 'Str0ng secret' WITH SUBJECT = 'held'",
                "",
                "",
            ),
            ("SELECT CERTPRIVATEKEY(CERT_ID('held'), 'On the w@y 1', 'wrong')", "NULL", "15465/16"),
        ],
    )
    .await;
}

/// The same with whatever a client reads, of errors their texts.
async fn both_in_full(number: u16, cases: &[(&str, &str, &str)]) {
    for opposite in [false, true] {
        let (server, mut session) = Server::usual().await;
        server.world.with(|estate| estate.opposites.extend(opposite.then_some(number)));
        for (text, believed, other) in cases {
            let expected = if opposite { other } else { believed };
            let mut told = said(&mut session, text).await;
            if told.starts_with('!') {
                told = errors(&mut session, text).await.remove(0);
            }
            assert!(told.contains(expected), "{number}, opposite {opposite}: {text}: {told}");
        }
    }
}

#[tokio::test]
async fn messages_name_tables_in_one_way_or_another() {
    both_in_full(
        assumption::NAMES_OF_TABLES,
        &[
            ("CREATE TABLE #t (a int NOT NULL PRIMARY KEY)", "", ""),
            ("INSERT #t VALUES (NULL)", "table 'tempdb.dbo.#t'", "table 'tempdb.dbo.#t_______"),
            ("INSERT #t VALUES (1), (1)", "object 'dbo.#t'", "object 'dbo.#t_______"),
            (
                "DECLARE @t TABLE (a int NOT NULL); INSERT @t VALUES (NULL)",
                "table '@t'",
                "table 'tempdb.dbo.#",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn texts_end_in_one_way_or_another() {
    for (number, text, believed, other) in [
        (assumption::UNTOLD_DATABASE, "EXEC ('USE Sales')", "in Sales in master", "in Sales"),
        (
            assumption::COUNT_ALWAYS_TOLD,
            "SET XACT_ABORT ON; EXEC ('BEGIN TRANSACTION'); SELECT @@TRANCOUNT; ROLLBACK",
            "1",
            "!266 1",
        ),
        // Without it, as documented.
        (
            assumption::COUNT_ALWAYS_TOLD,
            "SET XACT_ABORT OFF; EXEC ('BEGIN TRANSACTION'); ROLLBACK",
            "!266",
            "!266",
        ),
        (
            assumption::TEXT_STATUS,
            "DECLARE @s int; EXEC @s = sp_executesql N'DROP TABLE #none'; SELECT @s",
            "!3701 3701",
            "!3701 1",
        ),
        (
            assumption::UNDONE_DEFINITIONS,
            "BEGIN TRANSACTION; CREATE CERTIFICATE c WITH SUBJECT = 'c'; ROLLBACK; SELECT CERT_ID('c') - CERT_ID('c')",
            "NULL",
            "0",
        ),
        (
            assumption::CONSTRAINTS,
            "CREATE TABLE #t (a int PRIMARY KEY, b int CHECK (b > 0)); INSERT #t VALUES (1, 1), (1, 1), (2, 0)",
            "!2627 \"The statement has been terminated.\"",
            "!547 \"The statement has been terminated.\"",
        ),
    ] {
        for opposite in [false, true] {
            let (server, mut session) = Server::usual().await;
            server.world.with(|estate| estate.opposites.extend(opposite.then_some(number)));
            let expected = if opposite { other } else { believed };
            assert_eq!(said(&mut session, text).await, expected, "{number}, opposite {opposite}");
        }
    }
    both_in_full(
        assumption::CONSTRAINTS,
        &[
            ("CREATE TABLE #t (a int PRIMARY KEY)", "", ""),
            ("INSERT #t VALUES (1), (1)", "constraint 'PK__#t", "constraint '#"),
        ],
    )
    .await;
}

#[tokio::test]
async fn statements_about_groups_and_databases_are_taken_or_refused() {
    let linux = |estate: &mut Estate| {
        let engine = &mut estate.sql_servers[0];
        (engine.linux, engine.hadr_enabled) = (true, false);
    };
    let none = |_: &mut Estate| ();
    for (number, prepare, text, believed, other) in [
        (
            assumption::ONE_AT_A_TIME,
            none as fn(&mut Estate),
            "IF 1 = 0 ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE a, b; SELECT 1",
            "1",
            "!102",
        ),
        (
            assumption::ONE_AT_A_TIME,
            none,
            "ALTER AVAILABILITY GROUP AG_Sales MODIFY REPLICA ON N'SQL1' WITH (SESSION_TIMEOUT = 20, BACKUP_PRIORITY = 60)",
            "",
            "!102",
        ),
        (
            assumption::ONE_AT_A_TIME,
            none,
            "ALTER AVAILABILITY GROUP AG_Sales MODIFY REPLICA ON N'SQL1' WITH (SESSION_TIMEOUT = 20)",
            "",
            "",
        ),
        (assumption::HADR_OFF_ON_LINUX, linux, "DROP AVAILABILITY GROUP AG_Sales", "!47105", "!35221"),
        (
            assumption::RESERVED_ENDPOINTS,
            |estate| estate.sql_servers[0].endpoint = None,
            "CREATE ENDPOINT TSQLmirror AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL)",
            "",
            "!7869",
        ),
        (assumption::COLLATIONS, none, "SELECT 'a' COLLATE Latin1_General_CI", "a", "!448"),
        (assumption::COLLATIONS, none, "CREATE DATABASE d COLLATE Latin1_General_CI", "", "!448"),
        (
            assumption::COLLATIONS,
            none,
            "CREATE TABLE #t (a nvarchar(9) COLLATE Latin1_General_CI)",
            "",
            "!448",
        ),
        (
            assumption::SWITCH_AS_STATUS,
            |estate| estate.sql_servers[0].build = Build::usual(17).max("17.0.5005.3".parse().unwrap()),
            "DROP AVAILABILITY GROUP DAG_Sales; EXEC sp_multidb_milink 1; DECLARE @on int; \
             EXEC @on = sp_multidb_milink; SELECT @on",
            "1 0",
            "1",
        ),
    ] {
        for opposite in [false, true] {
            let (server, mut session) = Server::usual().await;
            server.world.with(|estate| {
                prepare(estate);
                estate.opposites.extend(opposite.then_some(number));
            });
            let expected = if opposite { other } else { believed };
            assert_eq!(said(&mut session, text).await, expected, "{number}, opposite {opposite}: {text}");
        }
    }
}

#[tokio::test]
async fn version_2025_names_its_own_level_or_does_not() {
    for (opposite, expected) in [
        (None, "100, 110, 120, 130, 140, 150 or 160"),
        (Some(assumption::LEVELS_OF_2025), "110, 120, 130, 140, 150, 160 or 170"),
    ] {
        let (server, mut session) = Server::usual().await;
        server.world.with(|estate| {
            estate.sql_servers[0].build = Build::usual(17);
            estate.opposites.extend(opposite);
        });
        let told = errors(&mut session, "ALTER DATABASE Sales SET COMPATIBILITY_LEVEL = 90").await;
        assert!(told[0].contains(&format!(" {expected}")), "{told:?}");
    }
}

#[tokio::test]
async fn an_instance_refuses_what_it_does_not_support_or_ignores_it() {
    for (opposite, refused) in [(None, true), (Some(assumption::IGNORED_STATEMENTS), false)] {
        let bench = Bench::prepared();
        let fqdn = bench.world.with(|estate| {
            let managed = &mut estate.managed_instances[0];
            let sa = managed.engine.logins.iter_mut().find(|login| login.id == 1).unwrap();
            "sa".clone_into(&mut sa.name);
            (sa.enabled, sa.password) = (true, Some(Password(PASSWORD.to_owned())));
            estate.opposites.extend(opposite);
            estate.managed_instances[0].view.fqdn.clone()
        });
        let server = Server::of(&bench.world, &fqdn);
        let mut session = server.sign_in("sa", PASSWORD).await.unwrap();
        for (text, number) in [
            ("CREATE DATABASE own", ""),
            ("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL)", "!41906"),
            ("ALTER DATABASE own SET RECOVERY SIMPLE", "!5008"),
            ("BACKUP DATABASE own TO DISK = N'own.bak' WITH COPY_ONLY", "!41902 !3013"),
            ("SELECT recovery_model_desc FROM sys.databases WHERE name = 'own'", "FULL"),
            ("SELECT COUNT(*) FROM msdb.dbo.backupset WHERE database_name = 'own'", "0"),
        ] {
            let expected = if refused || !number.starts_with('!') { number } else { "" };
            assert_eq!(said(&mut session, text).await, expected, "{text}");
        }
    }
}

#[tokio::test]
async fn a_client_has_more_time_to_sign_in_or_less() {
    let (server, _session) = Server::usual().await;
    assert_eq!(server.backend.server().login_deadline.as_secs(), 30);
    server.world.with(|estate| estate.opposites.insert(assumption::LOGIN_TIME));
    assert_eq!(server.backend.server().login_deadline.as_secs(), 5);
}

#[tokio::test]
async fn issuers_are_for_administrators_or_for_whoever_alters_certificates() {
    for (opposite, told) in [(None, "!15247"), (Some(assumption::ISSUER_RIGHTS), "")] {
        let (server, mut session) = Server::usual().await;
        server.world.with(|estate| estate.opposites.extend(opposite));
        let grants = "CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'; CREATE LOGIN none WITH PASSWORD = 'Str0ng one!'; \
                      CREATE USER app; GRANT ALTER ANY CERTIFICATE TO app";
        assert_eq!(said(&mut session, grants).await, "");
        let call = "EXEC sp_certificate_add_issuer 901, N'x.example'";
        for (login, told) in [("none", "!15247"), ("app", told)] {
            let mut session = server.sign_in(login, PASSWORD).await.unwrap();
            assert_eq!(said(&mut session, call).await, told, "{login}, {opposite:?}");
        }
    }
}

#[tokio::test]
async fn roles_with_grants_go_or_stay() {
    both(
        assumption::GRANTS_OF_ROLES,
        &[
            ("CREATE ROLE readers; DROP ROLE readers", "", ""),
            ("CREATE ROLE readers; GRANT VIEW DEFINITION TO readers; DROP ROLE readers", "", "15138/16"),
            (
                "CREATE SERVER ROLE lookers; GRANT VIEW SERVER STATE TO lookers; DROP SERVER ROLE lookers",
                "",
                "15141/16",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn xml_of_next_to_nothing() {
    both(
        assumption::XML_OF_NULLS,
        &[
            ("SELECT DATALENGTH((SELECT NULL FOR XML PATH('')))", "0", "NULL"),
            ("SELECT (SELECT NULL AS a FOR XML PATH)", "<row/>", "<row/>"),
            ("SELECT DATALENGTH((SELECT '' FOR XML PATH('')))", "0", "0"),
            ("SELECT NULL FOR XML PATH('')", "", ""),
        ],
    )
    .await;
    both(
        assumption::XML_OF_BLANKS,
        &[
            ("SELECT '  ' FOR XML PATH('')", "  ", "&#x20;&#x20;"),
            (
                "SELECT ' ' AS [@a], ' b' AS c FOR XML PATH",
                "<row a=\" \"><c> b</c></row>",
                "<row a=\" \"><c> b</c></row>",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_rows_have_a_total_or_none() {
    both(
        assumption::TOTAL_OF_NOTHING,
        &[
            ("SELECT COUNT(*) FROM sys.databases WHERE 1 = 0 GROUP BY ROLLUP (name)", "", "0"),
            ("SELECT name, 7 FROM sys.databases WHERE 1 = 0 GROUP BY CUBE (name)", "", "NULL 7"),
            ("SELECT name FROM sys.databases WHERE 1 = 0 GROUP BY name", "", ""),
            (
                "SELECT COUNT(*) FROM sys.databases WHERE name = N'master' GROUP BY ROLLUP (name)",
                "1 1",
                "1 1",
            ),
        ],
    )
    .await;
}
