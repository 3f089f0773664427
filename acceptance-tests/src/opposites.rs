//! The suite on servers that do the opposite of what is believed of them.
//!
//! Under most opposites every test of the suite expects what it expects anyway, since the provider does not rely on what is
//! believed. `MILINK_SUITE_OPPOSITES=all` puts all of those in force at once, in every scene; a list of numbers puts those in
//! force. Under the others some test's outcome is another one, by right; `tests/opposites.rs` lets the quickstart live through
//! each of them.

use std::env;

use milink_simulator::world::assumption::ASSUMPTIONS;

/// The variable that names the opposites of a run.
pub const VARIABLE: &str = "MILINK_SUITE_OPPOSITES";

/// Opposites under which a test of the suite ends otherwise, and how.
pub const DIFFERENT: &[(u16, &str)] = &[
    (7, "the second of two certificates of one server is refused"),
    (10, "a link that finds no SQL Server names another error"),
    (13, "the operation that deletes a link that is gone fails"),
    (20, "no link comes about under the roots that the examples have vouch for `*.database.windows.net`"),
    (30, "a grant to an issuer that is not wanted any more stays"),
    (36, "a certificate that vouches for something is not dropped by somebody else"),
    (43, "the roots with elliptic keys, which the examples import, are refused"),
    (127, "operations last ten times as long, and so would the suite"),
    (
        135,
        "nodes whose endpoints show Windows accounts do not connect, so that none can take over from another",
    ),
    (
        140,
        "a cluster of two nodes has no quorum while one of them is away, so that the other does not take over",
    ),
];

/// All that can be put in force, by number.
pub fn switchable() -> Vec<u16> {
    ASSUMPTIONS.iter().filter(|one| one.switchable).map(|one| one.number).collect()
}

/// Those under which every test expects what it expects anyway.
pub fn indifferent() -> Vec<u16> {
    let differs = |number: &u16| DIFFERENT.iter().any(|(different, _)| different == number);
    switchable().into_iter().filter(|number| !differs(number)).collect()
}

/// The opposites that this run asks for.
pub fn asked() -> Vec<u16> {
    match env::var_os(VARIABLE).map(|text| text.into_string().unwrap()) {
        None => Vec::new(),
        Some(text) if text == "all" => indifferent(),
        Some(text) => text.split(',').map(|number| known(number.trim())).collect(),
    }
}

fn known(number: &str) -> u16 {
    let found = number.parse().ok().filter(|number| switchable().contains(number));
    found.unwrap_or_else(|| panic!("{VARIABLE}: `{number}` is no number of an opposite with a switch"))
}
