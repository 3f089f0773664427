//! Databases, backups, DBCC.

use super::Bench;
use crate::world::database::DatabaseState;

#[test]
fn databases_are_made_and_dropped() {
    let mut bench = Bench::new();
    let error = bench.refused("CREATE DATABASE SALES", 1801);
    assert_eq!((error.severity, error.state), (16, 3));
    bench.run("CREATE DATABASE [a]");
    bench.refused("DROP DATABASE a, nobody", 3701);
    bench.run("DROP DATABASE IF EXISTS a, nobody");
    assert!(bench.engine().database("a").is_none());
    bench.refused("ALTER DATABASE nobody SET RECOVERY FULL", 5011);
    bench.run("ALTER DATABASE sales SET RECOVERY BULK_LOGGED");
    assert_eq!(bench.engine().database("sales").unwrap().recovery_model, 2);
}

#[test]
fn chains_of_backups() {
    let mut bench = Bench::new();
    bench.run("CREATE DATABASE fresh");
    bench.refused("BACKUP LOG fresh TO DISK = N'NUL'", 4214);
    bench.refused("BACKUP DATABASE fresh TO DISK = N'NUL' WITH DIFFERENTIAL", 3035);
    bench.refused("BACKUP DATABASE nobody TO DISK = N'NUL'", 911);
    bench.run("BACKUP DATABASE fresh TO DISK = N'NUL' WITH COPY_ONLY");
    bench.refused("BACKUP LOG fresh TO DISK = N'NUL'", 4214);
    bench.run("BACKUP DATABASE fresh TO DISK = N'NUL'");
    bench.engine().database_mut("fresh").unwrap().hardened_lsn = crate::world::log::LogPosition(900);
    bench.run("BACKUP LOG fresh TO DISK = N'NUL'");
    let database = bench.engine().database("fresh").unwrap();
    assert_eq!(database.backed_up_lsn.0, 900);
    let kinds: String = database.backups.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, "DDL");
    bench.run("ALTER DATABASE fresh SET RECOVERY SIMPLE");
    bench.refused("BACKUP LOG fresh TO DISK = N'NUL'", 4208);
}

#[test]
fn a_restoring_database_comes_back() {
    let mut bench = Bench::new();
    bench.engine().database_mut("sales").unwrap().state = DatabaseState::Restoring;
    bench.refused("BACKUP DATABASE sales TO DISK = N'NUL'", 927);
    bench.refused("RESTORE DATABASE sales FROM DISK = N'x'", 3201);
    bench.run("RESTORE DATABASE sales WITH RECOVERY");
    assert_eq!(bench.engine().database("sales").unwrap().state, DatabaseState::Online);
}

#[test]
fn trace_flags_are_global() {
    let mut bench = Bench::new();
    bench.run("DBCC TRACEON (1800, 9567, -1)");
    let (columns, rows) = bench.run("DBCC TRACESTATUS (1800, 4199, -1)").rows.unwrap();
    let columns: Vec<&str> = columns.into_iter().map(|(name, _)| name).collect();
    assert_eq!(columns, ["TraceFlag", "Status", "Global", "Session"]);
    let flags: Vec<_> =
        rows.iter().map(|row| (row[0].as_deref().unwrap(), row[1].as_deref().unwrap())).collect();
    assert_eq!(flags, [("1800", "1"), ("4199", "0")]);
    bench.run("DBCC TRACEOFF (1800, -1)");
    assert!(!bench.engine().trace_flags.contains(&1800));
    assert_eq!(bench.run("DBCC SQLPERF (LOGSPACE)").rows.unwrap().1.len(), 1);
    bench.caller.login = "app".to_owned();
    bench.refused("DBCC TRACEON (1800, -1)", 2571);
    bench.refused("DBCC SQLPERF (LOGSPACE)", 297);
}
