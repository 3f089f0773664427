//! Logins, users, owners and permissions.
//!
//! Grammar: learn.microsoft.com CREATE/ALTER/DROP LOGIN, USER; GRANT, DENY, REVOKE; ALTER AUTHORIZATION.

use sqlparser::tokenizer::Token;

use super::super::ast::{
    AlterRole, CreateLogin, Ddl, LoginOptions, LoginPassword, LoginSource, Name, NewPassword, Permission,
    PermissionVerb, RoleScope, SecurableClass,
};
use super::super::error::{self, SqlError};
use super::cursor::Cursor;
use crate::world::security::PasswordHash;

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

/// `ALTER LOGIN name {ENABLE | DISABLE | WITH PASSWORD = '…' [OLD_PASSWORD = '…'] | WITH option, …}`.
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
        let new = login_password(cursor)?;
        let mut old = None;
        if cursor.eat("OLD_PASSWORD") {
            cursor.expect_equals()?;
            old = Some(cursor.secret()?);
        } else {
            password_words(cursor, &mut options)?;
        }
        password = Some(NewPassword { password: new, old });
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

/// `ROLE` or `SERVER ROLE`.
fn role_scope(cursor: &mut Cursor) -> Result<RoleScope, SqlError> {
    let scope = if cursor.eat("SERVER") { RoleScope::Server } else { RoleScope::Database };
    cursor.expect("ROLE")?;
    Ok(scope)
}

/// `CREATE [SERVER] ROLE name [AUTHORIZATION owner]`.
pub(super) fn create_role(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    let scope = role_scope(cursor)?;
    let name = cursor.name()?;
    let owner = if cursor.eat("AUTHORIZATION") { Some(cursor.name()?) } else { None };
    Ok(Ddl::CreateRole { scope, name, owner })
}

/// `ALTER [SERVER] ROLE name {ADD MEMBER p | DROP MEMBER p | WITH NAME = new}`.
pub(super) fn alter_role(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    let scope = role_scope(cursor)?;
    let name = principal(cursor)?;
    let change = if cursor.eat("WITH") {
        cursor.expect("NAME")?;
        cursor.expect_equals()?;
        AlterRole::Rename(cursor.name()?)
    } else if cursor.one_of(&[("ADD", true), ("DROP", false)])? {
        cursor.expect("MEMBER")?;
        AlterRole::AddMember(cursor.name()?)
    } else {
        cursor.expect("MEMBER")?;
        AlterRole::DropMember(cursor.name()?)
    };
    Ok(Ddl::AlterRole { scope, name, change })
}

/// `DROP ROLE [IF EXISTS] name`, `DROP SERVER ROLE name`.
pub(super) fn drop_role(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    let scope = role_scope(cursor)?;
    let if_exists = scope == RoleScope::Database && cursor.eat_all(&["IF", "EXISTS"]);
    Ok(Ddl::DropRole { scope, name: principal(cursor)?, if_exists })
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
        Some("SERVER") if cursor.peek_nth_word(1).as_deref() == Some("ROLE") => {
            return Err(error::not_modelled("permissions on roles of the server, and their owners")
                .at_line(cursor.line()));
        }
        Some("SERVER") => SecurableClass::Server,
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
    "ALTER ANY ROLE",
    "ALTER ANY SERVER ROLE",
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
    "CREATE ROLE",
    "CREATE SERVER ROLE",
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
