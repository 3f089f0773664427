//! Logins as other servers script them: a password by its hash, and the identifier that they have there.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA512, digest};

use super::{PASSWORD, Server, said};
use crate::world::assumption;

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

#[tokio::test]
async fn who_changes_a_password_knows_the_old_one_or_may_alter_any_login() {
    let (server, mut admin) = Server::usual().await;
    let [first, second, third] = ["F1rst of three", "Sec0nd of three", "Th1rd of three"];
    for statement in [
        format!("CREATE LOGIN app WITH PASSWORD = '{first}'"),
        format!("CREATE LOGIN helper WITH PASSWORD = '{first}'"),
        format!("CREATE LOGIN root WITH PASSWORD = '{first}'"),
        "GRANT ALTER ANY LOGIN TO helper".to_owned(),
        "ALTER SERVER ROLE sysadmin ADD MEMBER root".to_owned(),
    ] {
        assert_eq!(said(&mut admin, &statement).await, "", "{statement}");
    }
    let mut app = server.sign_in("app", first).await.unwrap();
    let mut helper = server.sign_in("helper", first).await.unwrap();
    let change = |login: &str, new: &str, old: &str| {
        let old = if old.is_empty() { String::new() } else { format!(" OLD_PASSWORD = '{old}'") };
        format!("ALTER LOGIN {login} WITH PASSWORD = '{new}'{old}")
    };
    // By app itself: without the old one, with a wrong one, of another, with the right one.
    assert_eq!(said(&mut app, &change("app", second, "")).await, "!15151");
    assert_eq!(said(&mut app, &change("app", second, third)).await, "!15151");
    assert_eq!(said(&mut app, &change("helper", second, first)).await, "!15151");
    assert_eq!(said(&mut app, &change("app", second, first)).await, "");
    assert!(server.sign_in("app", first).await.is_none() && server.sign_in("app", second).await.is_some());
    assert_eq!(said(&mut app, "ALTER LOGIN app WITH DEFAULT_DATABASE = msdb").await, "");
    assert_eq!(said(&mut app, "ALTER LOGIN app WITH CHECK_POLICY = OFF").await, "!15151");
    // By others: who may alter any login needs no old one, but for logins that control the server.
    assert_eq!(said(&mut helper, &change("app", third, "")).await, "");
    assert_eq!(said(&mut helper, &change("app", first, second)).await, "!15151");
    assert_eq!(said(&mut helper, &change("root", second, "")).await, "!15151");
    assert_eq!(said(&mut helper, "ALTER LOGIN root DISABLE").await, "!15151");
    assert_eq!(said(&mut helper, &change("root", second, first)).await, "");
    assert_eq!(said(&mut admin, &change("root", third, "")).await, "");
    assert_eq!(said(&mut admin, &change("root", first, "wrong")).await, "!15151");
    assert_eq!(said(&mut admin, &format!("{} UNLOCK", change("root", first, third))).await, "!102");
    server.world.with(|estate| estate.opposites.insert(assumption::OLD_PASSWORD));
    assert_eq!(said(&mut app, &change("app", second, "wrong")).await, "!18456");
    assert_eq!(said(&mut app, &change("app", second, third)).await, "");
    assert!(server.sign_in("sa", PASSWORD).await.is_some());
}

#[test]
fn no_password_of_a_login_is_in_a_statements_text() {
    let text = "ALTER LOGIN app WITH PASSWORD = 'F1rst' OLD_PASSWORD = N'Sec0nd'";
    let batch = crate::tsql::parser::parse(text, 16).unwrap();
    assert_eq!(batch.statements[0].text, "ALTER LOGIN app WITH PASSWORD = '***' OLD_PASSWORD = '***'");
}
