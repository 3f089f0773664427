//! What the real service does and nobody would expect, numbered, each with its source and the tests that show it.
//!
//! `docs/simulator/arm-oddities.md` is made from this table and from [`super::error_code`]; a test compares. A number is
//! for ever: what turns out to be otherwise keeps its line and says so.

/// A behaviour of the service.
#[derive(Debug, Clone, Copy)]
pub struct Oddity {
    /// Number.
    pub number: u16,
    /// What happens.
    pub what: &'static str,
    /// Who says so: a recording of Microsoft's own test sessions, a page, a specification, or the number of an assumption.
    pub source: &'static str,
    /// Tests that show it over HTTPS, `FILE::test` below `tests`.
    pub tests: &'static [&'static str],
}

/// Every recorded request, replayed.
const RECORDED: &str = "arm_recordings::recorded_requests_get_answers_of_the_recorded_form";

/// All of them, by number.
pub const ODDITIES: &[Oddity] = &[
    odd(
        1,
        "A link that was accepted may be InitiatingLink, with hardly a property, when it is first looked at: what counts is \
         `replicaState`.",
        "recording test_sql_mi_multi_database_link_mgmt",
        &[RECORDED],
    ),
    odd(
        2,
        "Until August 2024 a link carried the id of its instance.",
        "recordings TestManagedInstanceLinkErrHandling, TestManagedInstanceLinkMIPrimaryPlannedFailover",
        &[RECORDED],
    ),
    odd(
        3,
        "`failoverMode` is left out for a secondary multi-database link, and is Manual for a primary one that sent none.",
        "recordings test_sql_mi_multi_database_link_mgmt, …_update_databases",
        &[RECORDED],
    ),
    odd(
        4,
        "A bad `partnerEndpoint` is called by its old name, SourceEndpoint; what is good comes back in the letter case that \
         was sent.",
        "recording test_sql_mi_link_error_handling",
        &["arm_oddities::a_young_link_shows_late_takes_no_change_and_can_be_deleted"],
    ),
    odd(
        5,
        "A new link is 404 for a while after the 202.",
        "tests of azure-sdk-for-net, which wait",
        &["arm_oddities::a_young_link_shows_late_takes_no_change_and_can_be_deleted"],
    ),
    odd(
        6,
        "A link that is being made takes no PATCH (\"in a replication relationship\"), but can be deleted.",
        "recordings of azure-sdk-for-net, 2022",
        &["arm_oddities::a_young_link_shows_late_takes_no_change_and_can_be_deleted"],
    ),
    odd(
        7,
        "DELETE of a link that is not there is accepted with 202.",
        "recording test_sql_mi_link_error_handling",
        &["arm_oddities::a_young_link_shows_late_takes_no_change_and_can_be_deleted"],
    ),
    odd(
        8,
        "An instance with an empty name shifts the path: the gateway looks for an instance called \
         `distributedAvailabilityGroups`.",
        "recording test_sql_mi_link_error_handling",
        &[RECORDED],
    ),
    odd(
        9,
        "A missing link is the provider's 404, a missing instance the gateway's, with the same code.",
        "recording test_sql_mi_link_error_handling",
        &["arm_errors::what_is_missing_is_told_apart_by_who_says_so"],
    ),
    odd(
        10,
        "Planned failover is for an instance that is primary; forced flips either role.",
        "recordings of planned and forced failovers, 2024",
        &["arm_oddities::planned_failover_is_for_a_primary_and_forced_flips_either_role"],
    ),
    odd(
        11,
        "After a forced failover a secondary calls itself HEALTHY and DISCONNECTED; positions begin anew with 1 and 0.",
        "recording TestManagedInstanceLinkMIPrimaryForcedFailover",
        &[
            "arm_oddities::after_a_planned_failover_everything_goes_on_and_after_a_forced_one_nothing_is_connected",
        ],
    ),
    odd(
        12,
        "A link with an error of replication calls itself HEALTHY while it is connected.",
        "recording TestManagedInstanceLinkErrHandling",
        &[RECORDED],
    ),
    odd(
        13,
        "A failed operation is HTTP 200 with code and message alone; a name in use is found out only then.",
        "recordings of azure-powershell and azure-sdk-for-net",
        &["arm_errors::what_a_link_may_not_be_called_or_hold"],
    ),
    odd(
        14,
        "Polling URLs are signed, longer than 3.4 kB each, both with the operation's one id, and come with Retry-After on every \
         poll.",
        "recordings since 2024",
        &["arm_oddities::polling_urls_are_long_signed_and_not_to_be_changed"],
    ),
    odd(
        15,
        "The result URL of a failover is the link, that of a deletion an empty 200.",
        "recordings of azure-sdk-for-net",
        &[
            "arm_oddities::after_a_planned_failover_everything_goes_on_and_after_a_forced_one_nothing_is_connected",
        ],
    ),
    odd(
        16,
        "A certificate is sent with or without `0x` and comes back in upper case without it, in lists too.",
        "recordings TestServerTrustCertificates, test_sql_mi_partner_cert_mgmt",
        &["arm_oddities::certificates_are_made_and_never_replaced"],
    ),
    odd(
        17,
        "PUT of a certificate is create-only: a known name or a known content fails the operation, the very same once more \
         does nothing; two live side by side.",
        "recording TestServerTrustCertificates; ASSUMED 19",
        &["arm_oddities::certificates_are_made_and_never_replaced"],
    ),
    odd(
        18,
        "A wrong enumeration value is InvalidResourceIdSegment; a body without properties is 500; an empty name is 405.",
        "recordings of azure-sdk-for-net",
        &[
            "arm_errors::what_a_link_may_not_be_called_or_hold",
            "arm_face::protocol::a_body_without_properties_takes_long_to_be_an_internal_error",
            "arm_face::certificates::their_life_is_put_and_delete",
        ],
    ),
    odd(
        19,
        "Links were flat until 2023; `linkMode` came with 2025-08-01-preview. `systemData` is in the schema of links and not \
         in answers.",
        "Bicep types by version; recordings of 2026",
        &["arm_oddities::each_version_has_its_own_shape_of_a_link"],
    ),
    odd(20, "`isGeneralPurposeV2` is there only when it is true.", "recordings of instances", &[RECORDED]),
    odd(
        21,
        "No operation of the instance begins while a link is made.",
        "specification 2023-08-01, OperationCanNotStartDueToMiLink",
        &["arm_errors::an_instance_takes_no_operation_while_a_link_is_made"],
    ),
    odd(
        22,
        "The body of a 202 is the operation's name and start, never the resource; a PUT is never 200 or 201, though the \
         specification allows it.",
        "all recordings",
        &["arm_face::links::what_a_put_leaves_out_has_its_default"],
    ),
    odd(
        23,
        "Operations have names of their own: …LinkCreate, …LinkCreateFromMI for an instance that is primary, …DropLink; a \
         multi-database link is a ManagedFailoverGroup inside.",
        "recordings test_sql_mi_link_mgmt, test_sql_mi_multi_database_link_mgmt, …_update_databases",
        &[RECORDED, "arm_face::links::operations_have_names_of_their_own"],
    ),
    odd(
        24,
        "`replicationMode` in a PUT counts for nothing: a link begins with Async.",
        "Azure CLI's help of the link's create command, 2023",
        &["arm_face::links::what_a_put_leaves_out_has_its_default"],
    ),
    odd(
        25,
        "A PUT that names no role is for a secondary instance, with failover mode None, automatic seeding and one database.",
        "specification's example DistributedAvailabilityGroupsCreateMin",
        &["arm_face::links::what_a_put_leaves_out_has_its_default"],
    ),
    odd(
        26,
        "Databases of a secondary multi-database link do not come back in the order in which they were sent.",
        "recording test_sql_mi_multi_database_link_mgmt",
        &["arm_face::links::databases_are_a_set"],
    ),
    odd(
        27,
        "A PATCH of `databases` is the whole new list: what it leaves out leaves the link.",
        "recording test_sql_mi_multi_database_link_update_databases; Azure CLI's help",
        &["arm_face::links::databases_are_a_set"],
    ),
    odd(
        28,
        "Two databases, or none, without `linkMode` MultiDatabase are refused as bad Databases; so is a PATCH of databases of \
         a single-database link.",
        "recordings test_sql_mi_link_error_handling, …_multi_database_link_error_handling; Azure CLI's help; ASSUMED 150",
        &[RECORDED, "arm_face::links::databases_are_a_set"],
    ),
    odd(
        29,
        "Empty names of groups are refused each with a code of its own, in a fixed order of checks.",
        "recording test_sql_mi_link_error_handling",
        &[RECORDED],
    ),
    odd(
        30,
        "Only multi-database links have a rule for names: lower case, digits, hyphens inside. Others are called Link1 or RITOPEK.",
        "recordings test_sql_mi_multi_database_link_error_handling, TestManagedInstanceLinkErrHandling",
        &["arm_face::links::only_multi_database_links_have_a_rule_for_names"],
    ),
    odd(
        31,
        "`distributedAvailabilityGroupId` comes from names: the same names give the same id again.",
        "recordings of Link4 in August and October 2024",
        &["arm_face::links::the_id_of_a_group_comes_from_its_names"],
    ),
    odd(
        32,
        "Positions are digits in text; Sent… is there while the instance is primary, Received… while it is secondary; lags are \
         -1 where they do not apply.",
        "recordings of links of either role; ASSUMED 45",
        &["arm_face::links::positions_follow_the_role"],
    ),
    odd(
        33,
        "`seedingProgress` is a text with a percent sign, and gone when everything is seeded.",
        "specification's examples; recordings of 2024 and 2026",
        &["arm_face::links::seeding_is_told_in_percent_while_it_lasts"],
    ),
    odd(
        34,
        "`mostRecentLinkError` is a number as text; only from 2026-08-01-preview on does the link itself say what went wrong.",
        "recording TestManagedInstanceLinkErrHandling; change log of azure-mgmt-sql 5.0.0b2",
        &["arm_face::links::an_error_is_a_number_until_the_newest_version"],
    ),
    odd(
        35,
        "Neither `failover` nor `setRole` is in the first versions; `setRole` wants both of its properties.",
        "Bicep types by version; specification; ASSUMED 39",
        &["arm_face::links::actions_came_with_their_versions"],
    ),
    odd(
        36,
        "After a planned failover the roles are swapped, by nobody's edit; `replicationMode` says Async throughout.",
        "recording test_sql_mi_first_planned_failover",
        &["arm_face::links::a_planned_failover_swaps_roles_and_ends_in_async"],
    ),
    odd(
        37,
        "The flat PUT of 2021 calls any missing property InvalidParameterValue.",
        "recording TestDistributedAvailabilityGroup of azure-sdk-for-net",
        &["arm_face::links::the_flat_shape_is_still_taken"],
    ),
    odd(
        38,
        "`linkMode` sent with a version that does not have it counts for nothing.",
        "ASSUMED 151",
        &["arm_face::links::what_a_version_does_not_have_counts_for_nothing"],
    ),
    odd(
        39,
        "An expired certificate is accepted.",
        "recording TestServerTrustCertificates (expired in March, uploaded in April 2022)",
        &["arm_face::certificates::expired_ones_are_taken"],
    ),
    odd(
        40,
        "`thumbprint` is SHA-1 of the DER in upper case without `0x`; names may have underscores.",
        "recording test_sql_mi_partner_cert_mgmt",
        &["arm_face::certificates::expired_ones_are_taken"],
    ),
    odd(
        41,
        "A certificate shows when its operation has ended; its deletion is an operation whose result is an empty 200; there is \
         no PATCH.",
        "recordings TestServerTrustCertificates, TestServerTrustCertificateErrHandling; specification",
        &["arm_face::certificates::their_life_is_put_and_delete"],
    ),
    odd(
        42,
        "Endpoint certificates come without `0x`, unlike in the examples; they name the zone first and the instance second, and \
         are renewed each year; a type that does not exist is the provider's 404.",
        "recording TestEndpointCertificate",
        &["arm_face::certificates::the_instances_own_has_two_kinds"],
    ),
    odd(
        43,
        "`trustedRootCertificates` came with 2025-08-01-preview.",
        "specification's example EndpointCertificatesGetWithTrustedRootCertificate",
        &["arm_face::certificates::the_instances_own_has_two_kinds"],
    ),
    odd(
        44,
        "A body that does not say application/json is 415, one that is not JSON 400, one of more than 4 MB 413, all by the \
         gateway.",
        "reports of users of azure-cli (10143), azure-powershell (4317) and azd",
        &["arm_face::protocol::bodies_are_json_and_say_so"],
    ),
    odd(
        45,
        "A verb that a resource does not have is the provider's 405, which names an address of its own that nobody can reach; \
         HEAD is for groups.",
        "report of a user of azure-powershell (9709); REST pages \"Check Existence\"; ASSUMED 157",
        &["arm_face::protocol::verbs_that_a_type_does_not_have_are_not_allowed"],
    ),
    odd(
        46,
        "Each answer has a request id of its own and the correlation id that the client sent; the client's request id comes \
         back where it asked for that.",
        "documentation of ARM's common headers; recordings",
        &["arm_face::protocol::every_answer_can_be_found_again_in_the_services_logs"],
    ),
    odd(
        47,
        "A list may be cut into pages; what is not on the first is behind `nextLink`.",
        "specification, every list",
        &["arm_face::protocol::long_lists_come_in_pages"],
    ),
    odd(
        48,
        "Names and ids are compared in any letter case, and come back in that of their making.",
        "recording test_sql_mi_link_mgmt; documentation of ARM",
        &["arm_face::protocol::letter_case_is_the_services_own_whatever_was_asked"],
    ),
    odd(
        49,
        "A lock holds at its scope and below, against actions too where it is ReadOnly, and not against locks; a Contributor \
         cannot take it off.",
        "\"Lock your resources to protect your infrastructure\"; REST pages of management locks; ASSUMED 154, 155",
        &[
            "arm_face::locks::locks_are_resources",
            "arm_face::locks::a_lock_holds_at_its_scope_and_below",
            "arm_face::locks::a_contributor_sees_locks_and_cannot_change_them",
        ],
    ),
    odd(
        50,
        "An instance with a link, of a failover group or of Business Critical cannot be stopped; stopping takes five minutes, \
         starting twenty, and nothing else is taken meanwhile.",
        "\"Stop and start an instance\", 2026; REST page \"Managed Instances - Stop\"; ASSUMED 156",
        &[
            "arm_face::instances::an_instance_stops_and_starts",
            "arm_face::instances::only_a_free_general_purpose_instance_stops",
        ],
    ),
    odd(
        51,
        "Scaling takes an hour in which links replicate and take no change; at its end every link connects anew. It can be \
         called off.",
        "\"Management operations overview\", 2026; specification 2023-08-01, ManagedInstanceUpdateSloInProgress; ASSUMED 158",
        &["arm_face::instances::scaling_takes_an_hour_and_can_be_called_off"],
    ),
    odd(
        52,
        "A failover of the instance interrupts a link for a moment.",
        "\"Troubleshoot the link\", 2026",
        &["arm_face::instances::a_failover_of_the_instance_interrupts_a_link_for_a_moment"],
    ),
    odd(
        53,
        "`provisioningState` of an instance had other words until 2022-11-01-preview.",
        "Bicep types by version",
        &["arm_face::instances::scaling_takes_an_hour_and_can_be_called_off"],
    ),
    odd(
        54,
        "A copy that a link left behind is a database, recoverable after its first backup; deleted, it lingers under its name \
         and the moment of its deletion.",
        "Bicep types; specification's examples of restorableDroppedDatabases",
        &["arm_face::instances::what_is_left_of_a_link_is_a_database_and_then_a_dropped_one"],
    ),
    odd(
        55,
        "The protector's only name is `current`; keys that nobody made are called ServiceManaged.",
        "Bicep types; specification's examples",
        &["arm_face::instances::keys_protector_and_administrators_are_read"],
    ),
    odd(
        56,
        "Which versions there are is said for all regions together; one region may lack a version all the same.",
        "recordings of azure-powershell with NoRegisteredProviderFound, 2024",
        &[
            "arm_face::instances::providers_tell_versions_and_regions",
            "arm_errors::a_region_may_lack_a_version",
        ],
    ),
    odd(
        57,
        "What is left of a limit is in headers: of all reads, but of writes and deletes both of the bucket and overall; the \
         gateway's own errors do not count.",
        "recordings since 2024",
        &["arm_errors::calls_are_counted_and_too_many_are_refused", RECORDED],
    ),
    odd(
        58,
        "A token that expires during a wait is refused with 401 and a challenge; the operation goes on.",
        "documentation of ARM's authentication",
        &["arm_errors::a_token_expires_during_a_wait"],
    ),
    odd(
        59,
        "A missing right is named by its action; the role that Microsoft's own page lists lacks that of a failover.",
        "\"Prepare your environment for a link\", 2026",
        &["arm_errors::a_role_lacks_an_action_by_its_name"],
    ),
    odd(
        60,
        "A customer's key is called by its vault, name and version; the list has customers' keys first, and only those have a \
         thumbprint and a date. The protector shows no thumbprint.",
        "recording test_sql_mi_tdebyok",
        &["arm_face::keys::a_customers_key_is_put_used_and_deleted"],
    ),
    odd(
        61,
        "To be protected by a customer's key takes a minute and three quarters, to be protected by the service's own a second.",
        "recording test_sql_mi_tdebyok",
        &["arm_face::keys::a_customers_key_is_put_used_and_deleted"],
    ),
    odd(
        62,
        "A failover group shows in the groups and regions of both members, each with its own role; its id has the region as \
         people write it, with spaces.",
        "recording test_sql_instance_failover_group_mgmt",
        &["arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart"],
    ),
    odd(
        63,
        "Polling URLs of failover groups name no resource group; the same words, Create-, Update- and \
         DropManagedFailoverGroup, are those of multi-database links.",
        "recordings test_sql_instance_failover_group_mgmt, test_sql_mi_multi_database_link_mgmt",
        &["arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart", RECORDED],
    ),
    odd(
        64,
        "A failover of a group is asked of who shall be primary, every other change of who is.",
        "recording test_sql_instance_failover_group_mgmt; specification 2023-08-01",
        &["arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart"],
    ),
    odd(
        65,
        "Failover groups and links exclude each other, with a code of its own in either direction.",
        "specification 2023-08-01, ManagedInstanceHasHybridLink and ManagedInstanceHasGeoReplica; ASSUMED 160",
        &["arm_face::failover_groups::a_group_and_links_exclude_each_other"],
    ),
    odd(
        66,
        "The 500 for a body without properties takes 23 seconds to come.",
        "recordings of azure-sdk-for-net, 2022",
        &["arm_face::protocol::a_body_without_properties_takes_long_to_be_an_internal_error"],
    ),
    odd(
        67,
        "A link that could not be made stays as a resource, with its databases' names: until it is deleted, each further PUT \
         of it or of another link with them is accepted and fails with ManagedDatabaseNameInUse.",
        "recordings of azure-powershell; reports of users of the link; ASSUMED 5, 9",
        &["arm_face::links::a_link_that_could_not_be_made_stays_until_it_is_deleted"],
    ),
    odd(
        68,
        "`partnerAuthCertValidity` is an empty object until the instance has been shown the partner's certificate, and ids of \
         replicas are there from the first answer on: neither presence is a proof.",
        "recording test_sql_mi_multi_database_link_mgmt; recording TestDistributedAvailabilityGroup",
        &[
            "arm_face::links::a_link_that_could_not_be_made_stays_until_it_is_deleted",
            "arm_face::links::an_error_of_replication_outlives_a_forced_failover",
        ],
    ),
    odd(
        69,
        "An operation that has succeeded says nothing of the link a moment later: it stays Succeeded while replication reports \
         an error.",
        "recording TestManagedInstanceLinkErrHandling",
        &["arm_face::links::an_error_of_replication_outlives_a_forced_failover"],
    ),
    odd(
        70,
        "An error of replication outlives a forced failover.",
        "recording test_sql_mi_first_forced_failover",
        &["arm_face::links::an_error_of_replication_outlives_a_forced_failover"],
    ),
    odd(
        71,
        "A forced failover changes the role of the instance alone: forced away from an instance that is primary, nobody is, \
         and the link says that its partner were.",
        "recording TestManagedInstanceLinkMIPrimaryForcedFailover",
        &["arm_face::links::forced_away_from_the_instance_nobody_is_primary"],
    ),
    odd(
        72,
        "The copy of a link is a database of the instance, Restoring while it is seeded and Online then, though it takes no \
         writes and cannot be deleted.",
        "report of a lab, October 2026; ASSUMED 14, 24",
        &["arm_face::links::seeding_is_told_in_percent_while_it_lasts"],
    ),
    odd(
        73,
        "What is being deleted shows until its operation has ended.",
        "recordings test_sql_mi_link_mgmt, test_sql_mi_partner_cert_mgmt; ASSUMED 164 that it is gone then",
        &["arm_face::links::what_was_deleted_is_gone_when_its_operation_has_ended"],
    ),
    odd(
        74,
        "DELETE of a certificate that is not there is accepted with 202.",
        "ASSUMED 166",
        &["arm_face::certificates::one_that_is_not_there_is_deleted_all_the_same"],
    ),
    odd(
        75,
        "An instance has at most 100 databases, 500 in the next generation of General Purpose: a link beyond that is accepted \
         and fails. So does one to an instance whose storage is full.",
        "\"Resource limits\", 2022; \"Managed Instance link overview\", 2026; REST page of managed databases; ASSUMED 165",
        &["arm_face::codes::an_instance_takes_no_more_than_it_can"],
    ),
    odd(
        76,
        "The result URL of an operation that runs is an empty 202 that names itself again; of one that was called off 409.",
        "documentation of ARM's asynchronous operations; specification 2023-08-01, OperationCancelled",
        &["arm_face::codes::operations_are_found_by_their_ids"],
    ),
    odd(
        77,
        "The protector shows in T-SQL: with a customer's key each encrypted database of the instance has an ASYMMETRIC KEY as \
         encryptor, whose thumbprint is that of the key in ARM, and else a CERTIFICATE that ARM does not show.",
        "\"Remove a Transparent Data Encryption protector\", 2023; ASSUMED 167",
        &["arm_face::keys::the_protector_shows_in_t_sql"],
    ),
];

