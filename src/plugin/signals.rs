//! Signals. Ctrl-C reaches every process of the terminal's group, the plugin too, and must not end it: Terraform
//! then calls `Stop` and waits for the answers of running calls. A signal to terminate ends it in good order.

use std::io;

use super::handshake::Mode;
use super::shutdown::{Reason, Shutdown};

/// Starts to handle signals; from when this returns, Ctrl-C does not end the process. In debug mode, where the
/// process is a person's and not Terraform's, it does end it, in good order.
#[cfg(unix)]
pub(super) fn handle(mode: Mode, shutdown: &Shutdown) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => match mode {
                    Mode::Host => tracing::debug!("interrupt ignored: the host says what to stop"),
                    Mode::Debug => shutdown.request(Reason::Signal),
                },
                _ = terminate.recv() => shutdown.request(Reason::Signal),
                () = shutdown.requested() => return,
            }
        }
    });
    Ok(())
}

/// Starts to handle Ctrl-C, which is all that Windows sends.
#[cfg(not(unix))]
pub(super) fn handle(mode: Mode, shutdown: &Shutdown) -> io::Result<()> {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            match mode {
                Mode::Host => tracing::debug!("interrupt ignored: the host says what to stop"),
                Mode::Debug => shutdown.request(Reason::Signal),
            }
        }
    });
    Ok(())
}
