//! Master key and certificates.
//!
//! Grammar: learn.microsoft.com CREATE/ALTER/DROP MASTER KEY, CERTIFICATE.

use sqlparser::tokenizer::Token;

use super::super::ast::{
    AlterCertificate, AlterMasterKey, CertificateSource, CreateCertificate, Ddl, KeyFile, PrivateKey, Secret,
};
use super::super::error::{self, SqlError};
use super::cursor::Cursor;

/// `CREATE MASTER KEY [ENCRYPTION BY PASSWORD = '…']`.
pub(super) fn create_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["MASTER", "KEY"])?;
    let password = if cursor.eat("ENCRYPTION") { Some(by_password(cursor)?) } else { None };
    Ok(Ddl::CreateMasterKey { password })
}

/// `ALTER MASTER KEY {ADD|DROP ENCRYPTION BY …} | [FORCE] REGENERATE WITH ENCRYPTION BY PASSWORD = '…'`.
pub(super) fn alter_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["MASTER", "KEY"])?;
    let force = cursor.eat("FORCE");
    if force || cursor.peek_word().as_deref() == Some("REGENERATE") {
        cursor.expect_all(&["REGENERATE", "WITH", "ENCRYPTION"])?;
        let password = by_password(cursor)?;
        return Ok(Ddl::AlterMasterKey(AlterMasterKey::Regenerate { password, force }));
    }
    let add = cursor.one_of(&[("ADD", true), ("DROP", false)])?;
    cursor.expect("ENCRYPTION")?;
    if cursor.eat_all(&["BY", "SERVICE", "MASTER", "KEY"]) {
        let change =
            if add { AlterMasterKey::AddServiceMasterKey } else { AlterMasterKey::DropServiceMasterKey };
        return Ok(Ddl::AlterMasterKey(change));
    }
    let password = by_password(cursor)?;
    let change =
        if add { AlterMasterKey::AddPassword(password) } else { AlterMasterKey::DropPassword(password) };
    Ok(Ddl::AlterMasterKey(change))
}

pub(super) fn drop_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["MASTER", "KEY"])?;
    Ok(Ddl::DropMasterKey)
}

/// `OPEN MASTER KEY DECRYPTION BY PASSWORD = '…'`.
pub(super) fn open_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("OPEN")?;
    if cursor.peek_word().as_deref() != Some("MASTER") {
        return Err(error::not_modelled("OPEN of anything but the master key").at_line(cursor.line()));
    }
    cursor.expect_all(&["MASTER", "KEY", "DECRYPTION"])?;
    Ok(Ddl::OpenMasterKey { password: by_password(cursor)? })
}

pub(super) fn close_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("CLOSE")?;
    if cursor.peek_word().as_deref() != Some("MASTER") {
        return Err(error::not_modelled("CLOSE of anything but the master key").at_line(cursor.line()));
    }
    cursor.expect_all(&["MASTER", "KEY"])?;
    Ok(Ddl::CloseMasterKey)
}

/// `BACKUP MASTER KEY TO FILE = '…' ENCRYPTION BY PASSWORD = '…'`.
pub(super) fn backup_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["BACKUP", "MASTER", "KEY", "TO", "FILE"])?;
    cursor.expect_equals()?;
    cursor.string()?;
    cursor.expect("ENCRYPTION")?;
    Ok(Ddl::BackupMasterKey { password: by_password(cursor)? })
}

/// `RESTORE MASTER KEY FROM FILE = '…' DECRYPTION BY PASSWORD = '…' ENCRYPTION BY PASSWORD = '…' [FORCE]`.
pub(super) fn restore_master_key(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["RESTORE", "MASTER", "KEY", "FROM", "FILE"])?;
    cursor.expect_equals()?;
    cursor.string()?;
    cursor.expect("DECRYPTION")?;
    by_password(cursor)?;
    cursor.expect("ENCRYPTION")?;
    by_password(cursor)?;
    cursor.eat("FORCE");
    Ok(Ddl::RestoreMasterKey)
}

/// `BY PASSWORD = '…'`.
fn by_password(cursor: &mut Cursor) -> Result<Secret, SqlError> {
    cursor.expect_all(&["BY", "PASSWORD"])?;
    cursor.expect_equals()?;
    cursor.secret()
}

/// `CREATE CERTIFICATE name [AUTHORIZATION user] {FROM … | [ENCRYPTION BY PASSWORD = …] WITH SUBJECT = …, …}`.
pub(super) fn create_certificate(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("CERTIFICATE")?;
    let name = cursor.name()?;
    let authorization = if cursor.eat("AUTHORIZATION") { Some(cursor.name()?) } else { None };
    let source =
        if cursor.eat("FROM") { existing_certificate(cursor)? } else { generated_certificate(cursor)? };
    let mut active_for_begin_dialog = true;
    if cursor.eat("ACTIVE") {
        cursor.expect_all(&["FOR", "BEGIN_DIALOG"])?;
        cursor.expect_equals()?;
        active_for_begin_dialog = cursor.on_off()?;
    }
    Ok(Ddl::CreateCertificate(CreateCertificate { name, authorization, source, active_for_begin_dialog }))
}

