//! Databases, their backups, and DBCC: as far as a link's preparation needs them.

use sqlparser::tokenizer::Token;

use super::super::ast::{
    AlterDatabase, Backup, BackupKind, Dbcc, Ddl, HadrOption, RecoveryModel, Restore, UserAccess,
};
use super::super::error::{self, SqlError};
use super::cursor::Cursor;

/// `CREATE DATABASE name [COLLATE collation]`: files and options are left to the model database.
pub(super) fn create(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("DATABASE")?;
    let line = cursor.line();
    let name = cursor.name()?;
    let collation = if cursor.eat("COLLATE") { Some(cursor.name()?) } else { None };
    if matches!(cursor.peek_word().as_deref(), Some("ON" | "CONTAINMENT" | "AS" | "FOR" | "WITH" | "LOG")) {
        return Err(error::not_modelled("options of CREATE DATABASE").at_line(line));
    }
    Ok(Ddl::CreateDatabase { name, collation })
}

/// `DROP DATABASE [IF EXISTS] name, …`.
pub(super) fn drop(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("DATABASE")?;
    let if_exists = cursor.eat_all(&["IF", "EXISTS"]);
    Ok(Ddl::DropDatabases { names: cursor.names()?, if_exists })
}

/// `ALTER DATABASE {name|CURRENT} SET …, …` and `MODIFY NAME`.
pub(super) fn alter(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("DATABASE")?;
    let line = cursor.line();
    let name = if cursor.eat("CURRENT") { None } else { Some(cursor.name()?) };
    if cursor.eat_all(&["MODIFY", "NAME"]) {
        cursor.expect_equals()?;
        let new_name = cursor.name()?;
        return Ok(Ddl::AlterDatabase { name, changes: vec![AlterDatabase::Rename(new_name)] });
    }
    if matches!(cursor.peek_word().as_deref(), Some("ADD" | "REMOVE" | "MODIFY" | "COLLATE" | "SCOPED")) {
        return Err(error::not_modelled("files and collations in ALTER DATABASE").at_line(line));
    }
    cursor.expect("SET")?;
    let changes = cursor.list(set_option)?;
    if cursor.eat("WITH") {
        termination(cursor)?;
    }
    Ok(Ddl::AlterDatabase { name, changes })
}

/// `WITH ROLLBACK IMMEDIATE | ROLLBACK AFTER n [SECONDS] | NO_WAIT`: nothing is held that could block.
fn termination(cursor: &mut Cursor) -> Result<(), SqlError> {
    if cursor.eat("NO_WAIT") {
        return Ok(());
    }
    cursor.expect("ROLLBACK")?;
    if cursor.eat("IMMEDIATE") {
        return Ok(());
    }
    cursor.expect("AFTER")?;
    cursor.integer()?;
    cursor.eat("SECONDS");
    Ok(())
}

fn set_option(cursor: &mut Cursor) -> Result<AlterDatabase, SqlError> {
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    cursor.advance();
    let change = match word.as_str() {
        "RECOVERY" => AlterDatabase::RecoveryModel(cursor.one_of(&[
            ("FULL", RecoveryModel::Full),
            ("BULK_LOGGED", RecoveryModel::BulkLogged),
            ("SIMPLE", RecoveryModel::Simple),
        ])?),
        "HADR" => AlterDatabase::Hadr(hadr(cursor)?),
        "ONLINE" => AlterDatabase::Online(true),
        "OFFLINE" => AlterDatabase::Online(false),
        "READ_ONLY" => AlterDatabase::ReadOnly(true),
        "READ_WRITE" => AlterDatabase::ReadOnly(false),
        "MULTI_USER" => AlterDatabase::UserAccess(UserAccess::Multi),
        "SINGLE_USER" => AlterDatabase::UserAccess(UserAccess::Single),
        "RESTRICTED_USER" => AlterDatabase::UserAccess(UserAccess::Restricted),
        "ENABLE_BROKER" | "NEW_BROKER" => AlterDatabase::Broker(true),
        "DISABLE_BROKER" => AlterDatabase::Broker(false),
        "AUTO_CLOSE" => AlterDatabase::AutoClose(cursor.on_off()?),
        "ENCRYPTION" => AlterDatabase::Encryption(cursor.on_off()?),
        "ACCELERATED_DATABASE_RECOVERY" => {
            cursor.expect_equals()?;
            AlterDatabase::AcceleratedRecovery(cursor.on_off()?)
        }
        "COMPATIBILITY_LEVEL" => {
            cursor.expect_equals()?;
            AlterDatabase::CompatibilityLevel(cursor.integer()?)
        }
        "AUTO_SHRINK"
        | "AUTO_CREATE_STATISTICS"
        | "AUTO_UPDATE_STATISTICS"
        | "ALLOW_SNAPSHOT_ISOLATION"
        | "READ_COMMITTED_SNAPSHOT"
        | "TRUSTWORTHY"
        | "ANSI_NULLS"
        | "QUOTED_IDENTIFIER" => {
            cursor.on_off()?;
            AlterDatabase::Unmodelled(word)
        }
        "PAGE_VERIFY" => {
            cursor.one_of(&[("CHECKSUM", ()), ("TORN_PAGE_DETECTION", ()), ("NONE", ())])?;
            AlterDatabase::Unmodelled(word)
        }
        _ => return Err(error::syntax(&word, super::super::dialect::is_reserved(&word), cursor.line())),
    };
    Ok(change)
}

