//! TLS inside TDS 7.4: the handshake's records travel in packets of kind 0x12, everything after it as it is.
//!
//! All records of a flight are one message: Microsoft's ODBC driver gives up on a handshake whose records come one by one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::packet::{DEFAULT_SIZE, END, HEADER, kind, malformed};

/// A stream that wraps what goes through it until the handshake is over.
#[derive(Debug)]
pub(super) struct Wrapped<S> {
    inner: S,
    wraps: bool,
    unwraps: bool,
    header: Vec<u8>,
    left: usize,
    /// Records of a flight that is not whole yet.
    flight: Vec<u8>,
    /// Packets that wait to be written.
    out: Vec<u8>,
}

impl<S> Wrapped<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            wraps: true,
            unwraps: true,
            header: Vec::new(),
            left: 0,
            flight: Vec::new(),
            out: Vec::new(),
        }
    }

    /// The handshake is over.
    pub(super) fn unwrap_from_now(&mut self) {
        self.wraps = false;
        self.unwraps = false;
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wrapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // Who reads has said all that it had to say.
        ready!(this.drain(context))?;
        if !this.unwraps && this.left == 0 {
            return Pin::new(&mut this.inner).poll_read(context, into);
        }
        while this.left == 0 {
            let mut byte = [0];
            let mut one = ReadBuf::new(&mut byte);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut one))?;
            if one.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.header.extend_from_slice(one.filled());
            // Who finished the handshake goes on without packets, and those bytes may be here before this side knows.
            if let [record @ 0x14..=0x17] = this.header.as_slice() {
                into.put_slice(&[*record]);
                this.header.clear();
                this.unwraps = false;
                return Poll::Ready(Ok(()));
            }
            if let [first, _, high, low, _, _, _, _] = this.header.as_slice() {
                if *first != kind::PRELOGIN {
                    return Poll::Ready(Err(malformed("a handshake outside its packets")));
                }
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let Some(left) = length.checked_sub(HEADER) else {
                    return Poll::Ready(Err(malformed("a packet shorter than its header")));
                };
                this.left = left;
                this.header.clear();
            }
        }
        let room = into.remaining().min(this.left);
        let mut buffer = vec![0; room];
        let mut part = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut this.inner).poll_read(context, &mut part))?;
        let filled = part.filled();
        this.left -= filled.len();
        into.put_slice(filled);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Wrapped<S> {
    /// Makes a message of the flight, if there is one, and writes what waits.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut parts = self.flight.chunks(DEFAULT_SIZE - HEADER).peekable();
        while let Some(part) = parts.next() {
            let length = u16::try_from(part.len() + HEADER).map_err(|_| malformed("a packet too large"))?;
            let [high, low] = length.to_be_bytes();
            let status = if parts.peek().is_none() { END } else { 0 };
            self.out.extend_from_slice(&[kind::PRELOGIN, status, high, low, 0, 0, 1, 0]);
            self.out.extend_from_slice(part);
        }
        self.flight.clear();
        while !self.out.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &self.out))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wrapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.wraps {
            this.flight.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(this.drain(context))?;
        Pin::new(&mut this.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
