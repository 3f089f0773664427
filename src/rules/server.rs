//! A SQL Server as one side of a link: build, edition, Always On.

use super::{Finding, Rule};

const OVERVIEW: &str = "Managed Instance link overview, \"Prerequisites\"";

/// The engine is old or lacks a service update.
pub static BUILD: Rule = Rule::block("MIL0001", OVERVIEW);
/// The edition has no links.
pub static EDITION: Rule = Rule::block("MIL0002", OVERVIEW);
/// Always On is off.
pub static HADR: Rule =
    Rule::block("MIL0003", "error 35221; Managed Instance link overview, \"Prerequisites\"");
/// A link from the instance needs a later build.
pub static BUILD_FROM_INSTANCE: Rule = Rule::block("MIL0004", OVERVIEW);

/// The rules of this module.
pub static RULES: &[&Rule] = &[&BUILD, &EDITION, &HADR, &BUILD_FROM_INSTANCE];

/// What is known of the server.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// As the user calls it.
    pub name: &'a str,
    /// `major.minor.build.revision`.
    pub version: [u32; 4],
    /// `SERVERPROPERTY('EngineEdition')`: 2 Standard, 3 Enterprise, Developer and Evaluation, 4 Express.
    pub engine_edition: i64,
    /// `SERVERPROPERTY('Edition')`.
    pub edition: &'a str,
    /// `SERVERPROPERTY('IsHadrEnabled')`.
    pub hadr_enabled: bool,
    /// Whether `sys.sp_certificate_add_issuer` exists, which every engine with links has.
    pub knows_links: bool,
}

/// First build that can be one side, by major version.
const FIRST: &[([u32; 4], &str)] = &[
    ([13, 0, 7000, 253], "SQL Server 2016 SP3 with the Azure Connect pack (KB5014242)"),
    ([14, 0, 3490, 10], "SQL Server 2017 CU31 with the Azure Connect pack (KB5050533)"),
    ([15, 0, 4312, 2], "SQL Server 2019 CU20"),
    ([16, 0, 1000, 6], "SQL Server 2022"),
    ([17, 0, 1000, 7], "SQL Server 2025"),
];
/// First build that the instance can make a link to.
const FIRST_FROM_INSTANCE: [u32; 4] = [16, 0, 4095, 4];

/// Whether a link can be made with this server; `from_instance` when the instance is the first primary.
pub fn link(server: &Server<'_>, from_instance: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let version = shown(server.version);
    let [major, ..] = server.version;
    match FIRST.iter().find(|(first, _)| first.first() == Some(&major)) {
        Some((first, what)) if server.version < *first => findings.push(BUILD.broken(
            format!(
                "The SQL Server {} is {version}, and links need {} ({what})",
                server.name,
                shown(*first)
            ),
            "install the update",
        )),
        None if major < 13 => findings.push(BUILD.broken(
            format!("The SQL Server {} is {version}, and links need SQL Server 2016 or later", server.name),
            "upgrade SQL Server",
        )),
        _ if !server.knows_links => findings.push(BUILD.broken(
            format!(
                "The SQL Server {} is {version} and has no procedure sp_certificate_add_issuer, which comes with the link",
                server.name
            ),
            "install the update that brings the link (the Azure Connect pack on SQL Server 2016 and 2017)",
        )),
        _ => {}
    }
    if from_instance && server.version < FIRST_FROM_INSTANCE {
        findings.push(BUILD_FROM_INSTANCE.broken(
            format!(
                "The SQL Server {} is {version}, and a link whose first primary is the instance needs {} (SQL Server 2022 CU10)",
                server.name,
                shown(FIRST_FROM_INSTANCE)
            ),
            "install the update, or make the link from SQL Server",
        ));
    }
    if !matches!(server.engine_edition, 2 | 3) {
        findings.push(EDITION.broken(
            format!(
                "The SQL Server {} is {}, and links need Enterprise, Developer or Standard",
                server.name, server.edition
            ),
            "upgrade the edition",
        ));
    }
    findings
}

/// Whether a group can be made on this server.
pub fn group(server: &Server<'_>) -> Vec<Finding> {
    if server.hadr_enabled {
        return Vec::new();
    }
    vec![HADR.broken(
        format!("Always On availability groups are off on the SQL Server {}", server.name),
        "switch them on in SQL Server Configuration Manager (on Linux: mssql-conf set hadr.hadrenabled 1) and restart SQL Server",
    )]
}

fn shown([major, minor, build, revision]: [u32; 4]) -> String {
    format!("{major}.{minor}.{build}.{revision}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Server<'static> = Server {
        name: "hq",
        version: [16, 0, 4165, 4],
        engine_edition: 3,
        edition: "Enterprise Edition (64-bit)",
        hadr_enabled: true,
        knows_links: true,
    };

    fn broken(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn the_first_build_of_each_version_is_good_and_the_one_before_is_not() {
        for (first, _) in FIRST {
            let good = Server { version: *first, ..GOOD };
            assert_eq!(broken(&link(&good, false)), [""; 0], "{first:?}");
            let [major, minor, build, _] = *first;
            let before = Server { version: [major, minor, build - 1, 9999], ..GOOD };
            assert_eq!(broken(&link(&before, false)), ["MIL0001"], "{first:?}");
        }
        let ancient = Server { version: [12, 0, 6024, 0], ..GOOD };
        assert_eq!(broken(&link(&ancient, false)), ["MIL0001"]);
        let next = Server { version: [18, 0, 0, 0], ..GOOD };
        assert_eq!(broken(&link(&next, false)), [""; 0], "a later version is not refused");
    }

    #[test]
    fn an_engine_without_the_procedures_is_not_good_whatever_it_is_called() {
        let bare = Server { knows_links: false, ..GOOD };
        assert_eq!(broken(&link(&bare, false)), ["MIL0001"]);
    }

    #[test]
    fn from_the_instance_a_link_needs_cu10() {
        let early = Server { version: [16, 0, 4085, 2], ..GOOD };
        assert_eq!(broken(&link(&early, false)), [""; 0]);
        assert_eq!(broken(&link(&early, true)), ["MIL0004"]);
        assert_eq!(broken(&link(&Server { version: FIRST_FROM_INSTANCE, ..GOOD }, true)), [""; 0]);
    }

    #[test]
    fn editions_and_always_on() {
        let express = Server { engine_edition: 4, edition: "Express Edition", ..GOOD };
        assert_eq!(broken(&link(&express, false)), ["MIL0002"]);
        assert_eq!(broken(&link(&Server { engine_edition: 2, ..GOOD }, false)), [""; 0]);
        assert_eq!(broken(&group(&Server { hadr_enabled: false, ..GOOD })), ["MIL0003"]);
        assert_eq!(broken(&group(&GOOD)), [""; 0]);
    }
}
