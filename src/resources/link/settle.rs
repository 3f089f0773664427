//! After Azure has accepted a link: waiting for contact, and the state that is true in the end, whatever it is.

use std::time::Duration;

use tokio::time::Instant;

use super::establish::{APPEAR, Maker};
use super::halves::{self, Halves};
use super::{
    BROKEN, ESTABLISHED, INCOMPLETE, Link, LinkPrivate, MANAGED_INSTANCE, SQL_SERVER, mode, observe,
};
use crate::arm::{Operation, Progress};
use crate::framework::diagnostic::Diagnostic;
use crate::framework::model::Field;
use crate::framework::resource::State;

/// How long contact may take. The service gives up after five minutes by itself (error 41962).
const CONTACT: Duration = Duration::from_secs(6 * 60);

impl Maker<'_> {
    /// Waits for contact, and tells the truth about whatever there is.
    pub(super) async fn settle(
        &self,
        operation: Option<Operation>,
        mut private: LinkPrivate,
        existed: bool,
    ) -> State<Link, LinkPrivate> {
        private.accepted = true;
        let local = self.planned.availability_group_name.as_str().unwrap_or_default();
        private.servers = self.nodes.remember(&private.servers, local);
        let began = Instant::now();
        let until = self.by(began + CONTACT);
        let mut failure = None;
        let mut halves = None;
        let mut broken = false;
        let why = loop {
            if let Ok(now) = halves::look(self.azure, self.nodes, self.planned, self.id).await {
                let met = now.in_contact().unwrap_or(false);
                let failed =
                    now.databases().iter().find(|database| database.has_failed()).map(observe::failure);
                halves = Some(now);
                if let Some(failed) = failed {
                    broken = true;
                    break Some(
                        failure.take().map_or(failed.clone(), |failure| format!("{failed} ({failure})")),
                    );
                }
                if met {
                    private.contacted = true;
                    break None;
                }
            }
            if let Some(operation) = &operation
                && let Ok(Progress::Failed(error)) = self.azure.poll(operation).await
            {
                let gone = halves.as_ref().is_none_or(|halves: &Halves| halves.arm.is_none());
                failure = Some(error.to_string());
                // Another operation, of a run that was cut off, may have made the link that is not shown yet.
                if gone && began.elapsed() >= APPEAR {
                    break failure.take();
                }
            }
            if Instant::now() > until {
                break Some(match failure.take() {
                    Some(failure) => failure,
                    None => "the two sides were not in contact within the time".to_owned(),
                });
            }
            tokio::select! {
                biased;
                () = self.context.cancellation().cancelled() => break Some("the apply was stopped".to_owned()),
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
        };
        let mut model = self.planned.clone();
        model.id = Field::Known(self.id.to_string());
        if model.link_generation.as_str().is_none() {
            model.link_generation = Field::Known(uuid::Uuid::new_v4().to_string());
        }
        if model.adopted.known().is_none() {
            model.adopted = Field::Known(existed);
        }
        if model.sql_servers.known().is_none() {
            model.sql_servers =
                Field::Known(self.nodes.seen().iter().map(|node| node.server.name().to_owned()).collect());
        }
        let declared = model.replication_mode.clone();
        if let Some(halves) = &halves {
            observe::fill(&mut model, &mut private, halves);
        }
        if model.observed_primary.as_str().is_none() {
            model.observed_primary = if self.instance_first() { MANAGED_INSTANCE } else { SQL_SERVER }.into();
        }
        // The plan's word stands. A link begins asynchronous: another mode waits until it replicates.
        model.replication_mode = if declared.known().is_some() { declared } else { mode::ASYNC.into() };
        private.mode_pending = model.replication_mode.as_str() == Some(mode::SYNC);
        private.mode_written_under = model.observed_primary.as_str().map(str::to_owned);
        private.roles_moved = false;
        if model.distributed_availability_group_id.is_unknown() {
            model.distributed_availability_group_id = Field::Null;
        }
        if !matches!(model.failover_mode, Field::Known(_)) {
            // The service's default for an instance that is secondary; some answers leave it out.
            model.failover_mode = "None".into();
        }
        model.complete = Field::Known(why.is_none());
        model.status = match &why {
            None => ESTABLISHED,
            Some(_) if broken => BROKEN,
            Some(_) => INCOMPLETE,
        }
        .into();
        private.remember(&model);
        if let Some(why) = why {
            self.context.warn(if broken {
                self.is_broken(&why)
            } else {
                self.is_incomplete(&why, halves.as_ref())
            });
        }
        State { model, private }
    }

    fn is_broken(&self, why: &str) -> Diagnostic {
        Diagnostic::warning(
            "A link is broken",
            format!("The link {} exists in Azure, but it failed: {why}.", self.id.name),
        )
        .hint(observe::WAYS_OUT)
    }

    fn is_incomplete(&self, why: &str, halves: Option<&Halves>) -> Diagnostic {
        let exists = if halves.is_some_and(|halves| halves.arm.is_some()) {
            "exists in Azure"
        } else {
            "was asked for in Azure, which does not show it"
        };
        Diagnostic::warning(
            "A link is not complete",
            format!("The link {} {exists}, but {why}. The next apply goes on.", self.id.name),
        )
        .hint("check ports 5022 and 11000-11999 both ways, and what each side trusts")
    }
}
