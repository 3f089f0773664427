//! An upload on its way to the instance and from it.

use std::time::Duration;

use tokio::time::Instant;

use crate::arm::trust_certificate::TrustCertificate;
use crate::arm::{self, TrustCertificateId};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::link::establish::APPEAR;
use crate::resources::reach;

/// How long to wait before the first look that comes after a lag, and before further ones.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Uploads it, and waits until the instance lists it: an endpoint that is switched next asks whether it is there, and the
/// list may lag behind the operation.
pub(super) async fn upload(
    context: &Context<Clients>,
    azure: &arm::Client,
    id: &TrustCertificateId,
    der: &[u8],
    doing: &str,
) -> Result<(), Diagnostics> {
    let wait = reach::wait(context);
    let ended = match azure.upload_trust_certificate(id, der, &wait).await {
        Ok(operation) => azure.finish(&operation, &wait).await,
        Err(error) => Err(error),
    };
    let until = Instant::now() + APPEAR;
    let [mut pause, further] = PAUSES;
    loop {
        azure.forget();
        let there = list(azure, id, doing).await.is_ok_and(|certificates| {
            certificates
                .iter()
                .any(|found| found.name.eq_ignore_ascii_case(&id.name) && found.der.as_deref() == Some(der))
        });
        match &ended {
            // The answer may be lost, or somebody uploaded the same meanwhile: what counts is what is there.
            _ if there => return Ok(()),
            Err(error) => return Err(reach::arm_error(doing, error).into()),
            Ok(()) => {}
        }
        // Azure has it: a wait that is over or was ended takes nothing back.
        if Instant::now() > until || wait.sleep(pause, doing).await.is_err() {
            context.warn(Diagnostic::warning(
                "A certificate does not show yet",
                format!(
                    "The managed instance {} accepted the certificate {} and does not list it yet.",
                    id.instance.name, id.name
                ),
            ));
            return Ok(());
        }
        pause = further;
    }
}

pub(super) async fn list(
    azure: &arm::Client,
    id: &TrustCertificateId,
    doing: &str,
) -> Result<Vec<TrustCertificate>, Diagnostics> {
    azure.trust_certificates(&id.instance).await.map_err(|error| reach::arm_error(doing, &error).into())
}

/// Removes it, and waits until the instance lists it no more: the list may lag behind the operation.
pub(super) async fn remove(
    context: &Context<Clients>,
    azure: &arm::Client,
    id: &TrustCertificateId,
    doing: &str,
) -> Result<(), Diagnostics> {
    let wait = reach::wait(context);
    let operation = azure
        .delete_trust_certificate(id, &wait)
        .await
        .map_err(|error| Diagnostics::from(reach::arm_error(doing, &error)))?;
    let ended = azure.finish(&operation, &wait).await;
    let until = Instant::now() + APPEAR;
    let [mut pause, further] = PAUSES;
    loop {
        // Whatever the operation says, what counts is whether it is gone.
        azure.forget();
        let listed = list(azure, id, doing)
            .await
            .map(|left| left.iter().any(|found| found.name.eq_ignore_ascii_case(&id.name)));
        match (&ended, listed) {
            (_, Ok(false)) => return Ok(()),
            (Err(error), _) => return Err(reach::arm_error(doing, error).into()),
            (Ok(()), Err(error)) => return Err(error),
            (Ok(()), Ok(true)) if Instant::now() > until || context.cancellation().is_cancelled() => {
                return Err(Diagnostic::error(
                    "A certificate was not removed",
                    format!(
                        "The managed instance {} still lists the certificate {} after its removal.",
                        id.instance.name, id.name
                    ),
                )
                .into());
            }
            (Ok(()), Ok(true)) => wait
                .sleep(pause, doing)
                .await
                .map_err(|error| Diagnostics::from(reach::arm_error(doing, &error)))?,
        }
        pause = further;
    }
}
