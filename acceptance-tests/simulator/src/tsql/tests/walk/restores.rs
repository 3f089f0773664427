//! Backups on media and restores from them.

use super::{Step, deed, run, says, says_in, shows};
use crate::world::Estate;
use crate::world::group::Role;

/// An application writes.
fn write(estate: &mut Estate) {
    let database = estate.sql_servers[0].database_mut("one").unwrap();
    database.hardened_lsn = database.hardened_lsn.advanced(10);
}

pub(super) fn steps() -> Vec<Step> {
    const TWO: &str = "RESTORE DATABASE two FROM DISK = N'one.bak'";
    const BLOB: &str = "https://x.blob.core.windows.net/b/one.bak";
    let to_blob = format!("BACKUP DATABASE one TO URL = N'{BLOB}'");
    vec![
        run("CREATE DATABASE one; CREATE DATABASE other; BACKUP DATABASE one TO DISK = N'one.bak'"),
        deed(write),
        run("BACKUP LOG one TO DISK = N'one.trn'"),
        says_in(
            2,
            3201,
            &[&"nothing.bak", &"2(The system cannot find the file specified.)"],
            "RESTORE DATABASE two FROM DISK = N'nothing.bak' WITH NORECOVERY",
        ),
        says_in(
            2,
            3201,
            &[&"NUL", &"2(The system cannot find the file specified.)"],
            "BACKUP DATABASE one TO DISK = N'NUL' WITH COPY_ONLY; RESTORE DATABASE two FROM DISK = N'NUL'",
        ),
        says(4038, &[&2, &"one.bak"], format!("{TWO} WITH FILE = 2, NORECOVERY")),
        says(3159, &[&"one"], "RESTORE DATABASE one FROM DISK = N'one.bak'"),
        says(3154, &[&"other"], "RESTORE DATABASE other FROM DISK = N'one.bak'"),
        says(3102, &[&"RESTORE DATABASE", &"other"], "USE other; RESTORE DATABASE other WITH RECOVERY"),
        run("USE master"),
        says(3156, &[&"one", &"C:\\Data\\one.mdf"], format!("{TWO} WITH NORECOVERY")),
        says(3119, &[], format!("{TWO} WITH NORECOVERY")),
        says(3118, &[&"two"], "RESTORE LOG two FROM DISK = N'one.trn'"),
        says(3117, &[], "RESTORE LOG one FROM DISK = N'one.trn'"),
        says(3135, &[&"one.bak", &"BACKUP DATABASE"], "RESTORE LOG two FROM DISK = N'one.bak'"),
        says(3135, &[&"one.trn", &"BACKUP LOG"], "RESTORE DATABASE two FROM DISK = N'one.trn'"),
        says(3108, &[], "RESTORE DATABASE master FROM DISK = N'one.bak'"),
        says(3147, &[], "RESTORE DATABASE tempdb FROM DISK = N'one.bak'"),
        run(format!("{TWO} WITH MOVE N'one' TO N'C:\\Data\\two.mdf', NORECOVERY")),
        deed(write),
        run("BACKUP LOG one TO DISK = N'two.trn'"),
        shows(4305, "RESTORE LOG two FROM DISK = N'two.trn' WITH NORECOVERY"),
        run(
            "RESTORE LOG two FROM DISK = N'one.trn' WITH NORECOVERY; RESTORE LOG two FROM DISK = N'two.trn' WITH NORECOVERY",
        ),
        shows(4326, "RESTORE LOG two FROM DISK = N'one.trn' WITH NORECOVERY"),
        deed(write),
        run(
            "BACKUP DATABASE one TO DISK = N'base.bak'; BACKUP DATABASE one TO DISK = N'diff.bak' WITH DIFFERENTIAL",
        ),
        says(3136, &[], "RESTORE DATABASE two FROM DISK = N'diff.bak' WITH NORECOVERY"),
        run("BACKUP DATABASE one TO DISK = N'a.bak', DISK = N'b.bak'"),
        says(3132, &[&2, &1], "RESTORE DATABASE two FROM DISK = N'a.bak' WITH NORECOVERY, REPLACE"),
        run(to_blob.clone()),
        says(3296, &[&BLOB], to_blob.clone()),
        run(format!("{to_blob} WITH FORMAT")),
        deed(|estate| estate.media.values_mut().flatten().for_each(|set| set.major = 17)),
        says(3169, &[&998, &957], "RESTORE DATABASE two FROM DISK = N'base.bak' WITH REPLACE"),
        says(911, &[&"nowhere"], "ALTER DATABASE nowhere SET HADR AVAILABILITY GROUP = AG_Sales"),
        says(41100, &[&"nowhere"], "ALTER DATABASE two SET HADR AVAILABILITY GROUP = nowhere"),
        deed(|estate| {
            let mut group = estate.sql_servers[0].groups[0].clone();
            (group.name, group.id, group.role) = ("AG_Other".into(), "other".into(), Role::Secondary);
            estate.sql_servers[0].groups.push(group);
        }),
        says(35259, &[&"Sales"], "ALTER DATABASE Sales SET HADR AVAILABILITY GROUP = AG_Other"),
        says_in(7, 35250, &[], "ALTER DATABASE two SET HADR AVAILABILITY GROUP = AG_Other"),
    ]
}
