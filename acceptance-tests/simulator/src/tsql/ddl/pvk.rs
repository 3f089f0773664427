//! Private keys on their way between servers: `CERTPRIVATEKEY` writes them, `CREATE CERTIFICATE … WITH PRIVATE KEY (BINARY = …)`
//! reads them.
//!
//! The form is that of the files that BACKUP CERTIFICATE writes, Windows' PVK (learn.microsoft.com "CREATE CERTIFICATE": the
//! key is in the PVK format; OpenSSL reads and writes the same): a header, salt, and a `PRIVATEKEYBLOB` whose numbers are
//! little-endian, under RC4 with the first 16 bytes of the SHA-1 of salt and password. Keys of RSA alone, as the engine
//! makes and takes them.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::world::Estate;
use crate::world::assumption;

const MAGIC: [u8; 4] = [0x1E, 0xF1, 0xB5, 0xB0];
/// `AT_KEYEXCHANGE`.
const EXCHANGE: u32 = 1;
/// `PRIVATEKEYBLOB`, version 2, `CALG_RSA_KEYX`.
const BLOB: [u8; 8] = [7, 2, 0, 0, 0, 0xA4, 0, 0];
const RSA2: [u8; 4] = *b"RSA2";
const SALT: usize = 16;

/// The numbers of an RSA key, big-endian without leading zeros: n, e, d, p, q, d mod p-1, d mod q-1, q^-1 mod p.
#[derive(Clone, PartialEq, Eq)]
struct Rsa([Vec<u8>; 8]);

/// The bytes that a password counts as. ASSUMED 66: those of UTF-8.
pub(crate) fn password(estate: &Estate, text: &str) -> Vec<u8> {
    if estate.opposite(assumption::PRIVATE_KEY_PASSWORDS) {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else {
        text.as_bytes().to_vec()
    }
}

/// Writes a PKCS #8 key under a [`password`]; nothing where it is no RSA key.
pub(crate) fn write(pkcs8: &[u8], password: &[u8], salt: [u8; SALT]) -> Option<Vec<u8>> {
    let Rsa([n, e, d, p, q, dp, dq, qi]) = Rsa::of_pkcs8(pkcs8)?;
    let bytes = n.len();
    let exponent = little(&e, 4)?;
    let mut body = RSA2.to_vec();
    body.extend(u32::try_from(bytes * 8).ok()?.to_le_bytes());
    body.extend(exponent);
    body.extend(little(&n, bytes)?);
    for half in [&p, &q, &dp, &dq, &qi] {
        body.extend(little(half, bytes.div_ceil(2))?);
    }
    body.extend(little(&d, bytes)?);
    rc4(&key(&salt, password), &mut body);
    let length = u32::try_from(BLOB.len() + body.len()).ok()?;
    let mut file = MAGIC.to_vec();
    for word in [0, EXCHANGE, 1, u32::try_from(SALT).ok()?, length] {
        file.extend(word.to_le_bytes());
    }
    file.extend(salt);
    file.extend(BLOB);
    file.extend(body);
    Some(file)
}

/// What keeps a key from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is no key in this form.
    Form,
    /// The password is another one, or missing.
    Password,
}

/// Reads a key under a [`password`]; as PKCS #8.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn read(file: &[u8], password: Option<&[u8]>) -> Result<Vec<u8>, Unreadable> {
    let form = Unreadable::Form;
    let word = |place: usize| {
        let bytes = file.get(place..place + 4)?;
        Some(u32::from_le_bytes(<[u8; 4]>::try_from(bytes).ok()?))
    };
    if file.get(..4) != Some(&MAGIC[..]) {
        return Err(form);
    }
    let (Some(encrypted), Some(salt), Some(length)) = (word(12), word(16), word(20)) else {
        return Err(form);
    };
    let salt = usize::try_from(salt).map_err(|_| form)?;
    let length = usize::try_from(length).map_err(|_| form)?;
    let salt_bytes = file.get(24..24 + salt).ok_or(form)?;
    let blob = file.get(24 + salt..24 + salt + length).ok_or(form)?;
    let mut body = blob.get(BLOB.len()..).ok_or(form)?.to_vec();
    if blob.first() != Some(&7) {
        return Err(form);
    }
    if encrypted != 0 {
        let password = password.ok_or(Unreadable::Password)?;
        rc4(&key(salt_bytes, password), &mut body);
        if body.get(..4) != Some(&RSA2[..]) {
            return Err(Unreadable::Password);
        }
    }
    numbers(&body).map(|rsa| rsa.into_pkcs8()).ok_or(form)
}

/// The modulus of a PKCS #8 key.
pub(crate) fn modulus(pkcs8: &[u8]) -> Option<Vec<u8>> {
    Rsa::of_pkcs8(pkcs8).map(|Rsa([n, ..])| n)
}

