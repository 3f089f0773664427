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
use milink_simulator::tds::backend::Federation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tds_support::{Echo, Raw, batch, kind, last_done, login, packet, prelogin, start, utf16, with_headers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// A server, a client that is signed in all the time, and how often something panicked.
struct Scene {
    runtime: Runtime,
    echo: Arc<Echo>,
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
        let mut echo = Echo::default();
        echo.server.federation =
            Some(Federation { authority: "https://login.example".to_owned(), resource: "sql".to_owned() });
        let echo = Arc::new(echo);
        let (server, witness) = runtime.block_on(async {
            let (server, _root) = start(&echo).await;
            let (witness, _) = Raw::sign_in(server.address()).await;
            (server, witness)
        });
        Self { runtime, echo, server, witness: witness.into() }
    }

    /// Sends bytes on a connection of their own, to the end of it, and asks the witness how it is.
    fn send(&self, bytes: &[u8]) {
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
            // The server may have closed it before all is sent.
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        self.ask_the_witness();
    }

    /// Whoever is signed in notices nothing of what others send.
    fn ask_the_witness(&self) {
        self.runtime.block_on(async {
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

/// The same cases every time.
fn runner() -> TestRunner {
    let config = Config { cases: 512, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// How far a connection has come when something wrong arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connected,
    /// PRELOGIN was answered, without encryption.
    Greeted,
    /// PRELOGIN was answered with encryption: the handshake of TLS is next.
    Securing,
    /// The server said where to get a token.
    Federating,
    SignedIn,
    /// A batch waits.
    Busy,
}

const PHASES: [Phase; 6] =
    [Phase::Connected, Phase::Greeted, Phase::Securing, Phase::Federating, Phase::SignedIn, Phase::Busy];

impl Phase {
    /// Kinds of messages that belong here.
    fn expects(self) -> &'static [u8] {
        match self {
            Self::Connected | Self::Securing => &[kind::PRELOGIN],
            Self::Greeted => &[kind::LOGIN],
            Self::Federating => &[kind::TOKEN],
            Self::SignedIn => &[kind::BATCH, kind::RPC, kind::ATTENTION, BULK, kind::TRANSACTION],
            Self::Busy => &[],
        }
    }

    /// A connection that has come this far.
    async fn reach(self, scene: &Scene) -> Raw {
        let address = scene.server.address();
        let mut raw = Raw::connect(address).await;
        match self {
            Self::Connected => {}
            Self::Greeted => {
                raw.send(kind::PRELOGIN, &prelogin(2, false, b"")).await;
                raw.message().await.unwrap();
            }
            Self::Securing => {
                raw.send(kind::PRELOGIN, &prelogin(1, false, b"")).await;
                raw.message().await.unwrap();
            }
            Self::Federating => {
                raw.send(kind::PRELOGIN, &prelogin(2, true, b"")).await;
                raw.message().await.unwrap();
                raw.send(kind::LOGIN, &login("", 4096, &[2, 2, 0, 0, 0, 5, 1, 0xff])).await;
                assert_eq!(raw.message().await.unwrap()[0], 0xee);
            }
            Self::SignedIn | Self::Busy => raw = Raw::sign_in(address).await.0,
        }
        if self == Self::Busy {
            raw.send(kind::BATCH, &batch("wait")).await;
            scene.echo.waits.notified().await;
        }
        raw
    }
}

const BULK: u8 = 7;

/// Whether the server closed the connection; what it said before does not matter.
async fn is_closed(raw: &mut Raw) -> bool {
    // A server that does not close would be waited for without end.
    let ending = async { while raw.message().await.is_some() {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), ending).await.is_ok()
}

/// Messages of kinds that do not belong where they come, each kind in each phase.
#[test]
fn a_message_out_of_place_ends_its_own_connection() {
    let scene = Scene::new();
    for phase in PHASES {
        for kind in (0..=0x20).filter(|kind| !phase.expects().contains(kind)) {
            // What runs is not disturbed by requests: they wait for their turn.
            if phase == Phase::Busy && Phase::SignedIn.expects().contains(&kind) {
                continue;
            }
            // Records of TLS may come without packets as soon as the client is done with its handshake.
            if phase == Phase::Securing && (0x14..=0x17).contains(&kind) {
                continue;
            }
            scene.runtime.block_on(async {
                let mut raw = phase.reach(&scene).await;
                raw.send(kind, &batch("SELECT 1")).await;
                assert!(is_closed(&mut raw).await, "{phase:?} after a message of kind {kind:#x}");
            });
            scene.ask_the_witness();
        }
    }
}

/// Messages of the right kind that say nothing, in each phase.
#[test]
fn a_malformed_message_of_each_kind_ends_its_own_connection() {
    let scene = Scene::new();
    let bodies: [&[u8]; 5] = [&[], &[0], &[3, 0, 0, 0], &[0xfe; 4], &[0x16; 64]];
    for phase in PHASES {
        for kind in phase.expects() {
            // These two have no body that could be wrong: the first is a sign, the second is refused unread.
            if [kind::ATTENTION, BULK].contains(kind) {
                continue;
            }
            for body in bodies {
                // What is too short for a record of TLS may go on in the next packet.
                if phase == Phase::Securing && body.len() < 5 {
                    continue;
                }
                scene.runtime.block_on(async {
                    let mut raw = phase.reach(&scene).await;
                    raw.send(*kind, body).await;
                    assert!(is_closed(&mut raw).await, "{phase:?} after {kind:#x} {body:x?}");
                });
                scene.ask_the_witness();
            }
        }
    }
}

/// Headers that cannot be, in each phase.
#[test]
fn a_malformed_header_ends_its_own_connection() {
    let scene = Scene::new();
    for phase in PHASES {
        let kind = phase.expects().first().copied().unwrap_or(kind::BATCH);
        let short = vec![kind, 1, 0, 7, 0, 0, 1, 0];
        // The second packet of a message is of another kind.
        let mixed = [packet(kind, 0, b"\x16half"), packet(kind.wrapping_add(1), 1, b"half")].concat();
        for bytes in [short, mixed] {
            scene.runtime.block_on(async {
                let mut raw = phase.reach(&scene).await;
                raw.stream.write_all(&bytes).await.unwrap();
                assert!(is_closed(&mut raw).await, "{phase:?} after {bytes:x?}");
            });
            scene.ask_the_witness();
        }
    }
}

#[test]
fn noise_in_each_phase_ends_its_own_connection() {
    let scene = Scene::new();
    // While a batch runs, requests wait for their turn, and so does what is wrong with them.
    let noise = (0..PHASES.len() - 1, any::<prop::sample::Index>(), vec(any::<u8>(), 0..300));
    runner()
        .run(&noise, |(phase, which, body)| {
            let phase = PHASES[phase];
            let expected = phase.expects();
            let kind = if expected.is_empty() { kind::BATCH } else { expected[which.index(expected.len())] };
            scene.runtime.block_on(async {
                let mut raw = phase.reach(&scene).await;
                raw.send(kind, &body).await;
                // It may have made sense; then the client ends it.
                let _ = raw.stream.shutdown().await;
                assert!(is_closed(&mut raw).await, "{phase:?} after {kind:#x} {body:x?}");
            });
            scene.ask_the_witness();
            Ok(())
        })
        .unwrap();
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