const fn odd(
    number: u16,
    what: &'static str,
    source: &'static str,
    tests: &'static [&'static str],
) -> Oddity {
    Oddity { number, what, source, tests }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::super::error_code::{Cause, ERROR_CODES};
    use super::ODDITIES;

    /// Rewrites the page instead of comparing it.
    const REWRITE: &str = "MILINK_REWRITE_ODDITIES";

    #[test]
    fn numbers_have_no_gap_and_codes_an_order() {
        let numbers: Vec<u16> = ODDITIES.iter().map(|one| one.number).collect();
        assert_eq!(numbers, (1..=u16::try_from(ODDITIES.len()).unwrap()).collect::<Vec<_>>());
        let keys: Vec<_> = ERROR_CODES.iter().map(|one| (one.status, one.code)).collect();
        assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
    }

    #[test]
    fn every_line_is_shown_by_a_test_that_is_there() {
        let met = ERROR_CODES.iter().filter_map(|one| match one.cause {
            Cause::Met(test) => Some((one.code.to_owned(), test)),
            Cause::Injected(_) => None,
        });
        let odd =
            ODDITIES.iter().flat_map(|one| one.tests.iter().map(|test| (one.number.to_string(), *test)));
        for (line, test) in odd.chain(met) {
            let (file, name) = test.rsplit_once("::").unwrap();
            let path = root().join("tests").join(format!("{}.rs", file.replace("::", "/")));
            let text = fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{line}: {}: {error}", path.display()));
            assert!(text.contains(&format!("fn {name}()")), "{line}: {test} is not there");
        }
        assert!(ODDITIES.iter().all(|one| !one.tests.is_empty() && !one.source.is_empty()));
    }

    #[test]
    fn every_code_that_is_said_is_in_the_table() {
        // A name that this service does not have reaches none of the real ones.
        let ours = ["InvalidHostName"];
        let mut said = 0;
        for folder in ["src/arm", "src/world/azure"] {
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with("error_code.rs") {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for (status, code) in codes(text.split("#[cfg(test)]").next().unwrap()) {
                    said += 1;
                    let listed = ERROR_CODES.iter().any(|one| (one.status, one.code) == (status, code));
                    assert!(listed || ours.contains(&code), "{}: {status} {code}", path.display());
                }
            }
        }
        assert!(said > 50, "{said} codes found");
    }

    /// Statuses with the codes that follow them. Those of Entra are OAuth's, in lower case.
    fn codes(text: &str) -> impl Iterator<Item = (u16, &str)> {
        text.match_indices(',').filter_map(|(place, _)| {
            let (before, after) = text.split_at(place);
            let status = before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
            let code = after.get(1..)?.trim_start().strip_prefix('"')?.split('"').next()?;
            ((400..600).contains(&status) && code.starts_with(char::is_uppercase)).then_some((status, code))
        })
    }

    #[test]
    fn the_page_is_made_from_the_tables() {
        let path = root().join("../../docs/simulator/arm-oddities.md");
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&path, page()).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, page(), "run this test once with {REWRITE}=1 set");
    }

    fn page() -> String {
        let mut page = String::from(
            "# The ARM face: what nobody would expect\n\n\
             What the real service does and a client does not foresee, each simulated and shown over HTTPS by a test\n\
             (`FILE::test` below `acceptance-tests/simulator/tests`). Recordings are Microsoft's own test sessions of azure-cli,\n\
             azure-powershell and azure-sdk-for-net. Made from `src/arm/oddity.rs` and `src/arm/error_code.rs`; a test compares.\n\n\
             | no. | what | source | test |\n\
             | --- | --- | --- | --- |\n",
        );
        for one in ODDITIES {
            let tests: Vec<String> = one.tests.iter().map(|test| format!("`{test}`")).collect();
            page += &format!("| {} | {} | {} | {} |\n", one.number, one.what, one.source, tests.join(", "));
        }
        page += "\n## Codes\n\n\
                 What a source gives a cause for is met in a situation of the simulated world. The rest is played by a fault rule,\n\
                 and `arm_face::codes::every_other_code_can_be_injected` does so with each.\n\n\
                 | status | code | here |\n\
                 | --- | --- | --- |\n";
        for one in ERROR_CODES {
            let here = match one.cause {
                Cause::Met(test) => format!("`{test}`"),
                Cause::Injected(why) => format!("by a fault rule: {why}"),
            };
            page += &format!("| {} | {} | {here} |\n", one.status, one.code);
        }
        page
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
    }
}
