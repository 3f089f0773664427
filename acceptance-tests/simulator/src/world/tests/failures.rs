//! Links that go wrong, and what they say.

use super::*;
use crate::world::assumption;
use crate::world::database::DatabaseState;

/// Prepares everything, spoils one thing, makes the link, waits six minutes: early error, final error.
#[track_caller]
fn spoilt(spoil: impl FnOnce(&Bench)) -> (Option<String>, String) {
    let bench = Bench::prepared();
    spoil(&bench);
    let accepted = bench.create(request()).unwrap();
    bench.advance(30);
    let early = bench.link().databases[0].error.clone();
    bench.advance(330);
    assert_eq!(bench.state(), "LinkInitError");
    assert_eq!(bench.failure(&accepted), bench.link().databases[0].error.clone().unwrap());
    assert!(bench.copy().is_none(), "nothing was seeded");
    assert!(!bench.side_or_default().ever_connected);
    (early, bench.failure(&accepted))
}

impl Bench {
    fn side_or_default(&self) -> LinkSide {
        self.with_sql(|sql| sql.group("DAG_Sales").map(|one| one.link.clone()).unwrap_or_default())
    }
}

#[test]
fn every_missing_piece_has_its_number() {
    let number = |number: &str| (Some(number.to_owned()), number.to_owned());
    let fqdn = |bench: &Bench| bench.fqdn.clone();
    assert_eq!(spoilt(|bench| bench.sql(&format!("DROP CERTIFICATE [{}]", fqdn(bench)))), number("41974"));
    assert_eq!(spoilt(|bench| bench.with_sql(|sql| sql.issuers.clear())), number("41974"));
    let other_root = |sql: &mut SqlInstance| {
        sql.certificates.iter_mut().filter(|one| one.id == 901).for_each(|one| one.thumbprint[0] ^= 1);
    };
    assert_eq!(spoilt(|bench| bench.with_sql(other_root)), number("41974"));
    assert_eq!(
        spoilt(|bench| bench.with_instance(|managed| managed.trust_certificates.clear())),
        number("41973")
    );
    assert_eq!(spoilt(|bench| bench.sql("DROP AVAILABILITY GROUP DAG_Sales")), number("41976"));
    let unrouted = |sql: &mut SqlInstance| {
        let group = sql.groups.iter_mut().find(|one| one.distributed).unwrap();
        group.replicas[1].url = group.replicas[1].url.split(';').next().unwrap().to_owned();
    };
    assert_eq!(spoilt(|bench| bench.with_sql(unrouted)), number("41976"));
}

#[test]
fn without_a_way_the_five_minutes_run_out() {
    let lost = (Some("41986".to_owned()), "41962".to_owned());
    assert_eq!(spoilt(|bench| bench.sql("ALTER ENDPOINT [hadr] STATE = STOPPED")), lost);
    let other_port = |sql: &mut SqlInstance| sql.endpoint.as_mut().unwrap().port = 5023;
    assert_eq!(spoilt(|bench| bench.with_sql(other_port)), lost);
    assert_eq!(spoilt(Bench::cut), lost);
    let opposites = |bench: &Bench| {
        bench.cut();
        bench.opposite(assumption::NO_CONNECTION);
        bench.opposite(assumption::EARLY_REASON);
    };
    assert_eq!(spoilt(opposites), (None, "41986".to_owned()));
}

impl Bench {
    pub(super) fn cut(&self) {
        let pair = (self.fqdn.clone(), SQL.to_owned());
        self.world.with(|estate| estate.network.cut.insert(pair));
    }

    pub(super) fn mend(&self) {
        self.world.with(|estate| estate.network.cut.clear());
    }
}

#[test]
fn sql_server_tells_its_administrator() {
    let bench = Bench::prepared();
    bench.with_sql(|sql| sql.issuers.clear());
    bench.create(request()).unwrap();
    bench.advance(30);
    assert_eq!(bench.side().last_error.unwrap().0, 28047);
}

#[test]
fn a_failed_link_stays_until_it_is_deleted() {
    let bench = Bench::prepared();
    bench.cut();
    bench.create(request()).unwrap();
    bench.advance(400);
    bench.mend();
    bench.advance(400);
    assert_eq!(bench.state(), "LinkInitError", "nothing repairs it");
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    bench.create(request()).unwrap();
    bench.advance(200);
    assert_eq!(bench.state(), "LinkSynchronizing");
}

