//! The provider as a process whose host dies, or that is sent signals, while calls run.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};
use terraform_provider_milink::plugin::environment::MAGIC_COOKIE;
use terraform_provider_milink::plugin::proto::tfplugin5::provider_client::ProviderClient;
use terraform_provider_milink::plugin::proto::tfplugin5::{
    DynamicValue, apply_resource_change, configure, get_provider_schema,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tonic::transport::{Channel, Endpoint};

/// A provider that a shell started, and that this process has connected to as its host does.
struct Plugin {
    shell: Child,
    stdout: BufReader<ChildStdout>,
    socket: PathBuf,
    /// Of the provider.
    pid: Pid,
    client: ProviderClient<Channel>,
    folder: tempfile::TempDir,
}

impl Plugin {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = command("echo $$; exec \"$0\"", &folder).spawn().unwrap();
        let stdout = BufReader::new(shell.stdout.take().unwrap());
        Self::connected(shell, stdout, folder).await
    }

    /// With a shell that stays the parent, so that it can be killed.
    async fn start_below_a_host() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = command("\"$0\" & echo $!; wait", &folder).spawn().unwrap();
        let stdout = BufReader::new(shell.stdout.take().unwrap());
        Self::connected(shell, stdout, folder).await
    }

    async fn connected(shell: Child, mut stdout: BufReader<ChildStdout>, folder: tempfile::TempDir) -> Self {
        let mut pid = None;
        let mut socket = None;
        // The shell's line and the handshake may come in either order.
        while pid.is_none() || socket.is_none() {
            let mut line = String::new();
            assert_ne!(within(stdout.read_line(&mut line)).await.unwrap(), 0, "no handshake");
            match line.split('|').nth(3) {
                Some(path) => socket = Some(PathBuf::from(path)),
                None => pid = line.trim().parse().ok().and_then(Pid::from_raw),
            }
        }
        let (pid, socket) = (pid.unwrap(), socket.unwrap());
        let mut client = ProviderClient::new(channel(&socket).await);
        let request = configure::Request {
            config: Some(dynamic(&json!({"folder": folder.path()}))),
            ..Default::default()
        };
        let configured = within(client.configure(request)).await.unwrap().into_inner();
        assert!(configured.diagnostics.is_empty(), "{:?}", configured.diagnostics);
        Self { shell, stdout, socket, pid, client, folder }
    }

    /// Begins to create a thing; the answer is its diagnostics.
    fn create(&self, name: &str, fault: &str) -> tokio::task::JoinHandle<Result<Vec<String>, tonic::Status>> {
        let thing = Some(dynamic(&json!({"name": name, "fault": fault})));
        let request = apply_resource_change::Request {
            type_name: "odd_thing".to_owned(),
            planned_state: thing.clone(),
            config: thing,
            ..Default::default()
        };
        let mut client = self.client.clone();
        tokio::spawn(async move {
            let response = client.apply_resource_change(request).await?.into_inner();
            Ok(response.diagnostics.into_iter().map(|diagnostic| diagnostic.detail).collect())
        })
    }

    /// Waits until the journal holds `line`.
    async fn journals(&self, line: &str) -> String {
        let file = self.folder.path().join("journal");
        within(async {
            loop {
                let journal = tokio::fs::read_to_string(&file).await.unwrap_or_default();
                if journal.contains(line) {
                    return journal;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    fn let_go(&self) {
        std::fs::write(self.folder.path().join("go.json"), "{}").unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Waits for the end of the provider, which has the other end of the pipe, and looks whether its socket is gone.
    async fn ended(mut self) -> Option<i32> {
        let mut rest = String::new();
        within(self.stdout.read_to_string(&mut rest)).await.unwrap();
        assert!(!self.socket.exists(), "the socket is left behind");
        within(self.shell.wait()).await.unwrap().code()
    }
}

/// Runs `script` in a shell, with the provider's path as `$0`.
fn command(script: &str, folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_odd-provider")])
        .env_clear()
        .env(MAGIC_COOKIE.0, MAGIC_COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    command
}

async fn channel(socket: &Path) -> Channel {
    let mut stream = Some(UnixStream::connect(socket).await.unwrap());
    let connector = tower::service_fn(move |_: tonic::codegen::http::Uri| {
        let stream = stream.take().ok_or_else(|| std::io::Error::other("connected already"));
        async move { stream.map(TokioIo::new) }
    });
    within(Endpoint::from_static("http://localhost").connect_with_connector(connector)).await.unwrap()
}

fn dynamic(value: &Json) -> DynamicValue {
    DynamicValue { msgpack: Vec::new(), json: value.to_string().into_bytes() }
}

/// Waits for what must happen. The limit only keeps a failing test from hanging.
async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(180), future).await.expect("nothing happened for three minutes")
}

/// Nobody is left who could read an answer: what waits ends, and what must not be cut is finished.
#[tokio::test]
async fn a_host_that_dies_ends_everything_but_a_critical_section() {
    let mut plugin = Plugin::start_below_a_host().await;
    let waiting = plugin.create("a", "wait");
    let critical = plugin.create("b", "critical");
    plugin.journals("create a").await;
    plugin.journals("section of b begins").await;

    plugin.shell.start_kill().unwrap();
    waiting.abort();
    critical.abort();
    let (nowhere, _) = tokio::io::duplex(1);
    let mut nowhere = Some(nowhere);
    let nobody = tower::service_fn(move |_: tonic::codegen::http::Uri| {
        let stream = nowhere.take().ok_or_else(|| std::io::Error::other("connected already"));
        async move { stream.map(TokioIo::new) }
    });
    // The last handle on the connection: it closes.
    plugin.client =
        ProviderClient::new(Endpoint::from_static("http://localhost").connect_with_connector_lazy(nobody));

    let journal = plugin.journals("cancelled").await;
    assert!(!journal.contains("section of b ends"), "{journal}");
    plugin.let_go();
    let journal = plugin.folder.path().join("journal");
    let folder = std::mem::replace(&mut plugin.folder, tempfile::tempdir().unwrap());
    plugin.ended().await;
    let journal = std::fs::read_to_string(journal).unwrap();
    assert!(journal.contains("section of b ends"), "{journal}");
    drop(folder);
}

/// Terraform is there and waits for its answers.
#[tokio::test]
async fn a_signal_to_terminate_cancels_and_answers() {
    for signal in [Signal::TERM, Signal::HUP] {
        let plugin = Plugin::start().await;
        let waiting = plugin.create("a", "wait");
        let critical = plugin.create("b", "critical");
        plugin.journals("create a").await;
        plugin.journals("section of b begins").await;
        plugin.signal(signal);
        assert_eq!(within(waiting).await.unwrap().unwrap(), ["Before anything was made"]);
        let journal = plugin.journals("cancelled").await;
        assert!(!journal.contains("section of b ends"), "{journal}");
        // Ctrl-C of somebody who is impatient changes nothing.
        plugin.signal(Signal::INT);
        plugin.let_go();
        assert_eq!(within(critical).await.unwrap().unwrap(), ["After the section"]);
        assert_eq!(plugin.ended().await, Some(0));
    }
}

#[tokio::test]
async fn what_the_keyboard_sends_is_the_hosts_business() {
    let mut plugin = Plugin::start().await;
    for signal in [Signal::QUIT, Signal::INT] {
        plugin.signal(signal);
        within(plugin.client.get_schema(get_provider_schema::Request {})).await.unwrap();
    }
    plugin.signal(Signal::TERM);
    assert_eq!(plugin.ended().await, Some(0));
}

/// `nohup terraform apply &`: the signal is ignored for everything that is started.
#[tokio::test]
async fn a_run_that_outlives_its_terminal_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = command("trap '' HUP; echo $$; exec \"$0\"", &folder).spawn().unwrap();
    let stdout = BufReader::new(shell.stdout.take().unwrap());
    let mut plugin = Plugin::connected(shell, stdout, folder).await;
    plugin.signal(Signal::HUP);
    within(plugin.client.get_schema(get_provider_schema::Request {})).await.unwrap();
    plugin.signal(Signal::TERM);
    assert_eq!(plugin.ended().await, Some(0));
}

/// Ctrl-C while the provider starts: Terraform is interrupted, and decides about its plugins.
#[tokio::test]
async fn an_interrupt_during_the_start_is_the_hosts_business() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = command("echo $$; exec \"$0\"", &folder);
    let mut shell = shell.env("ODD_PROVIDER_WAITS", folder.path()).spawn().unwrap();
    let stdout = BufReader::new(shell.stdout.take().unwrap());
    let pid = i32::try_from(shell.id().unwrap()).ok().and_then(Pid::from_raw).unwrap();
    within(async {
        while !folder.path().join("waiting").exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    kill_process(pid, Signal::INT).unwrap();
    std::fs::write(folder.path().join("go"), "").unwrap();
    let plugin = Plugin::connected(shell, stdout, folder).await;
    plugin.signal(Signal::TERM);
    assert_eq!(plugin.ended().await, Some(0));
}
