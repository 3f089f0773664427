//! Where simulator and provider could agree on something that is false: what both rely on and no source settles.
//!
//! Each has an assumption with a switch, under which the provider's tests run too, and tests that show both worlds.
//! `docs/simulator/hazards.md` is made from this table; a test compares.

/// Something that both sides rely on.
#[derive(Debug, Clone, Copy)]
pub struct Hazard {
    /// What is believed about the service.
    pub about: &'static str,
    /// Numbers of the assumptions that say so.
    pub assumptions: &'static [u16],
    /// Tests that show the behaviour and its opposite: file below the package and function.
    pub tests: &'static [(&'static str, &'static str)],
}

const FAILURES: &str = "src/world/tests/failures.rs";
const LINKS: &str = "src/world/tests/links.rs";
const ROLES: &str = "src/world/tests/roles.rs";
/// The quickstart's life under every switch.
const OPPOSITES: (&str, &str) =
    ("../tests/opposites.rs", "under_each_opposite_nothing_is_lost_and_nothing_untrue_is_reported");

/// All of them.
pub const HAZARDS: &[Hazard] = &[
    hazard(
        "A distributed group that is dropped and made again under a living link",
        &[2, 17],
        &[(FAILURES, "a_group_dropped_under_a_link_is_not_repaired"), OPPOSITES],
    ),
    hazard(
        "Two trust certificates for one SQL Server",
        &[7, 19],
        &[("tests/arm_oddities.rs", "certificates_are_made_and_never_replaced"), OPPOSITES],
    ),
    hazard(
        "JOIN before or after the PUT of a link that starts on the instance",
        &[10],
        &[
            ("tests/arm_face/links.rs", "a_join_may_come_before_the_put_or_within_five_minutes_after_it"),
            OPPOSITES,
        ],
    ),
    hazard(
        "The operation that makes a link spans the seeding",
        &[3],
        &[(LINKS, "the_create_operation_may_end_early"), OPPOSITES],
    ),
    hazard(
        "What is asked of a link while it is made",
        &[4],
        &[(ROLES, "a_link_that_is_being_made_can_only_be_deleted"), OPPOSITES],
    ),
    hazard(
        "A link that could not be made stays or vanishes",
        &[5],
        &[
            (FAILURES, "a_failed_link_stays_until_it_is_deleted"),
            (FAILURES, "or_it_vanishes_by_itself"),
            OPPOSITES,
        ],
    ),
    hazard(
        "The copy that a failed or deleted seeding leaves on the instance",
        &[6],
        &[(FAILURES, "half_copies_may_vanish_with_the_link"), OPPOSITES],
    ),
    hazard(
        "Words of `replicaState`",
        &[11, 16],
        &[("tests/arm_face/links.rs", "seeding_is_told_in_percent_while_it_lasts"), OPPOSITES],
    ),
    hazard(
        "Grants of issuers: twice, taken back, narrow patterns",
        &[20, 29, 30],
        &[("src/tsql/ddl/tests/certificates.rs", "roots_vouch_for_names")],
    ),
    hazard(
        "Altering the endpoint under living links",
        &[8],
        &[(FAILURES, "an_altered_endpoint_costs_seconds_or_minutes"), OPPOSITES],
    ),
    hazard(
        "Which statements Standard edition takes",
        &[29],
        &[("src/tsql/ddl/tests/groups.rs", "every_option_that_the_provider_writes_arrives")],
    ),
    hazard(
        "Which permissions are enough",
        &[29],
        &[("src/tsql/ddl/tests/permissions.rs", "a_login_without_rights_is_refused_everywhere")],
    ),
    hazard(
        "The first full backup of a copy, and whether ARM shows it",
        &[15],
        &[
            ("tests/arm_face/instances.rs", "what_is_left_of_a_link_is_a_database_and_then_a_dropped_one"),
            OPPOSITES,
        ],
    ),
];

const fn hazard(
    about: &'static str,
    assumptions: &'static [u16],
    tests: &'static [(&'static str, &'static str)],
) -> Hazard {
    Hazard { about, assumptions, tests }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::assumption::ASSUMPTIONS;
    use super::HAZARDS;

    /// Rewrites the page instead of comparing it.
    const REWRITE: &str = "MILINK_REWRITE_HAZARDS";

    #[test]
    fn every_hazard_has_its_assumptions_and_tests() {
        for one in HAZARDS {
            for number in one.assumptions {
                assert!(ASSUMPTIONS.iter().any(|known| known.number == *number), "{}: {number}", one.about);
            }
            for (file, name) in one.tests {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
                let text =
                    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(text.contains(&format!("fn {name}()")), "{}: {file} has no {name}", one.about);
            }
            assert!(!one.assumptions.is_empty() && !one.tests.is_empty(), "{}", one.about);
        }
    }

    #[test]
    fn the_page_is_made_from_the_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator/hazards.md");
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&path, page()).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, page(), "run this test once with {REWRITE}=1 set");
    }

    fn page() -> String {
        let mut page = String::from(
            "# Where simulator and provider could agree on something false\n\n\
             What both rely on and no source settles, with the assumptions that say what is believed (their opposites are in\n\
             [assumptions](../design/assumptions.md)) and the tests that show it, below `acceptance-tests/simulator`. Made from\n\
             `src/world/hazard.rs`; a test compares. Failover cluster instances are not on it: nothing is known of links of\n\
             theirs, and none is simulated beyond the property that says that a server is one.\n\n\
             | about | assumptions | tests |\n\
             | --- | --- | --- |\n",
        );
        for one in HAZARDS {
            let numbers: Vec<String> = one.assumptions.iter().map(ToString::to_string).collect();
            let tests: Vec<String> =
                one.tests.iter().map(|(file, name)| format!("`{file}`: `{name}`")).collect();
            page += &format!("| {} | {} | {} |\n", one.about, numbers.join(", "), tests.join(", "));
        }
        page
    }
}
