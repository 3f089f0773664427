//! `milink-simulator rehearse` as a user runs it: the folder is only read, whatever backend it has; rehearsals can run
//! side by side; nothing stays behind.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use milink_simulator::target;
use tokio::process::Command;

/// The simulator's executable. Cargo builds it for its own package only, so it is asked for here.
fn simulator() -> &'static Path {
    static BUILT: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    BUILT.get_or_init(|| {
        milink_simulator::rehearsal::provider::build_program(
            "milink-simulator",
            milink_simulator::rehearsal::provider::Progress::Quiet,
        )
        .unwrap()
    })
}

fn rehearse(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(simulator());
    command.arg("rehearse").arg(folder).args(more).stdin(Stdio::null()).kill_on_drop(true);
    // What must not lead anywhere.
    command.env("TF_WORKSPACE", "production").env("TF_CLI_ARGS_apply", "-lock=false -nonsense");
    command.env("ARM_CLIENT_SECRET", "of production").env("ARM_USE_MSI", "true");
    command.env("TF_VAR_sql_password", "of production");
    command
}

fn says(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder of its own below `target/`.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = target::unique_folder(&target::directory().join("acceptance"), name).unwrap();
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    /// Every file with its contents.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        let mut waiting = vec![self.0.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    contents.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        contents
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

const PROVIDER: &str = "provider \"milink\" {}\nresource \"terraform_data\" \"x\" {\n  input = 1\n}\n";

fn with_backend(backend: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    milink = {{ source = \"milink/milink\" }}\n  }}\n  {backend}\n}}\n{PROVIDER}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_with_a_remote_state_are_rehearsed_untouched() {
    let azurerm = "backend \"azurerm\" {\n    storage_account_name = \"prod\"\n    container_name = \"state\"\n    key = \"prod.tfstate\"\n  }";
    let cloud =
        "cloud {\n    organization = \"corp\"\n    workspaces {\n      name = \"production\"\n    }\n  }";
    for (name, backend) in [("azurerm", azurerm), ("cloud", cloud)] {
        let text = with_backend(backend);
        let files = [
            ("main.tf", text.as_str()),
            ("late_override.tf", "terraform {\n  required_version = \">= 1.0\"\n}\n"),
            ("terraform.tfstate", "{\"version\": 4, \"serial\": 7, \"lineage\": \"x\"}"),
            (".terraform/terraform.tfstate", "{}"),
            (".terraform.lock.hcl", "# of another day\n"),
        ];
        let folder = Folder::new(name, &files);
        let before = folder.contents();

        let output = rehearse(&folder.0, &[]).output().await.unwrap();

        let text = says(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("No changes."), "{text}");
        assert!(text.contains("the copy's own"), "{text}");
        assert_eq!(folder.contents(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_act_on_the_real_world_is_refused_by_name() {
    let text = format!(
        "{}resource \"azurerm_resource_group\" \"x\" {{}}\n\
         resource \"terraform_data\" \"y\" {{\n  provisioner \"local-exec\" {{\n    command = \"touch ran\"\n  }}\n}}\n",
        with_backend("")
    );
    let json = r#"{"data": {"terraform_remote_state": {"network": {"backend": "azurerm"}}}}"#;
    let folder = Folder::new("others", &[("main.tf", &text), ("state.tf.json", json)]);
    let output = rehearse(&folder.0, &[]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    for part in [
        "provider azurerm",
        "terraform_data.y has a provisioner \"local-exec\"",
        "data.terraform_remote_state.network reads the state of another configuration",
        "--with-other-providers",
    ] {
        assert!(says(&output).contains(part), "no `{part}`: {}", says(&output));
    }
}

/// A named instance and a managed instance, and nobody who could sign in to Azure.
const ESTATE: &str = r#"{
  "sql_servers": [{
    "host": "sql1.corp.example", "instance": "SALES", "version": "2022",
    "logins": [{"name": "terraform", "password_variable": "sql_password"}]
  }],
  "managed_instances": [{
    "id": "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi-1"
  }]
}"#;

/// As somebody has it who signs in with `az login`, and whose server has a certificate that nobody can check.
const OWN: &str = r#"
terraform {
  required_providers {
    milink = { source = "milink/milink" }
  }
}

variable "sql_password" {
  type      = string
  ephemeral = true
}

provider "milink" {
  azure {
    subscription_id = "11111111-2222-4333-8444-555555555555"
    tenant_id       = "00000000-0000-4000-8000-00000000c0de"
  }

  sql_server {
    name                     = "hq"
    host                     = "SQL1.corp.example"
    instance                 = "Sales"
    trust_server_certificate = true

    sql_login {
      username = "terraform"
      password = var.sql_password
    }
  }
}

resource "milink_master_key" "hq" {
  sql_server          = "hq"
  password_wo         = "Not-secret-1"
  password_wo_version = 1
}

data "milink_endpoint_certificate" "instance" {
  managed_instance_id = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi-1"
}

output "fqdn" {
  value = data.milink_endpoint_certificate.instance.fully_qualified_domain_name
}
"#;

/// Processes with this in their environment.
#[cfg(target_os = "linux")]
fn processes_with(mark: &str) -> Vec<PathBuf> {
    let contains = |path: &PathBuf| {
        // One that has just ended, or is somebody else's.
        let Ok(environment) = fs::read(path.join("environ")) else { return false };
        environment.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(contains).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_rehearsed_as_it_stands_and_leaves_nothing_behind() {
    let folder = Folder::new("own", &[("main.tf", OWN), ("estate.json", ESTATE)]);
    let estate = folder.0.join("estate.json");
    let mark = format!("REHEARSAL_MARK={}", folder.0.display());
    let empty = tempfile::tempdir().unwrap();
    let mut command = rehearse(&folder.0, &["--estate", estate.to_str().unwrap()]);
    // Cargo and its toolchain stay where they are.
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    for (name, below) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        command.env(name, std::env::var_os(name).unwrap_or_else(|| home.join(below).into()));
    }
    for name in ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"] {
        let place = empty.path().join(name);
        fs::create_dir(&place).unwrap();
        command.env(name, place);
    }
    let (name, value) = mark.split_once('=').unwrap();
    let mut child = command.env(name, value).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The kernel lets the parent go on a moment before it shows the environment of what it started.
    #[cfg(target_os = "linux")]
    while processes_with(&mark).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "a process cannot be found by its mark");
        tokio::task::yield_now().await;
    }

    let output = child.wait_with_output().await.unwrap();

    let text = says(&output);
    assert!(output.status.success(), "{text}");
    for part in [
        "No changes.",
        "database master key on sql1.corp.example",
        "TF_VAR_sql_password of your shell do not count",
        "fqdn = \"mi-1.",
    ] {
        assert!(text.contains(part), "no `{part}`:\n{text}");
    }
    let left: Vec<_> = fs::read_dir(empty.path())
        .unwrap()
        .flat_map(|place| fs::read_dir(place.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
    #[cfg(target_os = "linux")]
    assert!(processes_with(&mark).is_empty(), "a process is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_terraform_is_a_failure_of_the_rehearsal() {
    let text = format!(
        "{}resource \"terraform_data\" \"y\" {{\n  lifecycle {{\n    precondition {{\n      condition = terraform_data.x.input == 2\n      error_message = \"No.\"\n    }}\n  }}\n}}\n",
        with_backend("")
    );
    let folder = Folder::new("failing", &[("main.tf", &text)]);
    let output = rehearse(&folder.0, &[]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", says(&output));
    assert!(says(&output).contains("terraform plan ended with exit code 1"), "{}", says(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_served_until_it_is_told_to_stop() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let folder = Folder::new("kept", &[("main.tf", &with_backend(""))]);
    let mut child = rehearse(&folder.0, &["--keep"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut exported = None;
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(path) = line.strip_prefix("export MILINK_REHEARSAL=") {
            exported = Some(PathBuf::from(path.trim_matches('\'')));
        }
        if line.starts_with("export TF_VAR_sql_password=") {
            break;
        }
    }
    let file: serde_json::Value = serde_json::from_slice(&fs::read(exported.unwrap()).unwrap()).unwrap();
    let address = file["addresses"]["management.azure.com:443"].as_str().unwrap().to_owned();
    tokio::net::TcpStream::connect(&address).await.unwrap();

    let pid = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    // Whatever else it says is read to the end, so that it never waits for a reader.
    while lines.next_line().await.unwrap().is_some() {}
    assert!(child.wait().await.unwrap().success());
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "it still listens");
}

/// Somebody goes on by hand as they are told to, and is in the middle of an apply when the rehearsal is told to end.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_outlasts_an_apply_by_hand() {
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
    let folder = Folder::new("by-hand", &[("main.tf", OWN), ("estate.json", ESTATE)]);
    let estate = folder.0.join("estate.json");
    let mut command = rehearse(&folder.0, &["--keep", "--estate", estate.to_str().unwrap()]);
    let mut kept = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(kept.stdout.take().unwrap()).lines();
    let mut script = String::new();
    let mut copy = PathBuf::new();
    loop {
        let line = lines.next_line().await.unwrap().expect("it says how to go on");
        if let Some(path) = line.strip_prefix("cd ") {
            copy = PathBuf::from(path.trim_matches('\''));
        }
        if line.starts_with("cd ") || line.starts_with("export ") {
            script.push_str(&line);
            script.push('\n');
        }
        if line.starts_with("Ctrl-C here") {
            break;
        }
    }
    // Waits until it is let go on, and needs the servers after that.
    let slow = r#"
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "mkfifo go && echo begun && cat go"
  }
}

resource "milink_certificate" "late" {
  sql_server = "hq"
  name       = "late"
  depends_on = [terraform_data.slow, milink_master_key.hq]
}
"#;
    fs::write(copy.join("slow.tf"), slow).unwrap();
    script.push_str("exec terraform apply -auto-approve -no-color\n");
    let mut by_hand = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut by_hand_lines = BufReader::new(by_hand.stdout.take().unwrap()).lines();
    while !said.contains("(local-exec): begun") {
        let Some(line) = by_hand_lines.next_line().await.unwrap() else {
            by_hand.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
            panic!("the apply does not begin: {said}");
        };
        said.push_str(&line);
        said.push('\n');
    }

    let pid = rustix::process::Pid::from_raw(kept.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    while !lines.next_line().await.unwrap().expect("it waits").contains("still at work") {}
    fs::write(copy.join("go"), "go").unwrap();

    while let Some(line) = by_hand_lines.next_line().await.unwrap() {
        said.push_str(&line);
        said.push('\n');
    }
    by_hand.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert!(by_hand.wait().await.unwrap().success(), "{said}");
    assert!(said.contains("Apply complete! Resources: 2 added"), "{said}");
    while lines.next_line().await.unwrap().is_some() {}
    assert!(kept.wait().await.unwrap().success());
}

/// Waits, in the middle of an apply, for a signal; answers with what was said and how it ended.
async fn end_in_the_middle_of_an_apply(signal: impl FnOnce(rustix::process::Pid)) -> (Option<i32>, String) {
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
    // It hears no Ctrl-C itself: that it ends is Terraform's doing, after Terraform has said so.
    let slow = "resource \"terraform_data\" \"slow\" {\n  provisioner \"local-exec\" {\n    command = \"trap '' INT; echo begun; exec sleep 600\"\n  }\n}\n";
    let folder = Folder::new("interrupted", &[("main.tf", &format!("{}{slow}", with_backend("")))]);
    let mut command = rehearse(&folder.0, &["--with-other-providers"]);
    // A group of its own, as a shell gives it to what runs in the foreground.
    let mut child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    while !said.contains("(local-exec): begun") {
        said = lines.next_line().await.unwrap().expect("the apply begins");
    }
    signal(rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap());
    while let Some(line) = lines.next_line().await.unwrap() {
        said.push('\n');
        said.push_str(&line);
    }
    child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    (child.wait().await.unwrap().code(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_lets_terraform_finish_and_reaches_it_once() {
    let (code, said) = end_in_the_middle_of_an_apply(|pid| {
        rustix::process::kill_process_group(pid, rustix::process::Signal::INT).unwrap();
    })
    .await;
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("Gracefully shutting down"), "{said}");
    assert!(!said.contains("Two interrupts received"), "{said}");
    assert!(said.contains("Error: interrupted"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_termination_is_handed_on() {
    let (code, said) = end_in_the_middle_of_an_apply(|pid| {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    })
    .await;
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("Gracefully shutting down"), "{said}");
}
