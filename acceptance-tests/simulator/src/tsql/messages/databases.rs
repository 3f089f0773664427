//! Databases and their backups.
//!
//! Source: "Database Engine events and errors" 0-999, 1000-1999, 3000-3999, 4000-4999, 5000-5999, 9000-9999, 15000-15999
//! and 31000-41399, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(448, 16, "Invalid collation '%.*ls'."),
    raised(927, 14, "Database '%.*ls' cannot be opened. It is in the middle of a restore.").state(2),
    raised(942, 14, "Database '%.*ls' cannot be opened because it is offline.").state(4),
    raised(
        957,
        17,
        "Database '%.*ls' is enabled for database mirroring or has joined an availability group. The name \
         of the database cannot be changed.",
    ),
    raised(
        976,
        14,
        "The target database, '%.*ls', is participating in an availability group and is currently not \
         accessible for queries. Either data movement is suspended or the availability replica is not \
         enabled for read access. To allow read-only access to this and other databases in the availability \
         group, enable read access to one or more secondary availability replicas in the group.  For more \
         information, see the ALTER AVAILABILITY GROUP statement in SQL Server Books Online.",
    ),
    raised(
        978,
        14,
        "The target database ('%.*ls') is in an availability group and is currently accessible for \
         connections when the application intent is set to read only. For more information about \
         application intent, see SQL Server Books Online.",
    ),
    raised(
        979,
        14,
        "The target database ('%.*ls') is in an availability group and currently does not allow read only \
         connections. For more information about application intent, see SQL Server Books Online.",
    ),
    raised(
        983,
        14,
        "Unable to access availability database '%.*ls' because the database replica is not in the PRIMARY \
         or SECONDARY role. Connections to an availability database is permitted only when the database \
         replica is in the PRIMARY or SECONDARY role. Try the operation again later.",
    ),
    raised(
        1407,
        16,
        "The remote copy of database \"%.*ls\" is not related to the local copy of the database.",
    ),
    raised(
        1408,
        16,
        "The remote copy of database \"%.*ls\" is not recovered far enough to enable database mirroring or \
         to join it to the availability group. You need to apply missing log records to the remote database \
         by restoring the current log backups from the principal/primary database.",
    ),
    raised(
        1412,
        16,
        "The remote copy of database \"%.*ls\" has not been rolled forward to a point in time that is \
         encompassed in the local copy of the database log.",
    ),
    raised(
        1418,
        16,
        "The server network address \"%.*ls\" can not be reached or does not exist. Check the network \
         address name and that the ports for the local and remote endpoints are operational.",
    ),
    raised(
        1464,
        16,
        "Database \"%.*ls\" is not in a recovering state which is required for a mirror database or secondary \
         database. The remote database must be restored using WITH NORECOVERY.",
    ),
    raised(
        1465,
        16,
        "Database \"%.*ls\" database is not in full recovery mode on each of the server instances. The full \
         recovery model is required for a database to participate in database mirroring or in an \
         availability group.",
    ),
    raised(
        1466,
        16,
        "Database \"%.*ls\" is read-only on one of the server instances which is incompatible with \
         participating in database mirroring or in an availability group. Set the database to read-write \
         mode, and retry the operation.",
    ),
    raised(
        1467,
        16,
        "Database \"%.*ls\" database is in emergency or suspect mode on one of the partners which is \
         incompatible with participating in database mirroring or in an availability group.",
    ),
    raised(
        1468,
        16,
        "The operation cannot be performed on database \"%.*ls\" because it is involved in a database \
         mirroring session or an availability group. Some operations are not allowed on a database that is \
         participating in a database mirroring session or in an availability group.",
    ),
    raised(
        1469,
        16,
        "Database \"%.*ls\" is an auto-close database on one of the partners which is incompatible with \
         participating in database mirroring or in an availability group.",
    ),
    injected(1474, 16, "Database mirroring connection error %d '%.*ls' for '%.*ls'."),
    raised(
        1475,
        16,
        "Database \"%.*ls\" might contain bulk logged changes that have not been backed up. Take a log \
         backup on the principal database or primary database. Then restore this backup either on the \
         mirror database to enable database mirroring or on every secondary database to enable you to join \
         it to the availability group.",
    ),
    raised(
        1478,
        16,
        // A live server has two blanks between the sentences.
        "The mirror database, \"%.*ls\", has insufficient transaction log data to preserve the log backup \
         chain of the principal database.  This may happen if a log backup from the principal database has \
         not been taken or has not been restored on the mirror database.",
    ),
    injected(
        1479,
        16,
        "The mirroring connection to \"%.*ls\" has timed out for database \"%.*ls\" after %d seconds \
         without a response. Check the service and network connections.",
    ),
    raised(1486, 10, "Database Mirroring Transport is disabled in the endpoint configuration.").class(16),
    raised(
        1488,
        16,
        "Database \"%.*ls\" database is in single user mode which is incompatible with participating in \
         database mirroring or in an availability group. Set database to multi-user mode, and retry the \
         operation.",
    ),
    raised(1801, 16, "Database '%.*ls' already exists. Choose a different database name.").state(3),
    raised(3013, 16, "%hs is terminating abnormally."),
    raised(3014, 10, "%hs successfully processed %I64d pages in %d.%03d seconds (%d.%03d MB/sec)."),
    raised(
        3035,
        16,
        "Cannot perform a differential backup for database \"%ls\", because a current database backup does \
         not exist. Perform a full database backup by reissuing BACKUP DATABASE, omitting the WITH \
         DIFFERENTIAL option.",
    ),
    raised(
        3059,
        16,
        "This BACKUP or RESTORE command is not supported on a database mirror or secondary replica.",
    ),
    raised(
        3102,
        16,
        "%ls cannot process database '%ls' because it is in use by this session. It is recommended that the \
         master database be used when performing this operation.",
    ),
    raised(
        3104,
        16,
        "RESTORE cannot operate on database '%ls' because it is configured for database mirroring or has \
         joined an availability group. If you intend to restore the database, use ALTER DATABASE to remove \
         mirroring or to remove the database from its availability group.",
    ),
    raised(
        3108,
        16,
        "To restore the master database, the server must be running in single-user mode. For information on \
         starting in single-user mode, see \"How to: Start an Instance of SQL Server (sqlservr.exe)\" in \
         Books Online.",
    ),
    raised(
        3117,
        16,
        "The log or differential backup cannot be restored because no files are ready to rollforward.",
    ),
    raised(
        3118,
        16,
        "The database \"%ls\" does not exist. RESTORE can only create a database when restoring either a \
         full backup or a file backup of the primary file.",
    ),
    raised(
        3119,
        16,
        "Problems were identified while planning for the RESTORE statement. Previous messages provide \
         details.",
    ),
    raised(
        3132,
        16,
        "The media set has %d media families but only %d are provided. All members must be provided.",
    ),
    raised(
        3135,
        16,
        "The backup set in file '%ls' was created by %hs and cannot be used for this restore operation.",
    ),
    raised(
        3136,
        16,
        "This differential backup cannot be restored because the database has not been restored to the \
         correct earlier state.",
    ),
    raised(3147, 16, "Backup and restore operations are not allowed on database tempdb."),
    raised(3153, 16, "The database is already fully recovered.").state(2),
    raised(3154, 16, "The backup set holds a backup of a database other than the existing '%ls' database."),
    raised(
        3156,
        16,
        "File '%ls' cannot be restored to '%ls'. Use WITH MOVE to identify a valid location for the file.",
    ),
    raised(
        3159,
        16,
        "The tail of the log for the database \"%ls\" has not been backed up. Use BACKUP LOG WITH \
         NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or \
         WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log.",
    ),
    raised(
        3169,
        16,
        "The database was backed up on a server running database version %d. That version is incompatible \
         with this server, which supports version %d. Either restore the database on a server that supports \
         the backup, or use a backup that is compatible with this server.",
    ),
    raised(3201, 16, "Cannot open backup device '%ls'. Operating system error %ls."),
    raised(
        3296,
        16,
        "The file %.*ls exists on the remote endpoint, and WITH FORMAT was not specified. Backup cannot \
         proceed.",
    ),
    raised(3702, 16, "Cannot drop database \"%.*ls\" because it is currently in use.").state(3),
    raised(3708, 16, "Cannot %S_MSG the %S_MSG '%.*ls' because it is a system %S_MSG."),
    raised(
        3752,
        16,
        "The database '%.*ls' is currently joined to an availability group.  Before you can drop the \
         database, you need to remove it from the availability group.",
    ),
    raised(4038, 16, "Cannot find file ID %d on device '%ls'."),
    raised(
        4208,
        16,
        "The statement %hs is not allowed while the recovery model is SIMPLE. Use BACKUP DATABASE or change \
         the recovery model using ALTER DATABASE.",
    ),
    raised(4214, 16, "BACKUP LOG cannot be performed because there is no current database backup."),
    raised(
        4305,
        16,
        "The log in this backup set begins at LSN %.*ls, which is too recent to apply to the database. An \
         earlier log backup that includes LSN %.*ls can be restored.",
    ),
    raised(
        4326,
        16,
        "The log in this backup set terminates at LSN %.*ls, which is too early to apply to the database. A \
         more recent log backup that includes LSN %.*ls can be restored.",
    ),
    raised(
        5008,
        16,
        "This ALTER DATABASE statement is not supported. Correct the syntax and execute the statement again.",
    ),
    raised(
        5011,
        14,
        "User does not have permission to alter database '%.*ls', the database does not exist, or the \
         database is not in a state that allows access checks.",
    )
    .state(5),
    raised(5052, 16, "%ls is not permitted while a database is in the %ls state."),
    injected(5058, 16, "Option '%.*ls' cannot be set in database '%.*ls'."),
    raised(5069, 16, "ALTER DATABASE statement failed."),
    raised(9002, 17, "The transaction log for database '%ls' is full due to '%ls'."),
    raised(15048, 10, "Valid values of the database compatibility level are %d, %d, %d, %d, %d, %d or %d.")
        .class(16),
    raised(33518, 16, "Valid values of the database compatibility level are %d, %d, %d, or %d."),
    raised(33528, 16, "Valid values of the database compatibility level are %d, %d, %d, %d, or %d."),
    raised(33599, 16, "Valid values of the database compatibility level are %d, %d, %d, %d, %d, or %d."),
];
