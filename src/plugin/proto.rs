//! The generated wire types: messages, servers and clients of `proto/*.proto`.
//!
//! Lints are relaxed here and nowhere else, because nobody writes or reads this code; what the messages mean is
//! said in the `.proto` files. Nothing outside of `plugin` and `framework` should name these types.

/// Terraform's provider protocol, `proto/tfplugin5.proto`.
#[allow(missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod tfplugin5 {
    tonic::include_proto!("tfplugin5");
}

/// go-plugin's own services (controller, standard streams, broker), `proto/go_plugin.proto`.
#[allow(missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod go_plugin {
    tonic::include_proto!("plugin");
}
