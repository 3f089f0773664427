//! Refusals that several classes of objects share.

use super::super::error::{SqlError, raise};
use crate::world::Estate;
use crate::world::assumption;

/// 15151: also what a login sees that may not know of the object.
pub(super) fn not_found(verb: &str, class: &str, name: &str) -> SqlError {
    raise!(15151, verb, class, name)
}

/// 15247.
pub(super) fn no_permission() -> SqlError {
    raise!(15247)
}

/// 262.
pub(super) fn permission_denied(permission: &str, database: &str) -> SqlError {
    raise!(262, permission, database)
}

/// 15581.
pub(super) fn master_key_needed() -> SqlError {
    raise!(15581)
}

/// 15313.
pub(super) fn wrong_decryptor() -> SqlError {
    raise!(15313)
}

/// 1468.
pub(super) fn database_in_group(name: &str) -> SqlError {
    raise!(1468, name)
}

/// 911.
pub(super) fn no_such_database(name: &str) -> SqlError {
    raise!(911, name)
}

/// 15116 and 15118: the operating system's password policy, as Windows and SQL Server on Linux have it by default.
/// ASSUMED 34: it is on, as installed.
pub(super) fn password_policy(estate: &Estate, password: &str) -> Result<(), SqlError> {
    // ASSUMED 34.
    let (shortest, most) = if estate.opposite(assumption::PASSWORD_POLICY) { (14, 4) } else { (8, 3) };
    if password.chars().count() < shortest {
        return Err(raise!(15116));
    }
    let classes = [
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_lowercase),
        password.chars().any(|one| one.is_ascii_digit()),
        password.chars().any(|one| !one.is_alphanumeric()),
    ];
    if classes.iter().filter(|&&met| met).count() < most { Err(raise!(15118)) } else { Ok(()) }
}

/// The engine left the world while a session lived; sessions end with their engine, so nobody should see it.
pub(super) fn engine_gone() -> SqlError {
    raise!(596)
}
