//! The TDS face byte by byte, with no engine behind it: what drivers hide from the tests that use them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a surprise ends the test that it happened in"
)]

mod tds_support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use milink_simulator::tds::backend::{Encryption, Federation, Server};
use rustls::pki_types::pem::PemObject;
use tds_support::{
    Echo, Raw, contains, environment, kind, last_done, login, option, prelogin, start, utf16, with_headers,
};

/// DONE of a batch, DONEPROC.
const BATCH: u8 = 0xfd;
const PROCEDURE: u8 = 0xfe;
/// Bits of their status.
const ERROR: u16 = 2;
const COUNT: u16 = 0x10;
const ATTENTION: u16 = 0x20;

fn with(change: impl FnOnce(&mut Server)) -> Arc<Echo> {
    let mut echo = Echo::default();
    change(&mut echo.server);
    Arc::new(echo)
}

#[tokio::test]
async fn a_client_is_told_where_it_is() {
    let echo = Arc::new(Echo::default());
    let (server, _root) = start(&echo).await;
    let (_raw, greeting) = Raw::sign_in(server.address()).await;
    assert!(contains(&greeting, &utf16("Changed database context to 'master'.")));
    assert!(contains(&greeting, &utf16("Changed language setting to us_english.")));
    assert!(contains(&greeting, &[0x74, 0, 0, 4]));
    // Packet size: new and old, each with its length in characters.
    let size = [&[4][..], &utf16("4096"), &[4], &utf16("4096")].concat();
    assert!(contains(&greeting, &environment(4, &size)));
    assert_eq!(last_done(&greeting), (BATCH, 0));
}

#[tokio::test]
async fn answers_come_in_packets_of_the_size_that_was_agreed_on() {
    let echo = Arc::new(Echo {
        result: (Echo::default().result.0, vec![vec![milink_simulator::tds::backend::Value::Int(1)]; 1000]),
        ..Echo::default()
    });
    let (server, _root) = start(&echo).await;
    for (asked, agreed) in [(512, 512), (8000, 8000), (0, 4096), (1, 512), (1 << 20, 32767)] {
        let mut raw = Raw::connect(server.address()).await;
        raw.send(kind::PRELOGIN, &prelogin(2, false, b"")).await;
        raw.message().await.unwrap();
        raw.send(kind::LOGIN, &login("sa", asked, &[])).await;
        let greeting = raw.message().await.unwrap();
        let text = agreed.to_string();
        let size = [&[u8::try_from(text.len()).unwrap()][..], &utf16(&text), &[4], &utf16("4096")].concat();
        assert!(contains(&greeting, &environment(4, &size)), "{asked}");
        raw.largest = 0;
        let answer = raw.batch("rows").await;
        assert_eq!(last_done(&answer), (BATCH, COUNT));
        assert_eq!(raw.largest, agreed.min(answer.len() + 8), "{asked}");
    }
}

#[tokio::test]
async fn each_way_of_encrypting_is_answered_as_the_protocol_says() {
    // Off, on, not supported, required.
    for (encryption, answers) in [
        (Encryption::Off, [(0, 2), (1, 2), (2, 2), (3, 2)]),
        (Encryption::Optional, [(0, 0), (1, 1), (2, 2), (3, 1)]),
        (Encryption::Required, [(0, 3), (1, 1), (2, 3), (3, 1)]),
    ] {
        let (server, _root) = start(&with(|server| server.encryption = encryption)).await;
        for (asked, answered) in answers {
            let mut raw = Raw::connect(server.address()).await;
            raw.send(kind::PRELOGIN, &prelogin(asked, false, b"")).await;
            let answer = raw.message().await.unwrap();
            assert_eq!(option(&answer, 1), Some(vec![answered]), "{encryption:?} {asked}");
            assert_eq!(option(&answer, 6), None, "asked for nothing of Entra ID");
        }
    }
    let (server, _root) = start(&with(|server| server.encryption = Encryption::Strict)).await;
    let mut raw = Raw::connect(server.address()).await;
    raw.send(kind::PRELOGIN, &prelogin(1, false, b"")).await;
    assert_eq!(raw.message().await, None);
    // A server before 2022 does not know what a connection is that begins with TLS, and one without TLS neither.
    for unable in [with(|server| server.tds_8 = false), with(|server| server.encryption = Encryption::Off)] {
        let (server, _root) = start(&unable).await;
        let mut raw = Raw::connect(server.address()).await;
        tokio::io::AsyncWriteExt::write_all(&mut raw.stream, &[0x16, 3, 1, 2, 0]).await.unwrap();
        assert_eq!(raw.message().await, None);
    }
}

