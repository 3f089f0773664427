//! Bytes that no client sends: they end the connection that they came on, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a surprise ends the test that it happened in"
)]

mod tds_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use milink_simulator::tds::TdsServer;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tds_support::{Echo, Raw, batch, kind, last_done, login, packet, prelogin, start, utf16, with_headers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// A server, a client that is signed in all the time, and how often something panicked.
struct Scene {
    runtime: Runtime,
    server: TdsServer,
    witness: tokio::sync::Mutex<Raw>,
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

impl Scene {
    fn new() -> Self {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A panic of a connection's task would end with that task, unseen.
            if panic.location().is_some_and(|place| !place.file().contains("simulator/tests/")) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            usual(panic);
        }));
        let runtime = Runtime::new().unwrap();
        let (server, witness) = runtime.block_on(async {
            let (server, _root) = start(&Arc::new(Echo::default())).await;
            let (witness, _) = Raw::sign_in(server.address()).await;
            (server, witness)
        });
        Self { runtime, server, witness: witness.into() }
    }

    /// Sends bytes on a connection of their own, to the end of it, and asks the witness how it is.
    fn send(&self, bytes: &[u8]) {
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
            // The server may have closed it before all is sent.
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
            let mut witness = self.witness.lock().await;
            assert_eq!(last_done(&witness.batch("rows").await), (0xfd, 0x10));
        });
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "the server panicked");
    }
}

/// A call with a parameter of every type.
fn call() -> Vec<u8> {
    let collation = [0x09, 0x04, 0xd0, 0x00, 0x34];
    let text = |token: u8, size: u16, value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap().to_le_bytes();
        [&[token][..], &size.to_le_bytes(), &collation, &length, value].concat()
    };
    let plp = |head: &[u8], value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [head, &[0xfe, 255, 255, 255, 255, 255, 255, 255], &length, value, &[0; 4]].concat()
    };
    let parameters: Vec<Vec<u8>> = vec![
        vec![0x1f],
        vec![0x30, 7],
        vec![0x38, 1, 2, 3, 4],
        vec![0x26, 8, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        vec![0x68, 1, 1, 1],
        vec![0x6d, 8, 8, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
        vec![0x6e, 8, 8, 0, 0, 0, 0, 1, 0, 0, 0],
        vec![0x6f, 8, 8, 0, 0, 0, 0, 1, 0, 0, 0],
        vec![0x6f, 4, 4, 1, 0, 1, 0],
        [&[0x24, 16, 16][..], &[9; 16]].concat(),
        [&[0x6c, 17, 38, 4, 17, 1][..], &[1; 16]].concat(),
        vec![0x28, 3, 1, 0, 0],
        vec![0x29, 7, 5, 1, 2, 3, 4, 5],
        vec![0x2a, 7, 8, 1, 2, 3, 4, 0, 6, 7, 8],
        vec![0x2b, 7, 10, 1, 2, 3, 4, 0, 6, 7, 8, 60, 0],
        text(0xe7, 8000, &utf16("é日本")),
        text(0xa7, 8000, b"abc"),
        text(0xef, 4, &utf16("ab")),
        vec![0xa5, 2, 0, 2, 0, 1, 2],
        plp(&[0xa5, 255, 255], b"bytes"),
        plp(&[&[0xe7, 255, 255][..], &collation].concat(), &utf16("long")),
        plp(&[0xf1, 0], &utf16("<a/>")),
        [&[0x63, 255, 255, 0, 0][..], &collation, &[2, 0, 0, 0, b'a', 0]].concat(),
        vec![0x22, 255, 255, 0, 0, 1, 0, 0, 0, 7],
        vec![0x62, 0x49, 0x1f, 0, 0, 6, 0, 0, 0, 0x38, 0, 1, 2, 3, 4],
    ];
    let mut call = [&[2, 0][..], &utf16("sp"), &[0, 0]].concat();
    for (place, of) in parameters.iter().enumerate() {
        let name = utf16(&format!("@p{place}"));
        call.push(u8::try_from(name.len() / 2).unwrap());
        call.extend_from_slice(&name);
        call.push(u8::from(place % 2 == 0));
        call.extend_from_slice(of);
    }
    with_headers(&call)
}

/// A whole connection, packet by packet.
fn conversation() -> Vec<Vec<u8>> {
    vec![
        packet(kind::PRELOGIN, 1, &prelogin(2, true, b"instance")),
        packet(
            kind::LOGIN,
            1,
            &login("sa", 4096, &[2, 11, 0, 0, 0, 3, 6, 0, 0, 0, b'a', 0, b'b', 0, b'c', 0, 0xff]),
        ),
        packet(kind::BATCH, 9, &batch("SELECT 1")),
        packet(kind::RPC, 1, &call()),
        packet(kind::TRANSACTION, 1, &with_headers(&[5, 0, 0, 0])),
        packet(kind::TRANSACTION, 1, &with_headers(&[7, 0, 0, 1, 0, 0])),
        packet(kind::ATTENTION, 1, &[]),
        packet(kind::BATCH, 3, &batch("taken back")),
    ]
}

/// A change of some bytes: where, as a part of the whole, and what.
fn mutations() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    vec((any::<prop::sample::Index>(), 0_u8..4, any::<u8>()), 1..6)
}

