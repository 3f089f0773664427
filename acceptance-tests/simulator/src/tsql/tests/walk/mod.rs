//! Every error that the simulator raises, for the cause that a source states: through a session, as a client would meet
//! it, with its number, class, state and text. What the ends of a link say of each other, the tests of the world show;
//! those that faults alone send, the last test here.

mod batches;
mod databases;
mod distributed;
mod groups;
mod keys;
mod language;
mod restores;
mod security;
mod tables;

use std::collections::BTreeSet;
use std::fmt::Display;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Server, called};
use crate::faults::{Action, Failure, Faults, Filter, Rule, Verdict};
use crate::journal::{Event as JournalEvent, Face};
use crate::tds::backend::{DataType, Event, Parameter, Request, Session as _, SqlMessage, Value};
use crate::tsql::messages::{self, Message, Use};
use crate::tsql::session::SqlSession;
use crate::world::security::Password;
use crate::world::tests::Bench;
use crate::world::{Estate, World};

const SQL: &str = "sql1.corp.example";
const PASSWORD: &str = "Str0ng one!";

/// One step of a walk.
enum Step {
    /// Runs and must succeed.
    Run(String),
    /// The world's own doing.
    Deed(fn(&mut Estate)),
    /// Signs in: later statements are this login's.
    Login(&'static str),
    /// Is answered with this message: number, state, arguments of the text.
    Says(i32, u8, Vec<String>, String),
    /// The same, with whatever arguments.
    Shows(i32, String),
}

fn run(text: impl Into<String>) -> Step {
    Step::Run(text.into())
}

fn deed(act: fn(&mut Estate)) -> Step {
    Step::Deed(act)
}

/// In state 1, as most.
fn says(number: i32, arguments: &[&dyn Display], text: impl Into<String>) -> Step {
    says_in(1, number, arguments, text)
}

fn says_in(state: u8, number: i32, arguments: &[&dyn Display], text: impl Into<String>) -> Step {
    Step::Says(number, state, arguments.iter().map(ToString::to_string).collect(), text.into())
}

fn shows(number: i32, text: impl Into<String>) -> Step {
    Step::Shows(number, text.into())
}

/// Whether a text is that of a message, with any arguments.
fn is_of(message: &Message, text: &str) -> bool {
    let blank = message.text(&vec![&"\0" as &dyn Display; message.arguments()]);
    let mut parts: Vec<&str> = blank.split('\0').collect();
    let end = parts.pop().unwrap_or_default();
    let Some((start, between)) = parts.split_first() else { return text == end };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    for part in between {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(end)
}

/// The walks, each on a world of its own: its name, the host, the steps.
fn walks() -> Vec<(&'static str, &'static str, Vec<Step>)> {
    vec![
        ("databases", SQL, databases::steps()),
        ("compatibility", SQL, databases::compatibility()),
        ("managed", "", databases::managed()),
        ("restores", SQL, restores::steps()),
        ("keys", SQL, keys::steps()),
        ("endpoints", SQL, keys::endpoints()),
        ("issuers", SQL, keys::issuers()),
        ("security", SQL, security::steps()),
        ("groups", SQL, groups::steps()),
        ("routing", SQL, groups::routing()),
        ("joining", SQL, groups::joining()),
        ("listeners", SQL, groups::listeners()),
        ("distributed", SQL, distributed::steps()),
        ("failover", SQL, distributed::failover()),
        ("language", SQL, language::steps()),
        ("values", SQL, language::values()),
        ("tables", SQL, tables::steps()),
        ("clauses", SQL, tables::clauses()),
        ("batches", SQL, batches::steps()),
        ("of 2016", SQL, batches::of_2016()),
        ("sessions", SQL, batches::sessions()),
    ]
}

/// Numbers of the subjects walked here that no statement of a test can cause, and why.
const NOT_WALKED: [(i32, &str); 19] = [
    (47512, "while Azure fails a link over; `world::tests::opposites` tests it"),
    (47513, "the same"),
    (47515, "links that are behind; `world::tests::opposites` tests it"),
    (47516, "the same"),
    (1407, "copies on other nodes; `world::tests::restores` tests it"),
    (1412, "the same"),
    (1464, "the same"),
    (1478, "the same"),
    (41132, "the same"),
    (979, "sessions that only read; `tsql::opening` tests it"),
    (982, "the same, through a listener; `tests/nodes.rs` tests it"),
    (15468, "keys are generated or the host is broken"),
    (217, "it takes the stack that sessions have; `tsql::tests::batches` tests it"),
    (596, "sessions that are ended; `control` tests it"),
    (8179, "a remote call; `a_handle_that_nobody_prepared_is_refused`"),
    (4060, "signing in to a database; `tsql::opening` tests it"),
    (18452, "signing in; the tests of `tds` do"),
    (18456, "signing in; the tests of `tds` do"),
    (18470, "signing in; the tests of `tds` do"),
];

/// What the ends of a link say of each other: the tests of [`crate::world`] cause it.
const OF_LINKS: [i32; 17] = [
    1408, 1412, 41939, 41947, 41948, 41949, 41950, 41951, 41962, 41969, 41973, 41974, 41976, 41977, 41986,
    41988, 47521,
];

#[tokio::test]
async fn each_cause_raises_its_error() {
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    for (name, host, steps) in walks() {
        let bench = Bench::prepared();
        let world = bench.world.clone();
        let host = if host.is_empty() {
            world.with(|estate| estate.managed_instances[0].view.fqdn.clone())
        } else {
            host.to_owned()
        };
        open(&world);
        let mut steps = std::collections::VecDeque::from(steps);
        // What is so before the engine starts.
        while let Some(Step::Deed(act)) = steps.front() {
            world.with(act);
            steps.pop_front();
        }
        let server = Server::of(&world, &host);
        let mut session = signed_in(&server, name, "sa").await;
        for step in steps {
            match step {
                Step::Deed(act) => world.with(act),
                Step::Login(login) => session = signed_in(&server, name, login).await,
                Step::Run(text) => {
                    let failed = answer(&mut session, &text).await.into_iter().find(|one| one.class > 10);
                    if let Some(message) = failed {
                        wrong.push(format!("{name}: {text}: {} {}", message.number, message.text));
                    }
                }
                Step::Shows(number, text) => {
                    met.insert(number);
                    let message = messages::find(number).unwrap();
                    let got = answer(&mut session, &text).await;
                    let is = |one: &SqlMessage| {
                        one.number == number && one.class == message.class && is_of(message, &one.text)
                    };
                    if !got.iter().any(is) {
                        let got: Vec<_> = got.iter().map(|one| (one.number, one.class, &one.text)).collect();
                        wrong.push(format!(
                            "{name}: {text}:\n    {number}, {}\n    is {got:?}",
                            message.class
                        ));
                    }
                }
                Step::Says(number, state, arguments, text) => {
                    met.insert(number);
                    let message = messages::find(number).unwrap();
                    let arguments: Vec<&dyn Display> =
                        arguments.iter().map(|one| one as &dyn Display).collect();
                    let expected = (number, message.class, state, message.text(&arguments));
                    let got = answer(&mut session, &text).await;
                    let got: Vec<_> =
                        got.into_iter().map(|one| (one.number, one.class, one.state, one.text)).collect();
                    if !got.contains(&expected) {
                        wrong.push(format!("{name}: {text}:\n    {expected:?}\n    is {got:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Whatever these tables raise was met.
    let tables = [
        messages::subject("databases"),
        messages::subject("security"),
        messages::subject("keys"),
        messages::subject("endpoints"),
        messages::subject("groups"),
        messages::subject("replicas"),
        messages::subject("listeners"),
        messages::subject("routing"),
        messages::subject("distributed"),
        messages::subject("links"),
        messages::subject("managed"),
        messages::subject("language"),
        messages::subject("values"),
        messages::subject("batches"),
        messages::subject("session"),
    ];
    let known: BTreeSet<i32> = NOT_WALKED.iter().map(|(number, _)| *number).chain(OF_LINKS).collect();
    let raised = tables.into_iter().flatten().filter(|one| one.usage == Use::Raised);
    let left: Vec<i32> = raised.map(|one| one.number).filter(|one| !met.contains(one)).collect();
    assert_eq!(left.into_iter().collect::<BTreeSet<_>>(), known, "raised and not walked");
}

#[tokio::test]
async fn a_handle_that_nobody_prepared_is_refused() {
    let (_, mut session) = Server::usual().await;
    let handle =
        Parameter { name: String::new(), data_type: DataType::Int, value: Value::Int(999), output: false };
    assert_eq!(called(&mut session, "sp_execute", vec![handle]).await, "!8179");
}

/// Those that only faults send arrive like the others, with class, state and text of the table.
#[tokio::test]
async fn the_others_can_be_injected() {
    let mut count = 0;
    for message in messages::all().filter(|one| one.usage == Use::Injected) {
        let arguments = vec!["x"; message.arguments()];
        let failure = Failure::engine(message.number, &arguments).unwrap();
        let faults = Faults::new();
        faults.add(Rule::once(Filter::kind("SELECT"), 1, Action::Fail(failure)));
        let Verdict::Fail(Failure::Sql { number, class, state, message: text }) =
            faults.before(&JournalEvent::new(Face::Sql, "SELECT")).await
        else {
            panic!("{} was not injected", message.number);
        };
        assert_eq!((number, class, state), (message.number, message.class, message.state));
        assert!(!text.contains('%'), "{text}");
        count += 1;
    }
    assert!(count > 50, "{count}");
}

/// The numbers of the fact sheet's table of errors.
const SHEET: [i32; 127] = [
    102, 207, 208, 226, 297, 300, 574, 911, 1408, 1412, 1475, 1478, 2812, 3701, 3716, 7860, 7861, 7862, 7863,
    7869, 7874, 7878, 7890, 15151, 15232, 15297, 15299, 15313, 15317, 15329, 15334, 15342, 15352, 15559,
    15578, 15580, 15581, 18456, 19497, 19498, 19499, 19501, 19502, 19503, 19504, 19505, 19506, 19507, 19508,
    19509, 19510, 19511, 19512, 19513, 19523, 35208, 35220, 35221, 35223, 35232, 35236, 35237, 35238, 35240,
    35244, 35249, 35250, 35251, 35259, 35272, 35277, 35280, 41100, 41106, 41113, 41114, 41122, 41131, 41138,
    41140, 41142, 41145, 41151, 41152, 41153, 41154, 41155, 41156, 41158, 41159, 41165, 41178, 41185, 41186,
    41187, 41190, 41195, 41197, 41198, 41199, 41429, 41939, 41947, 41948, 41949, 41950, 41951, 41952, 41962,
    41963, 41964, 41965, 41968, 41969, 41970, 41973, 41974, 41976, 41977, 41986, 41988, 47100, 47104, 47105,
    47106, 47122, 47129,
];

/// All of the sheet's numbers are known.
#[test]
fn the_table_has_every_number_of_the_sources() {
    let missing: Vec<i32> = SHEET.into_iter().filter(|&one| messages::find(one).is_none()).collect();
    assert_eq!(missing, Vec::<i32>::new());
}

/// Numbers of the sheet that no statement and no link raises, and why.
const BY_FAULTS_ALONE: [(&[i32], &str); 7] = [
    (&[19505], "of a seeding's inner task"),
    (
        &[41113, 41138, 41154, 41155, 41156, 41165, 41178, 41186, 41187],
        "another statement about the group runs at that moment: statements of the world run one after the other",
    ),
    (
        &[41131, 41151, 41152, 41153, 41158, 41159],
        "the cluster or the replica manager failed within a statement",
    ),
    (&[41952], "it names a feature, and no source names one"),
    (&[41963], "of which feature, no source says"),
    (&[41964], "ARM refuses with its own code OperationCanNotStartDueToMiLink; no statement is named"),
    (&[41965, 41968, 41970], "ARM says them of setRole: `world::tests::roles`"),
];

#[test]
fn what_of_the_sheet_only_faults_send_has_a_reason() {
    let listed: BTreeSet<i32> = BY_FAULTS_ALONE.iter().flat_map(|(numbers, _)| *numbers).copied().collect();
    let found = |one: &i32| messages::find(*one).is_some_and(|message| message.usage == Use::Injected);
    assert_eq!(SHEET.into_iter().filter(found).collect::<BTreeSet<_>>(), listed);
}

/// `sa` may sign in everywhere.
fn open(world: &World) {
    world.with(|estate| {
        let managed = estate.managed_instances.iter_mut().map(|managed| &mut managed.engine);
        for engine in estate.sql_servers.iter_mut().chain(managed) {
            for login in engine.logins.iter_mut().filter(|login| login.id == 1) {
                "sa".clone_into(&mut login.name);
                (login.enabled, login.password) = (true, Some(Password(PASSWORD.to_owned())));
            }
        }
    });
}

async fn signed_in(server: &Server, walk: &str, login: &str) -> SqlSession {
    let session = server.sign_in(login, PASSWORD).await;
    session.unwrap_or_else(|| panic!("{walk}: {login} cannot sign in"))
}

async fn answer(session: &mut SqlSession, text: &str) -> Vec<SqlMessage> {
    let (sender, mut events) = mpsc::channel(1000);
    session.run(Request::Batch(text.to_owned()), &sender, &CancellationToken::new()).await;
    drop(sender);
    let mut messages = Vec::new();
    while let Some(event) = events.recv().await {
        if let Event::Message(message) = event {
            messages.push(message);
        }
    }
    messages
}
