//! Reads little-endian fields out of a message, and never past its end.

use std::io;

use super::packet::malformed;

/// A place in a message.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn bytes(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.bytes(N)?.try_into().map_err(|_| malformed("it ends too early"))
    }

    pub(super) fn u8(&mut self) -> io::Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u16_be(&mut self) -> io::Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> io::Result<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A little-endian number of `count` bytes, 16 at most.
    pub(super) fn unsigned(&mut self, count: usize) -> io::Result<u128> {
        let bytes = self.bytes(count)?;
        if count > 16 {
            return Err(malformed("a number of more than 16 bytes"));
        }
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }

    /// A little-endian signed number of `count` bytes, 8 at most.
    pub(super) fn signed(&mut self, count: usize) -> io::Result<i64> {
        let number =
            u64::try_from(self.unsigned(count)?).map_err(|_| malformed("a number of more than 8 bytes"))?;
        let shift = 64 - 8 * u32::try_from(count.clamp(1, 8)).unwrap_or(8);
        Ok((number << shift).cast_signed() >> shift)
    }

    /// UTF-16 of `units` code units.
    pub(super) fn utf16(&mut self, units: usize) -> io::Result<String> {
        utf16(self.bytes(units * 2)?)
    }

    /// UTF-16 with its length in one byte.
    pub(super) fn short_text(&mut self) -> io::Result<String> {
        let units = self.u8()?;
        self.utf16(units.into())
    }
}

/// UTF-16LE bytes as text.
pub(super) fn utf16(bytes: &[u8]) -> io::Result<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return Err(malformed("half a character")) };
    Ok(String::from_utf16_lossy(&pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect::<Vec<_>>()))
}

/// Appends text as UTF-16LE; the number of its code units.
pub(super) fn put_utf16(out: &mut Vec<u8>, text: &str) -> usize {
    let mut units = 0;
    for unit in text.encode_utf16() {
        out.extend_from_slice(&unit.to_le_bytes());
        units += 1;
    }
    units
}

/// Appends text with its length in one byte; what does not fit is cut.
pub(super) fn put_short_text(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(u8::try_from(units.len()).unwrap_or(u8::MAX));
    units.iter().for_each(|unit| out.extend_from_slice(&unit.to_le_bytes()));
}

/// Appends text with its length in two bytes; what does not fit is cut.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(4000).collect();
    out.extend_from_slice(&u16::try_from(units.len()).unwrap_or(u16::MAX).to_le_bytes());
    units.iter().for_each(|unit| out.extend_from_slice(&unit.to_le_bytes()));
}