fn generated_certificate(cursor: &mut Cursor) -> Result<CertificateSource, SqlError> {
    let password = if cursor.eat("ENCRYPTION") { Some(by_password(cursor)?) } else { None };
    cursor.expect_all(&["WITH", "SUBJECT"])?;
    cursor.expect_equals()?;
    let subject = cursor.string()?;
    let (mut start_date, mut expiry_date) = (None, None);
    while cursor.eat_token(&Token::Comma) {
        let slot = match cursor.peek_word().as_deref() {
            Some("START_DATE") if start_date.is_none() => &mut start_date,
            Some("EXPIRY_DATE") if expiry_date.is_none() => &mut expiry_date,
            _ => return Err(cursor.unexpected()),
        };
        cursor.advance();
        cursor.expect_equals()?;
        *slot = Some(cursor.string()?);
    }
    Ok(CertificateSource::Generated { password, subject, start_date, expiry_date })
}

fn existing_certificate(cursor: &mut Cursor) -> Result<CertificateSource, SqlError> {
    if cursor.eat("BINARY") {
        cursor.expect_equals()?;
        let der = cursor.binary()?;
        let private_key = if cursor.eat("WITH") { Some(private_key_clause(cursor)?) } else { None };
        return Ok(CertificateSource::Binary { der, private_key });
    }
    if cursor.eat("ASSEMBLY") {
        let path = cursor.name()?.0;
        return Ok(CertificateSource::File { path });
    }
    cursor.eat("EXECUTABLE");
    cursor.expect("FILE")?;
    cursor.expect_equals()?;
    let path = cursor.string()?;
    if cursor.eat("WITH") {
        if cursor.eat("FORMAT") {
            cursor.expect_equals()?;
            cursor.string()?;
            if !cursor.eat_token(&Token::Comma) {
                return Ok(CertificateSource::File { path });
            }
        }
        private_key_clause(cursor)?;
    }
    Ok(CertificateSource::File { path })
}

/// `PRIVATE KEY (FILE = '…' | BINARY = 0x…, ENCRYPTION|DECRYPTION BY PASSWORD = '…', ALGORITHM = '…')`.
fn private_key_clause(cursor: &mut Cursor) -> Result<PrivateKey, SqlError> {
    cursor.expect_all(&["PRIVATE", "KEY"])?;
    cursor.expect_token(&Token::LParen)?;
    let mut key = PrivateKey::default();
    loop {
        match cursor.peek_word().as_deref() {
            Some(word @ ("FILE" | "ALGORITHM")) => {
                key.in_file |= word == "FILE";
                cursor.advance();
                cursor.expect_equals()?;
                cursor.string()?;
            }
            Some("BINARY") => {
                cursor.advance();
                cursor.expect_equals()?;
                key.binary = Some(KeyFile(cursor.binary()?));
            }
            Some("ENCRYPTION") => {
                cursor.advance();
                key.passwords.encryption = Some(by_password(cursor)?);
            }
            Some("DECRYPTION") => {
                cursor.advance();
                key.passwords.decryption = Some(by_password(cursor)?);
            }
            _ => return Err(cursor.unexpected()),
        }
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(key)
}

/// `ALTER CERTIFICATE name REMOVE PRIVATE KEY | WITH PRIVATE KEY (…) | WITH ACTIVE FOR BEGIN_DIALOG = …`.
pub(super) fn alter_certificate(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("CERTIFICATE")?;
    let name = cursor.name()?;
    if cursor.eat_all(&["REMOVE", "PRIVATE", "KEY"]) {
        return Ok(Ddl::AlterCertificate { name, change: AlterCertificate::RemovePrivateKey });
    }
    cursor.expect("WITH")?;
    let change = if cursor.eat("ACTIVE") {
        cursor.expect_all(&["FOR", "BEGIN_DIALOG"])?;
        cursor.expect_equals()?;
        AlterCertificate::ActiveForBeginDialog(cursor.on_off()?)
    } else {
        AlterCertificate::PrivateKey(private_key_clause(cursor)?)
    };
    Ok(Ddl::AlterCertificate { name, change })
}

/// There is no `IF EXISTS` form.
pub(super) fn drop_certificate(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("CERTIFICATE")?;
    Ok(Ddl::DropCertificate { name: cursor.name()? })
}

/// `BACKUP CERTIFICATE name TO FILE = '…' [WITH PRIVATE KEY (…)]`.
pub(super) fn backup_certificate(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["BACKUP", "CERTIFICATE"])?;
    let name = cursor.name()?;
    cursor.expect_all(&["TO", "FILE"])?;
    cursor.expect_equals()?;
    let file = cursor.string()?;
    let private_key = if cursor.eat("WITH") { Some(private_key_clause(cursor)?.passwords) } else { None };
    Ok(Ddl::BackupCertificate { name, file, private_key })
}
