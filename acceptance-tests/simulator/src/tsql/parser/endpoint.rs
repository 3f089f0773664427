//! `CREATE`, `ALTER` and `DROP ENDPOINT` of the kind `FOR DATABASE_MIRRORING`.
//!
//! Grammar: learn.microsoft.com CREATE ENDPOINT and ALTER ENDPOINT (2026). `DATA_MIRRORING` is the older spelling
//! that SMO writes. Endpoints of other kinds exist on a server, but the simulator keeps none.

use sqlparser::tokenizer::Token;

use super::super::ast::{
    Algorithm, AlterEndpoint, Authentication, CreateEndpoint, Ddl, Encryption, EndpointRole, EndpointState,
    Mirroring, Tcp, WindowsAuthentication,
};
use super::super::error::{self, SqlError, raise};
use super::cursor::Cursor;

/// `CREATE ENDPOINT name [AUTHORIZATION login] [STATE = …] AS TCP (…) FOR DATABASE_MIRRORING (…)`.
pub(super) fn create(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("ENDPOINT")?;
    let name = cursor.name()?;
    let authorization = if cursor.eat("AUTHORIZATION") { Some(cursor.name()?) } else { None };
    let state = state(cursor)?;
    let affinity = affinity(cursor, state.is_some())?;
    cursor.expect("AS")?;
    if cursor.eat("HTTP") {
        skip_options(cursor)?;
        cursor.expect("FOR")?;
        return Err(match cursor.peek_word().as_deref() {
            Some("SOAP") => error::not_modelled("HTTP endpoints"),
            // Severity 15: as syntax is.
            Some("TSQL" | "SERVICE_BROKER" | "DATABASE_MIRRORING" | "DATA_MIRRORING") => {
                raise!(7861, "HTTP", "SOAP")
            }
            _ => cursor.unexpected(),
        }
        .at_line(cursor.line()));
    }
    let tcp = tcp(cursor)?;
    if tcp.port.is_none() {
        return Err(cursor.unexpected());
    }
    let mirroring = mirroring(cursor)?;
    if mirroring.role.is_none() {
        // The role is the one option without a default.
        return Err(cursor.unexpected());
    }
    Ok(Ddl::CreateEndpoint(CreateEndpoint { name, authorization, state, affinity, tcp, mirroring }))
}

/// `ALTER ENDPOINT name [STATE = …] [AS TCP (…)] [FOR DATABASE_MIRRORING (…)]`.
pub(super) fn alter(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("ENDPOINT")?;
    let name = cursor.name()?;
    let state = state(cursor)?;
    let affinity = affinity(cursor, state.is_some())?;
    let (mut tcp, mut mirroring, mut of_another_kind) = (None, None, false);
    if cursor.eat("AS") {
        if cursor.eat("HTTP") {
            of_another_kind = true;
            skip_options(cursor)?;
        } else {
            tcp = Some(self::tcp(cursor)?);
        }
    }
    if cursor.peek_word().as_deref() == Some("FOR") {
        if matches!(cursor.peek_nth_word(1).as_deref(), Some("TSQL" | "SERVICE_BROKER" | "SOAP")) {
            of_another_kind = true;
            cursor.advance();
            cursor.advance();
            skip_options(cursor)?;
        } else {
            mirroring = Some(self::mirroring(cursor)?);
        }
    }
    Ok(Ddl::AlterEndpoint(AlterEndpoint { name, state, affinity, tcp, mirroring, of_another_kind }))
}

pub(super) fn drop(cursor: &mut Cursor) -> Result<Ddl, SqlError> {
    cursor.expect("ENDPOINT")?;
    Ok(Ddl::DropEndpoint { name: cursor.name()? })
}

fn state(cursor: &mut Cursor) -> Result<Option<EndpointState>, SqlError> {
    if !cursor.eat("STATE") {
        return Ok(None);
    }
    cursor.expect_equals()?;
    let state = cursor.one_of(&[
        ("STARTED", EndpointState::Started),
        ("STOPPED", EndpointState::Stopped),
        ("DISABLED", EndpointState::Disabled),
    ])?;
    Ok(Some(state))
}

/// `[,] AFFINITY = NONE | ADMIN | n`, which Microsoft's parsers take; which endpoints may have it, 7870 does not say, but
/// those of mirroring are none of them.
fn affinity(cursor: &mut Cursor, behind_state: bool) -> Result<bool, SqlError> {
    if behind_state && !cursor.eat_token(&Token::Comma) {
        return Ok(false);
    }
    if !behind_state && cursor.peek_word().as_deref() != Some("AFFINITY") {
        return Ok(false);
    }
    cursor.expect("AFFINITY")?;
    cursor.expect_equals()?;
    if !cursor.eat("NONE") && !cursor.eat("ADMIN") {
        cursor.integer()?;
    }
    Ok(true)
}

