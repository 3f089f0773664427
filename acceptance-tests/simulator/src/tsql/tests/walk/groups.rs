//! Local availability groups, their replicas and listeners.

use super::{Step, deed, run, says, says_in};
use crate::world::group::Role;
use crate::world::instance::Edition;

const MODES: &str = "AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL";

fn replica(name: &str) -> String {
    format!("N'{name}' WITH (ENDPOINT_URL = N'TCP://10.0.0.9:5022', {MODES})")
}

fn create(rest: &str) -> String {
    format!("CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = NONE) FOR {rest}")
}

fn with(option: &str) -> String {
    format!(
        "CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = NONE, {option}) FOR REPLICA ON {}",
        replica("SQL1")
    )
}

fn alter(rest: &str) -> String {
    format!("ALTER AVAILABILITY GROUP AG_Sales {rest}")
}

/// Read-only routing.
pub(super) fn routing() -> Vec<Step> {
    let list = |list: &str| {
        alter(&format!("MODIFY REPLICA ON N'SQL1' WITH (PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = {list}))"))
    };
    let url = |url: &str| {
        alter(&format!("MODIFY REPLICA ON N'SQL1' WITH (SECONDARY_ROLE (READ_ONLY_ROUTING_URL = N'{url}'))"))
    };
    vec![
        says(19401, &[&"sql1:1433", &"SQL1"], url("sql1:1433")),
        says(19404, &[&"SQL1", &"SQL1"], list("(N'SQL1')")),
        run(url("TCP://sql1.corp.example:1433")),
        says(19403, &[&"SQL7", &"SQL1", &"AG_Sales"], list("(N'SQL1', N'SQL7')")),
        says(19402, &[&"SQL1", &"SQL1"], list("((N'SQL1'), N'SQL1')")),
        run(list("((N'SQL1'))")),
        run(list("NONE")),
    ]
}