fn trusting(root: &str, alpn: &[&[u8]]) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

#[tokio::test]
async fn tls_inside_packets_ends_at_1_2_and_around_them_it_is_1_3_with_its_own_protocol() {
    let (server, root) = start(&Arc::new(Echo::default())).await;
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();

    let mut tls = rustls::ClientConnection::new(trusting(&root, &[]), name.clone()).unwrap();
    let mut raw = Raw::connect(server.address()).await;
    raw.send(kind::PRELOGIN, &prelogin(1, false, b"")).await;
    raw.message().await.unwrap();
    while tls.is_handshaking() {
        if tls.wants_write() {
            let mut records = Vec::new();
            tls.write_tls(&mut records).unwrap();
            raw.send(kind::PRELOGIN, &records).await;
        } else {
            let records = raw.message().await.unwrap();
            tls.read_tls(&mut records.as_slice()).unwrap();
            tls.process_new_packets().unwrap();
        }
    }
    assert_eq!(tls.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));

    for (asked, agreed) in [(&[&b"tds/8.0"[..]][..], Some(&b"tds/8.0"[..])), (&[], None)] {
        let connector = tokio_rustls::TlsConnector::from(trusting(&root, asked));
        let socket = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        let mut stream = connector.connect(name.clone(), socket).await.unwrap();
        let (_, tls) = stream.get_ref();
        assert_eq!(tls.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(tls.alpn_protocol(), agreed);
        // The PRELOGIN comes inside.
        let hello = tds_support::packet(kind::PRELOGIN, 1, &prelogin(1, false, b""));
        tokio::io::AsyncWriteExt::write_all(&mut stream, &hello).await.unwrap();
        assert_eq!(tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap(), 4);
    }
    let connector = tokio_rustls::TlsConnector::from(trusting(&root, &[b"h2"]));
    let socket = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    assert!(connector.connect(name, socket).await.is_err(), "no other protocol is spoken");
}

