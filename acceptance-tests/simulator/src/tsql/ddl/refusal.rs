//! Refusals that several classes of objects share, with SQL Server's numbers, severities, states and texts.

use super::super::error::SqlError;

/// An error of severity 16 and state 1, as most are.
pub(super) fn refuse(number: i32, text: impl Into<String>) -> SqlError {
    SqlError::new(number, 16, 1, text.into())
}

/// 15151: also what a login sees that may not know of the object.
pub(super) fn not_found(verb: &str, class: &str, name: &str) -> SqlError {
    refuse(
        15151,
        format!(
            "Cannot {verb} the {class} '{name}', because it does not exist or you do not have permission."
        ),
    )
}

/// 15247.
pub(super) fn no_permission() -> SqlError {
    refuse(15247, "User does not have permission to perform this action.")
}

/// 262.
pub(super) fn permission_denied(permission: &str, database: &str) -> SqlError {
    let text = format!("{permission} permission denied in database '{database}'.");
    SqlError::new(262, 14, 1, text)
}

/// 15581.
pub(super) fn master_key_needed() -> SqlError {
    refuse(
        15581,
        "Please create a master key in the database or open the master key in the session before performing this \
         operation.",
    )
}

/// 15313: listed with severity 10, reaches clients with 16.
pub(super) fn wrong_decryptor() -> SqlError {
    refuse(15313, "The key is not encrypted using the specified decryptor.")
}

/// 1468.
pub(super) fn database_in_group(name: &str) -> SqlError {
    refuse(
        1468,
        format!(
            "The operation cannot be performed on database \"{name}\" because it is involved in a database mirroring \
             session or an availability group. Some operations are not allowed on a database that is participating in \
             a database mirroring session or in an availability group."
        ),
    )
}

/// 911.
pub(super) fn no_such_database(name: &str) -> SqlError {
    refuse(911, format!("Database '{name}' does not exist. Make sure that the name is entered correctly."))
}

/// 15116 and 15118: the operating system's password policy, as Windows and SQL Server on Linux have it by default.
/// ASSUMED 34: it is on, as installed.
pub(super) fn password_policy(password: &str) -> Result<(), SqlError> {
    let policy = "Password validation failed. The password does not meet the operating system policy requirements \
                  because it is ";
    if password.chars().count() < 8 {
        return Err(refuse(15116, format!("{policy}too short.")));
    }
    let classes = [
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_lowercase),
        password.chars().any(|one| one.is_ascii_digit()),
        password.chars().any(|one| !one.is_alphanumeric()),
    ];
    if classes.iter().filter(|&&met| met).count() < 3 {
        return Err(refuse(15118, format!("{policy}not complex enough.")));
    }
    Ok(())
}

/// The engine left the world while a session lived; sessions end with their engine, so nobody should see it.
pub(super) fn engine_gone() -> SqlError {
    SqlError::new(
        596,
        21,
        1,
        "Cannot continue the execution because the session is in the kill state.".to_owned(),
    )
}
