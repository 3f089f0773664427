//! Compiles the two protocol definitions in `proto/` to Rust, without `protoc`: `protox` is a compiler in pure
//! Rust, so a clone builds with nothing but cargo and a C compiler.
//!
//! Clients are generated besides the servers, because tests drive the provider over gRPC in process.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let definitions = protox::compile(["tfplugin5.proto", "go_plugin.proto"], ["proto"])?;
    tonic_prost_build::configure().build_server(true).build_client(true).compile_fds(definitions)?;
    Ok(())
}
