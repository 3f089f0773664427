//! The life of the process as its host sees it: start, calls, logs, signals, end. Drives the executable.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;
use terraform_provider_milink::plugin::proto::go_plugin::Empty;
use terraform_provider_milink::plugin::proto::go_plugin::grpc_broker_client::GrpcBrokerClient;
use terraform_provider_milink::plugin::proto::go_plugin::grpc_controller_client::GrpcControllerClient;
use terraform_provider_milink::plugin::proto::go_plugin::grpc_stdio_client::GrpcStdioClient;
use terraform_provider_milink::plugin::proto::tfplugin5::provider_client::ProviderClient;
use terraform_provider_milink::plugin::proto::tfplugin5::{
    DynamicValue, get_provider_schema, prepare_provider_config, stop,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use self::plugin_support::{HostCertificate, Plugin, provider, within};

#[cfg(test)]
mod plugin_support;

#[tokio::test]
async fn shutdown_ends_the_process_at_once_and_removes_the_socket() {
    let directory = tempfile::tempdir().unwrap();
    let host = HostCertificate::new();
    let mut command = provider();
    command.env("PLUGIN_CLIENT_CERT", &host.pem).env("TMPDIR", directory.path());
    let plugin = Plugin::start(command).await;
    let socket = plugin.socket();
    assert_eq!(socket.parent(), Some(directory.path()));
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // The streams that a host holds open must not hold up the end, nor must its connection.
    let channel = plugin.channel(&host).await;
    let mut stdio = within(GrpcStdioClient::new(channel.clone()).stream_stdio(())).await.unwrap();
    let (_offers, offered) = tokio::sync::mpsc::channel(1);
    let offered = tokio_stream::wrappers::ReceiverStream::new(offered);
    let _broker = within(GrpcBrokerClient::new(channel.clone()).start_stream(offered)).await.unwrap();
    within(GrpcControllerClient::new(channel.clone()).shutdown(Empty {})).await.unwrap();

    assert!(matches!(within(stdio.get_mut().message()).await, Ok(None)), "the stream ends with the process");
    let (status, rest) = plugin.ended().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(rest, "", "standard output holds the handshake only");
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn all_services_of_go_plugin_are_there() {
    let plugin = Plugin::start(provider()).await;
    let channel = plugin.plain_channel().await;
    let request = HealthCheckRequest { service: "plugin".into() };
    let health = within(HealthClient::new(channel.clone()).check(request)).await.unwrap();
    assert_eq!(health.into_inner().status(), ServingStatus::Serving);
    let mut provider = ProviderClient::new(channel);
    within(provider.get_schema(get_provider_schema::Request {})).await.unwrap();
    assert_eq!(within(provider.stop(stop::Request {})).await.unwrap().into_inner().error, "");
}

#[tokio::test]
async fn messages_above_the_usual_limit_arrive() {
    let plugin = Plugin::start(provider()).await;
    let mut provider =
        ProviderClient::new(plugin.plain_channel().await).max_decoding_message_size(usize::MAX);
    let config = Some(DynamicValue { msgpack: vec![0xc0; 20 << 20], json: Vec::new() });
    // Whatever the provider thinks of it: it was not refused on the way.
    within(provider.prepare_provider_config(prepare_provider_config::Request { config })).await.unwrap();
}

#[tokio::test]
async fn a_long_temporary_directory_does_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let long = directory.path().join("d".repeat(120));
    std::fs::create_dir(&long).unwrap();
    let mut command = provider();
    command.env("TMPDIR", &long);
    let plugin = Plugin::start(command).await;
    assert_eq!(plugin.socket().parent().unwrap(), "/tmp");
    plugin.plain_channel().await;
    plugin.signal(Signal::TERM);
    let socket = plugin.socket();
    plugin.ended().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_wish_for_multiplexing_is_declined() {
    let mut command = provider();
    command.env("PLUGIN_MULTIPLEX_GRPC", "true");
    let plugin = Plugin::start(command).await;
    assert!(plugin.line.ends_with("|grpc||false"), "{}", plugin.line);
}

#[tokio::test]
async fn interrupts_are_the_hosts_business() {
    let mut command = provider();
    command.env("TF_LOG", "trace");
    let mut plugin = Plugin::start(command).await;
    let channel = plugin.plain_channel().await;
    for _ in 0..3 {
        plugin.signal(Signal::INT);
        let line = plugin.stderr_line("interrupt").await;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["@message"], "interrupt ignored: the host says what to stop");
        assert_eq!(line["@level"], "debug");
        let stamp = line["@timestamp"].as_str().unwrap();
        let (seconds, fraction) = stamp.split_once('.').unwrap();
        assert_eq!((seconds.len(), fraction.len()), (19, 7), "{stamp}");
        assert!(fraction.ends_with('Z'), "{stamp}");
    }
    within(ProviderClient::new(channel).get_schema(get_provider_schema::Request {})).await.unwrap();
}

#[tokio::test]
async fn every_line_on_standard_error_is_for_the_host() {
    let mut command = provider();
    command.env("TF_LOG", "trace");
    let mut plugin = Plugin::start(command).await;
    let channel = plugin.plain_channel().await;
    within(ProviderClient::new(channel.clone()).get_schema(get_provider_schema::Request {})).await.unwrap();
    within(GrpcControllerClient::new(channel).shutdown(Empty {})).await.unwrap();
    let mut log = String::new();
    within(plugin.stderr.read_to_string(&mut log)).await.unwrap();
    assert!(log.lines().count() > 0);
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
}

#[tokio::test]
async fn nothing_is_logged_unasked() {
    let mut plugin = Plugin::start(provider()).await;
    plugin.signal(Signal::INT);
    plugin.signal(Signal::TERM);
    let mut log = String::new();
    within(plugin.stderr.read_to_string(&mut log)).await.unwrap();
    assert_eq!(log, "");
}

#[tokio::test]
async fn a_signal_to_terminate_is_a_proper_end() {
    let plugin = Plugin::start(provider()).await;
    let socket = plugin.socket();
    let _client = plugin.plain_channel().await;
    plugin.signal(Signal::TERM);
    let (status, _) = plugin.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(!socket.exists());
}

/// A host that is killed calls nothing. Here it is a shell that has not even connected.
#[tokio::test]
async fn the_process_ends_when_its_host_is_killed() {
    let template = provider();
    let mut shell = tokio::process::Command::new("/bin/sh");
    shell.args(["-c", "\"$0\" & wait"]).arg(template.as_std().get_program()).env_clear();
    for (name, value) in template.as_std().get_envs() {
        shell.env(name, value.unwrap());
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut shell = shell.spawn().unwrap();
    let mut stdout = BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    within(stdout.read_line(&mut line)).await.unwrap();
    let socket = line.split('|').nth(3).unwrap().to_owned();
    assert!(std::fs::exists(&socket).unwrap(), "{line}");

    shell.kill().await.unwrap();
    // The provider has the other end of the pipe: it closes when the process is gone.
    let mut rest = String::new();
    within(stdout.read_to_string(&mut rest)).await.unwrap();
    assert!(!std::fs::exists(&socket).unwrap(), "the socket is left behind");
}

#[tokio::test]
async fn debug_serves_whoever_comes_until_ctrl_c() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = provider();
    // No cookie, and a certificate that has no meaning here.
    command.env_clear().env("TMPDIR", directory.path()).env("PLUGIN_CLIENT_CERT", "x").arg("--debug");
    let mut plugin = Plugin::start(command).await;
    let mut hint = String::new();
    while !hint.contains("TF_REATTACH_PROVIDERS") {
        hint.clear();
        assert_ne!(within(plugin.stdout.read_line(&mut hint)).await.unwrap(), 0);
    }
    let value = hint.split('\'').nth(1).unwrap();
    let value: Value = serde_json::from_str(value).unwrap();
    let attachment = &value["milink/milink"];
    assert_eq!(attachment["Pid"], plugin.child.id().unwrap());
    let address = attachment["Addr"]["String"].as_str().unwrap();

    for _ in 0..3 {
        let stream = tokio::net::UnixStream::connect(address).await.unwrap();
        let channel = plugin_support::channel(stream).await;
        within(ProviderClient::new(channel).get_schema(get_provider_schema::Request {})).await.unwrap();
    }
    plugin.signal(Signal::INT);
    let (status, _) = plugin.ended().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn by_hand_it_explains_itself() {
    for cookie in [None, Some("another program's")] {
        let mut command = provider();
        command.env_clear();
        if let Some(cookie) = cookie {
            command.env("TF_PLUGIN_MAGIC_COOKIE", cookie);
        }
        let output = within(command.output()).await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("This is a Terraform provider."), "{text}");
    }
}

#[tokio::test]
async fn flags_for_people() {
    for (flag, code, beginning) in [
        ("--version", 0, concat!("terraform-provider-milink ", env!("CARGO_PKG_VERSION"), " ")),
        ("--help", 0, "Terraform provider milink/milink."),
        ("--port", 2, "unknown argument \"--port\""),
    ] {
        let mut command = provider();
        command.env_clear().arg(flag);
        let output = within(command.output()).await.unwrap();
        assert_eq!(output.status.code(), Some(code), "{flag}");
        let text = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8(text).unwrap().starts_with(beginning), "{flag}");
    }
}