fn mutated(mut bytes: Vec<u8>, mutations: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (place, what, byte) in mutations {
        if bytes.is_empty() {
            return bytes;
        }
        let place = place.index(bytes.len());
        match what {
            0 => bytes[place] = *byte,
            1 => bytes.insert(place, *byte),
            2 => drop(bytes.remove(place)),
            _ => bytes[place] ^= 1 << (byte % 8),
        }
    }
    bytes
}

fn runner() -> TestRunner {
    TestRunner::new(Config { cases: 512, failure_persistence: None, ..Config::default() })
}

/// That what the mutations start from is right: every packet of it is answered.
#[test]
fn the_conversation_is_understood_as_it_is() {
    let scene = Scene::new();
    scene.runtime.block_on(async {
        let mut raw = Raw::connect(scene.server.address()).await;
        for packet in conversation() {
            raw.stream.write_all(&packet).await.unwrap();
            let answer = raw.message().await.unwrap();
            // Nothing failed but the last one, which was taken back.
            let failed = packet[1] & 2 != 0;
            if packet[0] != kind::PRELOGIN {
                assert_eq!(last_done(&answer).1 & 2 != 0, failed, "{packet:x?}: {answer:x?}");
            }
        }
    });
}

#[test]
fn noise_ends_its_own_connection() {
    let scene = Scene::new();
    let noise = (any::<bool>(), vec(any::<u8>(), 0..600));
    runner()
        .run(&noise, |(framed, bytes)| {
            // Half of it comes as a packet, so that it is read further.
            let kind = bytes.first().map_or(kind::PRELOGIN, |byte| byte % 19);
            scene.send(&if framed { packet(kind, 1, &bytes) } else { bytes });
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_conversation_gone_wrong_ends_its_own_connection() {
    let scene = Scene::new();
    runner()
        .run(&mutations(), |mutations| {
            scene.send(&mutated(conversation().concat(), &mutations));
            Ok(())
        })
        .unwrap();
}

#[test]
fn requests_gone_wrong_in_whole_packets_end_their_own_connection() {
    let scene = Scene::new();
    let wrong = (0_usize..6, mutations());
    runner()
        .run(&wrong, |(which, mutations)| {
            // The packets stay whole, so that what is wrong is found in what they say.
            let mut packets = conversation();
            let chosen = &packets[which];
            let (kind, status) = (chosen[0], chosen[1]);
            packets[which] = packet(kind, status, &mutated(chosen[8..].to_vec(), &mutations));
            scene.send(&packets.concat());
            Ok(())
        })
        .unwrap();
}
