//! References in schemas, on the way into a catalogue and out of it.
//!
//! Owns: turning those to a document's components into those to a schema's own `$defs`, and back. Refuses:
//! references that leave the document.
//!
//! # Why a schema carries all that it refers to
//! In the catalogue a schema stands alone. In a document schemas share components. So what one refers to
//! is copied into it on the way in, and on the way out equal definitions become one component again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Where a document keeps its schemas.
pub(super) const COMPONENTS: &str = "#/components/schemas/";
/// Where a schema keeps its own.
const DEFS: &str = "#/$defs/";
/// Levels of a schema that are followed.
const LEVELS_MAX: usize = 128;
/// What only descriptions have and no JSON Schema knows.
const DESCRIPTIVE: [&str; 4] = ["discriminator", "example", "externalDocs", "xml"];

/// A schema of a document as one that stands alone.
///
/// # Errors
/// What it refers to and cannot be followed.
pub(super) fn standing_alone(schema: &Value, components: &Value) -> Result<Value, String> {
    let (root, own_name) = match whole_reference(schema) {
        Some(name) => (component(components, &name)?, Some(name)),
        None => (schema, None),
    };
    let mut alone = Alone {
        own_name,
        wanted: BTreeSet::new(),
    };
    let mut made = root.clone();
    alone.rewrite(&mut made)?;
    let mut defs = BTreeMap::new();
    while let Some(name) = alone.wanted.iter().find(|own| !defs.contains_key(*own)) {
        let name = name.clone();
        let mut definition = component(components, &name)?.clone();
        alone.rewrite(&mut definition)?;
        defs.insert(name, definition);
    }
    if let Value::Object(members) = &mut made {
        members.remove("$id");
        if !defs.is_empty() {
            let own = members
                .entry("$defs")
                .or_insert_with(|| Value::Object(Map::new()));
            let own = own.as_object_mut().ok_or("has $defs that are no object")?;
            for (name, definition) in defs {
                match own.get(&name) {
                    Some(known) if *known != definition => {
                        return Err(format!(
                            "defines {name} itself and refers to another {name}"
                        ));
                    }
                    Some(_) | None => own.insert(name, definition),
                };
            }
        }
    }
    Ok(made)
}

/// The component that a schema is, where it is nothing but a reference to it.
fn whole_reference(schema: &Value) -> Option<String> {
    let members = schema.as_object().filter(|members| members.len() == 1)?;
    let name = members.get("$ref")?.as_str()?.strip_prefix(COMPONENTS)?;
    (!name.contains('/')).then(|| unescaped(name))
}

fn component<'a>(components: &'a Value, name: &str) -> Result<&'a Value, String> {
    components
        .get(name)
        .ok_or_else(|| format!("refers to {COMPONENTS}{name}, which is not there"))
}

/// A schema that is made to stand alone.
struct Alone {
    /// The component that it is.
    own_name: Option<String>,
    /// Components that it refers to.
    wanted: BTreeSet<String>,
}

impl Alone {
    fn rewrite(&mut self, schema: &mut Value) -> Result<(), String> {
        each_schema(schema, LEVELS_MAX, &mut |members| {
            members.retain(|keyword, _| !DESCRIPTIVE.contains(&keyword.as_str()));
            let Some(Value::String(reference)) = members.get_mut("$ref") else {
                return Ok(());
            };
            let Some(rest) = reference.strip_prefix(COMPONENTS) else {
                return match reference.starts_with("#/$defs/") || reference == "#" {
                    true => Ok(()),
                    false => Err(format!(
                        "refers to {reference}; only {COMPONENTS}… can be followed"
                    )),
                };
            };
            let (name, below) = match rest.split_once('/') {
                Some((name, below)) => (unescaped(name), format!("/{below}")),
                None => (unescaped(rest), String::new()),
            };
            *reference = match self.own_name.as_ref() == Some(&name) {
                true => format!("#{below}"),
                false => format!("{DEFS}{}{below}", escaped(&name)),
            };
            if self.own_name.as_ref() != Some(&name) {
                self.wanted.insert(name);
            }
            Ok(())
        })
    }
}

/// Adds the schema of event type `name` to a document's components; answers what stands for it.
pub(super) fn sharing(
    schema: &Value,
    name: &str,
    components: &mut Map<String, Value>,
) -> Result<Value, String> {
    let mut plain = schema.clone();
    let defs = match plain.as_object_mut().and_then(|own| own.remove("$defs")) {
        Some(Value::Object(defs)) => defs,
        Some(_) | None => Map::new(),
    };
    let own_names: BTreeMap<String, String> =
        defs.keys().map(|own| (own.clone(), own.clone())).collect();
    let shared = shared(&plain, &defs, name, &own_names)?;
    let is_taken = |(own, made): (&String, &Value)| {
        !is_component_name(own) || components.get(own).is_some_and(|known| known != made)
    };
    let shared = match shared.defs.iter().any(is_taken) {
        false => shared,
        true => {
            let apart = defs.keys().map(|own| (own.clone(), apart(name, own)));
            self::shared(&plain, &defs, name, &apart.collect())?
        }
    };
    components.extend(shared.defs);
    if !shared.refers_to_root {
        return Ok(shared.root);
    }
    components.insert(name.to_owned(), shared.root);
    Ok(serde_json::json!({ "$ref": format!("{COMPONENTS}{name}") }))
}

/// A name of a definition that no other event type uses.
fn apart(event_type: &str, own: &str) -> String {
    let plain = |c: char| {
        if is_component_char(c) { c } else { '_' }
    };
    format!(
        "{event_type}.{}",
        own.chars().map(plain).collect::<String>()
    )
}

