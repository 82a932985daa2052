//! A JSON Schema held against a value: the keywords that our own schema uses. Any other one is a failed test, so that none
//! is passed over.
//!
//! A crate for all of JSON Schema would switch on features of `serde_json` and `hashbrown` that the product is not built with.

use serde_json::{Map, Value};

/// A schema with its definitions.
pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    pub(crate) fn new(text: &str) -> Self {
        Self { root: serde_json::from_str(text).unwrap() }
    }

    /// The first thing that is wrong with a value, and where.
    pub(crate) fn against(&self, value: &Value) -> Option<String> {
        self.check(&self.root, value, "").err()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        for (keyword, is) in schema.as_object().unwrap() {
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let target = is.as_str().unwrap().strip_prefix('#').unwrap();
                    self.check(self.root.pointer(target).unwrap(), value, at)?;
                    true
                }
                "anyOf" => self.matching(is, value, at)? > 0,
                "oneOf" => self.matching(is, value, at)? == 1,
                "const" => value == is,
                "enum" => is.as_array().unwrap().contains(value),
                "type" => is_of_type(value, is.as_str().unwrap()),
                "pattern" | "minLength" | "maxLength" => {
                    value.as_str().is_none_or(|text| holds_text(keyword, is, text))
                }
                "minimum" => value.as_number().is_none_or(|number| number.as_u64() >= is.as_u64()),
                "items" | "minItems" | "maxItems" => match value.as_array() {
                    Some(items) => self.check_array(keyword, is, items, at)?,
                    None => true,
                },
                "properties" | "additionalProperties" | "propertyNames" | "required" => match value.as_object() {
                    Some(members) => self.check_object(schema, keyword, members, at)?,
                    None => true,
                },
                _ => panic!("the keyword `{keyword}` is not known"),
            };
            if !holds {
                return Err(format!("`{keyword}` does not hold at `{at}`: {value}"));
            }
        }
        Ok(())
    }

    /// How many of some schemas a value is as; of none, why not.
    fn matching(&self, schemas: &Value, value: &Value, at: &str) -> Result<usize, String> {
        let checked = schemas.as_array().unwrap().iter().map(|schema| self.check(schema, value, at));
        let (right, wrong): (Vec<_>, Vec<_>) = checked.partition(Result::is_ok);
        let reasons = || wrong.iter().filter_map(|why| why.as_ref().err()).map(String::as_str).collect::<Vec<_>>();
        if right.is_empty() { Err(reasons().join(", or ")) } else { Ok(right.len()) }
    }

    fn check_array(&self, keyword: &str, is: &Value, items: &[Value], at: &str) -> Result<bool, String> {
        Ok(match keyword {
            "items" => {
                items.iter().enumerate().try_for_each(|(n, item)| self.check(is, item, &format!("{at}/{n}")))?;
                true
            }
            "minItems" => items.len() as u64 >= is.as_u64().unwrap(),
            _ => items.len() as u64 <= is.as_u64().unwrap(),
        })
    }

    fn check_object(
        &self,
        schema: &Value,
        keyword: &str,
        members: &Map<String, Value>,
        at: &str,
    ) -> Result<bool, String> {
        let is = &schema[keyword];
        let known = schema["properties"].as_object();
        match keyword {
            "properties" => {
                for (name, member) in members {
                    if let Some(of_member) = is.get(name) {
                        self.check(of_member, member, &format!("{at}/{name}"))?;
                    }
                }
            }
            "additionalProperties" => {
                for (name, member) in
                    members.iter().filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)))
                {
                    match is {
                        Value::Bool(false) => return Err(format!("`{at}/{name}` has no name in the schema: {member}")),
                        of_others => self.check(of_others, member, &format!("{at}/{name}"))?,
                    }
                }
            }
            "propertyNames" => {
                for name in members.keys() {
                    self.check(is, &Value::from(name.as_str()), &format!("{at}/{name}"))?;
                }
            }
            _ => {
                return Ok(is.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap())));
            }
        }
        Ok(true)
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => panic!("the type `{name}` is not known"),
    }
}

fn holds_text(keyword: &str, is: &Value, text: &str) -> bool {
    let length = text.chars().count() as u64;
    match keyword {
        "pattern" => regex_lite::Regex::new(is.as_str().unwrap()).unwrap().is_match(text),
        "minLength" => length >= is.as_u64().unwrap(),
        _ => length <= is.as_u64().unwrap(),
    }
}
