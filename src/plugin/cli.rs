//! The command line, for people: Terraform itself starts the program without any argument.
//!
//! Four flags do not need a parser crate, whose start-up and size every plan would pay for. Like the providers
//! written in Go, one dash is as good as two.

use std::ffi::OsString;

use super::About;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Serve the host that started the process.
    Serve,
    /// Serve whoever connects, and say how.
    Debug,
    Version,
    Help,
    /// An argument that means nothing here.
    Unknown(String),
}

/// Reads the arguments, without the program's name.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Command {
    let mut command = Command::Serve;
    for argument in arguments {
        let text = argument.to_string_lossy();
        command = match text.strip_prefix("--").or_else(|| text.strip_prefix('-')) {
            Some("debug") => Command::Debug,
            Some("version" | "V") => return Command::Version,
            Some("help" | "h") => return Command::Help,
            _ => return Command::Unknown(text.into_owned()),
        };
    }
    command
}

/// What `--version` prints.
pub(super) fn version(about: &About) -> String {
    format!("terraform-provider-{} {} (plugin protocol 5.10)\n", about.name, about.version)
}

/// What `--help` prints.
pub(super) fn help(about: &About) -> String {
    let About { name, source, .. } = about;
    format!(
        "\
Terraform provider {source}. Terraform and OpenTofu start this program by themselves.

Usage: terraform-provider-{name} [--debug | --version | --help]

  --debug    serve until Ctrl-C, and print the TF_REATTACH_PROVIDERS variable with which Terraform uses
             this very process: to attach a debugger, or to read its log as it comes
  --version  print the version
  --help     print this

Environment:
  TF_LOG_PROVIDER_{upper}, TF_LOG_PROVIDER, TF_LOG
             level of the log on standard error, the first that is set: trace, debug, info, warn, error, off
",
        upper = name.to_uppercase(),
    )
}

/// What somebody who starts the program by hand is told.
pub(super) fn by_hand(about: &About) -> String {
    let About { name, source, .. } = about;
    format!(
        "\
This is a Terraform provider. It does nothing by itself: Terraform starts it.

To use it, name it in a configuration and run `terraform init` there:

  terraform {{
    required_providers {{
      {name} = {{ source = \"{source}\" }}
    }}
  }}

`terraform-provider-{name} --help` says what else the program does.
"
    )
}

/// What an unknown argument is answered with.
pub(super) fn unknown(about: &About, argument: &str) -> String {
    format!("unknown argument {argument:?}; `terraform-provider-{} --help` lists what there is\n", about.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About = About { name: "milink", source: "milink/milink", version: "1.2.3" };

    fn parsed(arguments: &[&str]) -> Command {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn flags_take_one_dash_or_two() {
        assert_eq!(parsed(&[]), Command::Serve);
        assert_eq!(parsed(&["--debug"]), Command::Debug);
        assert_eq!(parsed(&["-debug"]), Command::Debug);
        assert_eq!(parsed(&["-version"]), Command::Version);
        assert_eq!(parsed(&["--help"]), Command::Help);
        assert_eq!(parsed(&["-h"]), Command::Help);
        assert_eq!(parsed(&["--debug", "--help"]), Command::Help);
        assert_eq!(parsed(&["serve"]), Command::Unknown("serve".into()));
        assert_eq!(parsed(&["--debug", "--port"]), Command::Unknown("--port".into()));
    }

    #[test]
    fn texts() {
        assert_eq!(version(&ABOUT), "terraform-provider-milink 1.2.3 (plugin protocol 5.10)\n");
        assert!(by_hand(&ABOUT).contains("milink = { source = \"milink/milink\" }"));
        assert!(help(&ABOUT).contains("TF_LOG_PROVIDER_MILINK"));
        assert!(unknown(&ABOUT, "x\ny").starts_with("unknown argument \"x\\ny\""));
    }
}
