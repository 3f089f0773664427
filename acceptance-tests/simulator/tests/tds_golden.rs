//! The requests that Microsoft's specification of the protocol shows byte by byte (MS-TDS 4.1, 4.2, 4.6, 4.8), as they
//! stand there, and that they mean what it says they mean.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a surprise ends the test that it happened in"
)]

mod tds_support;

use std::sync::Arc;

use milink_simulator::tds::backend::Encryption;
use tds_support::{Echo, Raw, contains, last_done, option, start};
use tokio::io::AsyncWriteExt;

const PRELOGIN: &str = "
    12 01 00 2F 00 00 01 00 00 00 1A 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 00 01 FF 09 00 00 00 00
    00 01 00 B8 0D 00 00 01";

const LOGIN: &str = "
    10 01 00 90 00 00 01 00 88 00 00 00 02 00 09 72 00 10 00 00 00 00 00 07 00 01 00 00 00 00 00 00 E0 03 00 00 00 00 00
    00 09 04 00 00 5E 00 08 00 6E 00 02 00 72 00 00 00 72 00 07 00 80 00 00 00 80 00 00 00 80 00 04 00 88 00 00 00 88 00
    00 00 00 50 8B E2 B7 8F 88 00 00 00 88 00 00 00 88 00 00 00 00 00 00 00 73 00 6B 00 6F 00 73 00 74 00 6F 00 76 00 31
    00 73 00 61 00 4F 00 53 00 51 00 4C 00 2D 00 33 00 32 00 4F 00 44 00 42 00 43 00";

const BATCH: &str = "
    01 01 00 5C 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 0A 00 73 00 65 00 6C 00 65
    00 63 00 74 00 20 00 27 00 66 00 6F 00 6F 00 27 00 20 00 61 00 73 00 20 00 27 00 62 00 61 00 72 00 27 00 0A 00 20 00
    20 00 20 00 20 00 20 00 20 00 20 00 20 00";

const CALL: &str = "
    03 01 00 2F 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 04 00 66 00 6F 00 6F 00 33
    00 00 00 00 02 26 02 00";

fn bytes(shown: &str) -> Vec<u8> {
    shown.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[tokio::test]
async fn documented_requests_mean_what_is_documented() {
    let mut echo = Echo::default();
    // The PRELOGIN asks for encryption, and the packets after it are shown in clear.
    echo.server.encryption = Encryption::Off;
    let echo = Arc::new(echo);
    let (server, _root) = start(&echo).await;
    let mut raw = Raw::connect(server.address()).await;

    raw.stream.write_all(&bytes(PRELOGIN)).await.unwrap();
    let answer = raw.message().await.unwrap();
    assert_eq!(option(&answer, 0), Some(vec![16, 0, 0x10, 0x1d, 0, 0]), "version 16.0.4125");
    assert_eq!((option(&answer, 1), option(&answer, 2)), (Some(vec![2]), Some(vec![0])));
    assert_eq!(option(&answer, 4), Some(vec![0]), "several results at once are not offered");

    raw.stream.write_all(&bytes(LOGIN)).await.unwrap();
    let answer = raw.message().await.unwrap();
    assert_eq!(last_done(&answer), (0xfd, 0));
    // LOGINACK repeats the client's version, 7.2, the other way round.
    assert!(contains(&answer, &[1, 0x72, 9, 0, 2]), "{answer:x?}");

    raw.stream.write_all(&bytes(BATCH)).await.unwrap();
    let answer = raw.message().await.unwrap();
    // COLMETADATA of a nullable int named n, the row, DONE with a count of 1.
    let shown =
        "81 01 00 00 00 00 00 01 00 26 04 01 6E 00 D1 04 01 00 00 00 FD 10 00 C1 00 01 00 00 00 00 00 00 00";
    assert_eq!(answer, bytes(shown));

    raw.stream.write_all(&bytes(CALL)).await.unwrap();
    let answer = raw.message().await.unwrap();
    // Its parameter is a smallint without a name and without a value; the engine gives it back as a column.
    let shown = bytes("81 01 00 00 00 00 00 01 00 26 02 00 D1 00");
    assert!(answer.starts_with(&shown), "{answer:x?}");
    assert_eq!(last_done(&answer), (0xfe, 0));
    assert_eq!(echo.heard(), ["\nselect 'foo' as 'bar'\n        ", "foo3"]);
}
