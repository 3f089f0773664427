//! What is believed of builds, options and replicas, and its opposite, side by side.

use super::{PASSWORD, Server, said};
use crate::tsql::session::SqlSession;
use crate::world::assumption;
use crate::world::security::Password;
use crate::world::tests::nodes::{Bench, NODES};

/// What a batch says as it is believed, and under the opposite.
async fn both(server: &Server, session: &mut SqlSession, number: u16, text: &str) -> [String; 2] {
    let believed = said(session, text).await;
    server.world.with(|estate| estate.opposites.insert(number));
    [believed, said(session, text).await]
}

#[tokio::test]
async fn procedures_of_old_builds_are_there_or_missing() {
    let (server, mut session) = Server::usual().await;
    let build = |text: &str| {
        let build = text.parse().unwrap();
        server.world.with(|estate| estate.sql_servers[0].build = build);
    };
    build("13.0.7016.1");
    let there = "SELECT IIF(OBJECT_ID('sys.sp_certificate_issuers') IS NULL, 'no', 'yes')";
    assert_eq!(both(&server, &mut session, assumption::ISSUERS_OF_2016, there).await, ["yes", "no"]);
    assert_eq!(said(&mut session, "EXEC sys.sp_certificate_issuers").await, "!2812");
    build("15.0.4312.2");
    let there = "SELECT COUNT(*) FROM sys.all_objects WHERE name = 'sp_validate_certificate_ca_chain'";
    assert_eq!(both(&server, &mut session, assumption::CHAINS_OF_2019, there).await, ["1", "0"]);
}

#[tokio::test]
async fn options_that_nobody_reconfigured_outlive_a_restart_or_are_lost() {
    for (opposite, expected) in [(false, (1, Some(1))), (true, (1, None))] {
        let (server, mut session) = Server::usual().await;
        // The first waits for the restart alone, the second for RECONFIGURE as well.
        said(&mut session, "EXEC sp_configure 'remote access', 0; RECONFIGURE").await;
        said(&mut session, "EXEC sp_configure 'show advanced options', 1").await;
        let found = server.world.with(|estate| {
            if opposite {
                estate.opposites.insert(assumption::LOST_OPTIONS);
            }
            assert!(estate.restart(&super::SQL.into()));
            let options = &estate.sql_servers[0].configuration;
            let zero = options.get("remote access").map_or(0, |value| 1 - value);
            (zero, options.get("show advanced options").copied())
        });
        assert_eq!(found, expected, "{opposite}");
    }
}

#[tokio::test]
async fn one_of_several_equal_replicas_takes_backups_or_all() {
    let bench = Bench::new("wsfc");
    bench.sql(0, "ALTER AVAILABILITY GROUP AG SET (AUTOMATED_BACKUP_PREFERENCE = SECONDARY)");
    bench.advance(1);
    let mut sessions = Vec::new();
    for (place, host) in NODES.iter().enumerate() {
        bench.node(place, |engine| {
            let sa = engine.logins.iter_mut().find(|login| login.id == 1).unwrap();
            "sa".clone_into(&mut sa.name);
            (sa.enabled, sa.password) = (true, Some(Password(PASSWORD.to_owned())));
        });
        sessions.push(Server::of(&bench.world, host).sign_in("sa", PASSWORD).await.unwrap());
    }
    let mut preferred = Vec::new();
    for opposite in [false, true] {
        if opposite {
            bench.world.with(|estate| estate.opposites.insert(assumption::EQUAL_PRIORITIES));
        }
        for session in &mut sessions {
            preferred.push(
                said(session, "SELECT CAST(sys.fn_hadr_backup_is_preferred_replica('Sales') AS int)").await,
            );
        }
    }
    assert_eq!(preferred, ["0", "1", "0", "0", "1", "1"]);
}
