//! Sites that go down, firewalls that let through one way, clocks that differ, certificates that have to be there.

use super::*;
use crate::world::assumption;

#[test]
fn a_site_that_comes_back_is_connected_again_without_seeding() {
    for site in [SQL.to_owned(), Bench::new().fqdn] {
        let bench = Bench::linked();
        bench.with_sql(|sql| sql.trace_flags.insert(12381));
        let source = |bench: &Bench| bench.with_sql(|sql| sql.database("Sales").unwrap().hardened_lsn);
        bench.world.with(|estate| estate.bring_down(&site));
        bench.advance(60);
        assert!(!bench.connected());
        let before = source(&bench);
        bench.advance(HOUR);
        // Nobody writes where the host is down.
        assert_eq!(source(&bench) == before, site == SQL, "{site}");
        assert!(bench.world.with(|estate| estate.bring_up(&site)));
        bench.advance(30);
        assert!(bench.connected(), "{site}");
        assert_eq!(bench.with_instance(|managed| managed.links[0].databases[0].seedings), 1);
        assert_eq!(bench.with_sql(|sql| sql.trace_flags.is_empty()), site == SQL, "what DBCC set is gone");
        assert!(!bench.world.with(|estate| estate.bring_up(&site)), "it was up");
    }
}

#[test]
fn a_link_needs_both_directions_and_sql_server_notes_its_own_alone() {
    for (from_sql, noted) in [(true, Some(10060)), (false, None)] {
        let bench = Bench::linked();
        let (sql, instance) = (SQL.to_owned(), bench.fqdn.clone());
        let way = if from_sql { (sql, instance) } else { (instance, sql) };
        bench.world.with(|estate| estate.network.blocked.insert(way));
        bench.advance(60);
        assert!(!bench.connected());
        assert_eq!(bench.link().databases[0].error.as_deref(), Some("41986"));
        assert_eq!(bench.side().last_error.map(|(number, ..)| number), noted);
        bench.world.with(|estate| estate.network.blocked.clear());
        bench.advance(30);
        assert!(bench.connected());
    }
}

#[test]
fn sql_server_may_note_nothing() {
    let bench = Bench::prepared();
    bench.opposite(assumption::CONNECT_ERRORS);
    bench.with_sql(|sql| sql.issuers.clear());
    bench.create(request()).unwrap();
    bench.advance(30);
    assert!(bench.side().last_error.is_none());
}

#[test]
fn a_clock_that_is_wrong_keeps_a_link_from_being_made() {
    let day = 24 * i64::try_from(HOUR).unwrap();
    // The instance's certificate was issued a month ago and lives 150 days more.
    for (skew, error) in
        [(-40 * day, Some("41974")), (-20 * day, None), (140 * day, None), (160 * day, Some("41974"))]
    {
        let bench = Bench::prepared();
        bench.with_sql(|sql| sql.clock_skew = skew);
        bench.create(request()).unwrap();
        bench.advance(30);
        assert_eq!(bench.link().databases[0].error.as_deref(), error, "{skew}");
    }
}

#[test]
fn a_certificate_becomes_valid_by_itself() {
    let bench = Bench::linked();
    let day = 24 * i64::try_from(HOUR).unwrap();
    bench.with_sql(|sql| sql.clock_skew = -40 * day);
    bench.sql("ALTER ENDPOINT [hadr] AS TCP (LISTENER_PORT = 5022)");
    bench.advance(60);
    assert!(!bench.connected(), "not yet valid by its clock");
    bench.advance(9 * 24 * HOUR);
    assert!(!bench.connected());
    bench.advance(2 * 24 * HOUR);
    assert!(bench.connected());
}

#[test]
fn the_very_certificate_may_have_to_be_there() {
    let bench = Bench::linked();
    bench.opposite(assumption::HELD_CERTIFICATE);
    let now = bench.world.now();
    bench.with_instance(|managed| managed.renew_certificate(now)).unwrap();
    bench.advance(60);
    assert!(bench.connected(), "the old one holds for as long as the connection does");
    bench.sql("ALTER ENDPOINT [hadr] AS TCP (LISTENER_PORT = 5022)");
    bench.advance(60);
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41974"));
    let (fqdn, leaf) =
        bench.with_instance(|managed| (managed.view.fqdn.clone(), managed.endpoint_chain[0].clone()));
    bench.with_sql(|sql| {
        let fresh = x509::read(&fqdn, &leaf).unwrap();
        sql.certificates.iter_mut().filter(|one| one.name == fqdn).for_each(|one| *one = fresh.clone());
    });
    bench.advance(30);
    assert!(bench.connected());
}

#[test]
fn a_star_may_stand_for_one_label() {
    let bench = Bench::prepared();
    bench.opposite(assumption::STAR_OF_LABELS);
    bench.create(request()).unwrap();
    bench.advance(30);
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41974"));
    let zone = bench.fqdn.split_once('.').unwrap().1.to_owned();
    bench.with_sql(|sql| sql.issuers[0].dns = format!("*.{zone}"));
    bench.advance(30);
    assert!(bench.connected());
}