pub(super) fn steps() -> Vec<Step> {
    const STATEMENT: &str = "ALTER AVAILABILITY GROUP";
    let one = replica("SQL1");
    let ten: Vec<String> = (1..=10).map(|number| replica(&format!("SQL{number}"))).collect();
    let nine: Vec<String> = (2..=10).map(|number| replica(&format!("SQL{number}"))).collect();
    vec![
        says(35208, &[], format!("USE Sales; {}", create(&format!("REPLICA ON {one}")))),
        run("USE master"),
        says(35220, &[], format!("CREATE AVAILABILITY GROUP g FOR REPLICA ON {one}")),
        says(
            41114,
            &[&"AG_Sales"],
            format!("CREATE AVAILABILITY GROUP AG_Sales WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON {one}"),
        ),
        says(35237, &[&"g"], create(&format!("REPLICA ON {}", replica("SQL7")))),
        says(35228, &[&"g", &1, &5], with("FAILURE_CONDITION_LEVEL = 6")),
        says(35229, &[&"g", &15_000], with("HEALTH_CHECK_TIMEOUT = 1000")),
        says(
            35248,
            &[&"CREATE AVAILABILITY GROUP", &1, &0, &"g"],
            with("REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 1"),
        ),
        says(35233, &[&10, &"", &9], create(&format!("REPLICA ON {}", ten.join(", ")))),
        says(35234, &[&"Sales"], create(&format!("DATABASE Sales, Sales REPLICA ON {one}"))),
        says(35235, &[&"SQL1"], create(&format!("REPLICA ON {one}, {one}"))),
        says(35238, &[&"nowhere", &"g"], create(&format!("DATABASE nowhere REPLICA ON {one}"))),
        says(35249, &[&"msdb"], create(&format!("DATABASE msdb REPLICA ON {one}"))),
        says(35244, &[&"Sales", &"g"], create(&format!("DATABASE Sales REPLICA ON {one}"))),
        says(35280, &[&"Sales", &"AG_Sales"], alter("ADD DATABASE Sales")),
        says(35281, &[&"master", &"AG_Sales"], alter("REMOVE DATABASE master")),
        says(35232, &[&"x"], create(&format!("REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'x', {MODES})"))),
        says(35236, &[&"SQL1"], create(&format!("REPLICA ON N'SQL1' WITH ({MODES})"))),
        says(
            41197,
            &[&"SQL1"],
            create(
                "REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'TCP://a:1', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT)",
            ),
        ),
        says(
            41198,
            &[&"SQL1"],
            create("REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'TCP://a:1', FAILOVER_MODE = MANUAL)"),
        ),
        says(47101, &[&"g"], create(&format!("REPLICA ON {}", one.replace("MANUAL", "AUTOMATIC")))),
        says(
            47102,
            &[&"g"],
            format!(
                "CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = EXTERNAL) FOR REPLICA ON {}",
                one.replace("MANUAL", "AUTOMATIC")
            ),
        ),
        says(
            35209,
            &[&STATEMENT, &"SQL1", &0, &100],
            alter("MODIFY REPLICA ON N'SQL1' WITH (BACKUP_PRIORITY = 101)"),
        ),
        says(
            35214,
            &[&STATEMENT, &"SQL1", &5],
            alter("MODIFY REPLICA ON N'SQL1' WITH (SESSION_TIMEOUT = 4)"),
        ),
        says(35210, &[&"SQL7", &"AG_Sales"], alter("MODIFY REPLICA ON N'SQL7' WITH (SESSION_TIMEOUT = 20)")),
        says(41185, &[&"AG_Sales"], alter("MODIFY REPLICA ON N'SQL1' WITH (FAILOVER_MODE = MANUAL)")),
        says(35282, &[&"SQL1", &"AG_Sales"], alter(&format!("ADD REPLICA ON {one}"))),
        says(35223, &[&9, &"AG_Sales", &1, &9], alter(&format!("ADD REPLICA ON {}", nine.join(", ")))),
        says(35283, &[&"SQL7", &"AG_Sales"], alter("REMOVE REPLICA ON N'SQL7'")),
        says(35284, &[&"SQL1", &"AG_Sales"], alter("REMOVE REPLICA ON N'SQL1'")),
        says(35240, &[&"Sales", &"AG_Sales"], "ALTER DATABASE Sales SET HADR OFF"),
        run("CREATE DATABASE free"),
        says(35242, &[&"free"], "ALTER DATABASE free SET HADR OFF"),
        says(35239, &[&"free", &""], "ALTER DATABASE free SET HADR SUSPEND"),
        says(41122, &[&"AG_Sales"], alter("FAILOVER")),
        deed(|estate| estate.sql_servers[0].groups[0].role = Role::Secondary),
        says(41145, &[&"Sales", &"AG_Sales"], "ALTER DATABASE Sales SET HADR AVAILABILITY GROUP = AG_Sales"),
        says(41140, &[&"AG_Sales"], alter("ADD DATABASE free")),
        says(47122, &[&"AG_Sales"], alter("FAILOVER")),
        deed(|estate| estate.sql_servers[0].groups[0].cluster_type = 1),
        says(47104, &[&"AG_Sales"], alter("FAILOVER")),
        deed(|estate| estate.sql_servers[0].groups[0].cluster_type = 0),
        says(47115, &[&"ROLE", &"AG_Sales"], alter("SET (ROLE = SECONDARY)")),
        says(35251, &[], "DROP AVAILABILITY GROUP DAG_Sales"),
        says(976, &[&"Sales"], "USE Sales"),
        deed(|estate| estate.sql_servers[0].groups[0].replicas[0].secondary_connections = 1),
        says(978, &[&"Sales"], "USE Sales"),
        deed(|estate| estate.sql_servers[0].groups[0].role = Role::Resolving),
        says(983, &[&"Sales"], "USE Sales"),
        run("ALTER DATABASE free SET OFFLINE"),
        says_in(4, 942, &[&"free"], "USE free"),
        run("ALTER DATABASE free SET ONLINE"),
        run(
            "BACKUP DATABASE free TO DISK = N'NUL'; CREATE DATABASE second; BACKUP DATABASE second TO DISK = N'NUL'",
        ),
        says(
            35200,
            &[&"second", &"g", &1],
            format!(
                "CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = NONE, BASIC) FOR DATABASE free, second REPLICA ON {one}"
            ),
        ),
        deed(|estate| estate.sql_servers[0].cluster = Some("WSFC".to_owned())),
        says(
            47103,
            &[&"g"],
            format!("CREATE AVAILABILITY GROUP g FOR REPLICA ON {}", one.replace("MANUAL", "EXTERNAL")),
        ),
        says(
            35211,
            &[&"CREATE AVAILABILITY GROUP", &"SQL1"],
            format!(
                "CREATE AVAILABILITY GROUP g FOR REPLICA ON {}",
                one.replace("MANUAL", "AUTOMATIC").replace("SYNCHRONOUS", "ASYNCHRONOUS")
            ),
        ),
        deed(|estate| estate.sql_servers[0].edition = Edition::Express),
        says(41199, &[&""], create(&format!("REPLICA ON {one}"))),
        deed(|estate| estate.sql_servers[0].hadr_enabled = false),
        says(35221, &[], create(&format!("REPLICA ON {one}"))),
        deed(|estate| estate.sql_servers[0].linux = true),
        says(47105, &[], create(&format!("REPLICA ON {one}"))),
        says(35272, &[], "EXEC sys.sp_availability_group_command_internal N'AG_Sales', 1"),
    ]
}

