//! Collations on the wire, and the bytes that text of type `varchar` is made of under them (MS-TDS 2.2.5.1.2).

/// A collation on the wire: locale and flags in four bytes, a sort id in the fifth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collation(pub [u8; 5]);

const IGNORE_CASE: u32 = 1 << 20;
const IGNORE_ACCENT: u32 = 1 << 21;
const IGNORE_KANA: u32 = 1 << 22;
const IGNORE_WIDTH: u32 = 1 << 23;
const BINARY: u32 = 1 << 24;
const BINARY2: u32 = 1 << 25;
const UTF8: u32 = 1 << 26;
const VERSION: u32 = 28;

const ENGLISH: u32 = 0x0409;
const TURKISH: u32 = 0x041f;

impl Collation {
    /// `SQL_Latin1_General_CP1_CI_AS`.
    pub const LATIN1: Self = Self([0x09, 0x04, 0xd0, 0x00, 0x34]);

    /// The collation of this name, for the families that the simulator has: `SQL_Latin1_General_CP1`, `Latin1_General`
    /// and `Turkish`, of any version and sensitivity. Other families go by the locale of `Latin1_General`.
    pub fn named(name: &str) -> Self {
        let name = name.to_ascii_uppercase();
        let has = |part: &str| name.split('_').any(|word| word == part);
        let locale = if has("TURKISH") { TURKISH } else { ENGLISH };
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        let binary = flag(has("BIN"), BINARY) | flag(has("BIN2"), BINARY2);
        let linguistic = flag(has("CI"), IGNORE_CASE)
            | flag(has("AI"), IGNORE_ACCENT)
            | flag(!has("KS"), IGNORE_KANA)
            | flag(!has("WS"), IGNORE_WIDTH);
        let version: u32 = match () {
            () if has("140") => 3,
            () if has("100") => 2,
            () if has("90") => 1,
            () => 0,
        };
        let info = locale
            | if binary == 0 { linguistic } else { binary }
            | flag(has("UTF8"), UTF8)
            | (version << VERSION);
        // Sort ids belong to the collations of SQL Server 7: 51 is case-sensitive, 52 is not.
        let sort = match () {
            () if !name.starts_with("SQL_LATIN1_GENERAL_CP1_") => 0,
            () if has("CS") => 51,
            () if has("AI") => 54,
            () => 52,
        };
        let [a, b, c, d] = info.to_le_bytes();
        Self([a, b, c, d, sort])
    }

    /// `varchar` bytes as text.
    pub(super) fn decode(self, bytes: Vec<u8>) -> String {
        if self.info() & UTF8 != 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        bytes.into_iter().map(|byte| self.letter(byte)).collect()
    }

    /// Text as `varchar` bytes; what the code page has not is a question mark, as on the server.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        if self.info() & UTF8 != 0 {
            return text.as_bytes().to_vec();
        }
        let byte = |letter: char| match letter {
            '\0'..='\x7f' => u8::try_from(letter).unwrap_or(b'?'),
            _ => (0x80..=0xff).find(|byte| self.letter(*byte) == letter).unwrap_or(b'?'),
        };
        text.chars().map(byte).collect()
    }

    /// A byte of code page 1252, or of 1254 where the locale is Turkish.
    fn letter(self, byte: u8) -> char {
        const FROM_80: [char; 32] = [
            '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
            '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
        ];
        if self.info() & 0xfffff == TURKISH {
            match byte {
                0xd0 => return 'Ğ',
                0xdd => return 'İ',
                0xde => return 'Ş',
                0xf0 => return 'ğ',
                0xfd => return 'ı',
                0xfe => return 'ş',
                _ => {}
            }
        }
        match byte {
            0x80..=0x9f => FROM_80.get(usize::from(byte - 0x80)).copied().unwrap_or('?'),
            _ => char::from(byte),
        }
    }

    fn info(self) -> u32 {
        let [a, b, c, d, _sort] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::Collation;

    #[test]
    fn names_become_the_bytes_that_servers_send() {
        assert_eq!(Collation::named("SQL_Latin1_General_CP1_CI_AS"), Collation::LATIN1);
        assert_eq!(Collation::named("Latin1_General_CI_AS").0, [0x09, 0x04, 0xd0, 0x00, 0x00]);
        assert_eq!(Collation::named("Latin1_General_100_BIN2").0, [0x09, 0x04, 0x00, 0x22, 0x00]);
        assert_eq!(Collation::named("Turkish_CI_AS").0, [0x1f, 0x04, 0xd0, 0x00, 0x00]);
        assert_eq!(Collation::named("Latin1_General_100_CI_AS_SC_UTF8").0, [0x09, 0x04, 0xd0, 0x24, 0x00]);
    }

    #[test]
    fn text_goes_through_its_code_page() {
        let latin = Collation::LATIN1;
        assert_eq!(latin.encode("é€ž'"), [0xe9, 0x80, 0x9e, b'\'']);
        assert_eq!(latin.decode(vec![0xe9, 0x80, 0x9e, b'\'']), "é€ž'");
        assert_eq!(latin.encode("日"), b"?");
        let turkish = Collation::named("Turkish_CI_AS");
        assert_eq!(turkish.encode("ışİ"), [0xfd, 0xfe, 0xdd]);
        assert_eq!(turkish.decode(vec![0xfd, 0xfe, 0xdd]), "ışİ");
        let utf8 = Collation::named("Latin1_General_100_CI_AS_SC_UTF8");
        assert_eq!(utf8.decode(utf8.encode("日本")), "日本");
    }
}
