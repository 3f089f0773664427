//! Certificates with their private keys, from one server to another.

use super::{Server, said};

#[tokio::test]
async fn a_certificate_moves_with_its_key() {
    let (server, mut session) = Server::usual().await;
    said(&mut session, "CREATE CERTIFICATE moved WITH SUBJECT = 'moved', EXPIRY_DATE = '20990101'").await;
    said(&mut session, "CREATE CERTIFICATE other WITH SUBJECT = 'other', EXPIRY_DATE = '20990101'").await;
    let hex = |function: &str| format!("SELECT CONVERT(varchar(max), {function}, 1)");
    let certificate = said(&mut session, &hex("CERTENCODED(CERT_ID('moved'))")).await;
    let key = said(&mut session, &hex("CERTPRIVATEKEY(CERT_ID('moved'), 'On the w@y 1')")).await;
    let others = said(&mut session, &hex("CERTPRIVATEKEY(CERT_ID('other'), 'On the w@y 1')")).await;
    assert!(key.starts_with("0x1EF1B5B0"), "{}", key.len());
    said(&mut session, "DROP CERTIFICATE moved").await;
    let create = |key: &str, passwords: &str| {
        format!(
            "CREATE CERTIFICATE moved FROM BINARY = {certificate} WITH PRIVATE KEY (BINARY = {key}, {passwords})"
        )
    };
    let right = "DECRYPTION BY PASSWORD = 'On the w@y 1'";
    for (statement, expected) in [
        (create(&key, "DECRYPTION BY PASSWORD = 'another'"), "!15465"),
        (create(&others, right), "!15297"),
        (create("0x0102", right), "!15297"),
        (create("0x01", right).replace("(BINARY = 0x01", "(FILE = 'x.pvk'"), "!33069"),
        (create(&key, right), ""),
        ("SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'moved'".to_owned(), "MK"),
        (
            "ALTER CERTIFICATE moved WITH PRIVATE KEY (FILE = 'x.pvk', DECRYPTION BY PASSWORD = 'x')"
                .to_owned(),
            "!15208",
        ),
        ("ALTER CERTIFICATE moved REMOVE PRIVATE KEY".to_owned(), ""),
        (format!("ALTER CERTIFICATE moved WITH PRIVATE KEY (BINARY = {key}, {right})"), ""),
        ("SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'moved'".to_owned(), "MK"),
        ("DROP CERTIFICATE moved".to_owned(), ""),
        (create(&key, &format!("{right}, ENCRYPTION BY PASSWORD = 'Und3r another!'")), ""),
        ("SELECT pvt_key_encryption_type FROM sys.certificates WHERE name = 'moved'".to_owned(), "PW"),
        ("SELECT CERTPRIVATEKEY(CERT_ID('moved'), 'On the w@y 1')".to_owned(), "NULL"),
        (
            "SELECT IIF(CERTPRIVATEKEY(CERT_ID('moved'), 'On the w@y 1', 'Und3r another!') IS NULL, 0, 1)"
                .to_owned(),
            "1",
        ),
    ] {
        assert_eq!(said(&mut session, &statement).await, expected, "{}", statement.len());
    }
    drop(server);
}

#[test]
fn a_private_key_stays_out_of_the_journal() {
    let batch = "CREATE CERTIFICATE c FROM BINARY = 0x3082AA WITH PRIVATE KEY (BINARY = 0x1EF1B5B0BB, DECRYPTION BY PASSWORD = 'x y')";
    let text = crate::tsql::parser::parse(batch, 16).unwrap().statements[0].text.to_uppercase();
    assert!(text.contains("3082AA") && !text.contains("1EF1B5B0BB") && !text.contains("X Y"), "{text}");
}