#[tokio::test]
async fn a_client_in_clear_does_not_get_past_a_server_that_insists() {
    let echo = with(|server| server.encryption = Encryption::Required);
    let (server, _root) = start(&echo).await;
    let mut raw = Raw::connect(server.address()).await;
    raw.send(kind::PRELOGIN, &prelogin(2, false, b"")).await;
    raw.message().await.unwrap();
    raw.send(kind::LOGIN, &login("sa", 4096, &[])).await;
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn the_wrong_instance_is_said_so() {
    let (server, _root) = start(&with(|server| server.instance = "SQL1".to_owned())).await;
    for (asked, answered) in [(&b""[..], 0), (b"sql1", 0), (b"MSSQLServer", 0), (b"OTHER", 1)] {
        let mut raw = Raw::connect(server.address()).await;
        raw.send(kind::PRELOGIN, &prelogin(2, false, asked)).await;
        assert_eq!(option(&raw.message().await.unwrap(), 2), Some(vec![answered]), "{asked:?}");
    }
}

#[tokio::test]
async fn who_does_not_sign_in_is_shown_out() {
    let echo = with(|server| server.login_deadline = Duration::from_millis(20));
    let (server, _root) = start(&echo).await;
    let mut silent = Raw::connect(server.address()).await;
    let mut half = Raw::connect(server.address()).await;
    half.send(kind::PRELOGIN, &prelogin(2, false, b"")).await;
    assert!(half.message().await.is_some_and(|answer| option(&answer, 1) == Some(vec![2])));
    assert_eq!((silent.message().await, half.message().await), (None, None));
}

#[tokio::test]
async fn all_errors_of_a_refused_login_are_read() {
    let (server, _root) = start(&Arc::new(Echo::default())).await;
    let mut raw = Raw::connect(server.address()).await;
    raw.send(kind::PRELOGIN, &prelogin(2, false, b"")).await;
    raw.message().await.unwrap();
    raw.send(kind::LOGIN, &login("nobody", 4096, &[])).await;
    let answer = raw.message().await.unwrap();
    assert!(contains(&answer, &4060_i32.to_le_bytes()) && contains(&answer, &18456_i32.to_le_bytes()));
    assert_eq!(last_done(&answer), (BATCH, ERROR));
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn a_client_is_sent_elsewhere() {
    let echo = Arc::new(Echo { route: Some(("other".to_owned(), 11000)), ..Echo::default() });
    let (server, _root) = start(&echo).await;
    let (_raw, greeting) = Raw::sign_in(server.address()).await;
    let host = utf16("other");
    let [low, high] = 11000_u16.to_le_bytes();
    let route = [&[15, 0, 0, low, high, 5, 0][..], &host, &[0, 0]].concat();
    assert!(contains(&greeting, &environment(20, &route)), "{greeting:x?}");
}

#[tokio::test]
async fn a_token_comes_with_the_login_or_after_its_source_was_told() {
    let echo = with(|server| {
        server.federation = Some(Federation {
            authority: "https://login.example/tenant".to_owned(),
            resource: "https://database.example/".to_owned(),
        });
    });
    let (server, _root) = start(&echo).await;
    let token = utf16("secret");
    let [length, ..] = u32::try_from(token.len()).unwrap().to_le_bytes();

    // Library 1, the bit that echoes the PRELOGIN's answer, then the token.
    let security = [&[2, 5 + length, 0, 0, 0, 3, length, 0, 0, 0][..], &token, &[0xff]].concat();
    let mut raw = Raw::connect(server.address()).await;
    raw.send(kind::PRELOGIN, &prelogin(2, true, b"")).await;
    assert_eq!(option(&raw.message().await.unwrap(), 6), Some(vec![1]));
    raw.send(kind::LOGIN, &login("", 4096, &security)).await;
    let greeting = raw.message().await.unwrap();
    assert!(contains(&greeting, &[0xae, 2, 0, 0, 0, 0, 0xff]));

    let mut raw = Raw::connect(server.address()).await;
    raw.send(kind::PRELOGIN, &prelogin(2, true, b"")).await;
    raw.message().await.unwrap();
    raw.send(kind::LOGIN, &login("", 4096, &[2, 2, 0, 0, 0, 5, 1, 0xff])).await;
    let told = raw.message().await.unwrap();
    assert_eq!(told[0], 0xee);
    // Entries: id, length, offset from the number of entries on.
    let entry = |place: usize| {
        let entry = &told[9 + place * 9..];
        let number = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().unwrap()) as usize;
        told[5 + number(5)..5 + number(5) + number(1)].to_vec()
    };
    assert_eq!(entry(0), utf16("https://login.example/tenant"));
    assert_eq!(entry(1), utf16("https://database.example/"));
    raw.send(kind::TOKEN, &[&[4 + length, 0, 0, 0, length, 0, 0, 0][..], &token].concat()).await;
    assert_eq!(last_done(&raw.message().await.unwrap()), (BATCH, 0));
    assert_eq!(echo.heard(), ["token secret", "token secret"]);
}

#[tokio::test]
async fn what_a_login_says_of_tokens_is_what_the_prelogin_said() {
    let echo = Arc::new(Echo::default());
    let (server, _root) = start(&echo).await;
    let token = utf16("secret");
    let [length, ..] = u32::try_from(token.len()).unwrap().to_le_bytes();
    // Library 1 and the echo, the token, a nonce.
    let security = |echo: u8, nonce: &[u8]| {
        let all = 5 + length + u8::try_from(nonce.len()).unwrap();
        [&[2, all, 0, 0, 0, 2 | echo, length, 0, 0, 0][..], &token, nonce, &[0xff]].concat()
    };
    for (federated, own, echoed, given, right) in [
        (true, false, 1, None, true),
        (true, false, 0, None, false),
        (false, false, 0, None, true),
        (false, false, 1, None, false),
        (true, true, 1, Some(true), true),
        (true, true, 1, Some(false), false),
        (true, true, 1, None, false),
        (true, false, 1, Some(false), false),
    ] {
        let mut hello = prelogin(2, federated, b"");
        if own {
            hello = tds_support::with_option(&hello, 7, &[9; 32]);
        }
        let mut raw = Raw::connect(server.address()).await;
        raw.send(kind::PRELOGIN, &hello).await;
        let answer = raw.message().await.unwrap();
        let nonce = option(&answer, 7);
        assert_eq!(nonce.is_some(), own);
        let back = match given {
            Some(true) => nonce.unwrap(),
            Some(false) => vec![1; 32],
            None => Vec::new(),
        };
        raw.send(kind::LOGIN, &login("", 4096, &security(echoed, &back))).await;
        let answer = raw.message().await.unwrap();
        let case = (federated, own, echoed, given);
        assert_eq!(last_done(&answer).1 & ERROR == 0, right, "{case:?}");
        assert_eq!(contains(&answer, &18456_i32.to_le_bytes()), !right, "{case:?}");
        // With its own nonce it gets that back.
        let acknowledged = [&[0xae, 2, 32, 0, 0, 0][..], &[9; 32], &[0xff]].concat();
        assert_eq!(contains(&answer, &acknowledged), right && own, "{case:?}");
    }
    assert_eq!(echo.heard().len(), 3, "only consistent tokens are looked at");
    // Under the opposite the server hangs up on others.
    let (server, _root) = start(&with(|server| server.opposites.inconsistent_logins = true)).await;
    for (echoed, answered) in [(1, true), (0, false)] {
        let mut raw = Raw::connect(server.address()).await;
        raw.send(kind::PRELOGIN, &prelogin(2, true, b"")).await;
        raw.message().await.unwrap();
        raw.send(kind::LOGIN, &login("", 4096, &security(echoed, &[]))).await;
        assert_eq!(raw.message().await.is_some(), answered, "{echoed}");
    }
}

#[tokio::test]
async fn an_attention_saves_no_connection_that_ends_by_itself() {
    let echo = Arc::new(Echo::default());
    let (server, _root) = start(&echo).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    raw.send(kind::BATCH, &tds_support::batch("die when stopped")).await;
    echo.waits.notified().await;
    raw.send(kind::ATTENTION, &[]).await;
    let answer = raw.message().await.unwrap();
    assert!(contains(&answer, &211_i32.to_le_bytes()));
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn transactions_begin_and_end_each_by_its_own_kind() {
    let (server, _root) = start(&Arc::new(Echo::default())).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    let descriptor = [1, 0, 0, 0, 0, 0, 0, 0];
    let new = [&[8][..], &descriptor, &[0]].concat();
    let old = [&[0, 8][..], &descriptor].concat();
    for (request, announced) in [
        (&[5, 0, 0, 0][..], environment(8, &new)),
        (&[7, 0, 0, 0], environment(9, &old)),
        (&[8, 0, 0, 0], environment(10, &old)),
    ] {
        raw.send(kind::TRANSACTION, &with_headers(request)).await;
        let answer = raw.message().await.unwrap();
        assert!(answer.starts_with(&announced), "{request:?}: {answer:x?}");
        assert_eq!(last_done(&answer), (BATCH, 0));
    }
    // A savepoint changes nothing that drivers keep in mind.
    raw.send(kind::TRANSACTION, &with_headers(&[9, 0, 2, b's', 0])).await;
    let answer = raw.message().await.unwrap();
    assert_eq!((answer.len(), last_done(&answer)), (13, (BATCH, 0)));
}

#[tokio::test]
async fn a_request_that_was_taken_back_is_not_run() {
    let echo = Arc::new(Echo::default());
    let (server, _root) = start(&echo).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    raw.send_with(kind::BATCH, 0, &tds_support::batch("half")).await;
    raw.send_with(kind::BATCH, 3, &[]).await;
    assert_eq!(last_done(&raw.message().await.unwrap()), (BATCH, ERROR));
    assert_eq!(last_done(&raw.batch("whole").await), (BATCH, COUNT));
    assert_eq!(echo.heard(), ["whole"]);
}

#[tokio::test]
async fn a_running_batch_is_stopped_and_the_connection_lives_on() {
    let echo = Arc::new(Echo::default());
    let (server, _root) = start(&echo).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    raw.send(kind::BATCH, &tds_support::batch("wait")).await;
    echo.waits.notified().await;
    raw.send(kind::ATTENTION, &[]).await;
    // The end of the batch, then the acknowledgement by itself.
    assert_eq!(last_done(&raw.message().await.unwrap()), (BATCH, ERROR));
    let acknowledged = raw.message().await.unwrap();
    assert_eq!((acknowledged.len(), last_done(&acknowledged)), (13, (BATCH, ATTENTION)));
    assert_eq!(last_done(&raw.batch("rows").await), (BATCH, COUNT));
    // One that comes too late is acknowledged too.
    raw.send(kind::ATTENTION, &[]).await;
    assert_eq!(last_done(&raw.message().await.unwrap()), (BATCH, ATTENTION));
}

#[tokio::test]
async fn a_connection_from_a_pool_is_reset_before_its_request() {
    let echo = Arc::new(Echo::default());
    let (server, _root) = start(&echo).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    for status in [0x09, 0x11] {
        raw.send_with(kind::BATCH, status, &tds_support::batch("rows")).await;
        assert!(raw.message().await.unwrap().starts_with(&environment(18, &[0, 0])));
    }
    assert_eq!(echo.heard(), ["reset", "rows", "reset, transaction kept", "rows"]);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_an_error_and_what_follows_is_whole() {
    let (server, _root) = start(&Arc::new(Echo::default())).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    let answer = raw.batch("mismatch").await;
    assert!(contains(&answer, &8114_i32.to_le_bytes()));
    // No row of the first result, an end with its error, then the second result.
    let columns = |name: u8| vec![0x81, 1, 0, 0, 0, 0, 0, 1, 0, 0x26, 4, 1, name, 0];
    let second = [&columns(b'm')[..], &[0xd1, 4, 2, 0, 0, 0]].concat();
    assert!(answer.starts_with(&[&columns(b'n')[..], &[0xaa]].concat()), "{answer:x?}");
    assert!(contains(&answer, &second), "{answer:x?}");
    assert!(!contains(&answer, &[0xd1, 4, 1, 0, 0, 0]), "a row of a result that is broken");
}

#[tokio::test]
async fn calls_that_cannot_be_read_are_refused_and_the_connection_lives_on() {
    for (missing_types, missing) in [(false, 2715_i32), (true, 2724)] {
        let (server, _root) = start(&with(|server| server.opposites.missing_types = missing_types)).await;
        unreadable_calls(server.address(), missing).await;
    }
}

async fn unreadable_calls(server: SocketAddr, missing: i32) {
    let (mut raw, _) = Raw::sign_in(server).await;
    // A table whose type is not there, a type of the CLR, no type at all.
    for (token, number) in [(0xf3, missing), (0xf0, 49999), (0x99, 8009)] {
        let call = [&[1, 0, b'p', 0, 0, 0, 0, 0, token][..], &[0; 20]].concat();
        raw.send(kind::RPC, &with_headers(&call)).await;
        let answer = raw.message().await.unwrap();
        assert!(contains(&answer, &number.to_le_bytes()), "{token:x}");
        assert_eq!(last_done(&answer), (PROCEDURE, ERROR));
    }
    assert_eq!(last_done(&raw.batch("rows").await), (BATCH, COUNT));
}

#[tokio::test]
async fn an_error_of_class_20_ends_the_connection_after_it() {
    let (server, _root) = start(&Arc::new(Echo::default())).await;
    let (mut raw, _) = Raw::sign_in(server.address()).await;
    let answer = raw.batch("die").await;
    assert_eq!(last_done(&answer), (BATCH, ERROR));
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn a_stranger_is_not_listened_to_for_ever() {
    let (server, _root) = start(&Arc::new(Echo::default())).await;
    let mut raw = Raw::connect(server.address()).await;
    let part = tds_support::packet(kind::PRELOGIN, 0, &[0; 32_000]);
    // More than any login has; the server may close before all of it is sent.
    for _ in 0..5 {
        if tokio::io::AsyncWriteExt::write_all(&mut raw.stream, &part).await.is_err() {
            break;
        }
    }
    assert_eq!(raw.message().await, None);
}
