//! Links that are taken down half by half, in every order.

use super::*;
use crate::world::assumption;
use crate::world::database::DatabaseState;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    DeleteLink,
    DropDistributed,
    DropLocal,
}

const ORDERS: [[Step; 3]; 6] = {
    use Step::{DeleteLink as A, DropDistributed as D, DropLocal as L};
    [[A, D, L], [A, L, D], [D, A, L], [D, L, A], [L, A, D], [L, D, A]]
};

impl Bench {
    fn take(&self, step: Step) {
        match step {
            Step::DeleteLink => self.done(self.world.delete_link(&self.path, "DAG_Sales")),
            Step::DropDistributed => self.sql("DROP AVAILABILITY GROUP DAG_Sales"),
            Step::DropLocal => self.sql("DROP AVAILABILITY GROUP AG_Sales"),
        }
        self.advance(60);
    }
}

#[test]
fn in_every_order_both_databases_end_in_use_and_nothing_else_is_left() {
    for order in ORDERS {
        let bench = Bench::linked();
        for (done, step) in order.into_iter().enumerate() {
            bench.take(step);
            let alive = !order[..=done].contains(&Step::DeleteLink);
            assert_eq!(bench.links().len(), usize::from(alive), "{order:?}");
            if alive {
                assert_eq!(
                    (bench.state().as_str(), bench.connected()),
                    ("LinkSynchronizationError", false),
                    "{order:?}"
                );
                let read_only = bench.with_instance(|managed| {
                    !managed.engine.takes_writes(managed.engine.database("Sales").unwrap())
                });
                assert!(read_only, "{order:?}: read-only for as long as the link lives");
            }
        }
        let source = bench.with_sql(|sql| {
            assert!(sql.groups.is_empty(), "{order:?}");
            let one = sql.database("Sales").unwrap();
            assert!(sql.takes_writes(one), "{order:?}");
            one.clone()
        });
        assert!(source.group.is_none());
        bench.with_instance(|managed| {
            assert!(managed.engine.groups.is_empty(), "{order:?}");
            assert!(managed.engine.takes_writes(managed.engine.database("Sales").unwrap()), "{order:?}");
        });
    }
}

#[test]
fn a_database_goes_last_on_either_side() {
    let bench = Bench::linked();
    let drop = || bench.world.with(|estate| crate::tsql::run_ddl(estate, SQL, "DROP DATABASE Sales"));
    assert!(drop().is_err(), "it belongs to a group");
    assert_eq!(bench.world.delete_database(&bench.path, "Sales").unwrap_err().status, 409);
    bench.take(Step::DropLocal);
    drop().unwrap();
    bench.advance(60);
    assert_eq!((bench.state().as_str(), bench.connected()), ("LinkSynchronizationError", false));
    bench.take(Step::DeleteLink);
    bench.done(bench.world.delete_database(&bench.path, "Sales"));
    assert!(bench.copy().is_none());
}

#[test]
fn or_a_database_takes_its_link_along() {
    let bench = Bench::linked();
    bench.opposite(assumption::LINKED_DATABASE);
    bench.done(bench.world.delete_database(&bench.path, "Sales"));
    assert!(bench.copy().is_none() && bench.links().is_empty());
    assert!(!bench.side().connected);
}

#[test]
fn a_link_deleted_while_the_instance_is_primary_leaves_sql_server_as_it_is_or_restoring() {
    for (opposite, state) in
        [(None, DatabaseState::Online), (Some(assumption::DELETED_PRIMARY), DatabaseState::Restoring)]
    {
        let bench = Bench::linked();
        opposite.into_iter().for_each(|number| bench.opposite(number));
        bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
        bench.advance(30);
        bench.take(Step::DeleteLink);
        assert_eq!(bench.with_sql(|sql| sql.database("Sales").unwrap().state), state);
        bench.take(Step::DropDistributed);
        // From a secondary the copies are left RESTORING.
        assert_eq!(bench.with_sql(|sql| sql.database("Sales").unwrap().state), DatabaseState::Restoring);
        bench.take(Step::DropLocal);
        bench.sql("RESTORE DATABASE Sales WITH RECOVERY");
        assert_eq!(bench.with_sql(|sql| sql.database("Sales").unwrap().state), DatabaseState::Online);
    }
}

#[test]
fn an_operation_may_hide_the_engines_number() {
    let bench = Bench::prepared();
    bench.opposite(assumption::ENGINE_NUMBERS);
    bench.cut();
    let accepted = bench.create(request()).unwrap();
    bench.advance(400);
    assert_eq!(bench.failure(&accepted), "InternalServerError");
}
