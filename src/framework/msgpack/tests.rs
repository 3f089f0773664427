use proptest::prelude::*;

use super::*;
use crate::framework::arbitrary;
use crate::framework::body::Body;
use crate::framework::schema::{Attribute, Block, Nesting, Schema};
use crate::framework::types::Type;
use crate::framework::value::{Number, Object, Unknown, Value};

/// Bytes as Terraform 1.11.4 and 1.15.5 sent them.
#[test]
fn as_terraform_sends_them() {
    let cases: [(&[u8], Type, Value); 9] = [
        (&[0xcd, 0x01, 0xbb], Type::Number, Value::Number(443.into())),
        (b"\xa30.1", Type::Number, Value::Number(Number::Decimal("0.1".to_owned()))),
        (
            &[0xcb, 0x40, 0x0c, 0, 0, 0, 0, 0, 0],
            Type::Number,
            Value::Number(Number::Decimal("3.5".to_owned())),
        ),
        (&[0xc0], Type::String, Value::Null),
        (&[0xd4, 0, 0], Type::list(Type::String), Value::UNKNOWN),
        (
            b"\xc7\x09\x0c\x82\x01\xc2\x02\xa4pre-",
            Type::String,
            Value::Unknown(Unknown { refinement: Some(b"\x82\x01\xc2\x02\xa4pre-".to_vec().into()) }),
        ),
        (
            &[0x92, 0xc3, 0xc2],
            Type::list(Type::Bool),
            Value::List(vec![Value::Bool(true), Value::Bool(false)]),
        ),
        (
            b"\x92\xc4\x08\"string\"\xa1x",
            Type::Dynamic,
            Value::Dynamic(Box::new(crate::framework::value::Dynamic {
                ty: Type::String,
                value: Value::string("x"),
            })),
        ),
        (b"\x81\xa1a\xa1b", Type::map(Type::String), {
            Value::Map(Object::from([("a".to_owned(), Value::string("b"))]))
        }),
    ];
    for (bytes, ty, value) in cases {
        assert_eq!(read_value(bytes, &ty).as_ref(), Ok(&value), "{bytes:x?}");
        if !matches!(value, Value::Number(Number::Decimal(_))) {
            assert_eq!(write_value(&value), bytes, "{value:?}");
        }
    }
}

#[test]
fn objects_are_written_whole() {
    let schema = Schema::new("")
        .attribute(Attribute::string("a").optional())
        .block(Block::new("b", Nesting::List { min: 0, max: 0 }, ""))
        .block(Block::new("c", Nesting::Single, ""));
    let body = Body::from(&schema);
    assert_eq!(write_object(Some(&Object::new()), body), b"\x83\xa1a\xc0\xa1b\x90\xa1c\xc0");
    assert_eq!(read_object(b"\x80", body).expect("an object").expect("not null"), body.empty());
    assert_eq!(read_object(b"\xc0", body), Ok(None));
}

#[test]
fn what_does_not_fit_is_named_with_its_path() {
    let schema = Schema::new("").attribute(Attribute::strings("names").optional());
    let error =
        read_object(b"\x81\xa5names\x92\xa1a\xc3", (&schema).into()).expect_err("a bool is no string");
    assert_eq!(error.to_string(), "`names[1]`: a value of another type than its schema says");
    let deep: Vec<u8> =
        std::iter::repeat_n(b"\x92\xc4\x09\"dynamic\"".as_slice(), 2000).flatten().copied().collect();
    assert!(read_value(&deep, &Type::Dynamic).is_err());
}

proptest! {
    #[test]
    fn values_come_back(
        (ty, value) in arbitrary::any_type().prop_flat_map(|ty| (Just(ty.clone()), arbitrary::value_of(&ty, true)))
    ) {
        prop_assert_eq!(read_value(&write_value(&value), &ty), Ok(value));
    }

    #[test]
    fn objects_come_back(
        (schema, object) in arbitrary::schema().prop_flat_map(|schema| {
            let object = arbitrary::anything_of(Body::from(&schema));
            (Just(schema), object)
        })
    ) {
        let body = Body::from(&schema);
        prop_assert_eq!(read_object(&write_object(Some(&object), body), body), Ok(Some(object)));
    }

    #[test]
    fn rubbish_is_refused_or_read_but_never_fatal(
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        ty in arbitrary::any_type(),
    ) {
        let _either = read_value(&bytes, &ty);
    }

    #[test]
    fn numbers_keep_every_digit(number in arbitrary::number()) {
        let value = Value::Number(number);
        prop_assert_eq!(read_value(&write_value(&value), &Type::Number), Ok(value));
    }
}
