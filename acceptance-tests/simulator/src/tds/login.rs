//! PRELOGIN and LOGIN7.

use std::io;
use std::net::SocketAddr;

use zeroize::Zeroizing;

use super::backend::{Credential, Login, Server};
use super::packet::malformed;
use super::reader::{Reader, utf16};

/// Encryption as PRELOGIN spells it.
pub(super) mod encryption {
    pub(in crate::tds) const OFF: u8 = 0;
    pub(in crate::tds) const ON: u8 = 1;
    pub(in crate::tds) const NOT_SUPPORTED: u8 = 2;
    pub(in crate::tds) const REQUIRED: u8 = 3;
}

/// Oldest version that is spoken: 7.2, of SQL Server 2005.
const OLDEST: u32 = 0x7209_0002;
/// TDS 8.0, which counts from another start.
const TDS_8: u32 = 0x0800_0000;

/// Bytes that make an exchange unlike any other.
pub(super) type Nonce = [u8; 32];

/// What a client's PRELOGIN says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prelogin {
    pub(super) encryption: u8,
    /// Whether it knows tokens of Entra ID.
    pub(super) federated: bool,
    pub(super) nonce: Option<Nonce>,
    /// Instance that it wants; empty where it does not mind.
    pub(super) instance: Vec<u8>,
}

/// Reads a PRELOGIN.
pub(super) fn read_prelogin(body: &[u8]) -> io::Result<Prelogin> {
    let mut options = Reader::new(body);
    let mut prelogin = Prelogin {
        encryption: encryption::NOT_SUPPORTED,
        federated: false,
        nonce: None,
        instance: Vec::new(),
    };
    loop {
        let token = options.u8()?;
        if token == 0xff {
            return Ok(prelogin);
        }
        let (offset, length) = (usize::from(options.u16_be()?), usize::from(options.u16_be()?));
        let value = body
            .get(offset..offset.saturating_add(length))
            .ok_or_else(|| malformed("an option outside PRELOGIN"))?;
        match (token, value.first()) {
            (1, Some(byte)) => prelogin.encryption = *byte,
            (2, _) => prelogin.instance = value.split(|byte| *byte == 0).next().unwrap_or_default().to_vec(),
            (6, Some(byte)) => prelogin.federated = *byte != 0,
            (7, _) => {
                let nonce = value.try_into().map_err(|_| malformed("a nonce that is not 32 bytes"))?;
                prelogin.nonce = Some(nonce);
            }
            _ => {}
        }
    }
}

/// The server's PRELOGIN; `nonce` is its answer to the client's.
pub(super) fn write_prelogin(
    server: &Server,
    encryption: u8,
    asked: &Prelogin,
    nonce: Option<Nonce>,
) -> Vec<u8> {
    /// What clients ask for that do not name the default instance.
    const DEFAULT: &[u8] = b"MSSQLServer";
    let right = asked.instance.is_empty()
        || asked.instance.eq_ignore_ascii_case(DEFAULT)
        || asked.instance.eq_ignore_ascii_case(server.instance.as_bytes());
    let (major, minor, build) = server.version;
    let [high, low] = build.to_be_bytes();
    let mut options: Vec<(u8, Vec<u8>)> = vec![
        (0, vec![major, minor, high, low, 0, 0]),
        (1, vec![encryption]),
        (2, vec![u8::from(!right)]),
        (3, Vec::new()),
        (4, vec![0]),
    ];
    if asked.federated {
        options.push((6, vec![1]));
    }
    options.extend(nonce.map(|nonce| (7, nonce.to_vec())));
    let mut offset = options.len() * 5 + 1;
    let mut body = Vec::new();
    for (token, value) in &options {
        body.push(*token);
        body.extend_from_slice(&u16::try_from(offset).unwrap_or(u16::MAX).to_be_bytes());
        body.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        offset += value.len();
    }
    body.push(0xff);
    options.iter().for_each(|(_, value)| body.extend_from_slice(value));
    body
}

/// What a LOGIN7 says beside who wants in.
#[derive(Debug, Clone)]
pub(super) struct Login7 {
    pub(super) login: Login,
    /// TDS version that the client speaks: 0x74000004 for 7.4, 0x08000000 for 8.0. Some clients of 8.0 say 7.4 here.
    pub(super) version: u32,
    /// Packet size that the client asks for.
    pub(super) packet_size: usize,
    /// Whether it asks for UTF-8 support.
    pub(super) utf8: bool,
    /// How it brings a token of Entra ID.
    pub(super) federated: Option<Federated>,
    /// The client's own nonce, which the answer to a token gives back.
    pub(super) nonce: Option<Nonce>,
    /// Whether what it says of tokens is what the server's PRELOGIN said (MS-TDS 3.3.5.5).
    pub(super) consistent: bool,
}

/// How a client brings a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Federated {
    /// It wants to be told where to get it: the credential of the login is none yet. Else it was in the LOGIN7.
    pub(super) asks: bool,
    /// `fFedAuthEcho`: what the server's PRELOGIN said of tokens.
    pub(super) echo: bool,
    /// The server's nonce, given back.
    pub(super) nonce: Option<Nonce>,
}

