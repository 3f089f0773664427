//! Schemas as Terraform reads them.

use crate::framework::body::Body;
use crate::framework::function::{Parameter, Signature};
use crate::framework::schema::{Attribute, Block, IdentitySchema, Nesting, Schema};
use crate::plugin::proto::tfplugin5 as proto;
use proto::schema::NestedBlock;
use proto::schema::nested_block::NestingMode;

const MARKDOWN: i32 = proto::StringKind::Markdown as i32;

/// A schema, with its `timeouts` block (which stands among its blocks by then).
pub(crate) fn schema(schema: &Schema) -> proto::Schema {
    let mut root = block(Body::from(schema), schema.description);
    root.deprecated = schema.deprecation.is_some();
    root.deprecation_message = schema.deprecation.unwrap_or_default().to_owned();
    proto::Schema { version: i64::from(schema.version), block: Some(root) }
}

/// The schema of an identity.
pub(crate) fn identity(identity: &IdentitySchema) -> proto::ResourceIdentitySchema {
    let attribute = |attribute: &crate::framework::schema::IdentityAttribute| {
        proto::resource_identity_schema::IdentityAttribute {
            name: attribute.name.to_owned(),
            r#type: attribute.ty.to_json_bytes(),
            required_for_import: attribute.required_for_import,
            optional_for_import: !attribute.required_for_import,
            description: attribute.description.to_owned(),
        }
    };
    proto::ResourceIdentitySchema {
        version: i64::from(identity.version),
        identity_attributes: identity.attributes.iter().map(attribute).collect(),
    }
}

/// The signature of a function. It is never called with unknown arguments, so that authors see values only.
pub(crate) fn function(signature: &Signature) -> proto::Function {
    let parameter = |parameter: &Parameter| proto::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: parameter.ty.to_json_bytes(),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: false,
        description: parameter.description.to_owned(),
        description_kind: MARKDOWN,
    };
    proto::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(proto::function::Return { r#type: signature.result.to_json_bytes() }),
        summary: signature.summary.to_owned(),
        description: signature.description.to_owned(),
        description_kind: MARKDOWN,
        deprecation_message: String::new(),
    }
}

fn block(body: Body<'_>, description: &str) -> proto::schema::Block {
    proto::schema::Block {
        attributes: body.attributes.iter().map(attribute).collect(),
        block_types: body.blocks.iter().map(nested).collect(),
        description: description.to_owned(),
        description_kind: MARKDOWN,
        ..Default::default()
    }
}

fn attribute(attribute: &Attribute) -> proto::schema::Attribute {
    proto::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: attribute.ty.to_json_bytes(),
        description: attribute.description.to_owned(),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        description_kind: MARKDOWN,
        deprecated: attribute.deprecation.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecation.unwrap_or_default().to_owned(),
    }
}

fn nested(nested: &Block) -> NestedBlock {
    let (mode, min, max) = match nested.nesting {
        Nesting::Single => (NestingMode::Single, 0, 0),
        Nesting::SingleRequired => (NestingMode::Single, 1, 1),
        Nesting::Group => (NestingMode::Group, 0, 0),
        Nesting::List { min, max } => (NestingMode::List, min, max),
        Nesting::Set { min, max } => (NestingMode::Set, min, max),
        Nesting::Map => (NestingMode::Map, 0, 0),
    };
    NestedBlock {
        type_name: nested.name.to_owned(),
        block: Some(block(Body::from(nested), nested.description)),
        nesting: mode.into(),
        min_items: i64::from(min),
        max_items: i64::from(max),
    }
}
