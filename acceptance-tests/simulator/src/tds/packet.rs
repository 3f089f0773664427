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
    pub(in crate::tds) const TOKEN: u8 = 0x08;
    pub(in crate::tds) const TRANSACTION: u8 = 0x0e;
    pub(in crate::tds) const LOGIN: u8 = 0x10;
    pub(in crate::tds) const PRELOGIN: u8 = 0x12;
}

/// Last packet of a message.
pub(super) const END: u8 = 0x01;
/// With [`END`]: the client changed its mind while it was sending, the message is not to be carried out.
const IGNORE: u8 = 0x02;
/// The connection comes from a pool: reset it first.
const RESET: u8 = 0x08;
/// The same, and the transaction stays.
const RESET_KEEPS_TRANSACTION: u8 = 0x10;
/// Size of a packet's header.
pub(super) const HEADER: usize = 8;
/// Packet size before it is negotiated.
pub(super) const DEFAULT_SIZE: usize = 4096;
/// Largest message that is read: a batch of 64 MB is nobody's.
pub(super) const LARGEST: usize = 64 << 20;
/// Largest message before somebody is signed in; a LOGIN7 with every field at its longest has room in it.
pub(super) const LARGEST_STRANGE: usize = 128 << 10;

/// What happens to the session before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reset {
    pub(super) keeps_transaction: bool,
}

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    /// In the first packet; in others it means nothing.
    pub(super) reset: Option<Reset>,
    /// The client took it back.
    pub(super) ignored: bool,
    pub(super) body: Vec<u8>,
}

/// Reads a whole message of at most `largest` bytes; nothing at the end of the stream.
///
/// # Errors
/// When the stream breaks, or the header makes no sense.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    largest: usize,
) -> io::Result<Option<Message>> {
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
        let message = message.get_or_insert_with(|| Message {
            kind,
            reset: (status & (RESET | RESET_KEEPS_TRANSACTION) != 0)
                .then_some(Reset { keeps_transaction: status & RESET_KEEPS_TRANSACTION != 0 }),
            ignored: false,
            body: Vec::new(),
        });
        if message.kind != kind || message.body.len() + length > largest {
            return Err(malformed("packets that do not belong together"));
        }
        let start = message.body.len();
        message.body.resize(start + length, 0);
        let Some(rest) = message.body.get_mut(start..) else { return Err(malformed("a packet")) };
        stream.read_exact(rest).await?;
        if status & END != 0 {
            return Ok(Some(Message {
                kind,
                reset: message.reset,
                ignored: status & IGNORE != 0,
                body: std::mem::take(&mut message.body),
            }));
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
