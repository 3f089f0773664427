//! Azure Resource Manager: the Azure half of links. Knows nothing of Terraform.
//!
//! | module | what |
//! | --- | --- |
//! | [`client`] | one subscription's client: sending, retries, long-running operations |
//! | [`environment`] | the clouds |
//! | [`id`] | resource ids |
//! | [`instance`], [`link`], [`trust_certificate`] | one resource type a file |
//! | [`error`] | what can go wrong, and what to do about it |
//! | `api_version` | which version of the service is spoken |
//! | `exchange`, `patience`, `lenient` | one request and its answer, waits, properties in several forms |

mod api_version;
pub mod client;
pub mod environment;
pub mod error;
mod exchange;
pub mod id;
pub mod instance;
mod lenient;
pub mod link;
mod patience;
pub mod trust_certificate;

pub use client::{Client, Operation, Progress, Settings, Wait};
pub use environment::Environment;
pub use error::Error;
pub use id::{LinkId, ManagedInstanceId, TrustCertificateId};