fn numbers(body: &[u8]) -> Option<Rsa> {
    if body.get(..4)? != RSA2 {
        return None;
    }
    let bits = u32::from_le_bytes(<[u8; 4]>::try_from(body.get(4..8)?).ok()?);
    let bytes = usize::try_from(bits).ok()?.div_ceil(8);
    let half = bytes.div_ceil(2);
    let mut place = 8;
    let mut next = |length: usize| {
        let number = body.get(place..place + length)?;
        place += length;
        let mut big: Vec<u8> = number.iter().rev().copied().collect();
        let zeros = big.iter().take_while(|byte| **byte == 0).count();
        big.drain(..zeros.min(big.len().saturating_sub(1)));
        Some(big)
    };
    let (e, n) = (next(4)?, next(bytes)?);
    let (p, q, dp, dq, qi) = (next(half)?, next(half)?, next(half)?, next(half)?, next(half)?);
    let d = next(bytes)?;
    Some(Rsa([n, e, d, p, q, dp, dq, qi]))
}

fn little(big: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = big.iter().rev().copied().collect();
    (bytes.len() <= length).then(|| {
        bytes.resize(length, 0);
        bytes
    })
}

fn key(salt: &[u8], password: &[u8]) -> Vec<u8> {
    let text = [salt, password].concat();
    digest(&SHA1_FOR_LEGACY_USE_ONLY, &text).as_ref().iter().take(16).copied().collect()
}

/// RC4, both ways.
fn rc4(key: &[u8], data: &mut [u8]) {
    let mut state: [u8; 256] = std::array::from_fn(|place| u8::try_from(place).unwrap_or(0));
    let at = |state: &[u8; 256], place: u8| state.get(usize::from(place)).copied().unwrap_or(0);
    let mut other = 0_u8;
    for place in 0..=u8::MAX {
        let letter = key.get(usize::from(place) % key.len().max(1)).copied().unwrap_or(0);
        other = other.wrapping_add(at(&state, place)).wrapping_add(letter);
        state.swap(usize::from(place), usize::from(other));
    }
    let (mut place, mut other) = (0_u8, 0_u8);
    for byte in data {
        place = place.wrapping_add(1);
        other = other.wrapping_add(at(&state, place));
        state.swap(usize::from(place), usize::from(other));
        *byte ^= at(&state, at(&state, place).wrapping_add(at(&state, other)));
    }
}

/// `rsaEncryption`.
const RSA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];

impl Rsa {
    fn of_pkcs8(der: &[u8]) -> Option<Self> {
        let (inner, _) = element(der, 0x30)?;
        let (_version, rest) = element(inner, 2)?;
        let (algorithm, rest) = element(rest, 0x30)?;
        if element(algorithm, 6)?.0 != RSA {
            return None;
        }
        let (key, _) = element(rest, 4)?;
        let (mut numbers, _) = element(key, 0x30)?;
        numbers = element(numbers, 2)?.1;
        let mut found: [Vec<u8>; 8] = Default::default();
        for slot in &mut found {
            let (number, rest) = element(numbers, 2)?;
            *slot = number.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(number).to_vec();
            numbers = rest;
        }
        Some(Self(found))
    }

    fn into_pkcs8(self) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let high = number.first().is_some_and(|byte| *byte >= 0x80);
            wrapped(2, &if high { [&[0], number].concat() } else { number.to_vec() })
        };
        let mut key = integer(&[0]);
        self.0.iter().for_each(|number| key.extend(integer(number)));
        let algorithm = wrapped(0x30, &[wrapped(6, &RSA), vec![5, 0]].concat());
        wrapped(0x30, &[integer(&[0]), algorithm, wrapped(4, &wrapped(0x30, &key))].concat())
    }
}

/// The contents of an element of DER with that tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(*length & 0x7F))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)), rest)
    };
    rest.split_at_checked(length)
}

fn wrapped(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            out.extend(digits);
        }
    }
    out.extend(contents);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_is_rc4() {
        let mut data = b"Plaintext".to_vec();
        rc4(b"Key", &mut data);
        assert_eq!(data, [0xBB, 0xF3, 0x16, 0xE8, 0xD9, 0x40, 0xAF, 0x0A, 0xD3]);
    }

    #[test]
    fn a_key_goes_out_under_a_password_and_comes_in_again() {
        let pair =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let der = pair.serialize_der();
        let file = write(&der, b"Str0ng and long!", [7; SALT]).unwrap();
        assert_eq!(file.len(), 24 + SALT + BLOB.len() + 12 + 256 * 2 + 128 * 5);
        let read_back = read(&file, Some(b"Str0ng and long!")).unwrap();
        assert_eq!(modulus(&read_back), modulus(&der));
        // What came in is a key that signs as the one that went out does.
        assert!(aws_lc_rs::signature::RsaKeyPair::from_pkcs8(&read_back).is_ok());
        assert_eq!(read(&file, Some(b"another")), Err(Unreadable::Password));
        assert_eq!(read(&file, None), Err(Unreadable::Password));
        assert_eq!(read(&file[..100], Some(b"Str0ng and long!")), Err(Unreadable::Form));
        assert_eq!(read(b"nonsense", None), Err(Unreadable::Form));
        assert_eq!(write(b"nonsense", b"x", [0; SALT]), None);
    }
}
