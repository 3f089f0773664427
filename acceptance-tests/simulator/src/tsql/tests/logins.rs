//! Logins as other servers script them: a password by its hash, and the identifier that they have there.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA512, digest};

use super::{Server, said};

/// `0x…` of the hash of a password.
fn hash(version: u8, password: &str) -> String {
    let salt = [1, 2, 3, 4];
    let mut text: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    text.extend(salt);
    let algorithm = if version == 1 { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA512 };
    let hashed = digest(algorithm, &text);
    let bytes = [&[version, 0], &salt[..], hashed.as_ref()].concat();
    format!("0x{}", crate::tsql::value::hex(&bytes))
}

#[tokio::test]
async fn a_login_is_made_as_another_server_scripts_it() {
    let (server, mut session) = Server::usual().await;
    let sid = "0x241C11948AEEB749B0D22646DB1A19F2";
    for (version, name) in [(1, "old"), (2, "new")] {
        let create = format!(
            "CREATE LOGIN [{name}] WITH PASSWORD = {} HASHED, CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF",
            hash(version, "Any wörd")
        );
        assert_eq!(said(&mut session, &create).await, "", "{create}");
        assert!(server.sign_in(name, "Any wörd").await.is_some(), "{name}");
        assert!(server.sign_in(name, "any wörd").await.is_none(), "{name}");
    }
    for (statement, expected) in [
        (format!("CREATE LOGIN other WITH PASSWORD = 'Str0ng and long!', SID = {sid}"), ""),
        (format!("SELECT COUNT(*) FROM sys.server_principals WHERE name = 'other' AND sid = {sid}"), "1"),
        (format!("SELECT SUSER_SNAME({sid})"), "other"),
        (format!("CREATE LOGIN third WITH PASSWORD = 'Str0ng and long!', SID = {sid}"), "!15433"),
        ("CREATE LOGIN third WITH PASSWORD = 'Str0ng and long!', SID = 0x01".to_owned(), "!15419"),
        (format!("ALTER LOGIN other WITH SID = {sid}"), "!102"),
        ("CREATE LOGIN third WITH PASSWORD = 0x0102 HASHED".to_owned(), "!15021"),
        ("CREATE LOGIN third WITH PASSWORD = 0x0102".to_owned(), "!102"),
        (format!("ALTER LOGIN other WITH PASSWORD = {} HASHED", hash(2, "Changed")), ""),
    ] {
        assert_eq!(said(&mut session, &statement).await, expected, "{statement}");
    }
    assert!(server.sign_in("other", "Changed").await.is_some());
    assert_eq!(said(&mut session, "ALTER LOGIN other WITH PASSWORD = 'Str0ng and long!'").await, "");
    assert!(server.sign_in("other", "Changed").await.is_none());
    assert!(server.sign_in("other", "Str0ng and long!").await.is_some());
}
