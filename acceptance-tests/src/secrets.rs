//! Looks for secrets in everything that a run of Terraform left behind.
//!
//! A secret is looked for as it is, as JSON, HCL and a URL write it, in hex, and as base64, in which Terraform keeps a
//! provider's private bytes. The made-up secrets of a scene hold 32 hex digits that no quoting changes, however many
//! times it is done: those are looked for by themselves. Tokens and the signatures of polling URLs are not known beforehand and are recognised by
//! their form, and so are private keys. Saved plans are archives; they are unpacked first.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use milink_simulator::scene::Scene;

/// How the secrets begin that a scene makes up, so that they are known without having been told.
const MADE_UP: &str = "Aa1'";

/// Secrets with all the forms in which they are looked for.
#[derive(Clone, Default)]
pub struct Secrets {
    forms: Vec<(usize, String)>,
    count: usize,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.count)
    }
}

impl Secrets {
    /// Those that a scene has made up.
    pub fn of(scene: &Scene) -> Self {
        let mut secrets = Self::default();
        scene.secrets.iter().for_each(|secret| secrets.add(secret));
        secrets
    }

    /// Adds a secret.
    pub fn add(&mut self, secret: &str) {
        assert!(secret.len() >= 6 && secret.is_ascii(), "a secret this short is found everywhere");
        let json = serde_json::to_string(secret).unwrap();
        let url: String = secret
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let mut forms =
            vec![secret.to_owned(), json.trim_matches('"').to_owned(), secret.replace('\'', "''"), url];
        forms.extend(base64_forms(json.trim_matches('"').as_bytes()));
        // Whatever holds the secret holds its core, however it was quoted.
        let part = core(secret).unwrap_or(secret);
        if part != secret {
            forms.clear();
        }
        forms.extend([part.to_owned(), hex(part.as_bytes()), hex(part.as_bytes()).to_uppercase()]);
        forms.extend(base64_forms(part.as_bytes()));
        // SQL text travels as UTF-16: for these characters, each is followed by a zero.
        let wide: String = part.chars().flat_map(|character| [character, '\0']).collect();
        forms.extend([hex(wide.as_bytes()), hex(wide.as_bytes()).to_uppercase()]);
        forms.extend(base64_forms(wide.as_bytes()));
        forms.push(wide);
        let for_urls: Vec<String> =
            forms.iter().map(|form| form.replace('+', "-").replace('/', "_")).collect();
        forms.extend(for_urls);
        forms.sort();
        forms.dedup();
        self.forms.extend(forms.into_iter().map(|form| (self.count, form)));
        self.count += 1;
    }

    /// Asserts that `bytes` hold no secret. The message does not hold it either.
    #[track_caller]
    pub fn assert_absent(&self, bytes: &[u8], place: &str) {
        let text = String::from_utf8_lossy(bytes);
        for (number, form) in &self.forms {
            let found = text.find(form);
            assert!(found.is_none(), "secret number {number} is in {place}, at byte {found:?}");
        }
        assert!(!holds_token(&text), "a token is in {place}");
        assert!(!holds_signature(&text), "the signature of a polling URL is in {place}");
        assert!(!text.contains(MADE_UP), "a made-up secret is in {place}");
        assert!(!text.contains("PRIVATE KEY-----"), "a private key is in {place}");
    }

    /// Asserts that no file below `folder` holds a secret; saved plans are looked into.
    #[track_caller]
    pub fn assert_absent_below(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() || path.ends_with("mirror") || path.ends_with("providers") {
                continue; // the provider's executable
            }
            if path.is_dir() {
                self.assert_absent_below(&path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            if bytes.starts_with(b"PK\x03\x04") {
                let unpacked = tempfile::tempdir().unwrap();
                let python = Command::new("python3")
                    .args(["-m", "zipfile", "-e"])
                    .arg(&path)
                    .arg(unpacked.path())
                    .status()
                    .unwrap();
                assert!(python.success(), "the saved plan {} cannot be unpacked", path.display());
                self.assert_absent_below(unpacked.path());
            } else {
                self.assert_absent(&bytes, &path.display().to_string());
            }
        }
    }
}

/// The longest run of hex digits in a secret, where that is long enough not to be anywhere by chance.
fn core(secret: &str) -> Option<&str> {
    let runs = secret.split(|character: char| !character.is_ascii_hexdigit());
    runs.max_by_key(|run| run.len()).filter(|run| run.len() >= 24)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The middle of the base64 of anything that holds `secret`: the bytes before it decide by how many bits it is shifted.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let mut bytes = vec![0; shift];
            bytes.extend(secret);
            let encoded = STANDARD_NO_PAD.encode(&bytes);
            // The first characters hold bits of what is before, the last may hold bits of what comes after.
            let start = [0, 2, 3][shift];
            let end = bytes.len() * 8 / 6;
            encoded[start..end].to_owned()
        })
        .collect()
}

