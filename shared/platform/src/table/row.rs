//! A row and its values, converted to and from DynamoDB's types. Deliberately absent: lists, maps, sets and fractions:
//! structured data is compressed text in a `Bytes`, money is text.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use crate::PortErrorKind;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The partition key.
    pub pk: String,
    /// The sort key: rows of one partition are in the order of its bytes.
    pub sk: String,
    /// The other attributes by name; `pk` and `sk` are not allowed here.
    pub attributes: BTreeMap<String, Value>,
}

/// One attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Any text, possibly empty.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Any bytes.
    Bytes(Vec<u8>),
    /// A boolean.
    Flag(bool),
}

impl Row {
    /// A row without attributes.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into(), attributes: BTreeMap::new() }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// A text attribute.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A number attribute.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.attributes.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A bytes attribute.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.attributes.get(name) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// A boolean attribute.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.attributes.get(name) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    pub(super) fn into_item(self) -> Result<HashMap<String, AttributeValue>, PortErrorKind> {
        let mut item = HashMap::with_capacity(self.attributes.len() + 2);
        for (name, value) in self.attributes {
            if name == "pk" || name == "sk" {
                return Err(PortErrorKind::Invalid(format!("`{name}` is a key and cannot be an attribute").into()));
            }
            item.insert(name, value.into());
        }
        item.insert("pk".to_owned(), AttributeValue::S(self.pk));
        item.insert("sk".to_owned(), AttributeValue::S(self.sk));
        Ok(item)
    }

    pub(super) fn from_item(mut item: HashMap<String, AttributeValue>) -> Result<Self, PortErrorKind> {
        let mut key = |name: &str| match item.remove(name) {
            Some(AttributeValue::S(text)) => Ok(text),
            _ => Err(PortErrorKind::Unreadable(format!("the row has no text `{name}`").into())),
        };
        let (pk, sk) = (key("pk")?, key("sk")?);
        let attributes = item
            .into_iter()
            .map(|(name, value)| match Value::try_from(value) {
                Ok(value) => Ok((name, value)),
                Err(why) => Err(PortErrorKind::Unreadable(format!("the attribute `{name}` {why}").into())),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { pk, sk, attributes })
    }
}

/// A text as DynamoDB's attribute value.
pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl From<Value> for AttributeValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => Self::S(text),
            Value::Number(number) => Self::N(number.to_string()),
            Value::Bytes(bytes) => Self::B(Blob::new(bytes)),
            Value::Flag(flag) => Self::Bool(flag),
        }
    }
}

impl TryFrom<AttributeValue> for Value {
    type Error = &'static str;

    fn try_from(value: AttributeValue) -> Result<Self, Self::Error> {
        match value {
            AttributeValue::S(text) => Ok(Self::Text(text)),
            AttributeValue::N(digits) => {
                digits.parse().map(Self::Number).map_err(|_| "is not a whole number of 64 bits")
            }
            AttributeValue::B(bytes) => Ok(Self::Bytes(bytes.into_inner())),
            AttributeValue::Bool(flag) => Ok(Self::Flag(flag)),
            _ => Err("is neither text, number, bytes nor flag"),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_round_trip() {
        let row = Row::new("p", "s")
            .with("text", "")
            .with("number", i64::MIN)
            .with("bytes", vec![0, 255])
            .with("flag", false);
        assert_eq!(Row::from_item(row.clone().into_item().unwrap()).unwrap(), row);
    }

    #[test]
    fn unsupported_attributes_are_refused_by_name() {
        let item = |name: &str, value| {
            HashMap::from([("pk".into(), text("p")), ("sk".into(), text("s")), (name.to_owned(), value)])
        };
        for (name, value) in [
            ("price", AttributeValue::N("1.5".into())),
            ("count", AttributeValue::N("9223372036854775808".into())),
            ("list", AttributeValue::L(Vec::new())),
            ("sk", AttributeValue::N("1".into())),
        ] {
            let cause = Row::from_item(item(name, value)).expect_err(name);
            assert!(cause.to_string().contains(&format!("`{name}`")), "{cause}");
        }
        assert!(Row::new("p", "s").with("pk", "x").into_item().is_err());
    }
}
