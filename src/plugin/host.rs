//! Notices that the host is gone. A host that crashes or is killed calls no `Shutdown`, and its plugins would
//! stay for good.
//!
//! Two things are watched, because neither does everywhere: the parent process (Windows has no such notion), and
//! the host's only connection (a host may die before it connects). On Linux the kernel reports the parent's
//! death at once; elsewhere it is looked for every second.
//!
//! Linux reports the end of the *thread* that started the process, and a host may well end a thread and live on.
//! Therefore the signal kills nothing, it only makes us look.

use std::time::Duration;

use tokio::sync::watch;

use super::shutdown::{Reason, Shutdown};

/// How long a host may take from the handshake to its connection. Terraform gives up after a minute itself.
const FIRST_CONTACT: Duration = Duration::from_secs(120);

/// How long a host may be without its connection. It never closes it on purpose while it needs the plugin.
const RECONNECT: Duration = Duration::from_secs(5);

/// Asks for the end of the process when the host is gone. Not for debug mode, where clients come and go.
pub(super) fn watch(clients: watch::Receiver<usize>, shutdown: &Shutdown) -> std::io::Result<()> {
    let parent_gone = parent::gone()?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = parent_gone => shutdown.request(Reason::HostGone),
            () = client_gone(clients) => shutdown.request(Reason::HostGone),
            () = shutdown.requested() => {}
        }
    });
    Ok(())
}

/// Waits until the client has been away for too long.
async fn client_gone(mut clients: watch::Receiver<usize>) {
    let mut patience = FIRST_CONTACT;
    loop {
        match tokio::time::timeout(patience, clients.wait_for(|clients| *clients > 0)).await {
            Ok(Ok(_)) => {}
            // Nobody came, or nobody can come any more.
            Ok(Err(_)) | Err(_) => return,
        }
        if clients.wait_for(|clients| *clients == 0).await.is_err() {
            return;
        }
        patience = RECONNECT;
    }
}

#[cfg(unix)]
mod parent {
    use std::io;
    use std::time::Duration;

    use rustix::process::getppid;
    use tokio::time::MissedTickBehavior;

    /// How often to look where the kernel does not report.
    const INTERVAL: Duration = Duration::from_secs(1);

    /// Waits until the process has another parent than now. (Process 1 may be the host itself, in a container,
    /// so the number alone tells nothing.)
    pub(super) fn gone() -> io::Result<impl Future<Output = ()> + Send> {
        // First of all: a parent that dies from here on is noticed.
        let parent = getppid();
        let mut reports = death_reports()?;
        Ok(async move {
            let mut interval = tokio::time::interval(INTERVAL);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while getppid() == parent {
                tokio::select! {
                    _ = interval.tick() => {}
                    _ = reports.recv() => {}
                }
            }
        })
    }

    /// The signal that the kernel sends when the parent, or its thread, ends. SIGUSR1 has no other use here.
    fn death_reports() -> io::Result<tokio::signal::unix::Signal> {
        let reports = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1())?;
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::USR1))?;
        Ok(reports)
    }
}

#[cfg(not(unix))]
mod parent {
    /// Never: the connection tells.
    pub(super) fn gone() -> std::io::Result<impl Future<Output = ()> + Send> {
        Ok(std::future::pending())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_that_never_connects_is_gone() {
        let begun = Instant::now();
        let clients = watch::Sender::new(0);
        client_gone(clients.subscribe()).await;
        assert_eq!(begun.elapsed(), FIRST_CONTACT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_stays_connected_is_not_gone() {
        let begun = Instant::now();
        let clients = watch::Sender::new(0);
        let gone = client_gone(clients.subscribe());
        let host = async {
            clients.send_replace(1);
            sleep(Duration::from_hours(100)).await;
            // Back within the time that is allowed.
            clients.send_replace(0);
            sleep(RECONNECT / 2).await;
            clients.send_replace(1);
            sleep(Duration::from_hours(100)).await;
            clients.send_replace(0);
        };
        tokio::join!(gone, host);
        assert_eq!(begun.elapsed(), Duration::from_hours(200) + RECONNECT / 2 + RECONNECT);
    }
}
