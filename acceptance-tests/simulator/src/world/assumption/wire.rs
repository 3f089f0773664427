//! What is believed about TDS and SQL Server Browser.

use super::{Assumption, entry};

/// How a table-valued parameter of a type that is not there is refused.
pub const MISSING_TYPES: u16 = 50;
/// How a login is refused that says something else of tokens than PRELOGIN did.
pub const INCONSISTENT_LOGINS: u16 = 51;
/// What the server's log says of refused tokens.
pub const TOKEN_STATES: u16 = 52;
/// Whether SQL Server Browser insists on the zero behind a name.
pub const ZERO_AT_THE_END: u16 = 53;
/// A server without a cipher suite in common hangs up without an alert.
pub const SILENT_HANDSHAKE: u16 = 54;
/// Which build SQL Server Browser tells.
pub const BROWSED_BUILD: u16 = 55;
/// How long a client may take to sign in.
pub const LOGIN_TIME: u16 = 125;

/// By number.
pub(super) const WIRE: &[Assumption] = &[
    entry(
        MISSING_TYPES,
        "A table-valued parameter of a type that is not there is refused with 2715, state 3, which names the parameter by \
         its place.",
        "It is refused with 2724, which names it by its name.",
    ),
    entry(
        INCONSISTENT_LOGINS,
        "A login whose FEDAUTH feature does not repeat what PRELOGIN said is refused with 18456, state 1, and an empty name.",
        "The server hangs up without a word.",
    ),
    entry(
        TOKEN_STATES,
        "The server's log has state 1 for tokens that are expired or of another audience, state 5 for those of principals \
         without a login.",
        "It has state 102 for all of these.",
    ),
    entry(
        ZERO_AT_THE_END,
        "SQL Server Browser answers a request whose name lacks the zero at its end, and no other that is not as MC-SQLR has \
         it.",
        "It insists on the zero, as MC-SQLR has it.",
    ),
    entry(
        SILENT_HANDSHAKE,
        "A server whose TLS has no cipher suite in common with the client hangs up without an alert.",
        "It sends the alert handshake_failure first.",
    ),
    entry(
        BROWSED_BUILD,
        "SQL Server Browser tells the build that runs.",
        "It tells the build that was installed first, whatever was patched since.",
    ),
    entry(LOGIN_TIME, "A client has 30 seconds to sign in.", "It has five."),
];
