//! JSON (RFC 8259) as it was written: what Keyfold does not read, it keeps to the letter.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::{Zeroize, Zeroizing};

/// An object: its members in the order in which they were written, each name once, the values' texts unread. Zeroizes on drop.
#[derive(Clone, Default)]
pub(crate) struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// A value's text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value.get())
    }

    /// A value of this type; nothing where it is absent or of another.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// Takes a member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Box<RawValue>> {
        let place = self.0.iter().position(|(member, _)| member == name)?;
        Some(self.0.remove(place).1)
    }

    /// Sets a member, in its place if it is there.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(member, _)| member == name) {
            Some((_, present)) => wipe(std::mem::replace(present, value)),
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The members, to be merged with others.
    pub(crate) fn into_members(mut self) -> Vec<(String, Box<RawValue>)> {
        std::mem::take(&mut self.0)
    }

    /// The object's text, without white space between its tokens.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let length: usize = self.0.iter().map(|(name, value)| 6 * name.len() + value.get().len() + 4).sum();
        let mut text = Zeroizing::new(String::with_capacity(length + 2));
        text.push('{');
        for (place, (name, value)) in self.0.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(name).unwrap_or_default());
            text.push(':');
            text.extend(tokens(value.get()));
        }
        text.push('}');
        text
    }

    /// The object as a value of another.
    pub(crate) fn value(&self) -> Result<Box<RawValue>, serde_json::Error> {
        RawValue::from_string(String::clone(&self.text()))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        for (_, value) in self.0.drain(..) {
            wipe(value);
        }
    }
}

/// The elements of an array, as they were written: at most so many.
pub(crate) fn elements(array: &str, most: usize) -> Result<Vec<Box<RawValue>>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(array);
    let elements = deserializer.deserialize_seq(Elements { most })?;
    deserializer.end()?;
    Ok(elements)
}

struct Elements {
    most: usize,
}

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<Box<RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut array: S) -> Result<Self::Value, S::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            if elements.len() == self.most {
                return Err(S::Error::custom(format_args!("more than {} elements", self.most)));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

/// Zeroizes a value that is no longer needed.
pub(crate) fn wipe(value: Box<RawValue>) {
    String::from(Box::<str>::from(value)).zeroize();
}

/// An array of these.
pub(crate) fn array<T: AsRef<str>>(values: &[T]) -> Result<Box<RawValue>, serde_json::Error> {
    // As much as it takes: a string that grows leaves copies of what was in it.
    let length: usize = values.iter().map(|value| value.as_ref().len() + 1).sum();
    let mut text = String::with_capacity(length + 2);
    text.push('[');
    for value in values.iter().map(AsRef::as_ref) {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(value);
    }
    text.push(']');
    RawValue::from_string(text)
}

/// Whether a text is an object, and each of its members is named once.
pub(super) fn is_object(text: &str) -> bool {
    Object::parse(text).is_ok()
}

/// A value's characters, but for white space between its tokens.
fn tokens(text: &str) -> impl Iterator<Item = char> {
    let (mut in_string, mut escaped) = (false, false);
    text.chars().filter(move |character| {
        let is_kept = in_string || !matches!(character, ' ' | '\t' | '\n' | '\r');
        (in_string, escaped) = match character {
            '"' if !escaped => (!in_string, false),
            '\\' if in_string => (true, !escaped),
            _ => (in_string, false),
        };
        is_kept
    })
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object, M::Error> {
        let (mut object, mut names) = (Object::default(), HashSet::new());
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if !names.insert(name.clone()) {
                return Err(M::Error::custom(format_args!("the member \"{name}\" is there twice")));
            }
            object.0.push((name, value));
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_given_back_as_it_was_written_but_for_white_space() {
        let written = "{ \"b\" : 1.50e2,\n\t\"a \\\" b\": \"two  spaces \\\\\", \"c\": [ true , { } ] }";
        let kept = Object::parse(written).unwrap().text();
        assert_eq!(*kept, r#"{"b":1.50e2,"a \" b":"two  spaces \\","c":[true,{}]}"#);
        assert_eq!(Object::parse(&kept).unwrap().text(), kept);
    }

    #[test]
    fn a_member_twice_is_refused_as_is_all_that_is_no_object() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, "[]", "1", "", "{", "{}{}", r#"{"a":01}"#] {
            assert!(!is_object(text), "{text}");
        }
    }

    #[test]
    fn many_members_cost_no_more_than_they_are() {
        let members: Vec<String> = (0..200_000).map(|number| format!("\"{number}\":0")).collect();
        assert!(is_object(&format!("{{{}}}", members.join(","))));
    }

    #[test]
    fn an_array_has_so_many_elements_and_no_more() {
        let texts =
            |array, most| Some(elements(array, most).ok()?.iter().map(|value| value.get().to_owned()).collect());
        assert_eq!(texts("[1, {\"a\":2} ]", 2), Some(vec!["1".to_owned(), "{\"a\":2}".to_owned()]));
        for (array, most) in [("[1,2]", 1), ("[1", 9), ("[1]2", 9), ("{}", 9)] {
            assert_eq!(texts(array, most), None::<Vec<String>>, "{array}");
        }
        assert_eq!(array(&["1", "{}"]).unwrap().get(), "[1,{}]");
    }

    #[test]
    fn what_is_nested_without_end_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(is_object(&deep));
    }
}
