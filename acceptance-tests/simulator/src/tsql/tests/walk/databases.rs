//! Databases and their backups, here and on a managed instance.

use super::{Step, deed, run, says, says_in};
use crate::world::database::DatabaseState;

const GROUP: &str = "CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = \
                     N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL)";

pub(super) fn steps() -> Vec<Step> {
    vec![
        says(911, &[&"nowhere"], "USE nowhere"),
        says(208, &[&"nothing"], "SELECT * FROM nothing"),
        says(207, &[&"nothing"], "SELECT nothing FROM sys.databases"),
        says_in(62, 2812, &[&"nothing"], "EXEC nothing"),
        says(448, &[&"Nowhere"], "CREATE DATABASE other COLLATE Nowhere"),
        run("CREATE DATABASE other COLLATE Latin1_General_100_BIN2"),
        says_in(3, 1801, &[&"other"], "CREATE DATABASE other"),
        says_in(3, 1801, &[&"Sales"], "ALTER DATABASE other MODIFY NAME = Sales"),
        says(4214, &[], "BACKUP LOG other TO DISK = N'NUL'"),
        says(3013, &[&"BACKUP LOG"], "BACKUP LOG other TO DISK = N'NUL'"),
        says(3035, &[&"other"], "BACKUP DATABASE other TO DISK = N'NUL' WITH DIFFERENTIAL"),
        run("ALTER DATABASE other SET RECOVERY SIMPLE"),
        says(4208, &[&"BACKUP LOG"], "BACKUP LOG other TO DISK = N'NUL'"),
        says(
            3014,
            &[&"BACKUP DATABASE", &2048, &0, &"160", &100, &"000"],
            "BACKUP DATABASE other TO DISK = N'NUL'",
        ),
        says_in(2, 3153, &[], "RESTORE DATABASE other WITH RECOVERY"),
        says(3104, &[&"Sales"], "RESTORE DATABASE Sales WITH RECOVERY"),
        says_in(3, 3702, &[&"other"], "USE other; DROP DATABASE other"),
        run("USE master"),
        says(3708, &[&"drop", &"database", &"msdb", &"database"], "DROP DATABASE msdb"),
        says(3752, &[&"Sales"], "DROP DATABASE Sales"),
        says_in(5, 3701, &[&"drop", &"database", &"nowhere"], "DROP DATABASE nowhere"),
        says(1468, &[&"Sales"], "ALTER DATABASE Sales SET RECOVERY SIMPLE"),
        says(957, &[&"Sales"], "ALTER DATABASE Sales MODIFY NAME = Others"),
        says_in(5, 5011, &[&"nowhere"], "ALTER DATABASE nowhere SET READ_ONLY"),
        says(5069, &[], "ALTER DATABASE nowhere SET READ_ONLY"),
        deed(|estate| estate.sql_servers[0].database_mut("other").unwrap().fill_log()),
        says_in(0, 9002, &[&"other", &"NOTHING"], "USE other; CREATE USER somebody WITHOUT LOGIN"),
        says_in(0, 9002, &[&"other", &"NOTHING"], "EXEC sp_addrolemember 'db_owner', 'guest'"),
        deed(|estate| estate.sql_servers[0].database_mut("other").unwrap().log.limit = None),
        run("CREATE USER somebody WITHOUT LOGIN; DROP USER somebody; USE master"),
        says(1465, &[&"other"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE other"),
        run("ALTER DATABASE other SET RECOVERY FULL; ALTER DATABASE other SET READ_ONLY"),
        says(1466, &[&"other"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE other"),
        run("ALTER DATABASE other SET READ_WRITE; ALTER DATABASE other SET AUTO_CLOSE ON"),
        says(1469, &[&"other"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE other"),
        run("ALTER DATABASE other SET AUTO_CLOSE OFF; ALTER DATABASE other SET SINGLE_USER"),
        says(1488, &[&"other"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE other"),
        run("ALTER DATABASE other SET MULTI_USER; CREATE DATABASE fresh"),
        says(1475, &[&"fresh"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE fresh"),
        deed(|estate| estate.sql_servers[0].database_mut("other").unwrap().state = DatabaseState::Restoring),
        says(1467, &[&"other"], "ALTER AVAILABILITY GROUP AG_Sales ADD DATABASE other"),
        says(5052, &[&"ALTER DATABASE", &"RESTORING"], "ALTER DATABASE other SET READ_ONLY"),
        says_in(2, 927, &[&"other"], "BACKUP DATABASE other TO DISK = N'NUL'"),
        says_in(6, 226, &[&"CREATE DATABASE"], "BEGIN TRANSACTION; CREATE DATABASE d; ROLLBACK"),
        says_in(0, 574, &[&"DROP DATABASE"], "BEGIN TRANSACTION; DROP DATABASE fresh; ROLLBACK"),
        deed(|estate| {
            let group = estate.sql_servers[0].groups.iter_mut().find(|one| one.distributed);
            group.unwrap().role = crate::world::group::Role::Secondary;
        }),
        says(3059, &[], "BACKUP DATABASE Sales TO DISK = N'NUL'"),
        deed(|estate| estate.sql_servers[0].endpoint = None),
        says(1486, &[], GROUP),
        deed(|estate| {
            estate.opposites.insert(crate::world::assumption::REFUSAL_NUMBERS);
        }),
        says(1418, &[&"TCP://10.0.0.4:5022"], GROUP),
    ]
}

/// Each version's own message.
pub(super) fn compatibility() -> Vec<Step> {
    const ALTER: &str = "ALTER DATABASE fresh SET COMPATIBILITY_LEVEL = 90";
    vec![
        run("CREATE DATABASE fresh"),
        says(15048, &[&100, &110, &120, &130, &140, &150, &160], ALTER),
        deed(|estate| estate.sql_servers[0].build = "15.0.4312.2".parse().unwrap()),
        says(33599, &[&100, &110, &120, &130, &140, &150], ALTER),
        deed(|estate| estate.sql_servers[0].build = "14.0.3490.10".parse().unwrap()),
        says(33528, &[&100, &110, &120, &130, &140], ALTER),
        deed(|estate| estate.sql_servers[0].build = "13.0.7016.1".parse().unwrap()),
        says(33518, &[&100, &110, &120, &130], ALTER),
    ]
}

/// What a managed instance refuses.
pub(super) fn managed() -> Vec<Step> {
    vec![
        says(
            41906,
            &[&"CREATE ENDPOINT"],
            "CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL)",
        ),
        says(
            41906,
            &[&"CREATE AVAILABILITY GROUP"],
            "CREATE AVAILABILITY GROUP g WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'x' WITH (ENDPOINT_URL = \
             N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL)",
        ),
        says(41906, &[&"DROP AVAILABILITY GROUP"], "DROP AVAILABILITY GROUP g"),
        run("CREATE DATABASE own"),
        says(5008, &[], "ALTER DATABASE own SET RECOVERY SIMPLE"),
        says(41906, &[&"BACKUP LOG"], "BACKUP LOG own TO URL = N'https://x.blob.core.windows.net/b/own.trn'"),
        says(41902, &[], "BACKUP DATABASE own TO DISK = N'own.bak' WITH COPY_ONLY"),
        says(41904, &[], "BACKUP DATABASE own TO URL = N'https://x.blob.core.windows.net/b/own.bak'"),
        says(
            41922,
            &[],
            "BACKUP DATABASE own TO URL = N'https://x.blob.core.windows.net/b/own.bak' WITH COPY_ONLY",
        ),
        says(
            41906,
            &[&"RESTORE LOG"],
            "RESTORE LOG own FROM URL = N'https://x.blob.core.windows.net/b/own.trn'",
        ),
        says(41902, &[], "RESTORE DATABASE own FROM DISK = N'own.bak'"),
        says(
            41901,
            &[&"replace, stats"],
            "RESTORE DATABASE own FROM URL = N'https://x.blob.core.windows.net/b/own.bak' WITH REPLACE, STATS = 5",
        ),
        says(49512, &[], "DBCC TRACEON (1800)"),
    ]
}
