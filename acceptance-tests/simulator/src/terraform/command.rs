//! The environment in which Terraform is run: its own, not the user's.
//!
//! A shell that works on production holds variables that would lead a rehearsal there: `TF_CLI_ARGS`,
//! `TF_WORKSPACE`, `ARM_*`. None of them is handed on.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables for a child process, complete.
pub type Environment = BTreeMap<OsString, OsString>;

/// This process's environment without what steers Terraform, Azure or this provider; logging stays.
pub fn environment(pass_variables: bool) -> Environment {
    let mut kept: Environment =
        std::env::vars_os().filter(|(name, _)| keeps(&name.to_string_lossy(), pass_variables)).collect();
    for (name, value) in [
        ("CHECKPOINT_DISABLE", "1"), // no look-up of newer versions
        ("TF_IN_AUTOMATION", "1"),   // no hints for people who type
        ("TF_INPUT", "0"),           // a question would wait for ever
    ] {
        kept.insert(name.into(), value.into());
    }
    kept
}

fn keeps(name: &str, pass_variables: bool) -> bool {
    const LOGGING: [&str; 6] =
        ["TF_LOG", "TF_LOG_CORE", "TF_LOG_PATH", "TF_LOG_PROVIDER", "TF_LOG_PROVIDER_MILINK", "TF_LOG_SDK"];
    if LOGGING.contains(&name) {
        return true;
    }
    if name.starts_with("TF_VAR_") {
        return pass_variables;
    }
    !["TF_", "ARM_", "AZURE_", "MILINK_"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::keeps;

    #[test]
    fn what_leads_to_production_is_left_out() {
        for name in ["TF_CLI_ARGS_apply", "TF_WORKSPACE", "TF_DATA_DIR", "ARM_CLIENT_ID", "AZURE_CONFIG_DIR"]
        {
            assert!(!keeps(name, true), "{name}");
        }
        assert!(keeps("PATH", false));
        assert!(keeps("TF_LOG", false));
        assert!(!keeps("TF_VAR_password", false));
        assert!(keeps("TF_VAR_password", true));
    }
}
