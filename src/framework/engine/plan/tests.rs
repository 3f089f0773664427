use proptest::prelude::*;

use super::*;
use crate::framework::arbitrary::{Case, cases, elements_differ};
use crate::framework::conform::conform_object;
use crate::framework::engine::{outcome, wire};
use crate::framework::harness::rules::{form_faults, plan_faults, result_faults, state_faults};
use crate::framework::path::Step;
use crate::framework::schema::Schema;
use crate::framework::types::Type;

fn schema() -> Schema {
    Schema::new("")
        .attribute(Attribute::string("name").required().replaces())
        .attribute(Attribute::string("label").optional())
        .attribute(Attribute::string("id").computed().stable())
        .attribute(Attribute::number("revision").computed())
        .attribute(Attribute::string("mode").default_string("a"))
        .attribute(Attribute::string("content").optional().replaces_when_known())
        .attribute(Attribute::string("secret").optional().write_only())
}

fn object(values: &[(&str, Value)]) -> Object {
    let schema = schema();
    let mut object = Body::from(&schema).empty();
    object.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    object
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn prior() -> Object {
    let number = Value::Number(7.into());
    object(&[("name", text("n")), ("id", text("i")), ("revision", number), ("mode", text("a"))])
}

#[test]
fn a_new_object_has_unknown_computed_values_and_defaults() {
    let schema = schema();
    let planned = propose(&object(&[("name", text("n")), ("secret", text("s"))]), None, (&schema).into());
    assert_eq!(
        planned,
        object(&[
            ("name", text("n")),
            ("id", Value::UNKNOWN),
            ("revision", Value::UNKNOWN),
            ("mode", text("a")),
        ])
    );
}

#[test]
fn nothing_changes_without_a_reason() {
    let schema = schema();
    assert_eq!(propose(&object(&[("name", text("n"))]), Some(&prior()), (&schema).into()), prior());
}

#[test]
fn a_change_opens_computed_values_that_are_not_stable() {
    let schema = schema();
    let config = object(&[("name", text("n")), ("label", text("l"))]);
    let planned = propose(&config, Some(&prior()), (&schema).into());
    assert_eq!(planned["id"], text("i"));
    assert_eq!(planned["revision"], Value::UNKNOWN);
    assert!(replacements(&prior(), &planned, (&schema).into()).is_empty());
}

#[test]
fn a_change_elsewhere_does_not_open_what_replaces() {
    let schema = Schema::new("")
        .attribute(Attribute::string("zone").optional().computed().replaces())
        .attribute(Attribute::string("filled").computed().stable())
        .attribute(Attribute::string("label").optional());
    let object = |zone: Value, label: &str| {
        let values = [("zone", zone), ("filled", Value::Null), ("label", text(label))];
        values.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<Object>()
    };
    let prior = object(text("z"), "a");
    let planned = propose(&object(Value::Null, "b"), Some(&prior), (&schema).into());
    assert_eq!(planned["zone"], text("z"));
    // What was never filled may be filled by the change.
    assert_eq!(planned["filled"], Value::UNKNOWN);
    assert!(replacements(&prior, &planned, (&schema).into()).is_empty());
}

#[test]
fn replacement_waits_for_known_content_only_where_it_may() {
    let schema = schema();
    let paths = |config: &Object, prior: &Object| -> Vec<String> {
        let planned = propose(config, Some(prior), (&schema).into());
        replacements(prior, &planned, (&schema).into()).iter().map(ToString::to_string).collect()
    };
    let mut with_content = prior();
    with_content.insert("content".to_owned(), text("c"));
    let config = |name: Value, content: Value| object(&[("name", name), ("content", content)]);
    assert_eq!(paths(&config(text("n"), text("c")), &with_content), [""; 0]);
    assert_eq!(paths(&config(text("n"), Value::UNKNOWN), &with_content), [""; 0]);
    assert_eq!(paths(&config(text("n"), text("d")), &with_content), ["content"]);
    assert_eq!(paths(&config(Value::UNKNOWN, text("c")), &with_content), ["name"]);
}

#[test]
fn blocks_that_are_not_known_replace_only_where_unknown_values_do() {
    let replaces = |replacement: Replacement| {
        let attribute = Attribute { replacement, ..Attribute::string("port").required() };
        let schema = Schema::new("")
            .block(Block::new("rule", Nesting::List { min: 0, max: 0 }, "").attribute(attribute));
        let rule = Value::Object(Object::from([("port".to_owned(), text("1"))]));
        let prior = Object::from([("rule".to_owned(), Value::List(vec![rule]))]);
        let config = Object::from([("rule".to_owned(), Value::UNKNOWN)]);
        let planned = propose(&config, Some(&prior), (&schema).into());
        replacements(&prior, &planned, (&schema).into()).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(replaces(Replacement::Always), ["rule"]);
    assert_eq!(replaces(Replacement::WhenKnown), [""; 0]);
}

#[test]
fn an_author_cannot_change_what_is_written_but_may_keep_the_prior_spelling() {
    let schema = schema();
    let body = Body::from(&schema);
    let config = object(&[("name", text("N"))]);
    let base = propose(&config, Some(&prior()), body);
    let settled = |name: Value| {
        let mut author = base.clone();
        author.insert("name".to_owned(), name);
        author.insert("secret".to_owned(), text("leaked"));
        author.insert("id".to_owned(), text("j"));
        settle(&base, &author, &config, Some(&prior()), body)
    };
    assert_eq!(settled(text("other"))["name"], text("N"));
    assert_eq!(settled(text("n"))["name"], text("n"));
    assert_eq!(settled(text("n"))["secret"], Value::Null);
    assert_eq!(settled(text("n"))["id"], text("j"));
}

#[test]
fn a_set_keeps_the_computed_values_of_its_elements() {
    let schema = Schema::new("").block(
        Block::new("member", Nesting::Set { min: 0, max: 0 }, "")
            .attribute(Attribute::string("name").required())
            .attribute(Attribute::string("note").computed()),
    );
    let member = |name: &str, note: Value| {
        Value::Object(Object::from([("name".to_owned(), text(name)), ("note".to_owned(), note)]))
    };
    let members = |items: Vec<Value>| Object::from([("member".to_owned(), Value::Set(items))]);
    let prior = members(vec![member("a", text("1")), member("b", text("2"))]);
    let same = members(vec![member("b", Value::Null), member("a", Value::Null)]);
    assert!(crate::framework::equality::objects_equal(
        &propose(&same, Some(&prior), (&schema).into()),
        &prior
    ));
    let other = members(vec![member("b", Value::Null), member("c", Value::Null)]);
    assert_eq!(
        propose(&other, Some(&prior), (&schema).into()),
        members(vec![member("b", Value::UNKNOWN), member("c", Value::UNKNOWN)])
    );
}

#[test]
fn an_element_that_writes_nothing_leaves_the_others_theirs() {
    let schema = Schema::new("").block(
        Block::new("member", Nesting::Set { min: 0, max: 0 }, "")
            .attribute(Attribute::string("name").optional().computed()),
    );
    let member = |name: Value| Value::Object(Object::from([("name".to_owned(), name)]));
    let members = |items: Vec<Value>| Object::from([("member".to_owned(), Value::Set(items))]);
    let prior = members(vec![member(text("a")), member(text("given"))]);
    for config in [[Value::Null, text("a")], [text("a"), Value::Null]] {
        let again = propose(&members(config.map(member).into()), Some(&prior), (&schema).into());
        assert!(crate::framework::equality::objects_equal(&again, &prior), "{again:?}");
    }
}

#[test]
fn an_author_may_sort_a_set() {
    let schema = Schema::new("").block(
        Block::new("member", Nesting::Set { min: 0, max: 0 }, "")
            .attribute(Attribute::string("name").required())
            .attribute(Attribute::string("note").computed()),
    );
    let body = Body::from(&schema);
    let member = |name: &str, note: Value| {
        Value::Object(Object::from([("name".to_owned(), text(name)), ("note".to_owned(), note)]))
    };
    let members = |items: Vec<Value>| Object::from([("member".to_owned(), Value::Set(items))]);
    let config = members(vec![member("b", Value::Null), member("a", Value::Null)]);
    let base = propose(&config, None, body);
    let sorted = members(vec![member("a", text("1")), member("b", text("2"))]);
    let settled = settle(&base, &sorted, &config, None, body);
    assert_eq!(settled, members(vec![member("b", text("2")), member("a", text("1"))]));
    let accepted = outcome::after_apply(sorted.clone(), &settled, body);
    assert_eq!((accepted.faults, accepted.object), (Vec::new(), sorted));
    let renamed = members(vec![member("a", text("1")), member("c", text("2"))]);
    let accepted = outcome::after_apply(renamed, &settled, body);
    assert_eq!(accepted.object, settled);
    assert!(!accepted.faults.is_empty());
}

/// The whole way of a plan: propose, let the author write anything, conform, settle.
fn plan(case: &Case, config: &Object, author: &Object) -> Object {
    let body = Body::from(&case.schema);
    let base = propose(config, case.prior.as_ref(), body);
    let author = conform_object(author.clone(), body, &AttributePath::root()).expect("of the right form");
    settle(&base, &author, config, case.prior.as_ref(), body)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_author_can_make_an_invalid_plan(case in cases()) {
        let body = Body::from(&case.schema);
        for author in &case.authors {
            let planned = plan(&case, &case.config, author);
            prop_assert_eq!(plan_faults(&planned, &case.config, case.prior.as_ref(), body), Vec::<String>::new());
        }
    }

    #[test]
    fn the_final_plan_keeps_what_the_first_one_knew(case in cases()) {
        let body = Body::from(&case.schema);
        let first = propose(&case.config, case.prior.as_ref(), body);
        let last = propose(&case.known, case.prior.as_ref(), body);
        prop_assume!(case.prior.as_ref().is_none_or(|prior| elements_differ(prior, body)));
        prop_assert_eq!(result_faults(&last, &first, body), Vec::<String>::new());
    }

    #[test]
    fn replacement_paths_exist_and_only_where_something_changes(case in cases()) {
        let body = Body::from(&case.schema);
        let planned = plan(&case, &case.config, &case.authors[0]);
        if let Some(prior) = &case.prior {
            for path in replacements(prior, &planned, body) {
                prop_assert_eq!(wire::addressable(body, &path), path.clone());
                let found = (at(&planned, &path), at(prior, &path));
                prop_assert!(found.0.is_some() || found.1.is_some(), "{} is nowhere", path);
                if let (Some(a), Some(b)) = found {
                    prop_assert!(!a.equals(&b), "{} does not change", path);
                }
            }
            prop_assert!(replacements(prior, prior, body).is_empty());
        }
    }

    #[test]
    fn an_unchanged_configuration_changes_nothing(case in cases()) {
        // What a create stores, planned again with the same configuration, is what is stored.
        let body = Body::from(&case.schema);
        let fresh = propose(&case.known, None, body);
        let stored = outcome::after_apply(case.authors[0].clone(), &fresh, body).object;
        // Blocks of a set that turn out to be equal fall together; no plan can have both again.
        prop_assume!(elements_of_sets(&stored, body) == elements_of_sets(&fresh, body));
        let again = propose(&case.known, Some(&stored), body);
        prop_assert!(
            crate::framework::equality::objects_equal(&again, &stored),
            "{:?}\nbecame\n{:?}", stored, again
        );
    }

    #[test]
    fn no_author_can_store_what_was_not_planned(case in cases()) {
        let body = Body::from(&case.schema);
        let planned = plan(&case, &case.known, &case.authors[0]);
        let accepted = outcome::after_apply(case.authors[1].clone(), &planned, body);
        prop_assert_eq!(state_faults(&accepted.object, body), Vec::<String>::new());
        prop_assert_eq!(result_faults(&accepted.object, &planned, body), Vec::<String>::new());
        let failed = outcome::after_failure(case.authors[1].clone(), &planned, body);
        prop_assert_eq!(state_faults(&failed.object, body), Vec::<String>::new());
    }

    #[test]
    fn a_truthful_author_is_believed(case in cases()) {
        let body = Body::from(&case.schema);
        let planned = plan(&case, &case.known, &case.authors[0]);
        let truth = outcome::known_parts(&planned);
        let accepted = outcome::after_apply(truth.clone(), &planned, body);
        prop_assert_eq!(accepted.faults, Vec::<String>::new());
        let read = outcome::after_read(accepted.object.clone(), &accepted.object, body).expect("of the right form");
        prop_assert!(read.faults.is_empty());
        prop_assert_eq!(read.object, accepted.object);
    }

    #[test]
    fn what_a_read_gives_is_a_state(case in cases()) {
        let body = Body::from(&case.schema);
        let prior = case.prior.clone().unwrap_or_else(|| body.empty());
        if let Ok(read) = outcome::after_read(case.authors[0].clone(), &prior, body) {
            prop_assert_eq!(state_faults(&read.object, body), Vec::<String>::new());
        }
        let mut faults = Vec::new();
        form_faults(&prior, body, &AttributePath::root(), &mut faults);
        prop_assert!(faults.is_empty());
    }
}

fn elements_of_sets(object: &Object, body: Body<'_>) -> usize {
    let in_block = |block: &Block| {
        let Some(value) = object.get(block.name) else { return 0 };
        let mut elements = match value {
            Value::Set(items) => items.len(),
            _ => 0,
        };
        let mut value = value.clone();
        each_object(&mut value, &mut |object| elements += elements_of_sets(object, Body::from(block)));
        elements
    };
    body.blocks.iter().map(in_block).sum()
}

fn at(object: &Object, path: &AttributePath) -> Option<Value> {
    path.steps().iter().try_fold(Value::Object(object.clone()), |value, step| match (step, value) {
        (Step::Attribute(name), Value::Object(members)) => members.get(name).cloned(),
        (Step::Key(key), Value::Map(members)) => members.get(key).cloned(),
        (Step::Index(index), Value::List(items)) => items.get(usize::try_from(*index).ok()?).cloned(),
        _ => None,
    })
}

#[test]
fn a_group_of_nested_attribute_types_is_left_alone() {
    let schema =
        Schema::new("").attribute(Attribute::new("shape", Type::object([("a", Type::String)])).optional());
    let shape = |value: Value| Object::from([("shape".to_owned(), value)]);
    let config = shape(Value::Object(Object::from([("a".to_owned(), Value::UNKNOWN)])));
    assert_eq!(propose(&config, None, (&schema).into()), config);
}
