//! The one line that the host waits for on standard output, and its sibling for `--debug`.
//!
//! The line is the first thing that the process prints, and the listener accepts before it is printed: the host
//! connects at once. Whatever would be printed earlier breaks the start; later output is lost.

use std::fmt;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use serde_json::json;

use super::About;
use super::environment::PROTOCOL_VERSION;
use super::listener::Address;

/// Version of the handshake itself.
const CORE_PROTOCOL_VERSION: u32 = 1;

/// Who is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The parent process, a host that speaks go-plugin: mutual TLS as it asks, one client, and the process
    /// ends with it.
    Host,
    /// Whoever connects, without TLS, until a signal ends the process. Clients come and go.
    Debug,
}

/// The answer to the host: where the plugin listens and which certificate it will present.
///
/// Displayed as `1|5|unix|/tmp/plugin123|grpc|MIIB…`.
#[derive(Debug)]
pub(super) struct HandshakeLine<'a> {
    pub(super) address: &'a Address,
    /// Absent when the host asked for no TLS: the field stays empty.
    pub(super) certificate: Option<&'a CertificateDer<'static>>,
    /// Hosts that would send broker connections through the one socket expect a seventh field. We decline.
    pub(super) multiplexing_wanted: bool,
}

impl fmt::Display for HandshakeLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = self.address.network();
        // Unpadded: the host's decoder takes padding for an error.
        let certificate = self.certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        write!(
            f,
            "{CORE_PROTOCOL_VERSION}|{PROTOCOL_VERSION}|{network}|{address}|grpc|{certificate}",
            address = self.address
        )?;
        if self.multiplexing_wanted { f.write_str("|false") } else { Ok(()) }
    }
}

/// Prints the line, with its end, in one write.
pub(super) fn announce(line: &HandshakeLine<'_>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{line}\n").as_bytes())?;
    stdout.flush()
}

/// What `--debug` prints instead: the variable that makes Terraform use the running process.
pub(super) fn reattach_hint(about: &About, address: &Address, pid: u32) -> String {
    let attachment = json!({
        about.source: {
            "Protocol": "grpc",
            "ProtocolVersion": PROTOCOL_VERSION,
            "Pid": pid,
            // Keeps Terraform from ending a process that it did not start.
            "Test": true,
            "Addr": { "Network": address.network(), "String": address.to_string() },
        }
    });
    format!(
        "Serving until Ctrl-C. In the shell that runs Terraform:\n\n    \
         export TF_REATTACH_PROVIDERS='{attachment}'\n\n"
    )
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_line_has_the_six_fields_of_go_plugin() {
        let address = Address::Unix(PathBuf::from("/tmp/plugin1"));
        let certificate = CertificateDer::from(vec![0x30, 0x82, 0x01, 0xff]);
        let line =
            HandshakeLine { address: &address, certificate: Some(&certificate), multiplexing_wanted: false };
        assert_eq!(line.to_string(), "1|5|unix|/tmp/plugin1|grpc|MIIB/w");
    }

    #[test]
    fn without_tls_the_certificate_is_empty_and_multiplexing_is_declined() {
        let address = Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 10000)));
        let line = HandshakeLine { address: &address, certificate: None, multiplexing_wanted: true };
        assert_eq!(line.to_string(), "1|5|tcp|127.0.0.1:10000|grpc||false");
    }

    #[test]
    fn the_reattach_variable_is_json_in_shell_quotes() {
        let about = About { name: "milink", source: "milink/milink", version: "0.0.0" };
        let hint = reattach_hint(&about, &Address::Unix(PathBuf::from("/tmp/plugin1")), 42);
        let (_, rest) = hint.split_once("TF_REATTACH_PROVIDERS='").unwrap();
        let (value, _) = rest.split_once('\'').unwrap();
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        let attachment = &value["milink/milink"];
        assert_eq!(attachment["Protocol"], "grpc");
        assert_eq!(attachment["ProtocolVersion"], 5);
        assert_eq!(attachment["Pid"], 42);
        assert_eq!(attachment["Test"], true);
        assert_eq!(attachment["Addr"]["Network"], "unix");
        assert_eq!(attachment["Addr"]["String"], "/tmp/plugin1");
    }
}
