//! What is believed about TDS and SQL Server Browser.

use super::{Assumption, entry, fixed};

/// A server without a cipher suite in common hangs up without an alert.
pub const SILENT_HANDSHAKE: u16 = 54;

/// By number.
pub(super) const WIRE: &[Assumption] = &[
    fixed(
        50,
        "A table-valued parameter of a type that is not there is refused with 2715, state 3, which names the parameter by \
         its place.",
        "It is refused with another error.",
    )
    .because("the provider sends no table-valued parameters"),
    fixed(
        51,
        "A login whose FEDAUTH feature does not repeat what PRELOGIN said is refused with 18456, state 1, and an empty name.",
        "It is refused with another error.",
    )
    .because("the provider repeats what it said"),
    fixed(
        52,
        "The server's log has state 1 for tokens that are expired or of another audience, state 5 for those of principals \
         without a login.",
        "It has other states.",
    )
    .because("the log of a server is for its administrator; clients see one state"),
    fixed(
        53,
        "SQL Server Browser answers a request whose name lacks the zero at its end, and no other that is not as MC-SQLR has \
         it.",
        "It answers others too, or insists on the zero.",
    )
    .because("the provider's driver leaves the zero out, as others do, and is answered in the field; it sends nothing else"),
    entry(SILENT_HANDSHAKE,
        "A server whose TLS has no cipher suite in common with the client hangs up without an alert.",
        "It sends the alert handshake_failure first.",
    ),
    fixed(
        55,
        "SQL Server Browser tells the build that runs.",
        "It tells the build that was installed first, whatever was patched since.",
    )
    .because("the provider reads nothing but the port"),
];