/// `( … )` of an endpoint of another kind, whatever stands in it.
fn skip_options(cursor: &mut Cursor) -> Result<(), SqlError> {
    cursor.expect_token(&Token::LParen)?;
    let mut depth = 1_u32;
    while depth > 0 {
        if cursor.at_end() {
            return Err(cursor.unexpected());
        }
        match cursor.advance() {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
    }
    Ok(())
}

/// `TCP (LISTENER_PORT = n [, LISTENER_IP = ALL | (10.0.0.4) | ('::1')])`.
fn tcp(cursor: &mut Cursor) -> Result<Tcp, SqlError> {
    if cursor.peek_word().as_deref() == Some("HTTP") {
        return Err(error::not_modelled("HTTP endpoints").at_line(cursor.line()));
    }
    cursor.expect("TCP")?;
    cursor.expect_token(&Token::LParen)?;
    let mut tcp = Tcp::default();
    loop {
        match cursor.peek_word().as_deref() {
            Some("LISTENER_PORT") if tcp.port.is_none() => {
                cursor.advance();
                cursor.expect_equals()?;
                tcp.port = Some(cursor.integer()?);
            }
            Some("LISTENER_IP") if tcp.ip.is_none() => {
                cursor.advance();
                cursor.expect_equals()?;
                tcp.ip = Some(listener_ip(cursor)?);
            }
            _ => return Err(cursor.unexpected()),
        }
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(tcp)
}

fn listener_ip(cursor: &mut Cursor) -> Result<Option<String>, SqlError> {
    if cursor.eat("ALL") {
        return Ok(None);
    }
    cursor.expect_token(&Token::LParen)?;
    let address = match cursor.peek() {
        Token::SingleQuotedString(_) | Token::NationalStringLiteral(_) => cursor.string()?,
        _ => cursor.raw_to_parenthesis()?,
    };
    // Refused as syntax: the server's grammar knows four octets and a string.
    if address.parse::<std::net::IpAddr>().is_err() {
        return Err(cursor.unexpected());
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(Some(address))
}

fn mirroring(cursor: &mut Cursor) -> Result<Mirroring, SqlError> {
    cursor.expect("FOR")?;
    if matches!(cursor.peek_word().as_deref(), Some("TSQL" | "SERVICE_BROKER" | "SOAP")) {
        return Err(error::not_modelled("endpoints but those for database mirroring").at_line(cursor.line()));
    }
    cursor.one_of(&[("DATABASE_MIRRORING", ()), ("DATA_MIRRORING", ())])?;
    cursor.expect_token(&Token::LParen)?;
    let mut mirroring = Mirroring::default();
    loop {
        match cursor.peek_word().as_deref() {
            Some("AUTHENTICATION") if mirroring.authentication.is_none() => {
                cursor.advance();
                cursor.expect_equals()?;
                mirroring.authentication = Some(authentication(cursor)?);
            }
            Some("ENCRYPTION") if mirroring.encryption.is_none() => {
                cursor.advance();
                cursor.expect_equals()?;
                mirroring.encryption = Some(encryption(cursor)?);
            }
            Some("ROLE") if mirroring.role.is_none() => {
                cursor.advance();
                cursor.expect_equals()?;
                mirroring.role = Some(cursor.one_of(&[
                    ("WITNESS", EndpointRole::Witness),
                    ("PARTNER", EndpointRole::Partner),
                    ("ALL", EndpointRole::All),
                ])?);
            }
            _ => return Err(cursor.unexpected()),
        }
        if !cursor.eat_token(&Token::Comma) {
            break;
        }
    }
    cursor.expect_token(&Token::RParen)?;
    Ok(mirroring)
}

fn authentication(cursor: &mut Cursor) -> Result<Authentication, SqlError> {
    if cursor.eat("WINDOWS") {
        let windows = windows_kind(cursor);
        if cursor.eat("CERTIFICATE") {
            return Ok(Authentication::WindowsThenCertificate(windows, cursor.name()?));
        }
        return Ok(Authentication::Windows(windows));
    }
    cursor.expect("CERTIFICATE")?;
    let certificate = cursor.name()?;
    if cursor.eat("WINDOWS") {
        return Ok(Authentication::CertificateThenWindows(certificate, windows_kind(cursor)));
    }
    Ok(Authentication::Certificate(certificate))
}

fn windows_kind(cursor: &mut Cursor) -> WindowsAuthentication {
    if cursor.eat("NTLM") {
        WindowsAuthentication::Ntlm
    } else if cursor.eat("KERBEROS") {
        WindowsAuthentication::Kerberos
    } else {
        cursor.eat("NEGOTIATE");
        WindowsAuthentication::Negotiate
    }
}

fn encryption(cursor: &mut Cursor) -> Result<Encryption, SqlError> {
    if cursor.eat("DISABLED") {
        return Ok(Encryption::Disabled);
    }
    let required = cursor.one_of(&[("REQUIRED", true), ("SUPPORTED", false)])?;
    let algorithm = if cursor.eat("ALGORITHM") {
        let first = cursor.one_of(&[("AES", Algorithm::Aes), ("RC4", Algorithm::Rc4)])?;
        Some(match first {
            Algorithm::Aes if cursor.eat("RC4") => Algorithm::AesRc4,
            Algorithm::Rc4 if cursor.eat("AES") => Algorithm::Rc4Aes,
            alone => alone,
        })
    } else {
        None
    };
    Ok(if required { Encryption::Required(algorithm) } else { Encryption::Supported(algorithm) })
}
