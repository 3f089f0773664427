//! A world of the size that one instance may have: 500 links, and a server with a thousand databases.

use super::*;
use crate::world::managed::{LinkDatabase, LinkPhase};

const LINKS: usize = 500;

impl Bench {
    /// [`Self::linked`], many times over.
    pub(crate) fn large() -> Self {
        let bench = Self::linked();
        bench.world.with(|estate| {
            let (sql, managed) = (&mut estate.sql_servers[0], &mut estate.managed_instances[0]);
            let (source, copy) =
                (sql.database("Sales").unwrap().clone(), managed.engine.database("Sales").unwrap().clone());
            let named = |engine: &SqlInstance, name: &str| engine.group(name).unwrap().clone();
            let groups = [named(sql, "AG_Sales"), named(sql, "DAG_Sales")];
            let twins = [named(&managed.engine, "AG_Sales_MI"), named(&managed.engine, "DAG_Sales")];
            let link = managed.links[0].clone();
            for number in 1..2 * LINKS {
                let mut one = source.clone();
                (one.name, one.id) = (format!("Many{number}"), 1000 + i32::try_from(number).unwrap());
                (one.group, one.group_database_id) = (None, None);
                sql.databases.push(one);
            }
            for number in 1..LINKS {
                let (name, local, there, over) = (
                    format!("Many{number}"),
                    format!("AG_Many{number}"),
                    format!("AG_Many{number}_MI"),
                    format!("DAG_Many{number}"),
                );
                let source = sql.database_mut(&name).unwrap();
                source.group = Some(local.clone());
                source.group_database_id = Some(format!("{number:08x}-0000-4000-8000-00000000000a"));
                let mut one = copy.clone();
                (one.name, one.id) = (name.clone(), 1000 + i32::try_from(number).unwrap());
                one.group = Some(there.clone());
                managed.engine.databases.push(one);
                let renamed = |group: &crate::world::group::AvailabilityGroup| {
                    let mut group = group.clone();
                    group.name = if group.distributed {
                        over.clone()
                    } else if group.name == "AG_Sales" {
                        local.clone()
                    } else {
                        there.clone()
                    };
                    group.id = format!("{number:08x}{}", group.id.get(8..).unwrap());
                    group.databases.iter_mut().for_each(|one| one.clone_from(&name));
                    for member in &mut group.replicas {
                        match member.server_name.as_str() {
                            "AG_Sales" => member.server_name.clone_from(&local),
                            "AG_Sales_MI" => member.server_name.clone_from(&there),
                            _ => {}
                        }
                    }
                    group
                };
                sql.groups.extend(groups.iter().map(renamed));
                managed.engine.groups.extend(twins.iter().map(renamed));
                let mut link = link.clone();
                link.name.clone_from(&over);
                link.request.databases = vec![name.clone()];
                (link.request.partner_group, link.request.instance_group) = (local.clone(), there.clone());
                let joined = sql.group(&over).unwrap().id.clone();
                link.session.as_mut().unwrap().group.clone_from(&joined);
                link.joined = Some(joined);
                link.databases[0].name = name;
                managed.links.push(link);
            }
        });
        bench
    }

    /// Pushes the clock and says how many strides the world made.
    fn strides(&self, seconds: u64) -> usize {
        self.world.with(|estate| {
            estate.clock.advance(Duration::from_secs(seconds));
            estate.catch_up()
        })
    }
}

const SIX_DAYS: u64 = 6 * 24 * HOUR;

#[test]
fn days_in_which_nothing_happens_are_one_stride_for_however_many_links() {
    let bench = Bench::large();
    assert_eq!(bench.strides(SIX_DAYS), 1);
    let links = bench.links();
    assert_eq!(links.len(), LINKS);
    let well = |link: &LinkView| link.databases[0].connected.as_deref() == Some("CONNECTED");
    assert!(links.iter().all(well));
    let behind = bench.world.with(|estate| {
        let copy = |name: &str| estate.managed_instances[0].engine.database(name).unwrap().hardened_lsn;
        let sql = &estate.sql_servers[0];
        let linked = sql.databases.iter().filter(|one| one.group.is_some());
        linked.map(|one| one.hardened_lsn.since(copy(&one.name))).collect::<Vec<_>>()
    });
    assert_eq!(behind, [1; LINKS]);
}

#[test]
fn days_of_disconnection_are_as_many_strides_as_attempts_can_end_differently() {
    let bench = Bench::large();
    bench.cut();
    bench.advance(1);
    // One attempt after the cut, on the beat of all, and no date of a certificate.
    assert!(bench.strides(SIX_DAYS) <= 3);
    bench.mend();
    assert!(bench.strides(60) <= 3);
    assert!(bench.connected());
}

#[test]
fn a_seeding_of_days_is_a_few_strides() {
    let bench = Bench::large();
    bench.world.with(|estate| {
        estate.seeding_rate = 100 << 20;
        let seeding_from = estate.sql_servers[0].database("Sales").unwrap().hardened_lsn;
        for link in &mut estate.managed_instances[0].links {
            let name = link.databases[0].name.clone();
            link.phase = LinkPhase::Seeding;
            link.created = estate.reached;
            let again = LinkDatabase::new(&name, link.databases[0].replicas.clone());
            link.databases =
                vec![LinkDatabase { seeded: Some((0, 8 << 30)), seedings: 1, seeding_from, ..again }];
        }
    });
    let states = |bench: &Bench| {
        let links = bench.links();
        links.iter().filter(|link| link.databases[0].state == "LinkSynchronizing").count()
    };
    // 500 times 8 GB share 100 MB a second: a little more than eleven hours.
    assert!(bench.strides(11 * HOUR) <= 2);
    assert_eq!(states(&bench), 0);
    assert!(bench.strides(HOUR) <= 3);
    assert_eq!(states(&bench), LINKS);
}
