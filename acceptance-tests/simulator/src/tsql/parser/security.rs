//! Keys, certificates, logins, users, owners and permissions.
//!
//! Grammar: learn.microsoft.com CREATE/ALTER/DROP MASTER KEY, CERTIFICATE, LOGIN, USER; GRANT, DENY, REVOKE;
//! ALTER AUTHORIZATION.

use sqlparser::tokenizer::Token;

use super::super::ast::{
    AlterCertificate, AlterMasterKey, CertificateSource, CreateCertificate, CreateLogin, Ddl, KeyFile,
    LoginOptions, LoginPassword, LoginSource, Name, Permission, PermissionVerb, PrivateKey, Secret,
    SecurableClass,
};
use super::super::error::{self, SqlError};
use super::cursor::Cursor;
use crate::world::security::PasswordHash;

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

/// `CREATE LOGIN name {WITH PASSWORD = '…' [, option …] | FROM {WINDOWS|EXTERNAL PROVIDER|CERTIFICATE c}}`.
pub(super) fn create_login(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("LOGIN")?;
    let name = cursor.name()?;
    let mut options = LoginOptions::default();
    let source = if cursor.eat("FROM") {
        if cursor.eat("WINDOWS") {
            if cursor.eat("WITH") {
                login_options(cursor, &mut options, false)?;
            }
            LoginSource::Windows
        } else if cursor.eat("CERTIFICATE") {
            LoginSource::Certificate(cursor.name()?)
        } else {
            cursor.expect_all(&["EXTERNAL", "PROVIDER"])?;
            LoginSource::External
        }
    } else {
        cursor.expect_all(&["WITH", "PASSWORD"])?;
        cursor.expect_equals()?;
        let password = login_password(cursor)?;
        password_words(cursor, &mut options)?;
        if cursor.eat_token(&Token::Comma) {
            login_options(cursor, &mut options, true)?;
        }
        LoginSource::Password(password)
    };
    Ok(Ddl::CreateLogin(CreateLogin { name, source, options }))
}

/// `'…'` or `0x… HASHED`.
fn login_password(cursor: &mut Cursor) -> Result<LoginPassword, SqlError> {
    if !matches!(cursor.peek(), Token::HexStringLiteral(_)) {
        return cursor.secret().map(LoginPassword::Plain);
    }
    let bytes = cursor.binary()?;
    cursor.expect("HASHED")?;
    Ok(LoginPassword::Hashed(PasswordHash::read(bytes)))
}

/// What may follow a password: `MUST_CHANGE`, `UNLOCK`.
fn password_words(cursor: &mut Cursor, options: &mut LoginOptions) -> Result<(), SqlError> {
    loop {
        if cursor.eat("MUST_CHANGE") {
            options.must_change = true;
        } else if !cursor.eat("UNLOCK") {
            return Ok(());
        }
    }
}

fn login_options(cursor: &mut Cursor, options: &mut LoginOptions, creates: bool) -> Result<(), SqlError> {
    loop {
        let word = cursor.peek_word().ok_or_else(|| cursor.unexpected())?;
        let line = cursor.line();
        match word.as_str() {
            "CHECK_POLICY" | "CHECK_EXPIRATION" => {
                cursor.advance();
                cursor.expect_equals()?;
                let on = Some(cursor.on_off()?);
                if word == "CHECK_POLICY" { options.check_policy = on } else { options.check_expiration = on }
            }
            "DEFAULT_DATABASE" => {
                cursor.advance();
                cursor.expect_equals()?;
                options.default_database = Some(cursor.name()?);
            }
            "DEFAULT_LANGUAGE" => {
                cursor.advance();
                cursor.expect_equals()?;
                let language = cursor.name()?.0;
                if !["us_english", "English"].iter().any(|known| known.eq_ignore_ascii_case(&language)) {
                    return Err(error::not_modelled("languages but English").at_line(line));
                }
            }
            "SID" if creates => {
                cursor.advance();
                cursor.expect_equals()?;
                options.sid = Some(cursor.binary()?);
            }
            "CREDENTIAL" | "NAME" => {
                return Err(error::not_modelled(&format!("{word} of a login")).at_line(line));
            }
            _ => return Err(cursor.unexpected()),
        }
        if !cursor.eat_token(&Token::Comma) {
            return Ok(());
        }
    }
}

