//! Signals. Ctrl-C reaches every process of the terminal's group, the plugin too, and must not end it: Terraform
//! then calls `Stop` and waits for the answers of running calls. A signal to terminate, or the end of the terminal,
//! ends it in good order: calls are cancelled as by `Stop`, and answered.

use std::io;

use super::handshake::Mode;
use super::shutdown::{Reason, Shutdown};

/// Starts to handle signals; from when this returns, Ctrl-C does not end the process. In debug mode, where the
/// process is a person's and not Terraform's, it does end it, in good order. Must be called in a runtime.
#[cfg(unix)]
pub(super) fn handle(mode: Mode, shutdown: &Shutdown) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    // Ctrl-\ reaches the whole group too, to make Terraform dump its stacks.
    let mut quit = signal(SignalKind::quit())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // `nohup` asks for a run that outlives its terminal, by ignoring the signal for all that it starts.
    let mut hangup = if hangup_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        // Goes on after the end was asked for: what is being finished is not to be killed by another Ctrl-C.
        loop {
            tokio::select! {
                _ = interrupt.recv() => keyboard(mode, &shutdown),
                _ = quit.recv() => keyboard(mode, &shutdown),
                _ = terminate.recv() => shutdown.request(Reason::Signal),
                () = received(&mut hangup) => shutdown.request(Reason::Signal),
            }
        }
    });
    Ok(())
}

/// Waits for a signal that may not be handled.
#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the process was started with SIGHUP (number 1, hence the lowest bit) ignored, as Linux tells. Elsewhere
/// there is no way to ask without unsafe code.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Starts to handle Ctrl-C, which is all that Windows sends.
#[cfg(not(unix))]
pub(super) fn handle(mode: Mode, shutdown: &Shutdown) -> io::Result<()> {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            keyboard(mode, &shutdown);
        }
    });
    Ok(())
}

fn keyboard(mode: Mode, shutdown: &Shutdown) {
    match mode {
        Mode::Host => tracing::debug!("interrupt ignored: the host says what to stop"),
        Mode::Debug => shutdown.request(Reason::Signal),
    }
}
