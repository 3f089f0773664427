//! What each start of the provider costs: Terraform starts it three times for a plan, five times for a destroy.
//!
//! `cargo bench --bench startup` prints the time from exec to the handshake line, with mutual TLS as Terraform
//! asks for it and without, the time to the first answer and from `Shutdown` to the end, the memory after
//! `GetSchema`, and the size of the executable. Targets: a median of 8 ms to the line with TLS, 15 MB resident.
//! It only measures: whether a number is good depends on the machine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool that measures and may stop at the first surprise"
)]

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use terraform_provider_milink::plugin::proto::go_plugin::Empty;
use terraform_provider_milink::plugin::proto::go_plugin::grpc_controller_client::GrpcControllerClient;
use terraform_provider_milink::plugin::proto::tfplugin5::get_provider_schema;
use terraform_provider_milink::plugin::proto::tfplugin5::provider_client::ProviderClient;

use plugin_support::{HostCertificate, Plugin, provider};

#[path = "../tests/plugin_support/mod.rs"]
mod plugin_support;

/// Starts per measurement. The first few find cold caches and are not counted.
const RUNS: usize = 100;
const WARM_UP: usize = 5;

fn main() {
    let executable = env!("CARGO_BIN_EXE_terraform-provider-milink");
    let size = std::fs::metadata(executable).unwrap().len();
    println!("executable                     {:8.1} MB", megabytes(size));

    let host = HostCertificate::new();
    report("exec to handshake, mutual TLS", measure(|| to_handshake(Some(&host))));
    report("exec to handshake, no TLS", measure(|| to_handshake(None)));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut answered, mut ended, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let life = runtime.block_on(whole_life(&host));
        answered.push(life.answered);
        ended.push(life.ended);
        memory.extend(life.resident);
    }
    report("exec to schema, mutual TLS", answered);
    report("Shutdown to end", ended);
    memory.sort_unstable();
    match memory.get(memory.len() / 2) {
        Some(&bytes) => println!("resident after GetSchema       {:8.1} MB", megabytes(bytes)),
        None => println!("resident after GetSchema        unknown: read from /proc, which is not here"),
    }
}

fn measure(mut run: impl FnMut() -> Duration) -> Vec<Duration> {
    (0..WARM_UP + RUNS).map(|_| run()).skip(WARM_UP).collect()
}

/// Blocking, so that nothing of this process's runtime is in the number.
fn to_handshake(host: Option<&HostCertificate>) -> Duration {
    let mut command = provider().into_std();
    if let Some(host) = host {
        command.env("PLUGIN_CLIENT_CERT", &host.pem);
    }
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let elapsed = begun.elapsed();
    assert!(line.starts_with("1|5|"), "{line}");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
    elapsed
}

struct Life {
    answered: Duration,
    ended: Duration,
    resident: Option<u64>,
}

async fn whole_life(host: &HostCertificate) -> Life {
    let begun = Instant::now();
    let mut plugin = Plugin::start_with(host).await;
    let channel = plugin.channel(host).await;
    ProviderClient::new(channel.clone()).get_schema(get_provider_schema::Request {}).await.unwrap();
    let answered = begun.elapsed();
    let resident = plugin.child.id().and_then(resident);

    GrpcControllerClient::new(channel.clone()).shutdown(Empty {}).await.unwrap();
    let begun = Instant::now();
    // As hosts do: the connection goes as soon as the answer is there.
    drop(channel);
    plugin.child.wait().await.unwrap();
    Life { answered, ended: begun.elapsed(), resident }
}

/// Resident memory of a process, in bytes, where the system tells.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!("{what:30} {:8.2} ms median, {:.2} least, {:.2} at 90 %", at(50), at(0), at(90));
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
