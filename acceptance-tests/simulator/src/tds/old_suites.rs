//! A server whose TLS has cipher suites with CBC alone, as Windows Server 2012 and 2012 R2 have them for RSA certificates.
//!
//! The library here knows none of them, and neither do clients that use it (rustls, the provider among them): those are
//! answered as by such a server. A client that has one would get in there and is turned away here, by another alert.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::packet::malformed;
use super::reader::Reader;

/// Suites with CBC for RSA certificates. ["TLS Cipher Suites in Windows 8.1", 2023]
const CBC: [u16; 9] = [0xc028, 0xc027, 0xc014, 0xc013, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a];

/// Kinds of records and of handshake messages.
const HANDSHAKE: u8 = 0x16;
const CLIENT_HELLO: u8 = 1;
/// Alerts (RFC 5246, 7.2).
const HANDSHAKE_FAILURE: u8 = 40;
const INTERNAL_ERROR: u8 = 80;
/// No hello is longer.
const LONGEST: usize = 16 << 10;

/// Reads a client's hello and ends the handshake; `says_why` is whether the client hears an alert.
pub(super) async fn refuse(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), says_why: bool) -> io::Error {
    match hello(stream).await {
        Err(error) => error,
        Ok(suites) => {
            let known = suites.iter().any(|suite| CBC.contains(suite));
            let alert = if known { Some(INTERNAL_ERROR) } else { says_why.then_some(HANDSHAKE_FAILURE) };
            if let Some(alert) = alert
                && let Err(error) = send(stream, alert).await
            {
                return error;
            }
            io::Error::new(
                io::ErrorKind::Unsupported,
                if known {
                    "cipher suites with CBC are not spoken here"
                } else {
                    "no cipher suite in common"
                },
            )
        }
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), alert: u8) -> io::Result<()> {
    stream.write_all(&[0x15, 3, 3, 0, 2, 2, alert]).await?;
    stream.flush().await?;
    stream.shutdown().await
}

/// The suites of a hello, which may come in several records.
async fn hello(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u16>> {
    let mut message = Vec::new();
    loop {
        let mut header = [0; 5];
        stream.read_exact(&mut header).await?;
        let [kind, _, _, high, low] = header;
        if kind != HANDSHAKE {
            return Err(malformed("a handshake that does not begin with a hello"));
        }
        let start = message.len();
        message.resize(start + usize::from(u16::from_be_bytes([high, low])), 0);
        if message.len() > LONGEST {
            return Err(malformed("a hello too long"));
        }
        let Some(rest) = message.get_mut(start..) else { return Err(malformed("a hello")) };
        stream.read_exact(rest).await?;
        if let [CLIENT_HELLO, high, middle, low, body @ ..] = message.as_slice() {
            let length = u32::from_be_bytes([0, *high, *middle, *low]);
            if let Some(body) = usize::try_from(length).ok().and_then(|length| body.get(..length)) {
                return suites(body);
            }
        } else if message.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(malformed("a handshake that does not begin with a hello"));
        }
    }
}

fn suites(body: &[u8]) -> io::Result<Vec<u16>> {
    let mut reader = Reader::new(body);
    reader.bytes(34)?; // version, random
    let session = reader.u8()?;
    reader.bytes(session.into())?;
    let length = reader.u16_be()?;
    let list = reader.bytes(length.into())?;
    Ok(list.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_be_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hello of a client with these suites, in records of so many bytes.
    fn client(suites: &[u16], record: usize) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([4, 1, 2, 3, 4]);
        body.extend(u16::try_from(suites.len() * 2).unwrap().to_be_bytes());
        suites.iter().for_each(|suite| body.extend(suite.to_be_bytes()));
        body.extend([1, 0]);
        let mut message = vec![CLIENT_HELLO, 0];
        message.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        message.extend(body);
        let parts = message.chunks(record).flat_map(|part| {
            let length = u16::try_from(part.len()).unwrap().to_be_bytes();
            [&[HANDSHAKE, 3, 1], length.as_slice(), part].concat()
        });
        parts.collect()
    }

    async fn answer(sent: &[u8], says_why: bool) -> (Vec<u8>, String) {
        let (mut here, mut there) = tokio::io::duplex(64 << 10);
        here.write_all(sent).await.unwrap();
        here.shutdown().await.unwrap();
        let error = refuse(&mut there, says_why).await;
        drop(there);
        let mut heard = Vec::new();
        here.read_to_end(&mut heard).await.unwrap();
        (heard, error.to_string())
    }

    #[tokio::test]
    async fn a_client_without_a_suite_hears_nothing_or_the_alert() {
        let modern = client(&[0x1301, 0xc030, 0xc02f, 0xcca8], 1000);
        let (heard, why) = answer(&modern, false).await;
        assert!(heard.is_empty() && why.contains("in common"), "{heard:?} {why}");
        assert_eq!(answer(&modern, true).await.0, [0x15, 3, 3, 0, 2, 2, HANDSHAKE_FAILURE]);
    }

    #[tokio::test]
    async fn a_client_that_has_one_is_told_that_this_is_the_simulators_limit() {
        for says_why in [true, false] {
            let (heard, why) = answer(&client(&[0xc02f, 0x002f], 9), says_why).await;
            assert_eq!(heard, [0x15, 3, 3, 0, 2, 2, INTERNAL_ERROR]);
            assert!(why.contains("not spoken"), "{why}");
        }
    }

    #[tokio::test]
    async fn what_is_no_hello_is_not_answered() {
        for wrong in
            [b"\x17\x03\x03\0\x01a".as_slice(), b"\x16\x03\x03\0\x01\x02", b"\x16\x03\x03\xff\xff", b""]
        {
            assert!(answer(wrong, true).await.0.is_empty(), "{wrong:?}");
        }
    }
}
