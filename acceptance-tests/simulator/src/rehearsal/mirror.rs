//! The provider under rehearsal, as Terraform installs it: from a filesystem mirror made anew each time, so that no
//! checksum of an older build can bite.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The hosts whose default source addresses this provider may be named by.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Puts `binary` into a mirror below `folder` and writes Terraform's CLI configuration beside it; answers with that
/// file's path. With `direct`, other providers come from their registries.
pub fn make(folder: &Path, binary: &Path, direct: bool) -> io::Result<PathBuf> {
    let version = env!("CARGO_PKG_VERSION");
    let mirror = folder.join("mirror");
    for host in HOSTS {
        let place = mirror.join(host).join("milink/milink").join(version).join(platform());
        fs::create_dir_all(&place)?;
        let name = format!("terraform-provider-milink_v{version}{}", std::env::consts::EXE_SUFFIX);
        let target = place.join(name);
        // A link is enough, and ten rehearsals at once need not hold ten copies of a debug build.
        fs::hard_link(binary, &target).or_else(|_| fs::copy(binary, &target).map(|_| ()))?;
    }
    // Both hosts by name: a wildcard for the host would need wildcards for the rest.
    let ours = HOSTS.map(|host| format!("\"{host}/milink/milink\"")).join(", ");
    let direct = if direct { format!("  direct {{\n    exclude = [{ours}]\n  }}\n") } else { String::new() };
    let text = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = {}\n    include = [{ours}]\n  }}\n{direct}}}\n",
        quoted(&mirror)
    );
    let file = folder.join("terraform.rc");
    fs::write(&file, text)?;
    Ok(file)
}

/// Terraform's name of this machine's kind.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{system}_{architecture}")
}

/// A path as an HCL string.
fn quoted(path: &Path) -> String {
    let escaped = path
        .to_string_lossy()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "$${")
        .replace("%{", "%%{");
    format!("\"{escaped}\"")
}
