//! Packets: eight bytes of header and up to a packet size of body; a message is one or several of them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Kind of a message.
pub(super) mod kind {
    pub(in crate::tds) const BATCH: u8 = 0x01;
    pub(in crate::tds) const RPC: u8 = 0x03;
    pub(in crate::tds) const ANSWER: u8 = 0x04;
    pub(in crate::tds) const ATTENTION: u8 = 0x06;
    pub(in crate::tds) const BULK: u8 = 0x07;
    pub(in crate::tds) const TRANSACTION: u8 = 0x0e;
    pub(in crate::tds) const LOGIN: u8 = 0x10;
    pub(in crate::tds) const PRELOGIN: u8 = 0x12;
}

/// Last packet of a message.
pub(super) const END: u8 = 0x01;
/// The connection comes from a pool: reset it first (with or without keeping the transaction).
const RESET: u8 = 0x08 | 0x10;
/// Size of a packet's header.
pub(super) const HEADER: usize = 8;
/// Packet size before it is negotiated.
pub(super) const DEFAULT_SIZE: usize = 4096;
/// Largest message that is read: a batch of 64 MB is nobody's.
const LARGEST: usize = 64 << 20;

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) reset: bool,
    pub(super) body: Vec<u8>,
}

/// Reads a whole message; nothing at the end of the stream.
///
/// # Errors
/// When the stream breaks, or the header makes no sense.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Message>> {
    let mut message: Option<Message> = None;
    loop {
        let mut header = [0; HEADER];
        match stream.read_exact(&mut header).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && message.is_none() => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let [kind, status, high, low, ..] = header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(length) = length.checked_sub(HEADER) else {
            return Err(malformed("a packet shorter than its header"));
        };
        let message = message.get_or_insert(Message { kind, reset: status & RESET != 0, body: Vec::new() });
        if message.kind != kind || message.body.len() + length > LARGEST {
            return Err(malformed("packets that do not belong together"));
        }
        let start = message.body.len();
        message.body.resize(start + length, 0);
        let Some(rest) = message.body.get_mut(start..) else { return Err(malformed("a packet")) };
        stream.read_exact(rest).await?;
        if status & END != 0 {
            return Ok(Some(Message { kind, reset: message.reset, body: std::mem::take(&mut message.body) }));
        }
    }
}

/// Writes bytes as the packets of one message; `last` ends it.
///
/// # Errors
/// When the stream breaks.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    kind: u8,
    body: &[u8],
    size: usize,
    number: &mut u8,
    last: bool,
) -> io::Result<()> {
    let room = size.saturating_sub(HEADER).max(1);
    let mut packets = body.chunks(room).peekable();
    if packets.peek().is_none() && last {
        return packet(stream, kind, END, &[], number).await;
    }
    while let Some(part) = packets.next() {
        let status = if last && packets.peek().is_none() { END } else { 0 };
        packet(stream, kind, status, part, number).await?;
    }
    Ok(())
}

async fn packet(
    stream: &mut (impl AsyncWrite + Unpin),
    kind: u8,
    status: u8,
    part: &[u8],
    number: &mut u8,
) -> io::Result<()> {
    *number = number.wrapping_add(1);
    let length = u16::try_from(part.len() + HEADER).map_err(|_| malformed("a packet too large"))?;
    let [high, low] = length.to_be_bytes();
    stream.write_all(&[kind, status, high, low, 0, 0, *number, 0]).await?;
    stream.write_all(part).await
}

pub(super) fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed TDS: {what}"))
}