#[test]
fn or_it_vanishes_by_itself() {
    let bench = Bench::prepared();
    bench.opposite(assumption::FAILED_LINK_STAYS);
    bench.cut();
    let accepted = bench.create(request()).unwrap();
    bench.advance(400);
    assert_eq!(bench.failure(&accepted), "41962");
    assert!(bench.links().is_empty());
}

#[test]
fn a_disturbed_seeding_begins_anew() {
    let bench = Bench::prepared();
    bench.create(request()).unwrap();
    bench.advance(70);
    let before = bench.link().databases[0].seeding_percent.unwrap();
    bench.sql("ALTER ENDPOINT [hadr] STATE = STARTED");
    bench.advance(15);
    let after = bench.link().databases[0].seeding_percent.unwrap();
    assert!(after < before, "{before} {after}");
    bench.advance(200);
    assert_eq!(bench.state(), "LinkSynchronizing");
    assert_eq!(bench.with_instance(|managed| managed.links[0].databases[0].seedings), 2);
}

#[test]
fn a_log_backup_kills_a_seeding() {
    let bench = Bench::prepared();
    let accepted = bench.create(request()).unwrap();
    bench.advance(30);
    bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    bench.advance(30);
    assert_eq!(bench.state(), "LinkCreationError");
    assert_eq!(bench.failure(&accepted), "1408");
    let (_, _, text) = bench.with_instance(|managed| managed.links[0].error.clone().unwrap());
    assert_eq!(text, of_table(1408, &[&"Sales"]).1);
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    assert_eq!(bench.copy().unwrap().state, DatabaseState::Restoring, "the half copy stays");
}

#[test]
fn unless_the_log_is_kept_by_a_trace_flag() {
    let bench = Bench::prepared();
    bench.with_sql(|sql| sql.trace_flags.insert(12381));
    bench.create(request()).unwrap();
    bench.advance(30);
    bench.sql("BACKUP LOG Sales TO DISK = N'NUL'");
    bench.advance(200);
    assert_eq!(bench.state(), "LinkSynchronizing");
}

#[test]
fn half_copies_may_vanish_with_the_link() {
    let bench = Bench::prepared();
    bench.opposite(assumption::HALF_COPY_STAYS);
    bench.create(request()).unwrap();
    bench.advance(30);
    bench.done(bench.world.delete_link(&bench.path, "DAG_Sales"));
    assert!(bench.copy().is_none());
}

#[test]
fn a_cut_disconnects_and_its_end_connects_without_seeding() {
    let bench = Bench::linked();
    bench.cut();
    bench.advance(30);
    assert!(!bench.connected() && !bench.side().connected);
    assert_eq!(bench.state(), "LinkSynchronizing");
    let behind = bench.copy().unwrap().hardened_lsn;
    bench.advance(24 * HOUR);
    assert_eq!(bench.copy().unwrap().hardened_lsn, behind);
    bench.mend();
    bench.advance(30);
    assert!(bench.connected() && bench.side().health == 2);
    assert!(bench.copy().unwrap().hardened_lsn > behind);
    assert_eq!(bench.with_instance(|managed| managed.links[0].databases[0].seedings), 1);
}

#[test]
fn an_altered_endpoint_costs_seconds_or_minutes() {
    for (opposite, waits) in [(None, 30), (Some(assumption::QUICK_RECONNECT), 600)] {
        let bench = Bench::linked();
        opposite.into_iter().for_each(|number| bench.opposite(number));
        bench.sql("ALTER ENDPOINT [hadr] AS TCP (LISTENER_PORT = 5022)");
        bench.advance(1);
        assert!(!bench.connected());
        bench.advance(waits - 10);
        assert_eq!(bench.connected(), opposite.is_none());
        bench.advance(20);
        assert!(bench.connected());
    }
}

#[test]
fn a_group_dropped_under_a_link_is_not_repaired() {
    for repaired in [false, true] {
        let bench = Bench::linked();
        if repaired {
            bench.opposite(assumption::REMADE_GROUP);
        }
        bench.sql("DROP AVAILABILITY GROUP DAG_Sales");
        bench.advance(60);
        assert_eq!(bench.state(), "LinkSynchronizationError");
        assert!(!bench.connected());
        bench.sql(&bench.distributed("CREATE"));
        bench.advance(60);
        assert_eq!(bench.connected(), repaired);
    }
}