/// `eyJ….eyJ….…`: two JSON objects and a signature.
fn holds_token(text: &str) -> bool {
    let part = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    text.match_indices("eyJ").any(|(start, _)| {
        let rest = &text[start..];
        let header = rest.split(|character| !part(character)).next().unwrap_or_default();
        let after = &rest[header.len()..];
        header.len() > 15 && after.starts_with(".eyJ")
    })
}

/// `&t=…&c=…&s=…&h=…` of ARM's polling URLs.
fn holds_signature(text: &str) -> bool {
    text.match_indices("&s=").any(|(start, _)| {
        let rest = &text[start + 3..];
        let value =
            rest.split(|character: char| !character.is_ascii_alphanumeric() && !"-_%".contains(character));
        value.into_iter().next().is_some_and(|value| value.len() >= 32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add("it's \"hidden\" $here");
        secrets
    }

    fn finds(bytes: &[u8]) -> bool {
        std::panic::catch_unwind(|| secrets().assert_absent(bytes, "a test")).is_err()
    }

    #[test]
    fn every_form_is_found() {
        let secret = "it's \"hidden\" $here";
        assert!(!finds(b"nothing of the kind"));
        assert!(finds(format!("password = {secret};").as_bytes()));
        assert!(finds(br#"{"password": "it's \"hidden\" $here"}"#));
        assert!(finds(b"N'it''s \"hidden\" $here'"));
        assert!(finds(b"?p=it%27s%20%22hidden%22%20%24here"));
        for before in ["", "a", "ab", "abc"] {
            let encoded = STANDARD_NO_PAD.encode(format!("{before}{secret} and more"));
            assert!(finds(encoded.as_bytes()), "{before:?}");
        }
        let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(finds(&wide));
    }

    #[test]
    fn a_made_up_secret_is_found_however_often_it_was_quoted() {
        let core = "0123456789abcdef0123456789abcdef";
        let secret = format!("Aa1'\"{{$]{core}");
        let mut secrets = Secrets::default();
        secrets.add(&secret);
        let finds =
            |bytes: &[u8]| std::panic::catch_unwind(|| secrets.assert_absent(bytes, "a test")).is_err();
        let json = serde_json::to_string(&secret).unwrap();
        let twice = serde_json::to_string(&json).unwrap();
        let thrice = serde_json::to_string(&twice).unwrap();
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        for text in [json, twice, thrice] {
            assert!(finds(text.as_bytes()), "{text}");
            assert!(finds(hex(text.as_bytes()).as_bytes()), "{text}");
            for before in ["", "a", "ab"] {
                let text = format!("{before}{text}");
                assert!(finds(url_safe.encode(&text).as_bytes()), "{text}");
                assert!(finds(STANDARD_NO_PAD.encode(&text).as_bytes()), "{text}");
            }
        }
        assert!(!finds(&core.as_bytes()[..20]));
    }

    #[test]
    fn tokens_signatures_and_keys_are_known_by_their_form() {
        assert!(finds(b"Bearer eyJhbGciOiJSUzI1NiJ9abcdef.eyJhdWQiOiJ4In0.c2ln"));
        assert!(!finds(b"eyJ.eyJ"));
        let url = format!("https://management.azure.com/x?api-version=1&t=1&c=2&s={}&h=3", "a".repeat(40));
        assert!(finds(url.as_bytes()));
        assert!(!finds(b"?a=1&s=short"));
        assert!(finds(b"-----BEGIN EC PRIVATE KEY-----\nMHc"));
        assert!(!finds(b"-----BEGIN CERTIFICATE-----\nMHc"));
    }
}