/// `ALTER LOGIN name {ENABLE | DISABLE | WITH PASSWORD = '…' | WITH option, …}`.
pub(super) fn alter_login(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("LOGIN")?;
    let name = cursor.name()?;
    let mut options = LoginOptions::default();
    if cursor.eat("ENABLE") {
        return Ok(Ddl::AlterLogin { name, enable: Some(true), password: None, options });
    }
    if cursor.eat("DISABLE") {
        return Ok(Ddl::AlterLogin { name, enable: Some(false), password: None, options });
    }
    cursor.expect("WITH")?;
    let mut password = None;
    if cursor.eat("PASSWORD") {
        cursor.expect_equals()?;
        password = Some(login_password(cursor)?);
        if cursor.eat("OLD_PASSWORD") {
            cursor.expect_equals()?;
            cursor.secret()?;
        }
        password_words(cursor, &mut options)?;
        if !cursor.eat_token(&Token::Comma) {
            return Ok(Ddl::AlterLogin { name, enable: None, password, options });
        }
    }
    login_options(cursor, &mut options, false)?;
    Ok(Ddl::AlterLogin { name, enable: None, password, options })
}

pub(super) fn drop_login(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("LOGIN")?;
    Ok(Ddl::DropLogin { name: cursor.name()? })
}

/// `CREATE USER name [FOR|FROM LOGIN login | WITHOUT LOGIN]`.
pub(super) fn create_user(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("USER")?;
    let name = cursor.name()?;
    if cursor.eat_all(&["WITHOUT", "LOGIN"]) {
        return Ok(Ddl::CreateUser { name, login: None, without_login: true });
    }
    let login = if cursor.eat("FOR") || cursor.eat("FROM") {
        cursor.expect("LOGIN")?;
        Some(cursor.name()?)
    } else {
        None
    };
    if cursor.eat("WITH") {
        let line = cursor.line();
        cursor.expect("DEFAULT_SCHEMA")?;
        cursor.expect_equals()?;
        if !cursor.name()?.0.eq_ignore_ascii_case("dbo") {
            return Err(error::not_modelled("default schemas but dbo").at_line(line));
        }
    }
    Ok(Ddl::CreateUser { name, login, without_login: false })
}

pub(super) fn drop_user(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("USER")?;
    let if_exists = cursor.eat_all(&["IF", "EXISTS"]);
    Ok(Ddl::DropUser { name: cursor.name()?, if_exists })
}

/// `ALTER ROLE role {ADD|DROP} MEMBER user`.
pub(super) fn alter_role(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("ROLE")?;
    let role = principal(cursor)?;
    let add = cursor.one_of(&[("ADD", true), ("DROP", false)])?;
    cursor.expect("MEMBER")?;
    Ok(Ddl::AlterRole { role, add, member: cursor.name()? })
}

/// `ALTER SERVER ROLE role {ADD|DROP} MEMBER login`.
pub(super) fn alter_server_role(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["SERVER", "ROLE"])?;
    let role = cursor.name()?;
    let add = cursor.one_of(&[("ADD", true), ("DROP", false)])?;
    cursor.expect("MEMBER")?;
    Ok(Ddl::AlterServerRole { role, add, member: cursor.name()? })
}

/// `ALTER AUTHORIZATION ON class::name TO {owner | SCHEMA OWNER}`.
pub(super) fn alter_authorization(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect_all(&["AUTHORIZATION", "ON"])?;
    let (class, name) = securable(cursor)?;
    cursor.expect("TO")?;
    let owner = if cursor.eat_all(&["SCHEMA", "OWNER"]) { None } else { Some(cursor.name()?) };
    Ok(Ddl::AlterAuthorization { class, name, owner })
}

/// `class::name`.
fn securable(cursor: &mut Cursor) -> Result<(SecurableClass, Name), SqlError> {
    let class = match cursor.peek_word().as_deref() {
        Some("ENDPOINT") => SecurableClass::Endpoint,
        Some("DATABASE") => SecurableClass::Database,
        Some("CERTIFICATE") => SecurableClass::Certificate,
        Some("LOGIN") => SecurableClass::Login,
        Some("SERVER") => SecurableClass::Server,
        Some("AVAILABILITY") => {
            cursor.advance();
            if cursor.peek_word().as_deref() != Some("GROUP") {
                return Err(cursor.unexpected());
            }
            SecurableClass::AvailabilityGroup
        }
        Some("OBJECT") if cursor.peek_nth(1) == Token::DoubleColon => {
            cursor.advance();
            cursor.advance();
            return object(cursor);
        }
        Some("SCHEMA" | "ROLE" | "USER" | "TYPE" | "ASSEMBLY") => {
            return Err(error::not_modelled("permissions and owners of objects inside a database")
                .at_line(cursor.line()));
        }
        _ => return object(cursor),
    };
    if cursor.peek_nth(1) != Token::DoubleColon {
        return object(cursor);
    }
    cursor.advance();
    cursor.expect_token(&Token::DoubleColon)?;
    Ok((class, cursor.name()?))
}

