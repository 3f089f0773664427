//! The provider as a plugin of the real Terraform.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use milink_acceptance_tests::Output;
use milink_simulator::target;
use milink_simulator::terraform::{self, Terraform, Version};
use serde_json::{Value, json};

/// A folder with a configuration, its state, and the folder of the provider's objects.
struct Workspace {
    terraform: Terraform,
    root: tempfile::TempDir,
}

const IDENTITIES: Version = Version { major: 1, minor: 12, patch: 0 };
const ACTIONS: Version = Version { major: 1, minor: 14, patch: 0 };

impl Workspace {
    fn new() -> Self {
        let terraform = terraform::locate(&target::directory()).unwrap_or_else(|error| panic!("{error}"));
        let root = tempfile::tempdir().unwrap();
        let workspace = Self { terraform, root };
        for folder in ["provider", "configuration", "objects"] {
            fs::create_dir(workspace.path(folder)).unwrap();
        }
        let built = Path::new(env!("CARGO_BIN_EXE_odd-provider"));
        let binary = workspace.path("provider/terraform-provider-odd");
        fs::hard_link(built, &binary).or_else(|_| fs::copy(built, &binary).map(|_| ())).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"test/odd\" = {:?}\n  }}\n}}\n",
            workspace.path("provider")
        );
        fs::write(workspace.path("terraform.rc"), overrides).unwrap();
        workspace.write(
            "provider.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    odd = {{ source = \"test/odd\" }}\n  }}\n}}\n\
                 provider \"odd\" {{\n  folder = {:?}\n}}\n",
                workspace.path("objects")
            ),
        );
        workspace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("configuration").join(name), text).unwrap();
    }

    /// Writes `main.tf`.
    fn main(&self, text: &str) -> &Self {
        self.write("main.tf", text);
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform.binary);
        command
            .args(arguments)
            .current_dir(self.path("configuration"))
            .env_clear()
            .envs(terraform::environment(false))
            .env("TF_CLI_CONFIG_FILE", self.path("terraform.rc"))
            .env("TF_CLI_ARGS", "-no-color")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        said(arguments, output)
    }

    fn apply(&self) -> Output {
        self.run(&["apply", "-auto-approve"])
    }

    /// Asserts that a plan shows no changes, or some.
    #[track_caller]
    fn plans(&self, changes: bool, more: &[&str]) {
        let output = self.run(&[&["plan", "-detailed-exitcode"], more].concat());
        assert_eq!(output.code(), Some(if changes { 2 } else { 0 }), "{output}");
    }

    fn destroy(&self) -> Output {
        self.run(&["destroy", "-auto-approve"])
    }

    /// The attributes of a managed resource, as the state has them.
    fn state(&self, address: &str) -> Value {
        self.resource(address)["values"].clone()
    }

    fn resource(&self, address: &str) -> Value {
        let shown = self.run(&["show", "-json"]).succeeded();
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        let resources = shown.pointer("/values/root_module/resources").and_then(Value::as_array);
        resources
            .and_then(|resources| resources.iter().find(|resource| resource["address"] == address))
            .cloned()
            .unwrap_or_default()
    }

    fn journal(&self) -> String {
        fs::read_to_string(self.path("objects/journal")).unwrap_or_default()
    }

    /// Whether this Terraform can do something; says so if it cannot.
    fn knows(&self, what: &str, since: Version) -> bool {
        let knows = self.terraform.version >= since;
        if !knows {
            eprintln!("not tested: {} knows no {what}, which came with {since}", self.terraform);
        }
        knows
    }
}

