//! A managed instance as the other side of a link: its state, its update policy, and the name of the copy.

use super::{Finding, Rule};

/// It does not run.
pub static READY: Rule = Rule::block("MIL0020", "Managed Instance link: troubleshoot, error 40532");
/// Its update policy is older than SQL Server.
pub static POLICY: Rule =
    Rule::block("MIL0021", "Update policy of a managed instance, \"SQL Server 2025 update policy\"");
/// A database of that name is there.
///
/// A warning of the plan, and an error of the apply before its first deed: the rule is broken by the removal of the very
/// link, whose copy stays, and Terraform makes an ordinary plan, in which the link would be made again, before it goes on
/// with a destroy that was cut off.
pub static NAME_FREE: Rule = Rule::warn("MIL0022", "Configure link with SSMS, \"Prerequisites\"");
/// Failing back needs the same format on both sides.
pub static POLICY_TO_FAIL_BACK: Rule =
    Rule::block("MIL0023", "error 41988; Managed Instance link overview, \"Limitations\"");

/// The rules of this module.
pub static RULES: &[&Rule] = &[&READY, &POLICY, &NAME_FREE, &POLICY_TO_FAIL_BACK];

/// What is known of the instance.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// Its name.
    pub name: &'a str,
    /// `properties.state`; nothing where the service does not say.
    pub state: Option<&'a str>,
    /// `properties.databaseFormat`: the update policy.
    pub database_format: Option<&'a str>,
}

/// What the link asks of it.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Major version of SQL Server.
    pub major: u32,
    /// The instance is the first primary, or failing over and back is declared.
    pub both_ways: bool,
}

/// States in which an instance takes a link.
const WORKING: [&str; 3] = ["Ready", "Updating", "Scaling"];

/// Whether a link with such a SQL Server can be made.
pub fn link(instance: &Instance<'_>, wish: Wish) -> Vec<Finding> {
    let name = instance.name;
    let mut findings = Vec::new();
    if let Some(state) = instance.state
        && !WORKING.iter().any(|working| working.eq_ignore_ascii_case(state))
    {
        findings.push(READY.broken(format!("The managed instance {name} is {state}"), "start it"));
    }
    let Some(format) = instance.database_format else { return findings };
    let is = |policy: &str| format.eq_ignore_ascii_case(policy);
    if wish.major >= 17 && is("SQLServer2022") {
        findings.push(POLICY.broken(
            format!(
                "The update policy of the managed instance {name} is {format}, and databases of SQL Server 2025 need SQLServer2025 or \
                 AlwaysUpToDate"
            ),
            "change the update policy of the instance (it cannot be changed back)",
        ));
    } else if wish.both_ways
        && !matches!((wish.major, is("SQLServer2022"), is("SQLServer2025")), (16, true, _) | (17, _, true))
    {
        findings.push(POLICY_TO_FAIL_BACK.broken(
            format!(
                "The update policy of the managed instance {name} is {format}, and a link that goes both ways needs that of SQL Server's own \
                 version"
            ),
            "leave out failover_mode = \"Manual\", or use an instance with the update policy of SQL Server's version",
        ));
    }
    findings
}

/// A database of the link's name is on the instance and does not belong to the link.
pub fn name_taken(instance: &str, database: &str) -> Finding {
    NAME_FREE.broken(
        format!(
            "The managed instance {instance} has a database {database} already, and a link makes its own"
        ),
        "an apply would refuse to make the link; a copy that an earlier link left is independent now: delete or rename it when nobody \
         needs it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(format: Option<&str>, state: Option<&str>, major: u32, both_ways: bool) -> Vec<&'static str> {
        let instance = Instance { name: "mi", state, database_format: format };
        link(&instance, Wish { major, both_ways }).iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn policies() {
        let (of_2022, of_2025, latest) =
            (Some("SQLServer2022"), Some("SqlServer2025"), Some("AlwaysUpToDate"));
        for major in 13..=16 {
            for format in [of_2022, of_2025, latest, None] {
                assert_eq!(broken(format, Some("Ready"), major, false), [""; 0], "{major} {format:?}");
            }
        }
        assert_eq!(broken(of_2022, Some("Ready"), 17, false), ["MIL0021"]);
        assert_eq!(broken(of_2025, Some("Ready"), 17, false), [""; 0]);
        assert_eq!(broken(latest, Some("Ready"), 17, false), [""; 0]);
        assert_eq!(broken(of_2022, Some("Ready"), 16, true), [""; 0]);
        assert_eq!(broken(of_2025, Some("Ready"), 17, true), [""; 0]);
        assert_eq!(broken(latest, Some("Ready"), 16, true), ["MIL0023"]);
        assert_eq!(broken(latest, Some("Ready"), 17, true), ["MIL0023"]);
        assert_eq!(broken(of_2022, Some("Ready"), 15, true), ["MIL0023"]);
    }

    #[test]
    fn an_instance_that_does_not_run_takes_no_link() {
        assert_eq!(broken(None, Some("Stopped"), 16, false), ["MIL0020"]);
        assert_eq!(broken(None, Some("Updating"), 16, false), [""; 0]);
        assert_eq!(broken(None, None, 16, false), [""; 0]);
    }
}
