//! Codes with which the service refuses, and how each comes about here.
//!
//! The list is that of the 2023-08-01 specification for links, with what recordings, ARM's own documentation, the REST
//! pages of instances, and the specification of keys and failover groups add. A code whose cause a source states is met in a situation of the simulated world, and a test
//! meets it; the others are played by a fault rule, because a cause of our own making would be a guess.

/// How a code comes about.
#[derive(Debug, Clone, Copy)]
pub enum Cause {
    /// A situation of the simulated world: the test that meets it, `FILE::test` below `tests`.
    Met(&'static str),
    /// A fault rule only: why.
    Injected(&'static str),
}

/// A code of the service.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode {
    /// HTTP status; that of an operation's failure is the one that the specification lists.
    pub status: u16,
    /// `error.code`.
    pub code: &'static str,
    /// How it comes about here.
    pub cause: Cause,
}

const AZURE: &str = "something inside of the service; no source says when";
const EARLIER: &str = "the gateway says 404 before the provider is asked";

/// All of them, by status and code.
pub const ERROR_CODES: &[ErrorCode] = &[
    injected(400, "AkvEndpointNotReachableFromNode", "key vaults are not modelled"),
    met(400, "AzureKeyVaultMalformedVaultUri", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(400, "CannotUseReservedDatabaseName", "arm_errors::what_a_link_may_not_be_called_or_hold"),
    met(400, "CannotUseTrailingWhitespacesInDatabaseName", "arm_face::codes::names_that_no_database_has"),
    injected(400, "CloudLifterUnsupportedFeature", "which features are meant is in no source"),
    met(400, "DatabaseNumberLimitReached", "arm_face::codes::an_instance_takes_no_more_than_it_can"),
    met(400, "DnsZoneMismatch", "arm_face::failover_groups::members_have_to_fit"),
    met(
        400,
        "FailoverGroupRegionMismatch",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(400, "GeoDrInstanceSizeMismatch", "arm_face::failover_groups::members_have_to_fit"),
    met(400, "GeoDrSecondaryInstanceNotEmpty", "arm_face::failover_groups::members_have_to_fit"),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestDuplicatePartner",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalid",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidManagedInstanceRegion",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidPartner",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidPrimary",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidReadWriteEndpoint",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidReadWriteEndpointFields",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidReadWriteEndpointFieldsForManualPolicy",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestInvalidReadWriteFailoverPolicy",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestLessThanMinimumGracePeriodValues",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestNegativeGracePeriodValues",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestReadOnlyPropertyModified",
        "arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestUnsupportedPairCount",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupCreateOrUpdateRequestUnsupportedPartnerCount",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupDoesNotExist",
        "arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart",
    ),
    met(
        400,
        "InstanceFailoverGroupFailoverRequestOnPrimary",
        "arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart",
    ),
    met(
        400,
        "InstanceFailoverGroupPartnerManagedInstanceFromDifferentSubscription",
        "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code",
    ),
    met(
        400,
        "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary",
        "arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart",
    ),
    met(400, "InvalidApiVersionParameter", "arm_errors::what_is_missing_is_told_apart_by_who_says_so"),
    met(
        400,
        "InvalidDistributedAvailabilityGroupFailoverInstanceRole",
        "arm_oddities::planned_failover_is_for_a_primary_and_forced_flips_either_role",
    ),
    met(
        400,
        "InvalidDistributedAvailabilityGroupFailoverRequest",
        "arm_errors::what_a_link_may_not_be_called_or_hold",
    ),
    met(
        400,
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases",
        "arm_face::links::databases_are_a_set",
    ),
    met(
        400,
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestInstanceAvailabilityGroupName",
        "arm_face::codes::each_name_of_a_group_has_its_code",
    ),
    met(
        400,
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestPartnerAvailabilityGroupName",
        "arm_face::codes::each_name_of_a_group_has_its_code",
    ),
    met(400, "InvalidEncryptionProtectorName", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(400, "InvalidFailoverGroupRegion", "arm_face::failover_groups::members_have_to_fit"),
    met(400, "InvalidIdentifier", "arm_face::codes::names_that_no_database_has"),
    met(400, "InvalidKeyName", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(400, "InvalidKeyType", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(400, "InvalidKeyUpsertRequest", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(400, "InvalidLock", "arm_face::locks::locks_are_resources"),
    met(
        400,
        "InvalidMultiDbDistributedAvailabilityGroupName",
        "arm_face::links::only_multi_database_links_have_a_rule_for_names",
    ),
    met(400, "InvalidParameterValue", "arm_errors::what_a_link_may_not_be_called_or_hold"),
    met(400, "InvalidPublicBlob", "arm_oddities::certificates_are_made_and_never_replaced"),
    met(400, "InvalidRequestContent", "arm_face::protocol::bodies_are_json_and_say_so"),
    met(400, "InvalidResourceIdSegment", "arm_errors::what_a_link_may_not_be_called_or_hold"),
    met(400, "InvalidSubscriptionId", "arm_errors::what_is_missing_is_told_apart_by_who_says_so"),
    met(400, "InvalidUpsertKeyType", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(
        400,
        "KeyMaterialNotFoundOnRemoteServer",
        "arm_face::failover_groups::a_key_has_to_be_on_both_members",
    ),
    met(400, "ManagedDatabaseNameInUse", "arm_errors::what_a_link_may_not_be_called_or_hold"),
    met(
        400,
        "ManagedInstanceEstablishingFailoverGroupGeoPrimaryWithNewerVersionEditionThanSecondary",
        "arm_face::failover_groups::members_have_to_fit",
    ),
    met(
        400,
        "ManagedInstanceFailoverInFailoverGroupInstancesWithDifferentVersionEditions",
        "arm_face::failover_groups::members_have_to_fit",
    ),
    met(
        400,
        "ManagedInstanceHasGeoReplica",
        "arm_face::failover_groups::a_group_and_links_exclude_each_other",
    ),
    met(
        400,
        "ManagedInstanceOperationInProgress",
        "arm_errors::an_instance_that_is_not_ready_takes_no_changes",
    ),
    met(400, "ManagedInstanceStarting", "arm_errors::an_instance_that_is_not_ready_takes_no_changes"),
    met(
        400,
        "ManagedInstanceStoppingOrStopped",
        "arm_errors::an_instance_that_is_not_ready_takes_no_changes",
    ),
    met(
        400,
        "ManagedInstanceUpdateSloInProgress",
        "arm_face::instances::scaling_takes_an_hour_and_can_be_called_off",
    ),
    met(
        400,
        "ManagementServiceStartManagedInstanceNotStopped",
        "arm_face::instances::an_instance_stops_and_starts",
    ),
    met(
        400,
        "ManagementServiceStopManagedInstanceNotSupportedOnSKU",
        "arm_face::instances::only_a_free_general_purpose_instance_stops",
    ),
    met(
        400,
        "ManagementServiceStopManagedInstancePartOfFailoverGroup",
        "arm_face::instances::only_a_free_general_purpose_instance_stops",
    ),
    met(
        400,
        "ManagementServiceStopManagedInstanceUsingMILink",
        "arm_face::instances::only_a_free_general_purpose_instance_stops",
    ),
    met(400, "MissingApiVersionParameter", "arm_errors::what_is_missing_is_told_apart_by_who_says_so"),
    met(400, "MissingPublicBlob", "arm_oddities::certificates_are_made_and_never_replaced"),
    met(400, "NoMoreSpaceInManagedInstance", "arm_face::codes::an_instance_takes_no_more_than_it_can"),
    met(400, "NoRegisteredProviderFound", "arm_errors::a_region_may_lack_a_version"),
    met(
        400,
        "OperationCanNotStartDueToMiLink",
        "arm_errors::an_instance_takes_no_operation_while_a_link_is_made",
    ),
    met(400, "SecurityAzureKeyVaultUrlNullOrEmpty", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(400, "ServerEditionMismatch", "arm_face::failover_groups::members_have_to_fit"),
    met(400, "ServerNotFound", "arm_face::failover_groups::members_have_to_fit"),
    injected(400, "StorageAccountFull", "accounts of storage are not modelled"),
    met(400, "TokenTooLong", "arm_face::codes::names_that_no_database_has"),
    injected(
        400,
        "UnableToResolveRemoteServer",
        "no source says whether names are resolved before the connection",
    ),
    met(401, "AuthenticationFailed", "arm_errors::a_token_expires_during_a_wait"),
    met(401, "ExpiredAuthenticationToken", "arm_errors::a_token_expires_during_a_wait"),
    met(401, "InvalidAuthenticationToken", "arm_errors::a_token_expires_during_a_wait"),
    met(401, "InvalidAuthenticationTokenAudience", "arm_errors::a_token_expires_during_a_wait"),
    met(403, "AuthorizationFailed", "arm_errors::a_role_lacks_an_action_by_its_name"),
    met(403, "RequestDisallowedByPolicy", "arm_errors::locks_and_policies_are_the_gateways_refusals"),
    injected(404, "CannotFindServerCertificateWithThumbprint", AZURE),
    met(404, "DatabaseDoesNotExist", "arm_face::codes::a_link_from_the_instance_needs_its_database"),
    met(404, "InvalidResourceNamespace", "arm_face::instances::providers_tell_versions_and_regions"),
    met(404, "InvalidResourceType", "arm_face::links::actions_came_with_their_versions"),
    met(404, "LockNotFound", "arm_face::locks::locks_are_resources"),
    met(404, "OperationIdNotFound", "arm_face::codes::operations_are_found_by_their_ids"),
    injected(404, "ResourceDoesNotExist", EARLIER),
    met(404, "ResourceGroupNotFound", "arm_errors::what_is_missing_is_told_apart_by_who_says_so"),
    met(404, "ResourceNotFound", "arm_errors::what_is_missing_is_told_apart_by_who_says_so"),
    met(404, "ServerKeyNotFound", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(404, "ServerNotInSubscription", "arm_face::failover_groups::a_group_and_links_exclude_each_other"),
    injected(404, "ServerNotInSubscriptionResourceGroup", EARLIER),
    injected(404, "SubscriptionDoesNotHaveServer", EARLIER),
    met(404, "SubscriptionNotFound", "arm_errors::what_is_missing_is_told_apart_by_who_says_so"),
    met(405, "MethodNotAllowed", "arm_errors::what_a_link_may_not_be_called_or_hold"),
    met(409, "AzureKeyVaultKeyInUse", "arm_face::keys::a_customers_key_is_put_used_and_deleted"),
    met(409, "CannotCancelOperation", "arm_face::instances::scaling_takes_an_hour_and_can_be_called_off"),
    met(409, "CertificateAlreadyExists", "arm_oddities::certificates_are_made_and_never_replaced"),
    met(409, "ConflictingDatabaseOperation", "arm_errors::what_a_link_may_not_be_called_or_hold"),
    met(409, "ConflictingServerOperation", "arm_face::codes::one_operation_on_a_link_at_a_time"),
    injected(409, "ConflictingSystemOperationInProgress", AZURE),
    met(
        409,
        "EncryptionProtectorChangeInProgress",
        "arm_face::keys::a_customers_key_is_put_used_and_deleted",
    ),
    met(409, "InstanceFailoverGroupAlreadyExists", "arm_face::failover_groups::members_have_to_fit"),
    met(
        409,
        "InstanceFailoverGroupBusy",
        "arm_face::failover_groups::a_group_is_made_set_failed_over_and_taken_apart",
    ),
    met(409, "InvalidFailoverGroupName", "arm_face::failover_groups::what_a_group_lacks_is_told_by_its_code"),
    injected(409, "InvalidOperationForDatabaseNotInReplicationRelationship", AZURE),
    met(
        409,
        "ManagedInstanceHasHybridLink",
        "arm_face::failover_groups::a_group_and_links_exclude_each_other",
    ),
    injected(409, "ManagedInstanceIsBusy", AZURE),
    injected(409, "ManagementServiceDatabaseBusy", AZURE),
    met(409, "OperationCancelled", "arm_face::codes::operations_are_found_by_their_ids"),
    injected(409, "OperationInterrupted", AZURE),
    injected(
        409,
        "RemoteDatabaseExists",
        "a database of that name on SQL Server; no source says when it is noticed",
    ),
    met(409, "ScopeLocked", "arm_errors::locks_and_policies_are_the_gateways_refusals"),
    injected(409, "ServerDisabled", "disabled servers are not modelled"),
    met(409, "ServerKeyDoesNotExists", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    met(409, "ServerKeyNameAlreadyExists", "arm_face::keys::what_is_no_key_is_told_by_its_code"),
    injected(409, "SubscriptionDisabled", "disabled subscriptions are not modelled"),
    met(413, "RequestContentTooLarge", "arm_face::protocol::bodies_are_json_and_say_so"),
    met(415, "UnsupportedMediaType", "arm_face::protocol::bodies_are_json_and_say_so"),
    injected(
        429,
        "ConflictingSubscriptionOperation",
        "limits of the provider itself; no source has their size",
    ),
    met(429, "SubscriptionRequestsThrottled", "arm_errors::calls_are_counted_and_too_many_are_refused"),
    injected(
        429,
        "SubscriptionTooManyCreateUpdateRequests",
        "limits of the provider itself; no source has their size",
    ),
    injected(429, "SubscriptionTooManyRequests", "limits of the provider itself; no source has their size"),
    injected(500, "GatewayInternalServerError", AZURE),
    met(
        500,
        "InternalServerError",
        "arm_face::protocol::a_body_without_properties_takes_long_to_be_an_internal_error",
    ),
    injected(500, "OperationTimedOut", AZURE),
    injected(503, "AzureKeyVaultConnectionFailed", "key vaults are not modelled"),
    injected(503, "DatabaseUnavailable", AZURE),
    injected(503, "TooManyRequests", AZURE),
    injected(504, "RequestTimeout", AZURE),
];

const fn met(status: u16, code: &'static str, test: &'static str) -> ErrorCode {
    ErrorCode { status, code, cause: Cause::Met(test) }
}

const fn injected(status: u16, code: &'static str, why: &'static str) -> ErrorCode {
    ErrorCode { status, code, cause: Cause::Injected(why) }
}