/// Reads the token that a client sends after it was told where to get one, and the nonce that it gives back.
pub(super) fn read_token(body: &[u8]) -> io::Result<(Zeroizing<String>, Option<Nonce>)> {
    let mut reader = Reader::new(body);
    let _whole = reader.u32()?;
    token_and_nonce(&mut reader)
}

fn token_and_nonce(reader: &mut Reader<'_>) -> io::Result<(Zeroizing<String>, Option<Nonce>)> {
    let length = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    let token = Zeroizing::new(utf16(reader.bytes(length)?)?);
    let rest = reader.bytes(reader.remaining())?;
    if rest.is_empty() {
        return Ok((token, None));
    }
    let nonce = rest.try_into().map_err(|_| malformed("a nonce that is not 32 bytes"))?;
    Ok((token, Some(nonce)))
}

/// Reads a LOGIN7.
pub(super) fn read_login(body: &[u8], peer: SocketAddr, encrypted: bool) -> io::Result<Login7> {
    let mut fixed = Reader::new(body);
    let _length = fixed.u32()?;
    let version = fixed.u32()?;
    if version < OLDEST && version != TDS_8 {
        return Err(malformed("a version before 7.2"));
    }
    let packet_size = fixed.u32()?;
    fixed.bytes(12)?; // program version, process, connection
    let _flags1 = fixed.u8()?;
    let flags2 = fixed.u8()?;
    let type_flags = fixed.u8()?;
    let flags3 = fixed.u8()?;
    fixed.bytes(8)?; // time zone, locale
    let mut place = || -> io::Result<(usize, usize)> { Ok((fixed.u16()?.into(), fixed.u16()?.into())) };
    let (host, user, password, application, server, extension) =
        (place()?, place()?, place()?, place()?, place()?, place()?);
    let (_library, _language, database) = (place()?, place()?, place()?);
    let slice = |(offset, units): (usize, usize)| {
        body.get(offset..offset + units * 2).ok_or_else(|| malformed("a field outside LOGIN7"))
    };
    let text = |place| slice(place).and_then(utf16);
    let clear: Zeroizing<Vec<u8>> =
        Zeroizing::new(slice(password)?.iter().map(|byte| (byte ^ 0xa5).rotate_left(4)).collect());
    let password = Zeroizing::new(utf16(&clear)?);
    let features = if flags3 & 0x10 != 0 { features(body, extension)? } else { Features::default() };
    let federated = features.federated;
    let credential = match features.token {
        Some(token) => Credential::Token(token),
        None if flags2 & 0x80 != 0 => Credential::Windows,
        None => Credential::Password { user: text(user)?, password },
    };
    let login = Login {
        credential,
        database: text(database)?,
        host_name: text(host)?,
        application: text(application)?,
        server_name: text(server)?,
        read_only_intent: type_flags & 0x20 != 0,
        encrypted,
        peer,
    };
    let packet_size = usize::try_from(packet_size).unwrap_or(0);
    let utf8 = features.utf8;
    Ok(Login7 { login, version, packet_size, utf8, federated, nonce: None, consistent: true })
}

#[derive(Default)]
struct Features {
    token: Option<Zeroizing<String>>,
    federated: Option<Federated>,
    utf8: bool,
}

/// The token is in the login.
const SECURITY_TOKEN: u8 = 1;
/// The client gets a token when it knows where.
const ENTRA: u8 = 2;

fn features(body: &[u8], (offset, _): (usize, usize)) -> io::Result<Features> {
    let pointer = body.get(offset..).ok_or_else(|| malformed("an extension outside LOGIN7"))?;
    let start = usize::try_from(Reader::new(pointer).u32()?).unwrap_or(usize::MAX);
    let mut block = Reader::new(body.get(start..).ok_or_else(|| malformed("an extension outside LOGIN7"))?);
    let mut features = Features::default();
    while !block.is_empty() {
        let id = block.u8()?;
        if id == 0xff {
            break;
        }
        let length = usize::try_from(block.u32()?).unwrap_or(usize::MAX);
        let mut data = Reader::new(block.bytes(length)?);
        match id {
            0x02 => {
                let options = data.u8()?;
                // (MS-TDS 2.2.6.4 names the two parts of this byte the other way round than they lie in it.)
                let echo = options & 1 != 0;
                match options >> 1 {
                    SECURITY_TOKEN => {
                        let (token, nonce) = token_and_nonce(&mut data)?;
                        features.token = Some(token);
                        features.federated = Some(Federated { asks: false, echo, nonce });
                    }
                    ENTRA => features.federated = Some(Federated { asks: true, echo, nonce: None }),
                    _ => return Err(malformed("an unknown way to bring a token")),
                }
            }
            0x0a => features.utf8 = true,
            _ => {}
        }
    }
    Ok(features)
}
