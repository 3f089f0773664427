//! What links refuse while something else goes on.

use super::*;
use crate::arm::backend::RoleChange;

#[test]
fn while_azure_fails_a_link_over_t_sql_does_not() {
    let bench = Bench::linked();
    bench.sql("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(30);
    bench.world.fail_over_link(&bench.path, "DAG_Sales", RoleChange::Planned).unwrap();
    let fqdn = bench.fqdn.clone();
    let run = |text: &str| bench.world.with(|estate| crate::tsql::run_ddl(estate, &fqdn, text));
    assert_eq!(run("ALTER AVAILABILITY GROUP DAG_Sales FAILOVER"), Err(47513));
    let modify = "ALTER AVAILABILITY GROUP DAG_Sales MODIFY AVAILABILITY GROUP ON N'AG_Sales' WITH (AVAILABILITY_MODE = \
                  SYNCHRONOUS_COMMIT)";
    assert_eq!(run(modify), Err(47512));
    bench.advance(60);
    assert_eq!(run(modify), Ok(()));
}