/// `AVAILABILITY GROUP = name | OFF | SUSPEND | RESUME`.
fn hadr(cursor: &mut Cursor) -> Result<HadrOption, SqlError> {
    if cursor.eat("AVAILABILITY") {
        cursor.expect("GROUP")?;
        cursor.expect_equals()?;
        return cursor.name().map(HadrOption::Group);
    }
    if cursor.eat("OFF") {
        return Ok(HadrOption::Off);
    }
    if cursor.eat("SUSPEND") {
        Ok(HadrOption::Suspend)
    } else {
        cursor.expect("RESUME").map(|()| HadrOption::Resume)
    }
}

/// `BACKUP DATABASE|LOG name TO DISK = '…' | URL = '…', … [WITH option, …]`.
pub(super) fn backup(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("BACKUP")?;
    let log = cursor.one_of(&[("DATABASE", false), ("LOG", true)])?;
    let database = cursor.name()?;
    cursor.expect("TO")?;
    let targets = cursor.list(device)?;
    let mut backup = Backup {
        database,
        kind: if log { BackupKind::Log } else { BackupKind::Full },
        targets,
        copy_only: false,
        checksum: false,
        norecovery: false,
        init: false,
        format: false,
    };
    if cursor.eat("WITH") {
        loop {
            backup_option(cursor, &mut backup)?;
            if !cursor.eat_token(&Token::Comma) {
                break;
            }
        }
    }
    Ok(Ddl::Backup(backup))
}

fn backup_option(cursor: &mut Cursor, backup: &mut Backup) -> Result<(), SqlError> {
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    match word.as_str() {
        "COPY_ONLY" => backup.copy_only = true,
        "CHECKSUM" => backup.checksum = true,
        "DIFFERENTIAL" if backup.kind == BackupKind::Full => backup.kind = BackupKind::Differential,
        "NORECOVERY" if backup.kind == BackupKind::Log => backup.norecovery = true,
        "INIT" => backup.init = true,
        "FORMAT" => (backup.init, backup.format) = (true, true),
        "NO_CHECKSUM"
        | "COMPRESSION"
        | "NO_COMPRESSION"
        | "NOINIT"
        | "NOFORMAT"
        | "SKIP"
        | "NOSKIP"
        | "REWIND"
        | "NOREWIND"
        | "UNLOAD"
        | "NOUNLOAD"
        | "STOP_ON_ERROR"
        | "CONTINUE_AFTER_ERROR"
        | "NO_TRUNCATE" => {}
        "STATS" => {
            cursor.advance();
            if cursor.eat_token(&Token::Eq) {
                cursor.integer()?;
            }
            return Ok(());
        }
        "NAME" | "DESCRIPTION" | "MEDIANAME" | "MEDIADESCRIPTION" | "CREDENTIAL" => {
            cursor.advance();
            cursor.expect_equals()?;
            return cursor.string().map(std::mem::drop);
        }
        "MAXTRANSFERSIZE" | "BLOCKSIZE" | "BUFFERCOUNT" | "RETAINDAYS" => {
            cursor.advance();
            cursor.expect_equals()?;
            return cursor.integer().map(std::mem::drop);
        }
        _ => return Err(cursor.unexpected()),
    }
    cursor.advance();
    Ok(())
}

fn device(cursor: &mut Cursor) -> Result<String, SqlError> {
    cursor.one_of(&[("DISK", ()), ("URL", ()), ("TAPE", ())])?;
    cursor.expect_equals()?;
    cursor.string()
}