fn said(arguments: &[&str], output: std::process::Output) -> Output {
    Output {
        command: arguments.join(" "),
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

const EVERYTHING: &str = r#"
variable "label" { default = "Label" }
variable "size" { default = 4 }
variable "members" {
  type    = list(string)
  default = ["m", "n"]
}
variable "seed" { default = "s" }
resource "terraform_data" "later" { input = var.seed }
resource "odd_thing" "a" {
  name      = "a"
  label     = var.label
  size      = var.size
  tags      = { k = terraform_data.later.output, l = "pre-${terraform_data.later.output}" }
  ratio     = 0.1
  anything  = ["x", true, { n = 12345678901234567890.5 }]
  shape     = { width = 1e3, names = ["é", null] }
  secret_wo = "hush"
  password  = "visible in the state only"
  single { mode = "a" }
  dynamic "rule" {
    for_each = [443, 444]
    content { port = rule.value }
  }
  dynamic "member" {
    for_each = var.members
    content { name = member.value }
  }
  limits { most = 7 }
  area "north" {
    colour = "red"
    spot { note = "s" }
  }
  area "south" {}
  timeouts { create = "90s" }
}
resource "odd_thing" "b" {
  name = odd_thing.a.id
  dynamic "member" {
    for_each = terraform_data.later.output == "none" ? [] : [1]
    content { name = member.value }
  }
}
data "odd_lookup" "a" { name = odd_thing.a.name }
output "found" { value = data.odd_lookup.a.found }
output "shouted" { value = provider::odd::shout("a", odd_thing.a.name, null) }
"#;

#[test]
fn a_life_with_every_kind_of_value() {
    let workspace = Workspace::new();
    workspace.main(EVERYTHING);
    workspace.run(&["validate"]).succeeded();
    workspace.run(&["plan", "-out", "p"]).succeeded().does_not_say("hush");
    workspace.run(&["apply", "p"]).succeeded();
    let state = workspace.state("odd_thing.a");
    assert_eq!(state["ratio"], json!(0.1));
    assert_eq!(state["tags"], json!({"k": "s", "l": "pre-s"}));
    assert_eq!(state["secret_wo"], Value::Null);
    assert_eq!(state["rule"][1], json!({"port": 444, "handle": "handle-444"}));
    assert_eq!(state["zones"], json!(["east", "west"]));
    assert_eq!(state["area"]["south"]["code"], "code-south");
    assert_eq!(state["timeouts"]["create"], "90s");
    let found = workspace.run(&["output", "-json"]).succeeded();
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(
        (&found["found"]["value"], &found["shouted"]["value"]),
        (&json!(true), &json!(["A", "A", null]))
    );
    assert_eq!(workspace.journal(), "create a secret=hush limit=90\ncreate id-a secret=none limit=60\n");
    workspace.plans(false, &[]);

    // Another spelling; another order of a set.
    let spelt = ["-var", "label=LABEL", "-var", "members=[\"n\",\"m\"]"];
    workspace.plans(false, &spelt);
    let changes = ["-var", "size=5", "-var", "members=[\"n\",\"o\"]", "-var", "seed=t", "-var", "label=new"];
    workspace.run(&[&["apply", "-auto-approve"], changes.as_slice()].concat()).succeeded();
    assert!(workspace.journal().ends_with("update a serial=1 label=new\n"), "{}", workspace.journal());
    assert_eq!(
        workspace.run(&[&["plan", "-detailed-exitcode"], changes.as_slice()].concat()).code(),
        Some(0)
    );
    assert_eq!(workspace.state("odd_thing.a")["revision"], 2);

    let destroyed = workspace.run(&[&["destroy", "-auto-approve"], changes.as_slice()].concat()).succeeded();
    assert!(destroyed.text().contains("serial 2"), "{destroyed}");
    let journal = workspace.journal();
    assert!(journal.ends_with("delete id-a Destroy serial=1\ndelete a Destroy serial=2\n"), "{journal}");
}

#[test]
fn faults_of_a_configuration_are_shown_at_their_lines() {
    let workspace = Workspace::new();
    workspace.main(
        "resource \"odd_thing\" \"a\" {\n  name = \"a\"\n  size = 10\n  single {\n    mode = \"c\"\n  }\n}\n",
    );
    let output = workspace.run(&["validate"]).failed();
    let output = output.says("on main.tf line 3, in resource \"odd_thing\" \"a\":");
    output.says("on main.tf line 5, in resource").says("`single.mode` must be one of \"a\" or \"b\"");
    workspace.main("output \"x\" { value = provider::odd::shout(\"a\", \"quiet\") }");
    workspace.run(&["plan"]).failed().says("it is to be quiet");
    workspace.main("resource \"odd_thing\" \"a\" {\n  name = \"a\"\n  old_note = \"n\"\n}\n");
    workspace.run(&["validate"]).succeeded().says("`old_note` is deprecated. Use `label`.");
}

#[test]
fn replacements_taints_and_their_refusal() {
    let workspace = Workspace::new();
    let thing = |name: &str, more: &str| {
        format!("resource \"odd_thing\" \"a\" {{\n  name = \"{name}\"\n  {more}\n}}\n")
    };
    workspace.main(&thing("a", "")).apply().succeeded();
    workspace.main(&thing("b", "")).apply().succeeded();
    assert!(
        workspace.journal().contains("delete a Replacement serial=1\ncreate b"),
        "{}",
        workspace.journal()
    );

    workspace.main(&thing("b", "irreplaceable = true")).apply().succeeded();
    workspace.main(&thing("c", "irreplaceable = true")).apply().failed().says("Not to be replaced");
    workspace.main(&thing("b", "irreplaceable = true"));
    workspace.run(&["apply", "-auto-approve", "-replace=odd_thing.a"]).failed().says("Not to be replaced");
    assert!(!workspace.journal().contains("delete b"));
    workspace.main(&thing("b", "")).apply().succeeded();
    workspace.run(&["apply", "-auto-approve", "-replace=odd_thing.a"]).succeeded();
    let journal = workspace.journal();
    assert!(journal.contains("delete b Replacement serial=3\ncreate b"), "{journal}");
    workspace.main(&thing("b", "irreplaceable = true")).apply().succeeded();
    workspace.run(&["taint", "odd_thing.a"]).succeeded();
    workspace.apply().succeeded();
    assert!(
        workspace.journal().contains("delete b Replacement serial=0\ncreate b"),
        "{}",
        workspace.journal()
    );

    // A delete that fails in a replacement keeps what was remembered.
    workspace.main(&thing("b", "fault = \"delete\"")).apply().succeeded();
    workspace.main(&thing("d", "fault = \"delete\"")).apply().failed().says("Delete refused");
    fs::write(workspace.path("objects/allow.json"), "{}").unwrap();
    workspace.destroy().succeeded();
    assert!(workspace.journal().ends_with("delete b Destroy serial=2\n"), "{}", workspace.journal());
}

#[test]
fn a_replacement_may_be_made_before_the_old_one_goes() {
    let workspace = Workspace::new();
    let thing = |name: &str| {
        format!(
            "resource \"odd_thing\" \"a\" {{\n  name = \"{name}\"\n  lifecycle {{ create_before_destroy = true }}\n}}\n"
        )
    };
    workspace.main(&thing("a")).apply().succeeded();
    workspace.main(&thing("b")).apply().succeeded();
    // The old one is planned like any other destroy then.
    let journal = workspace.journal();
    assert!(journal.ends_with("create b secret=none limit=60\ndelete a Destroy serial=1\n"), "{journal}");
    workspace.plans(false, &[]);
}

#[test]
fn replaced_because_of_another_and_let_go() {
    let workspace = Workspace::new();
    let config = |input: &str| {
        format!(
            "resource \"terraform_data\" \"t\" {{ input = \"{input}\" }}\n\
             resource \"odd_thing\" \"a\" {{\n  name = \"a\"\n  \
             lifecycle {{ replace_triggered_by = [terraform_data.t] }}\n}}\n"
        )
    };
    workspace.main(&config("1")).apply().succeeded();
    workspace.main(&config("2")).apply().succeeded().says("1 added, 1 changed, 1 destroyed");
    let journal = workspace.journal();
    assert!(journal.contains("delete a Replacement serial=1\ncreate a"), "{journal}");
    workspace.main("removed {\n  from = odd_thing.a\n  lifecycle { destroy = false }\n}\n");
    workspace.apply().succeeded();
    assert_eq!(workspace.resource("odd_thing.a"), Value::Null);
    assert_eq!(workspace.journal(), journal, "nothing was called for what is let go");
}

#[test]
fn blocks_in_blocks() {
    let workspace = Workspace::new();
    let nest = |name: &str, kind: &str, more: &str| {
        format!(
            "variable \"seed\" {{ default = \"s\" }}\n\
             resource \"terraform_data\" \"later\" {{ input = var.seed }}\n\
             resource \"odd_nest\" \"a\" {{\n  name = \"{name}\"\n  {more}\n  core {{\n    key = \"k\"\n    \
             secret_wo = \"hush\"\n    content = terraform_data.later.output\n    depth {{ note = \"n\" }}\n  }}\n  \
             bag {{\n    name = \"b\"\n    item {{ label = \"i\" }}\n    item {{}}\n  }}\n  bag {{ name = \"c\" }}\n  \
             group {{\n    limit {{ value = 2 }}\n  }}\n  \
             dynamic \"layer\" {{\n    for_each = [terraform_data.later.output, \"x\"]\n    \
             content {{\n      kind = \"{kind}\"\n      content = layer.value\n    }}\n  }}\n}}\n"
        )
    };
    workspace.main(&nest("n", "fixed", ""));
    workspace.run(&["validate"]).succeeded();
    workspace.apply().succeeded();
    assert_eq!(workspace.journal(), "create n secret=hush\n");
    let state = workspace.state("odd_nest.a");
    assert_eq!(state["core"]["depth"]["filled"], "depth");
    assert_eq!(state["core"]["secret_wo"], Value::Null);
    assert_eq!(state["bag"][0]["item"][0]["label"], "i");
    assert_eq!(state["layer"][0]["content"], "s");
    workspace.plans(false, &[]);
    // A replacement that its author chose in a block, and one of the schema that he takes back.
    workspace.main(&nest("n", "new", "")).run(&["plan"]).succeeded().says("forces replacement");
    workspace.main(&nest("m", "fixed", "")).run(&["plan"]).succeeded().says("forces replacement");
    workspace.main(&nest("m", "fixed", "movable = true"));
    workspace.apply().succeeded().says("0 added, 1 changed, 0 destroyed");
    assert!(workspace.journal().ends_with("update n to m secret=hush\n"), "{}", workspace.journal());
    workspace.plans(false, &[]);
    // Known late in a block.
    let late = workspace.run(&["apply", "-auto-approve", "-var", "seed=t"]).failed();
    late.says("Replacement was not planned").does_not_say("inconsistent final plan");
    workspace.run(&["apply", "-auto-approve", "-var", "seed=t"]).succeeded();
    let journal = workspace.journal();
    assert!(journal.ends_with("delete m Replacement\ncreate m secret=hush\n"), "{journal}");

    if workspace.knows("identities", IDENTITIES) {
        assert_eq!(
            workspace.resource("odd_nest.a")["identity"],
            json!({"name": "m", "floor": 1, "halls": ["m hall"]})
        );
        // As a state of before the identity's first change has it.
        let file = workspace.path("configuration/terraform.tfstate");
        let mut state: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let resources = state["resources"].as_array_mut().unwrap();
        let resource = resources.iter_mut().find(|resource| resource["type"] == "odd_nest").unwrap();
        let instance = &mut resource["instances"][0];
        instance["identity_schema_version"] = json!(0);
        instance["identity"] = json!({"title": "m", "floor": 1, "halls": ["m hall"]});
        fs::write(&file, state.to_string()).unwrap();
        workspace.plans(false, &["-var", "seed=t"]);
    }
    workspace.run(&["destroy", "-auto-approve", "-var", "seed=t"]).succeeded();
}

/// gRPC's usual limit is 4 MiB.
#[test]
fn large_values() {
    let workspace = Workspace::new();
    let large = "x".repeat(6 << 20);
    fs::write(workspace.path("configuration/large.txt"), &large).unwrap();
    workspace.main("resource \"odd_thing\" \"a\" {\n  name = \"a\"\n  password = file(\"large.txt\")\n}\n");
    workspace.run(&["plan", "-out", "p"]).succeeded();
    workspace.run(&["apply", "p"]).succeeded();
    assert_eq!(workspace.state("odd_thing.a")["password"].as_str().map(str::len), Some(large.len()));
    workspace.plans(false, &[]);
}

/// A plugin that does not end by itself costs two seconds, and is killed.
#[test]
fn the_plugin_ends_when_it_is_told_to() {
    let workspace = Workspace::new();
    workspace.main("resource \"odd_thing\" \"a\" {\n  name = \"a\"\n}\n");
    let log = workspace.path("log");
    let mut command = workspace.command(&["apply", "-auto-approve"]);
    let output = command.env("TF_LOG", "TRACE").env("TF_LOG_PATH", &log).output().unwrap();
    said(&["apply"], output).succeeded();
    let log = fs::read_to_string(log).unwrap();
    let said = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert!(said("plugin exited") > 2, "the words of go-plugin have changed");
    assert_eq!(said("failed to exit gracefully"), 0);
}

#[test]
fn ignored_changes_stay_ignored() {
    let workspace = Workspace::new();
    let thing = |label: &str, size: u8| {
        format!(
            "resource \"odd_thing\" \"a\" {{\n  name = \"a\"\n  label = \"{label}\"\n  size = {size}\n  \
             lifecycle {{ ignore_changes = [label] }}\n}}\n"
        )
    };
    workspace.main(&thing("x", 1)).apply().succeeded();
    workspace.main(&thing("y", 2)).apply().succeeded();
    let state = workspace.state("odd_thing.a");
    assert_eq!((&state["label"], &state["size"]), (&json!("x"), &json!(2)));
    // The verb was not told either, although Terraform hands the apply what is written.
    assert!(workspace.journal().ends_with("update a serial=1 label=x\n"), "{}", workspace.journal());
}

#[test]
fn content_that_is_known_late() {
    let workspace = Workspace::new();
    let config = |content: &str, trigger: &str| {
        format!(
            "resource \"terraform_data\" \"t\" {{\n  input = \"{content}\"\n  triggers_replace = \"{trigger}\"\n}}\n\
             resource \"odd_thing\" \"a\" {{\n  name = \"a\"\n  content = terraform_data.t.output\n}}\n"
        )
    };
    workspace.main(&config("c", "1")).apply().succeeded();
    // Unknown in the plan, and the same in the end: nothing happens to the object.
    workspace.main(&config("c", "2")).apply().succeeded();
    assert_eq!(workspace.journal().lines().count(), 1);
    let output = workspace.main(&config("d", "2")).apply().failed();
    output.says("Replacement was not planned").does_not_say("inconsistent final plan");
    workspace.apply().succeeded();
    assert!(workspace.journal().contains("delete a Replacement serial=1"), "{}", workspace.journal());
}

#[test]
fn failures_leave_what_they_say() {
    let workspace = Workspace::new();
    let thing = |fault: &str| {
        format!(
            "resource \"odd_thing\" \"a\" {{\n  name = \"a\"\n  label = \"l\"\n  fault = \"{fault}\"\n}}\n"
        )
    };
    workspace.main(&thing("create")).apply().failed().says("Create refused");
    assert_eq!(workspace.resource("odd_thing.a"), Value::Null);
    // Terraform collects the trace beside the call, and under load it has ended before it was done collecting.
    let recognised = (0..5).any(|_| {
        let output =
            workspace.main(&thing("panic")).apply().failed().says("Bug in the provider").says("as asked");
        output.text().contains("Stack trace from the terraform-provider-odd plugin")
    });
    assert!(recognised, "Terraform did not know the report of a panic for one");
    workspace.main(&thing("create half")).apply().failed().says("Half made");
    assert_eq!(workspace.resource("odd_thing.a")["tainted"], true);

    // A result that breaks the plan is named as a bug, and taints nothing.
    let output = workspace.main(&thing("contradict")).apply().succeeded();
    output
        .says("Bug in the provider")
        .says("`size` is not what was planned")
        .does_not_say("inconsistent result");
    assert_eq!(workspace.resource("odd_thing.a")["tainted"], Value::Null);
    assert_eq!(workspace.state("odd_thing.a")["label"], "l");

    workspace.main(&thing("update")).apply().failed().says("Update refused");
    assert_eq!(workspace.state("odd_thing.a")["fault"], "contradict");
    workspace.main(&thing("plan error")).apply().failed().says("Plan refused");
    workspace.main(&thing("keep")).apply().succeeded();
    workspace.destroy().failed().says("It is to be kept");
    assert!(!workspace.journal().contains("delete a Destroy"), "{}", workspace.journal());
    workspace.main(&thing("warn")).apply().succeeded();
    workspace.destroy().succeeded();
}

#[test]
fn an_author_who_plans_anything_plans_nothing_wrong() {
    let workspace = Workspace::new();
    workspace.main(
        "resource \"odd_thing\" \"a\" {\n  name = \"a\"\n  fault = \"plan anything\"\n  secret_wo = \"s\"\n  \
         rule { port = 1 }\n}\n",
    );
    workspace.apply().succeeded().does_not_say("invalid plan");
    assert_eq!(workspace.state("odd_thing.a")["id"], "chosen");
}

#[test]
fn deleted_and_changed_behind_terraforms_back() {
    let workspace = Workspace::new();
    workspace.main("resource \"odd_thing\" \"a\" {\n  name = \"a\"\n}\n").apply().succeeded();
    let file = workspace.path("objects/a.json");
    fs::write(&file, r#"{"label": null, "size": 9, "revision": 1}"#).unwrap();
    workspace.plans(true, &[]);
    workspace.apply().succeeded();
    assert_eq!(workspace.state("odd_thing.a")["size"], 3);
    fs::remove_file(&file).unwrap();
    workspace.run(&["plan"]).succeeded().says("1 to add");
    workspace.apply().succeeded();
    workspace.plans(false, &[]);
}

#[test]
fn imports() {
    let workspace = Workspace::new();
    fs::write(workspace.path("objects/a.json"), r#"{"label": "LOUD", "size": 4, "revision": 6}"#).unwrap();
    let thing = "resource \"odd_thing\" \"a\" {\n  name = \"a\"\n  label = \"LOUD\"\n  size = 4\n}\n";
    workspace.main(thing);
    workspace.run(&["import", "odd_thing.a", "a"]).succeeded();
    workspace.plans(false, &[]);
    workspace.run(&["import", "odd_legacy.a", "a"]).failed();
    workspace.run(&["state", "rm", "odd_thing.a"]).succeeded();

    workspace.main("import {\n  to = odd_thing.a\n  id = \"a\"\n}\n");
    workspace.run(&["plan", "-generate-config-out=made.tf"]).succeeded().says("1 to import");
    let made = fs::read_to_string(workspace.path("configuration/made.tf")).unwrap();
    for (written, expected) in
        [("\"LOUD\"", true), ("revision", false), ("secret_wo", false), ("old_note", false)]
    {
        let there = made.lines().any(|line| line.contains(written) && !line.trim_end().ends_with("null"));
        assert_eq!(there, expected, "{written} in\n{made}");
    }
    workspace.apply().succeeded().says("1 imported, 0 added, 0 changed");
    workspace.run(&["state", "rm", "odd_thing.a"]).succeeded();
    fs::remove_file(workspace.path("configuration/made.tf")).unwrap();

    if workspace.knows("identities", IDENTITIES) {
        workspace
            .main(&format!("{thing}import {{\n  to = odd_thing.a\n  identity = {{ name = \"a\" }}\n}}\n"));
        workspace.apply().succeeded().says("1 imported, 0 added, 0 changed");
        assert_eq!(workspace.resource("odd_thing.a")["identity"], json!({"name": "a", "realm": "odd"}));
    }
}

#[test]
fn moves() {
    let workspace = Workspace::new();
    workspace.main("resource \"odd_legacy\" \"a\" {\n  name = \"a\"\n}\n").apply().succeeded();
    workspace.main(
        "resource \"odd_thing\" \"a\" {\n  name = \"a\"\n}\nmoved {\n  from = odd_legacy.a\n  to = odd_thing.a\n}\n",
    );
    workspace.apply().succeeded().says("0 added, 0 changed, 0 destroyed");
    assert_eq!(workspace.state("odd_thing.a")["id"], "id-a");
    workspace
        .main("resource \"odd_thing\" \"b\" {\n  name = \"a\"\n}\nresource \"terraform_data\" \"a\" {}\n");
    workspace.apply().succeeded();
    workspace.main(
        "resource \"odd_thing\" \"c\" {\n  name = \"a\"\n}\n\
         moved {\n  from = terraform_data.a\n  to = odd_thing.c\n}\n",
    );
    workspace.run(&["plan"]).failed().says("Cannot move from this type");
}

#[test]
fn states_of_an_older_schema() {
    let workspace = Workspace::new();
    workspace.main("resource \"odd_thing\" \"a\" {\n  name = \"a\"\n}\n").apply().succeeded();
    let file = workspace.path("configuration/terraform.tfstate");
    let mut state: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let instance = &mut state["resources"][0]["instances"][0];
    instance["schema_version"] = json!(0);
    let attributes = instance["attributes"].as_object_mut().unwrap();
    let name = attributes.remove("name").unwrap();
    attributes.insert("title".to_owned(), name);
    attributes.insert("size".to_owned(), json!("3"));
    attributes.remove("zones");
    fs::write(&file, state.to_string()).unwrap();
    workspace.run(&["plan"]).succeeded().does_not_say("must be replaced");
    workspace.apply().succeeded();
    assert_eq!(workspace.state("odd_thing.a")["name"], "a");
    workspace.plans(false, &[]);
}

#[test]
fn an_interruption_reaches_the_verb() {
    let workspace = Workspace::new();
    workspace.main("resource \"odd_thing\" \"a\" {\n  name = \"a\"\n  fault = \"wait\"\n}\n");
    let mut child = workspace.command(&["apply", "-auto-approve"]).spawn().unwrap();
    let started = workspace.path("objects/started.json");
    while !started.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = said(&["apply"], child.wait_with_output().unwrap());
    output.says("Interrupted");
    assert!(workspace.journal().ends_with("cancelled\n"), "{}", workspace.journal());
    assert_eq!(workspace.resource("odd_thing.a"), Value::Null);
}

#[test]
fn an_unknown_provider_configuration_waits_until_it_is_needed() {
    let workspace = Workspace::new();
    let objects = workspace.path("objects");
    workspace.write(
        "provider.tf",
        "terraform {\n  required_providers {\n    odd = { source = \"test/odd\" }\n  }\n}\n\
         provider \"odd\" {\n  folder = terraform_data.folder.output\n}\n",
    );
    workspace.main(&format!(
        "resource \"terraform_data\" \"folder\" {{\n  input = {objects:?}\n}}\n\
         resource \"odd_thing\" \"a\" {{\n  name = \"a\"\n}}\n"
    ));
    workspace.run(&["plan"]).succeeded();
    workspace.apply().succeeded();
    workspace.plans(false, &[]);
}

#[test]
fn actions() {
    let workspace = Workspace::new();
    if !workspace.knows("actions", ACTIONS) {
        return;
    }
    let action =
        |times: u32| format!("action \"odd_ring\" \"a\" {{\n  config {{\n    times = {times}\n  }}\n}}\n");
    let invoke = ["apply", "-auto-approve", "-invoke=action.odd_ring.a"];
    workspace.main(&action(2));
    workspace.run(&invoke).succeeded().says("ring 1").says("ring 2").says("1 invoked");
    workspace.main(&action(13));
    workspace.run(&invoke).failed().says("Bell broken");
    workspace.main(&action(7));
    workspace.run(&invoke).failed().says("as asked");
    workspace.main(&action(51));
    workspace.run(&invoke).failed().says("Too often");
    workspace.main(&action(101));
    workspace.run(&["validate"]).failed().says("must be a whole number from 1 to 100");
    workspace.main(&format!(
        "{}resource \"odd_thing\" \"a\" {{\n  name = \"a\"\n  lifecycle {{\n    action_trigger {{\n      \
         events = [after_create]\n      actions = [action.odd_ring.a]\n    }}\n  }}\n}}\n",
        action(1)
    ));
    workspace.apply().succeeded();
    assert!(workspace.journal().ends_with("limit=60\nring 1\n"), "{}", workspace.journal());
}

#[test]
fn queries() {
    let workspace = Workspace::new();
    if !workspace.knows("queries", ACTIONS) {
        return;
    }
    for name in ["a1", "a2", "b1"] {
        let text = r#"{"label": null, "size": 4, "revision": 6}"#;
        fs::write(workspace.path(&format!("objects/{name}.json")), text).unwrap();
    }
    let query = |limit: u32| {
        format!(
            "list \"odd_thing\" \"all\" {{\n  provider = odd\n  limit = {limit}\n  config {{\n    prefix = \"a\"\n  }}\n}}\n"
        )
    };
    workspace.write("all.tfquery.hcl", &query(10));
    let found = workspace.run(&["query"]).succeeded().says("name=a1,realm=odd").says("thing a2");
    found.does_not_say("b1");
    workspace.run(&["query", "-generate-config-out=made.tf"]).succeeded();
    let made = fs::read_to_string(workspace.path("configuration/made.tf")).unwrap();
    assert!(made.contains("resource \"odd_thing\"") && made.contains("identity = {"), "{made}");
    fs::remove_file(workspace.path("configuration/made.tf")).unwrap();
    workspace.write("all.tfquery.hcl", &query(10).replace("\"a\"", "\"fail\""));
    workspace.run(&["query"]).failed().says("List refused");
    workspace.write("all.tfquery.hcl", &query(10).replace("\"a\"", "\"warn\""));
    workspace.run(&["query"]).succeeded().says("Listed with care");
    workspace.write("all.tfquery.hcl", &query(10).replace("\"a\"", "\"refused\""));
    workspace.run(&["validate", "-query"]).failed().says("No such prefix");
    workspace.write("all.tfquery.hcl", &query(1));
    workspace.run(&["query"]).succeeded().says("thing a1").does_not_say("thing a2");
}