pub(super) fn joining() -> Vec<Step> {
    vec![
        says(41106, &[&"AG_Sales"], alter("JOIN WITH (CLUSTER_TYPE = NONE)")),
        says(47106, &[&"nowhere"], "ALTER AVAILABILITY GROUP nowhere JOIN WITH (CLUSTER_TYPE = NONE)"),
        deed(|estate| {
            let mut other = crate::scene::Scene::demonstration().unwrap().estate.sql_servers.remove(0);
            other.host = "sql2.corp.example".to_owned();
            other.aliases.clear();
            other.machine_name = "SQL2".to_owned();
            let mut group = estate.sql_servers[0].groups[0].clone();
            group.name = "AG_Other".to_owned();
            other.groups.push(group);
            estate.sql_servers.push(other);
        }),
        says(47100, &[&"AG_Other"], "ALTER AVAILABILITY GROUP AG_Other JOIN WITH (CLUSTER_TYPE = EXTERNAL)"),
    ]
}

pub(super) fn listeners() -> Vec<Step> {
    let add =
        |name: &str, rest: &str| alter(&format!("ADD LISTENER N'{name}' (WITH IP ({rest}), PORT = 1433)"));
    const IP: &str = "(N'10.0.0.50', N'255.255.255.0')";
    vec![
        says(19485, &[&"l".repeat(64)], add(&"l".repeat(64), IP)),
        says(19483, &[&"10.0.0"], add("l", "(N'10.0.0', N'255.255.255.0')")),
        says(19484, &[&"10.0.0.50"], add("l", &format!("{IP}, {IP}"))),
        says(19482, &[&70_000], add("l", IP).replace("1433", "70000")),
        says(19469, &[&"l", &"AG_Sales"], alter("RESTART LISTENER N'l'")),
        run(add("l", IP)),
        says(19477, &[&"AG_Sales", &"l"], add("m", IP)),
        says(19468, &[&"l", &"AG_Sales", &1433], alter("MODIFY LISTENER N'l' (PORT = 1433)")),
        says_in(
            1,
            19484,
            &[&"10.0.0.50"],
            alter("MODIFY LISTENER N'l' (ADD IP (N'10.0.0.50', N'255.255.255.0'))"),
        ),
    ]
}