/// `RESTORE DATABASE|LOG name [FROM DISK = '…', …] [WITH option, …]`.
pub(super) fn restore(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("RESTORE")?;
    if matches!(
        cursor.peek_word().as_deref(),
        Some("HEADERONLY" | "FILELISTONLY" | "LABELONLY" | "VERIFYONLY" | "REWINDONLY" | "SERVICE")
    ) {
        return Err(error::not_modelled("RESTORE but of databases and logs").at_line(cursor.line()));
    }
    let log = cursor.one_of(&[("DATABASE", false), ("LOG", true)])?;
    let database = cursor.name()?;
    let sources = if cursor.eat("FROM") { cursor.list(device)? } else { Vec::new() };
    let mut restore = Restore { database, log, sources, norecovery: false, file: None, options: Vec::new() };
    if cursor.eat("WITH") {
        loop {
            restore_option(cursor, &mut restore)?;
            if !cursor.eat_token(&Token::Comma) {
                break;
            }
        }
    }
    Ok(Ddl::Restore(restore))
}

fn restore_option(cursor: &mut Cursor, restore: &mut Restore) -> Result<(), SqlError> {
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    cursor.advance();
    match word.as_str() {
        "RECOVERY" | "CHECKSUM" | "NO_CHECKSUM" | "KEEP_CDC" | "KEEP_REPLICATION" | "REPLACE" => {}
        "NORECOVERY" => restore.norecovery = true,
        "STATS" => {
            if cursor.eat_token(&Token::Eq) {
                cursor.integer()?;
            }
        }
        "FILE" => {
            cursor.expect_equals()?;
            restore.file = Some(cursor.integer()?);
        }
        "MOVE" => {
            cursor.string()?;
            cursor.expect("TO")?;
            cursor.string()?;
        }
        _ => return Err(error::syntax(&word, super::super::dialect::is_reserved(&word), cursor.line())),
    }
    restore.options.push(word.to_ascii_lowercase());
    Ok(())
}

/// `DBCC TRACEON|TRACEOFF|TRACESTATUS (…) [WITH NO_INFOMSGS]`, `DBCC SQLPERF (LOGSPACE)`.
pub(super) fn dbcc(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("DBCC")?;
    let line = cursor.line();
    let Some(word) = cursor.peek_word() else { return Err(cursor.unexpected()) };
    cursor.advance();
    let dbcc = match word.as_str() {
        "TRACEON" => {
            let (flags, global) = trace_flags(cursor)?;
            Dbcc::TraceOn { flags, global }
        }
        "TRACEOFF" => {
            let (flags, global) = trace_flags(cursor)?;
            Dbcc::TraceOff { flags, global }
        }
        "TRACESTATUS" => {
            let (flags, global) = if matches!(cursor.peek(), Token::LParen) {
                trace_flags(cursor)?
            } else {
                (Vec::new(), false)
            };
            Dbcc::TraceStatus { flags, global }
        }
        "SQLPERF" => {
            cursor.expect_token(&Token::LParen)?;
            cursor.expect("LOGSPACE")?;
            cursor.expect_token(&Token::RParen)?;
            Dbcc::LogSpace
        }
        "CHECKDB" | "OPENTRAN" | "SHRINKFILE" | "SHRINKDATABASE" | "FREEPROCCACHE" | "LOGINFO"
        | "INPUTBUFFER" | "USEROPTIONS" | "SHOW_STATISTICS" | "CHECKTABLE" | "CHECKALLOC"
        | "DROPCLEANBUFFERS" => {
            return Err(error::not_modelled(&format!("DBCC {word}")).at_line(line));
        }
        _ => return Err(error::unknown_dbcc(line)),
    };
    let quiet = cursor.eat("WITH");
    if quiet {
        cursor.list(|cursor| cursor.expect("NO_INFOMSGS"))?;
    }
    Ok(Ddl::Dbcc(dbcc, quiet))
}

/// `(flag, …, -1)`: the -1 means the whole instance.
fn trace_flags(cursor: &mut Cursor) -> Result<(Vec<i64>, bool), SqlError> {
    cursor.expect_token(&Token::LParen)?;
    if cursor.eat_token(&Token::RParen) {
        return Ok((Vec::new(), false));
    }
    let numbers = cursor.list(Cursor::integer)?;
    cursor.expect_token(&Token::RParen)?;
    let global = numbers.contains(&-1);
    Ok((numbers.into_iter().filter(|number| *number != -1).collect(), global))
}
