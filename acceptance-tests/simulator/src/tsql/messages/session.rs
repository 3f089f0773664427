//! Sessions: sign-in, databases, transactions, procedures, locks and DBCC.
//!
//! Source: "Database Engine events and errors" 0-999, 1000-1999, 2000-2999, 3000-3999, 8000-8999 and
//! 18000-18999, 2022; states as servers of the field show them; 40532 as a managed instance that is stopped
//! sends it.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(201, 16, "Procedure or function '%.*ls' expects parameter '%.*ls', which was not supplied.")
        .state(4),
    raised(214, 16, "Procedure expects parameter '%ls' of type '%ls'.").state(2),
    raised(226, 16, "%ls statement not allowed within multi-statement transaction.").state(6),
    raised(507, 16, "Invalid argument for SET ROWCOUNT. Must be a non-null non-negative integer.").state(2),
    raised(574, 16, "%ls statement cannot be used inside a user transaction.").state(0),
    raised(596, 21, "Cannot continue the execution because the session is in the kill state."),
    raised(911, 16, "Database '%.*ls' does not exist. Make sure that the name is entered correctly."),
    injected(1222, 16, "Lock request time out period exceeded."),
    raised(
        1223,
        16,
        "Cannot release the application lock (Database Principal: '%.*ls', Resource: '%.*ls') because it is \
         not currently held.",
    ),
    raised(
        2528,
        10,
        "DBCC execution completed. If DBCC printed error messages, contact your system administrator.",
    ),
    raised(2571, 14, "User '%.*ls' does not have permission to run DBCC %.*ls.").state(3),
    raised(2583, 16, "An incorrect number of parameters was given to the DBCC statement.").state(3),
    raised(2714, 16, "There is already an object named '%.*ls' in the database.").state(6),
    raised(2741, 16, "SET DATEFORMAT date order '%.*ls' is invalid."),
    raised(2742, 16, "SET DATEFIRST %d is out of range."),
    raised(2812, 16, "Could not find stored procedure '%.*ls'.").state(62),
    raised(
        3701,
        11,
        "Cannot %S_MSG the %S_MSG '%.*ls', because it does not exist or you do not have permission.",
    )
    .state(5),
    raised(3902, 16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    raised(3903, 16, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    raised(4060, 11, "Cannot open database \"%.*ls\" requested by the login. The login failed."),
    raised(5703, 10, "Changed language setting to %.*ls.").class(0),
    raised(8144, 16, "Procedure or function %.*ls has too many arguments specified.").state(2),
    raised(8145, 16, "%.*ls is not a parameter for procedure %.*ls."),
    raised(
        8178,
        16,
        "The parameterized query '%.*ls' expects the parameter '%.*ls', which was not supplied.",
    ),
    raised(8179, 16, "Could not find prepared statement with handle %d.").state(4),
    raised(
        18452,
        14,
        "Login failed. The login is from an untrusted domain and cannot be used with Integrated \
         authentication.%.*ls",
    ),
    raised(18456, 14, "Login failed for user '%.*ls'.%.*ls%.*ls").logged(),
    raised(18470, 14, "Login failed for user '%.*ls'. Reason: The account is disabled.%.*ls"),
    injected(40532, 11, "Cannot open server \"%.*ls\" requested by the login.  The login failed."),
];