fn is_component_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn is_component_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_component_char)
}

struct SharedSchema {
    root: Value,
    defs: Map<String, Value>,
    refers_to_root: bool,
}

fn shared(
    plain: &Value,
    defs: &Map<String, Value>,
    event_type: &str,
    names: &BTreeMap<String, String>,
) -> Result<SharedSchema, String> {
    let mut refers_to_root = false;
    let mut rewrite = |schema: &Value| {
        let mut made = schema.clone();
        each_schema(&mut made, LEVELS_MAX, &mut |members| {
            let Some(Value::String(reference)) = members.get_mut("$ref") else {
                return Ok(());
            };
            let Some(pointer) = reference.strip_prefix('#') else {
                return Err(format!("refers to {reference}, which is not in it"));
            };
            let rest = pointer.strip_prefix("/$defs/").unwrap_or_default();
            let (own, below) = rest.split_once('/').unwrap_or((rest, ""));
            let slash = if below.is_empty() { "" } else { "/" };
            *reference = match names.get(&unescaped(own)) {
                Some(name) => format!("{COMPONENTS}{name}{slash}{below}"),
                None => {
                    refers_to_root = true;
                    format!("{COMPONENTS}{event_type}{pointer}")
                }
            };
            Ok(())
        })?;
        Ok::<_, String>(made)
    };
    let root = rewrite(plain)?;
    let mut made = Map::new();
    for (own, definition) in defs {
        let name = names.get(own).unwrap_or(own);
        made.insert(name.clone(), rewrite(definition)?);
    }
    Ok(SharedSchema {
        root,
        defs: made,
        refers_to_root,
    })
}

/// Does something to a schema and each one inside it; data that schemas hold is left alone.
fn each_schema(
    schema: &mut Value,
    levels: usize,
    act: &mut impl FnMut(&mut Map<String, Value>) -> Result<(), String>,
) -> Result<(), String> {
    let Some(levels) = levels.checked_sub(1) else {
        return Err(format!("is nested more than {LEVELS_MAX} deep"));
    };
    match schema {
        Value::Object(members) => {
            act(members)?;
            for (keyword, value) in members {
                match keyword.as_str() {
                    "const" | "default" | "enum" | "examples" => {}
                    "$defs" | "definitions" | "dependentSchemas" | "patternProperties"
                    | "properties" => {
                        for own in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                            each_schema(own, levels, act)?;
                        }
                    }
                    _ => each_schema(value, levels, act)?,
                }
            }
            Ok(())
        }
        Value::Array(items) => {
            let mut items = items.iter_mut();
            items.try_for_each(|item| each_schema(item, levels, act))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_schema_refers_to_comes_along_and_goes_back_to_where_it_was() {
        let components = json!({
            "Order": {"type": "object", "properties": {
                "customer": {"$ref": "#/components/schemas/Customer"},
                "before": {"$ref": "#/components/schemas/Order"},
                "$ref": {"const": {"$ref": "data"}}}},
            "Customer": {"properties": {"address": {"$ref": "#/components/schemas/Address"}}},
            "Address": {"type": "string", "example": "here"},
            "Other": {"$ref": "https://elsewhere.example/"},
        });
        let reference = json!({"$ref": "#/components/schemas/Order"});
        let alone = standing_alone(&reference, &components).unwrap();
        let expected = json!({"type": "object", "properties": {
                "customer": {"$ref": "#/$defs/Customer"}, "before": {"$ref": "#"},
                "$ref": {"const": {"$ref": "data"}}},
            "$defs": {"Customer": {"properties": {"address": {"$ref": "#/$defs/Address"}}},
                "Address": {"type": "string"}}});
        assert_eq!(alone, expected);
        let mut shared = Map::new();
        let stands = sharing(&alone, "order.paid", &mut shared).unwrap();
        assert_eq!(stands, json!({"$ref": "#/components/schemas/order.paid"}));
        let names: Vec<&String> = shared.keys().collect();
        assert_eq!(names, ["Address", "Customer", "order.paid"]);
        let again = standing_alone(&stands, &Value::Object(shared.clone())).unwrap();
        assert_eq!(again, alone);
        // Another type with the same definitions shares them; one that means another thing has its own.
        let same =
            json!({"items": {"$ref": "#/$defs/Address"}, "$defs": {"Address": {"type": "string"}}});
        let other =
            json!({"items": {"$ref": "#/$defs/Address"}, "$defs": {"Address": {"type": "number"}}});
        sharing(&same, "one", &mut shared).unwrap();
        assert_eq!(shared.len(), 3);
        let stands = sharing(&other, "two", &mut shared).unwrap();
        assert_eq!(stands["items"]["$ref"], "#/components/schemas/two.Address");
    }

    #[test]
    fn what_leaves_the_document_or_is_not_there_is_refused() {
        let components = json!({"Order": {"$ref": "other.yaml#/Order"}});
        for (schema, said) in [
            (json!({"$ref": "#/components/schemas/Nobody"}), "Nobody"),
            (
                json!({"items": {"$ref": "#/components/schemas/Nobody"}}),
                "Nobody",
            ),
            (json!({"$ref": "#/components/schemas/Order"}), "other.yaml"),
            (json!({"$ref": "https://example.com/a.json"}), "example.com"),
        ] {
            let error = standing_alone(&schema, &components).unwrap_err();
            assert!(error.contains(said), "{schema}: {error}");
        }
        let mut deep = json!({});
        for _ in 0..=LEVELS_MAX {
            deep = json!({"not": deep});
        }
        assert!(standing_alone(&deep, &components).is_err());
    }
}
