//! What can go wrong between here and Azure.

use crate::credential::CredentialError;

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service answered with an error.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An operation that was accepted failed later.
    #[error("the operation {operation} failed: {code}: {message}")]
    Operation {
        /// Its name in the service's words.
        operation: String,
        /// Code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// Nobody answers.
    #[error("{host} does not answer: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        reason: String,
        /// Whether the request may have been received.
        sent: bool,
    },
    /// No token.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The answer makes no sense.
    #[error("the answer of {call} cannot be read: {reason}")]
    Malformed {
        /// Method and resource.
        call: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{call} was still going on when the time limit was reached")]
    TimedOut {
        /// What was waited for.
        call: String,
    },
    /// Terraform asked to stop.
    #[error("stopped on request")]
    Cancelled,
    /// The client cannot be made.
    #[error("the configuration for Azure cannot be used: {0}")]
    Configuration(String),
}

/// An error body of ARM or of the SQL resource provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("HTTP {status} {code}: {message}")]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: String,
    /// `error.message`, on one line.
    pub message: String,
    /// `x-ms-request-id`: what Microsoft's support asks for.
    pub request_id: Option<String>,
    /// Whether ARM itself answered (`x-ms-failure-cause: gateway`), not the SQL resource provider.
    pub gateway: bool,
}

impl Error {
    /// The service's code.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service(error) => Some(&error.code),
            Self::Operation { code, .. } => Some(code),
            _ => None,
        }
    }

    /// HTTP status of the service's answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Service(error) => Some(error.status),
            _ => None,
        }
    }

    /// Whether Azure could not be asked at all.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            // Without Entra ID there is no asking Azure either.
            Self::Credential(error) => error.is_unreachable(),
            Self::Service(error) => matches!(error.status, 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether what a change did is not known: whoever asked for it has to look.
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Unreachable { sent, .. } => *sent,
            // 408: the service waited for the request, and may have it by now.
            Self::Service(error) => error.status >= 500 || error.status == 408,
            Self::TimedOut { .. } | Self::Malformed { .. } => true,
            _ => false,
        }
    }

    /// What to do about it, for known causes.
    pub fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::Credential(error) if error.is_unreachable() => {
                "check the network and any proxy to Entra ID; `unreachable = \"keep\"` keeps the last known state of what cannot be read"
            }
            Self::Credential(_) => {
                "check the credential in the block `azure` or the ARM_* variables, or sign in with `az login`"
            }
            Self::Unreachable { .. } => {
                "check the network and any proxy; `unreachable = \"keep\"` keeps the last known state of what cannot be read"
            }
            Self::Service(error) if error.code == "AuthorizationFailed" => {
                return Some(match missing_action(&error.message) {
                    Some(action) => format!(
                        "grant a role with the action {action}; SQL Managed Instance Contributor has all that links need"
                    ),
                    None => "grant the role SQL Managed Instance Contributor on the instance".to_owned(),
                });
            }
            Self::Service(_) | Self::Operation { .. } => hint(self.code()?)?,
            _ => return None,
        };
        Some(fixed.to_owned())
    }
}

/// The action that the text of an `AuthorizationFailed` names in quotes.
fn missing_action(message: &str) -> Option<&str> {
    message
        .split('\'')
        .find(|part| part.starts_with("Microsoft.") && part.contains('/') && !part.contains(' '))
}

/// Hints by code (those that the published specification lists for links, and those that recordings show).
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "ManagedDatabaseNameInUse" | "RemoteDatabaseExists" => {
            "a database of that name is on the instance: a copy that an earlier link left, or another database; rename or delete it \
             there after you made sure which"
        }
        "CertificateAlreadyExists" => {
            "the same certificate is there under another name, or another certificate has this name; import it, or choose another name"
        }
        "InvalidPublicBlob" | "MissingPublicBlob" => "give the certificate itself, not its key",
        "ResourceGroupNotFound" | "SubscriptionNotFound" => {
            "check the id, and which subscription the credential may see"
        }
        "ResourceNotFound"
        | "ResourceDoesNotExist"
        | "ServerNotInSubscriptionResourceGroup"
        | "SubscriptionDoesNotHaveServer" => "check the id of the managed instance",
        "OperationCanNotStartDueToMiLink" => {
            "a link is being created on this instance; wait until its seeding has ended"
        }
        "ManagedInstanceStoppingOrStopped" => "start the managed instance",
        "ManagedInstanceStarting"
        | "ManagedInstanceOperationInProgress"
        | "ManagedInstanceUpdateSloInProgress" => "wait until the instance's operation has ended",
        "InvalidMultiDbDistributedAvailabilityGroupName" => {
            "the name of a link of several databases has lower-case letters, digits and inner hyphens only"
        }
        "InvalidDistributedAvailabilityGroupFailoverInstanceRole" => {
            "the instance is not primary; fail over from SQL Server"
        }
        "NoRegisteredProviderFound" | "InvalidResourceType" => {
            "set `api_version` in the block `azure` to one that the region has"
        }
        "ScopeLocked" => "a lock forbids the change; remove it for the time of the change",
        "RequestDisallowedByPolicy" => "a policy forbids the change; ask whoever assigned it",
        "ExpiredAuthenticationToken" | "InvalidAuthenticationToken" => {
            "check the clock of this machine, and the credential"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_action_is_named() {
        let error = Error::Service(ServiceError {
            status: 403,
            code: "AuthorizationFailed".to_owned(),
            message: "The client 'x' with object id 'y' does not have authorization to perform action \
                      'Microsoft.Sql/managedInstances/distributedAvailabilityGroups/write' over scope '/subscriptions/z'"
                .to_owned(),
            request_id: None,
            gateway: true,
        });
        let hint = error.hint().unwrap();
        assert!(
            hint.contains("Microsoft.Sql/managedInstances/distributedAvailabilityGroups/write"),
            "{hint}"
        );
    }
}
