//! The suite on servers that do the opposite of what is believed of them.
//!
//! `MILINK_SUITE_OPPOSITES=all` puts all opposites in force at once, in every scene; a list of numbers puts those in force.
//! Under most of them every test expects what it expects anyway, since the provider does not rely on what is believed. The
//! others, [`DIFFERENT`], are taken each in the way that fits it:
//!
//! * a test whose expectation is another sentence or outcome asks [`in_force`] and expects that;
//! * where a user would have to write something else, as the provider's hint says, so does the suite ([`configuration`]);
//! * a test that would have nothing left to show names them in [`without`], and runs under all the others.
//!
//! `tests/opposites.rs` lets the quickstart live through each of them besides.

use std::cell::RefCell;
use std::env;

use milink_simulator::world::assumption::ASSUMPTIONS;

/// The variable that names the opposites of a run.
pub const VARIABLE: &str = "MILINK_SUITE_OPPOSITES";

/// Opposites under which a test of the suite ends otherwise, and how.
pub const DIFFERENT: &[(u16, &str)] = &[
    (7, "the second of two certificates of one server is refused, so that no rotation overlaps"),
    (10, "a link that finds no SQL Server names another error"),
    (13, "the operation that deletes a link that is gone fails"),
    (
        20,
        "roots that vouch for `*.database.windows.net` do not vouch for an instance; a pattern of its zone does",
    ),
    (30, "a grant to an issuer that is not wanted any more stays"),
    (36, "a certificate that others let vouch for something is not dropped, nor imported anew"),
    (43, "the roots with elliptic keys are refused; those with RSA keys are enough"),
    (
        135,
        "nodes whose endpoints show Windows accounts do not connect, so that none can take over from another",
    ),
    (
        140,
        "a cluster of two nodes has no quorum while one of them is away, so that the other does not take over",
    ),
];

/// A certificate that is not dropped while it vouches for something, and grants that cannot be taken back (30): each is lived
/// with, together they leave no way to remove anything. `all` has 30.
const NOT_WITH_ALL: u16 = 36;

thread_local! {
    /// What the test of this thread runs without.
    static WITHOUT: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
}

/// All that can be put in force, by number.
pub fn switchable() -> Vec<u16> {
    ASSUMPTIONS.iter().filter(|one| one.switchable).map(|one| one.number).collect()
}

/// Those under which every test expects what it expects anyway.
pub fn indifferent() -> Vec<u16> {
    switchable().into_iter().filter(|number| !is_different(*number)).collect()
}

/// Those that are in force in the scenes of this thread's test.
pub fn asked() -> Vec<u16> {
    let mut asked = match env::var_os(VARIABLE).map(|text| text.into_string().unwrap()) {
        None => Vec::new(),
        Some(text) if text == "all" => all(),
        Some(text) => text.split(',').map(|number| known(number.trim())).collect(),
    };
    WITHOUT.with_borrow(|without| asked.retain(|number| !without.contains(number)));
    asked
}

/// Whether this run asks for any.
pub fn any_asked() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// Whether an opposite is in force in the scenes of this thread's test, which then expects something else.
pub fn in_force(number: u16) -> bool {
    assert!(is_different(number), "{number} makes no difference");
    asked().contains(&number)
}

/// Runs this thread's test without these, as long as what is returned lives: it would have nothing left to show.
#[must_use]
pub fn without(numbers: &[u16]) -> Without {
    for number in numbers {
        assert!(is_different(*number), "{number} makes no difference");
    }
    Without { before: WITHOUT.replace(numbers.to_vec()) }
}

/// What this thread's test runs without, for the threads that it starts.
pub fn left_out() -> Vec<u16> {
    WITHOUT.with_borrow(Clone::clone)
}

/// Runs this thread's test under what makes no difference: it puts the others in force itself.
#[must_use]
pub fn without_different() -> Without {
    without(&DIFFERENT.iter().map(|(number, _)| *number).collect::<Vec<_>>())
}

/// While it lives, the thread's test runs without some opposites.
#[derive(Debug)]
pub struct Without {
    before: Vec<u16>,
}

impl Drop for Without {
    fn drop(&mut self) {
        WITHOUT.set(std::mem::take(&mut self.before));
    }
}

/// A configuration as somebody has to write it whose servers behave as this run asks.
pub fn configuration(text: &str) -> String {
    let mut text = text.to_owned();
    if in_force(20) {
        text = text.replace(r#""*.database.windows.net""#, PATTERN_OF_THE_ZONE);
    }
    if in_force(43) {
        text = text
            .replace("= provider::milink::azure_root_certificates()", &format!("= {ROOTS_WITH_RSA_KEYS}"));
    }
    text
}

/// How many roots such a configuration imports.
pub fn roots() -> usize {
    if in_force(43) { 4 } else { 7 }
}

/// The pattern of the names in the instance's zone.
const PATTERN_OF_THE_ZONE: &str = r#""*.${split(".", data.milink_endpoint_certificate.instance.fully_qualified_domain_name)[1]}.database.windows.net""#;

/// As the provider's hint has it, where it is refused a certificate with an elliptic key.
const ROOTS_WITH_RSA_KEYS: &str = r#"{ for key, root in provider::milink::azure_root_certificates() : key => root if root.key_algorithm == "RSA" }"#;

fn all() -> Vec<u16> {
    switchable().into_iter().filter(|number| *number != NOT_WITH_ALL).collect()
}

fn is_different(number: u16) -> bool {
    DIFFERENT.iter().any(|(different, _)| *different == number)
}

fn known(number: &str) -> u16 {
    let found = number.parse().ok().filter(|number| switchable().contains(number));
    found.unwrap_or_else(|| panic!("{VARIABLE}: `{number}` is no number of an opposite with a switch"))
}
