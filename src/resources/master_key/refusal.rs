//! What a master key is not changed without.

use std::sync::Arc;

use super::MasterKey;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::resources::reach::Seen;

/// The new version, where it is one that adds a password.
pub(super) fn raised(prior: &Field<i64>, planned: &Field<i64>) -> Option<i64> {
    match (prior, planned) {
        (Field::Known(before), Field::Known(after)) if after > before => Some(*after),
        _ => None,
    }
}

/// Certificates whose private keys it protects.
pub(super) fn keys_under(seen: &Seen) -> Result<Vec<String>, Diagnostics> {
    let certificates = seen.need(seen.snapshot.certificates.as_ref().map_err(Arc::clone))?;
    Ok(certificates.iter().filter(|row| row.private_key == "MK").map(|row| row.name.clone()).collect())
}

/// What is written as `true` and is not so needs the password.
pub(super) fn can_repair(
    config: &MasterKey,
    by_service_master_key: bool,
    seen: &Seen,
) -> Result<(), Diagnostics> {
    let written = config.encrypted_by_service_master_key.known() == Some(&true);
    if written && !by_service_master_key && config.password_wo.is_null() {
        return Err(Diagnostic::error(
            "A master key needs its password",
            format!(
                "The master key of the SQL Server \"{}\" is not encrypted by the service master key, and adding that takes a password \
                 that opens it, as `password_wo`.",
                seen.server.name()
            ),
        )
        .at("password_wo")
        .into());
    }
    Ok(())
}

/// A raised version without its password.
pub(super) fn needs_new_password() -> Diagnostic {
    Diagnostic::error(
        "A raised version needs a password",
        "The password_wo_version of a master key is raised to add the password in `password_wo`, and none is written.",
    )
    .at("password_wo")
}

/// A new key without a password.
pub(super) fn needs_password(server: &str) -> Diagnostic {
    Diagnostic::error(
        "A master key needs a password",
        format!("The database master of the SQL Server \"{server}\" has no master key, and a new one is created with `password_wo`."),
    )
    .at("password_wo")
}

/// A key that was made and does not show.
pub(super) fn not_visible(server: &str) -> Diagnostic {
    Diagnostic::error(
        "The master key is not visible",
        format!("The SQL Server \"{server}\" does not show the master key of master after it was created."),
    )
    .hint("GRANT VIEW ANY DEFINITION to the login")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_raised_version_adds_a_password() {
        let (one, two) = (Field::Known(1), Field::Known(2));
        assert_eq!(raised(&one, &two), Some(2));
        assert_eq!(raised(&two, &one), None);
        assert_eq!(raised(&one, &one), None);
        assert_eq!(raised(&Field::Null, &one), None, "after an import");
        assert_eq!(raised(&one, &Field::Null), None);
    }
}
