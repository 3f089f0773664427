//! What is believed about views, and its opposite.

use rusqlite::types::Value;

use super::{Named, SQL, look, row, seen, view, with_sql, words};
use crate::world::assumption;
use crate::world::build::Build;
use crate::world::managed::LinkPhase;
use crate::world::tests::Bench;

/// What is seen as believed, and under the opposite.
fn both<T>(bench: &Bench, number: u16, look: impl Fn(&Bench) -> T) -> (T, T) {
    let believed = look(bench);
    bench.world.with(|estate| estate.opposites.insert(number));
    let other = look(bench);
    bench.world.with(|estate| estate.opposites.remove(&number));
    (believed, other)
}

fn app_sees(bench: &Bench, name: &str) -> Result<usize, String> {
    let seen = bench.world.with(|estate| look(estate, SQL, "app", view(name), "master"));
    seen.map(|rows| rows.len())
        .map_err(|error| error.before.first().map_or(error.message.clone(), |one| one.message.clone()))
}

#[test]
fn a_denial_hides_or_another_permission_shows() {
    let bench = Bench::linked();
    bench.sql("CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'");
    bench.sql("DENY VIEW DEFINITION ON AVAILABILITY GROUP::AG_Sales TO app");
    let look = |bench: &Bench| app_sees(bench, "availability_groups").unwrap();
    assert_eq!(both(&bench, assumption::HIDING_DENIALS, look), (0, 0), "nothing else is granted");
    bench.sql("GRANT ALTER ON AVAILABILITY GROUP::AG_Sales TO app");
    assert_eq!(both(&bench, assumption::HIDING_DENIALS, look), (0, 1));
}

#[test]
fn views_of_the_state_ask_for_one_permission_or_for_two() {
    let bench = Bench::linked();
    bench.sql("CREATE LOGIN app WITH PASSWORD = 'Str0ng one!'");
    bench.sql("GRANT VIEW SERVER PERFORMANCE STATE TO app");
    let look = |bench: &Bench| app_sees(bench, "dm_hadr_availability_replica_states");
    let (believed, other) = both(&bench, assumption::SECURITY_VIEWS, look);
    assert_eq!(believed, Ok(3));
    assert!(other.unwrap_err().starts_with("VIEW SERVER SECURITY STATE permission was denied"));
}

#[test]
fn the_engines_own_certificates_live_or_have_expired() {
    let bench = Bench::prepared();
    let own = |bench: &Bench| {
        let rows = seen(bench, "certificates");
        let row = row(&rows, "name", &words("##MS_AgentSigningCertificate##"));
        (row["certificate_id"].clone(), row["key_length"].clone(), row["expiry_date"].clone())
    };
    let (believed, other) = both(&bench, assumption::INSTALLED, own);
    assert_eq!((believed.0, believed.1), (Value::Integer(104), Value::Integer(2048)));
    assert_eq!((other.0, other.1), (Value::Integer(4), Value::Integer(1024)));
    let expires = |moment: Value, year: &str| matches!(moment, Value::Text(text) if text.starts_with(year));
    assert!(expires(believed.2, "2037") && expires(other.2, "2019"));
}

#[test]
fn what_no_source_explains_has_a_value_or_none() {
    let bench = Bench::linked();
    bench.world.with(|estate| {
        let link = &mut estate.managed_instances[0].links[0];
        link.phase = LinkPhase::CreationError;
        (link.databases[0].seeded, link.databases[0].error) = (Some((1, 2)), Some(1408));
    });
    let told = |bench: &Bench| {
        let told = |name: &str, column: &str| {
            bench.world.glance(|estate| {
                let rows: Vec<Named> = look(estate, SQL, "sa", view(name), "master").unwrap();
                rows.iter().filter(|row| row[column] != Value::Null).count()
            })
        };
        [
            told("dm_hadr_database_replica_states", "recovery_lsn"),
            told("dm_hadr_database_replica_states", "low_water_mark_for_ghosts"),
            told("dm_hadr_database_replica_states", "quorum_commit_lsn"),
            told("dm_hadr_database_replica_cluster_states", "recovery_lsn"),
            told("dm_hadr_availability_replica_states", "current_configuration_commit_start_time_utc"),
            told("dm_hadr_automatic_seeding", "failure_state"),
            // What is known stays.
            told("dm_hadr_automatic_seeding", "error_code"),
        ]
    };
    assert_eq!(
        both(&bench, assumption::UNEXPLAINED_VALUES, told),
        ([3, 3, 1, 3, 2, 1, 1], [0, 0, 0, 0, 0, 0, 1])
    );
}

#[test]
fn a_server_without_a_cluster_shows_none_or_itself() {
    let bench = Bench::prepared();
    let shown = |bench: &Bench| {
        let views =
            ["dm_hadr_cluster", "dm_hadr_cluster_members", "dm_hadr_cluster_networks", "dm_hadr_name_id_map"];
        views.map(|name| seen(bench, name).len())
    };
    assert_eq!(both(&bench, assumption::NO_CLUSTER, shown), ([1, 0, 0, 0], [1, 1, 1, 0]));
}

#[test]
fn older_versions_have_the_messages_of_links_or_lack_them() {
    let bench = Bench::prepared();
    let listed = |bench: &Bench| {
        let rows = seen(bench, "messages");
        [15151, 37447, 41962, 47504]
            .map(|number| rows.iter().any(|row| row["message_id"] == Value::Integer(number)))
    };
    assert_eq!(both(&bench, assumption::OLDER_MESSAGES, listed), ([true; 4], [true; 4]), "2022 has its own");
    with_sql(&bench, |sql| sql.build = Build::usual(15));
    let lacks = [true, false, false, false];
    assert_eq!(both(&bench, assumption::OLDER_MESSAGES, listed), ([true; 4], lacks));
}

#[test]
fn cluster_types_are_numbered_as_the_page_says_or_as_smo_reads_them() {
    let bench = Bench::linked();
    let numbered = |bench: &Bench| {
        let rows = seen(bench, "availability_groups");
        let row = row(&rows, "name", &words("AG_Sales"));
        (row["cluster_type"].clone(), row["cluster_type_desc"].clone())
    };
    let (believed, other) = both(&bench, assumption::CLUSTER_TYPES, numbered);
    assert_eq!(believed, (Value::Integer(2), words("NONE")));
    assert_eq!(other, (Value::Integer(1), words("NONE")));
}
