//! Distributed availability groups.

use super::{Step, deed, run, says, says_in};
use crate::world::assumption;
use crate::world::group::Role;

const MODES: &str =
    "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";

fn member(name: &str, url: &str) -> String {
    format!("N'{name}' WITH (LISTENER_URL = N'{url}', {MODES})")
}

fn on(ours: &str, theirs: &str) -> String {
    let there = member(theirs, "tcp://mi1.abc.database.windows.net:5022;Server=[mi1]");
    format!("AVAILABILITY GROUP ON {}, {there}", member(ours, "TCP://10.0.0.4:5022"))
}

fn create(name: &str, ours: &str, theirs: &str) -> String {
    format!("CREATE AVAILABILITY GROUP {name} WITH (DISTRIBUTED) {}", on(ours, theirs))
}

const LOCAL: &str = "FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = \
                     SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)";

pub(super) fn steps() -> Vec<Step> {
    let long = format!("TCP://{}:5022", "h".repeat(260));
    vec![
        says(19498, &[], format!("CREATE AVAILABILITY GROUP d {}", on("AG_Sales", "x"))),
        says(
            19497,
            &[],
            format!(
                "CREATE AVAILABILITY GROUP d WITH (DISTRIBUTED, CLUSTER_TYPE = NONE) {}",
                on("AG_Sales", "x")
            ),
        ),
        says(19509, &[&"DAG_Sales"], create("DAG_Sales", "AG_Sales", "x")),
        says(19501, &[], create("d", "nowhere", "x")),
        says(19507, &[&"AG_Sales"], create("d", "AG_Sales", "AG_Sales_MI")),
        says(19499, &[&"x"], create("d", "AG_Sales", "x").replace("TCP://10.0.0.4:5022", "x")),
        says(19523, &[&"LISTENER_URL"], create("d", "AG_Sales", "x").replace("TCP://10.0.0.4:5022", &long)),
        says(35277, &[], create("d", "AG_Sales", "x").replace("MANUAL", "AUTOMATIC")),
        says(47500, &[&"x"], create("d", "AG_Sales", "x").replace("= AUTOMATIC", "= MANUAL")),
        says(47501, &[&"x"], create("d", "AG_Sales", "x").replace("ASYNCHRONOUS", "SYNCHRONOUS")),
        run("CREATE DATABASE second; BACKUP DATABASE second TO DISK = N'NUL'"),
        says(41429, &[], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE second"),
        deed(|estate| {
            estate.opposites.insert(assumption::SECOND_DATABASE);
        }),
        says(47503, &[&"AG_Sales", &"DAG_Sales"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE second"),
        run(format!(
            "CREATE AVAILABILITY GROUP two WITH (CLUSTER_TYPE = NONE) {}",
            LOCAL.replace("FOR ", "FOR DATABASE second ")
        )),
        run(
            "CREATE DATABASE third; BACKUP DATABASE third TO DISK = N'NUL'; ALTER AVAILABILITY GROUP two ADD DATABASE third",
        ),
        says(47502, &[&"d", &"two"], create("d", "two", "x")),
        says(
            19508,
            &[&"x", &"DAG_Sales"],
            "ALTER AVAILABILITY GROUP DAG_Sales MODIFY AVAILABILITY GROUP ON N'x' WITH (SEEDING_MODE = AUTOMATIC)",
        ),
        says(
            19510,
            &[&"d"],
            "ALTER AVAILABILITY GROUP d MODIFY AVAILABILITY GROUP ON N'x' WITH (SEEDING_MODE = AUTOMATIC)",
        ),
        says(
            19512,
            &[&"AG_Sales"],
            "ALTER AVAILABILITY GROUP AG_Sales MODIFY AVAILABILITY GROUP ON N'x' WITH (SEEDING_MODE = AUTOMATIC)",
        ),
        says(
            41190,
            &[&"DAG_Sales", &"ALTER", &"AVAILABILITY GROUP"],
            "ALTER AVAILABILITY GROUP DAG_Sales REMOVE DATABASE Sales",
        ),
        says(47520, &[], "ALTER AVAILABILITY GROUP AG_Sales REMOVE DATABASE Sales"),
        says(19511, &[&"d", &"AG_Sales"], format!("ALTER AVAILABILITY GROUP d JOIN {}", on("AG_Sales", "x"))),
        run(format!("CREATE AVAILABILITY GROUP empty WITH (CLUSTER_TYPE = NONE) {LOCAL}")),
        says(47519, &[&"d", &"empty"], create("d", "empty", "x")),
        says(
            19502,
            &[&"DAG_Sales"],
            format!("ALTER AVAILABILITY GROUP DAG_Sales JOIN {}", on("AG_Sales", "x")),
        ),
        says(19506, &[&"empty"], format!("ALTER AVAILABILITY GROUP d JOIN {}", on("empty", "x"))),
        run(format!("CREATE AVAILABILITY GROUP basic WITH (CLUSTER_TYPE = NONE, BASIC) {LOCAL}")),
        says(19513, &[&"basic"], create("d", "basic", "x")),
        deed(|estate| {
            let groups = &mut estate.sql_servers[0].groups;
            groups.iter_mut().filter(|one| one.name == "basic").for_each(|one| one.contained = true);
        }),
        says(47129, &[&"d"], create("d", "basic", "x")),
        deed(|estate| {
            let groups = &mut estate.sql_servers[0].groups;
            groups.iter_mut().filter(|one| one.distributed).for_each(|one| one.role = Role::Secondary);
        }),
        says(19503, &[&"AG_Sales"], create("d", "AG_Sales", "x")),
    ]
}

pub(super) fn failover() -> Vec<Step> {
    const FAILOVER: &str = "ALTER AVAILABILITY GROUP DAG_Sales FAILOVER";
    vec![
        deed(|estate| estate.sql_servers[0].build = "16.0.4095.4".parse().unwrap()),
        says(19504, &[&"DAG_Sales"], FAILOVER),
        deed(|estate| estate.sql_servers[0].build = "16.0.4125.3".parse().unwrap()),
        says_in(7, 35250, &[], FAILOVER),
        deed(|estate| {
            let groups = &mut estate.sql_servers[0].groups;
            groups.iter_mut().filter(|one| one.distributed).for_each(|one| one.link.connected = true);
        }),
        says(41142, &[&"DAG_Sales"], FAILOVER),
        run("ALTER AVAILABILITY GROUP DAG_Sales SET (ROLE = SECONDARY)"),
        says(41195, &[&"DAG_Sales"], FAILOVER),
    ]
}
