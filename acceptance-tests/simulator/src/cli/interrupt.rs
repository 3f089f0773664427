//! Ctrl-C and termination.
//!
//! A terminal sends Ctrl-C to every process in the foreground, so a Terraform that runs has heard it already and must
//! not hear it twice: its second interrupt means "stop at once and lose track". A termination (`kill PID`) reaches
//! this process alone and is handed on once.

use std::io;
use std::process::ExitStatus;

use tokio::process::Child;
use tokio::sync::watch;

/// How this process was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C: the children have it too.
    Interrupt,
    /// Only this process has it.
    Terminate,
}

/// Listens from its making on; what came is remembered.
#[derive(Debug, Clone)]
pub(super) struct Interrupts {
    seen: watch::Receiver<Option<Signal>>,
}

impl Interrupts {
    /// Takes over both signals, which from here on end nothing by themselves.
    pub(super) fn listen() -> io::Result<Self> {
        let (sender, seen) = watch::channel(None);
        // Sends the same value too: a second Ctrl-C is news.
        spawn_listeners(move |signal| sender.send_modify(|last| *last = Some(signal)))?;
        Ok(Self { seen })
    }

    /// The last signal, if any came.
    pub(super) fn last(&self) -> Option<Signal> {
        *self.seen.borrow()
    }

    /// Waits for the next signal that nobody has waited for yet.
    pub(super) async fn next(&mut self) -> Signal {
        match self.seen.changed().await {
            Ok(()) => (*self.seen.borrow_and_update()).unwrap_or(Signal::Interrupt),
            // The listener lives as long as the process.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits for the end of a child, whatever signals come: it ends itself when it is told to.
    pub(super) async fn outlast(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                ended = child.wait() => return ended,
                signal = self.next() => if signal == Signal::Terminate { hand_on(child) },
            }
        }
    }
}

#[cfg(unix)]
fn spawn_listeners(note: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                Some(()) = interrupt.recv() => Signal::Interrupt,
                Some(()) = terminate.recv() => Signal::Terminate,
                Some(()) = hang_up.recv() => Signal::Terminate,
                else => return,
            };
            note(signal);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn spawn_listeners(note: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            note(Signal::Interrupt);
        }
    });
    Ok(())
}

/// Terraform takes a termination as it takes Ctrl-C.
#[cfg(unix)]
fn hand_on(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended at this very moment.
        let _gone = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
fn hand_on(_child: &Child) {}