#[test]
fn a_database_that_leaves_its_group_stalls_the_link() {
    let bench = Bench::linked();
    bench.opposite(assumption::KEPT_DATABASE);
    bench.sql("ALTER AVAILABILITY GROUP AG_Sales REMOVE DATABASE Sales");
    bench.advance(30);
    assert_eq!(bench.state(), "LinkSynchronizationError");
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41977"));
}

/// The error with which a seeding fails whose database was spoilt: number and text.
#[track_caller]
fn unfit(spoil: impl FnOnce(&Bench)) -> (String, String) {
    let bench = Bench::prepared();
    spoil(&bench);
    let accepted = bench.create(request()).unwrap();
    bench.advance(30);
    assert_eq!(bench.state(), "LinkCreationError");
    assert!(bench.copy().is_none());
    (bench.failure(&accepted), bench.with_instance(|managed| managed.links[0].error.clone().unwrap().2))
}

/// The same of the database on SQL Server.
#[track_caller]
fn unfit_database(change: impl FnOnce(&mut Database)) -> (String, String) {
    unfit(|bench| bench.with_sql(|sql| change(sql.database_mut("Sales").unwrap())))
}

/// Number and text of the table of messages.
fn of_table(number: i32, arguments: &[&dyn std::fmt::Display]) -> (String, String) {
    (number.to_string(), crate::tsql::message(number, arguments).unwrap())
}

#[test]
fn what_an_instance_does_not_take_fails_the_seeding() {
    let group = |kind: &str| ("more".to_owned(), kind.to_owned(), true);
    assert_eq!(unfit_database(|one| one.log_files = 2), of_table(41948, &[]));
    assert_eq!(unfit_database(|one| one.special_filegroups.push(group("FD"))), of_table(41950, &[]));
    assert_eq!(unfit_database(|one| one.special_filegroups.push(group("FX"))), of_table(41947, &[]));
    let elsewhere = |one: &mut Database| one.version_store = Some("more".to_owned());
    assert_eq!(unfit_database(elsewhere), of_table(41939, &[]));
    let defunct = |one: &mut Database| (one.data_files, one.defunct_files) = (2, 1);
    assert_eq!(unfit_database(defunct), of_table(41951, &[&"Sales"]));
    // One more than there is room for, its log counted.
    assert_eq!(unfit_database(|one| one.data_files = 280), of_table(41949, &[&280]));
    // No healthy database.
    assert_eq!(unfit_database(|one| one.state = DatabaseState::Suspect), of_table(47521, &[]));
    let newer = |bench: &Bench| bench.with_sql(|sql| sql.build = crate::world::build::Build::usual(17));
    assert_eq!(unfit(newer), of_table(41977, &[&"AG_Sales", &"TCP://10.0.0.4:5022"]));
}

#[test]
fn what_fits_is_seeded() {
    let bench = Bench::prepared();
    bench.with_sql(|sql| {
        let database = sql.database_mut("Sales").unwrap();
        database.data_files = 278;
        database.special_filegroups.push(("empty".to_owned(), "FX".to_owned(), false));
    });
    bench.create(request()).unwrap();
    bench.advance(200);
    assert_eq!(bench.state(), "LinkSynchronizing");
    assert_eq!(bench.copy().unwrap().data_files, 278);
}

#[test]
fn what_keeps_a_link_from_coming_about_is_told_in_the_engines_words() {
    let told = |spoil: &dyn Fn(&Bench), seconds: u64| {
        let bench = Bench::prepared();
        spoil(&bench);
        bench.create(request()).unwrap();
        bench.advance(seconds);
        let (number, _, text) = bench.with_instance(|managed| managed.links[0].error.clone().unwrap());
        (number.to_string(), text)
    };
    let no_roots = |bench: &Bench| bench.with_sql(|sql| sql.issuers.clear());
    assert_eq!(told(&no_roots, 30), of_table(41974, &[]));
    let no_upload = |bench: &Bench| bench.with_instance(|managed| managed.trust_certificates.clear());
    assert_eq!(told(&no_upload, 30), of_table(41973, &[]));
    let no_group = |bench: &Bench| bench.sql("DROP AVAILABILITY GROUP DAG_Sales");
    assert_eq!(told(&no_group, 30), of_table(41976, &[&"AG_Sales", &"TCP://10.0.0.4:5022"]));
    assert_eq!(told(&Bench::cut, 30), of_table(41986, &[]));
    assert_eq!(told(&Bench::cut, 400), of_table(41962, &[&5]));
}