/// `[[database.][schema].]name`: without a class, what follows ON is an object.
fn object(cursor: &mut Cursor) -> Result<(SecurableClass, Name), SqlError> {
    let mut name = cursor.name()?.0;
    while cursor.eat_token(&Token::Period) {
        name.push('.');
        if cursor.peek() != Token::Period {
            name.push_str(&cursor.name()?.0);
        }
    }
    Ok((SecurableClass::Object, Name(name)))
}

/// `GRANT|DENY|REVOKE permission, … [ON class::name] TO|FROM principal, …`.
pub(super) fn permission(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    let verb = cursor.one_of(&[
        ("GRANT", PermissionVerb::Grant),
        ("DENY", PermissionVerb::Deny),
        ("REVOKE", PermissionVerb::Revoke),
    ])?;
    let grant_option_for = verb == PermissionVerb::Revoke && cursor.eat_all(&["GRANT", "OPTION", "FOR"]);
    let permissions = cursor.list(permission_name)?;
    let securable = if cursor.eat("ON") { Some(securable(cursor)?) } else { None };
    match verb {
        PermissionVerb::Revoke => cursor.one_of(&[("FROM", ()), ("TO", ())])?,
        _ => cursor.expect("TO")?,
    }
    let principals = cursor.list(principal)?;
    let (with_grant_option, cascade) = match verb {
        PermissionVerb::Grant => (cursor.eat_all(&["WITH", "GRANT", "OPTION"]), false),
        _ => (false, cursor.eat("CASCADE")),
    };
    if cursor.eat("AS") {
        return Err(error::not_modelled("permissions granted AS somebody else").at_line(cursor.line()));
    }
    Ok(Ddl::Permission(Permission {
        verb,
        with_grant_option,
        grant_option_for,
        cascade,
        permissions,
        securable,
        principals,
    }))
}

/// A principal: a name, or the reserved word PUBLIC.
fn principal(cursor: &mut Cursor) -> Result<Name, SqlError> {
    if cursor.eat("PUBLIC") { Ok(Name("public".to_owned())) } else { cursor.name() }
}

/// The words of one permission, up to ON, TO, FROM or a comma.
fn permission_name(cursor: &mut Cursor) -> Result<String, SqlError> {
    let mut words = Vec::new();
    while let Some(word) = cursor.peek_word() {
        if matches!(word.as_str(), "ON" | "TO" | "FROM") {
            break;
        }
        words.push(word);
        cursor.advance();
    }
    let name = words.join(" ");
    if PERMISSIONS.contains(&name.as_str()) { Ok(name) } else { Err(cursor.unexpected()) }
}

/// The permissions that a link's set-up or a monitoring login can need.
const PERMISSIONS: &[&str] = &[
    "ADMINISTER BULK OPERATIONS",
    "ALTER",
    "ALTER ANY AVAILABILITY GROUP",
    "ALTER ANY CERTIFICATE",
    "ALTER ANY DATABASE",
    "ALTER ANY ENDPOINT",
    "ALTER ANY LOGIN",
    "ALTER SERVER STATE",
    "ALTER SETTINGS",
    "ALTER TRACE",
    "AUTHENTICATE SERVER",
    "CONNECT",
    "CONNECT ANY DATABASE",
    "CONNECT SQL",
    "CONTROL",
    "CONTROL SERVER",
    "CREATE ANY DATABASE",
    "CREATE AVAILABILITY GROUP",
    "CREATE CERTIFICATE",
    "CREATE ENDPOINT",
    "EXECUTE",
    "SELECT",
    "SHUTDOWN",
    "TAKE OWNERSHIP",
    "VIEW ANY DATABASE",
    "VIEW ANY DEFINITION",
    "VIEW ANY PERFORMANCE DEFINITION",
    "VIEW ANY SECURITY DEFINITION",
    "VIEW DATABASE STATE",
    "VIEW DEFINITION",
    "VIEW SERVER PERFORMANCE STATE",
    "VIEW SERVER SECURITY STATE",
    "VIEW SERVER STATE",
];
