//! Where names are looked up: in a value, and behind it in what it is an item of.
//!
//! Owns: the look-up, and counting what it costs. Refuses: paths; whoever has one walks it.

use std::cell::Cell;

use super::JsonValue;

/// How many more values may be looked at.
#[derive(Debug)]
pub struct Meter(Cell<u64>);

/// Values by name, the innermost first.
#[derive(Clone, Copy, Debug)]
pub struct JsonScope<'a> {
    value: JsonValue<'a>,
    outer: Option<&'a JsonScope<'a>>,
    meter: &'a Meter,
}

impl Meter {
    /// As many as `values`.
    #[must_use]
    pub fn of(values: u64) -> Self {
        Self(Cell::new(values))
    }

    /// However many.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::of(u64::MAX)
    }

    /// Takes `values` away; `false` where there are not so many left.
    pub fn spend(&self, values: u64) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(values));
        left >= values
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.get() == 0
    }

    /// The part of `value` that `name` names: a member, or else the element of an array at `index`.
    #[must_use]
    pub fn inner<'a>(
        &self,
        value: JsonValue<'a>,
        name: &str,
        index: Option<usize>,
    ) -> Option<JsonValue<'a>> {
        let members = value.members().take_while(|_| self.spend(1));
        let member = members.filter(|(own, _)| own.is_text(name)).last();
        let element = || {
            let mut elements = value.elements().take_while(|_| self.spend(1));
            index.and_then(|index| elements.nth(index))
        };
        member.map(|(_, inner)| inner).or_else(element)
    }
}

impl<'a> JsonScope<'a> {
    /// Names are looked up in `value` alone.
    #[must_use]
    pub fn whole(value: JsonValue<'a>, meter: &'a Meter) -> Self {
        Self {
            value,
            outer: None,
            meter,
        }
    }

    /// Names are looked up in an item first, which is called `item` itself, and then where its list
    /// was found.
    #[must_use]
    pub fn item(item: JsonValue<'a>, outer: &'a JsonScope<'a>) -> Self {
        Self {
            value: item,
            outer: Some(outer),
            meter: outer.meter,
        }
    }

    /// The innermost value.
    #[must_use]
    pub fn value(&self) -> JsonValue<'a> {
        self.value
    }

    /// What counts the look-ups.
    #[must_use]
    pub fn meter(&self) -> &'a Meter {
        self.meter
    }

    /// What `name` means here.
    #[must_use]
    pub fn find(&self, name: &str, index: Option<usize>) -> Option<JsonValue<'a>> {
        let own = self.meter.inner(self.value, name, index);
        own.or_else(|| match self.outer {
            Some(_) if name == "item" => Some(self.value),
            Some(outer) => outer.find(name, index),
            None => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::JsonTape;
    use super::*;

    #[test]
    fn the_innermost_value_with_the_name_counts() {
        let tape = JsonTape::read(r#"{"a":1,"b":2,"rows":[{"b":3},7]}"#.into()).unwrap();
        let meter = Meter::unlimited();
        let whole = JsonScope::whole(tape.root(), &meter);
        let rows = whole.find("rows", None).unwrap();
        let first = JsonScope::item(rows.element(0).unwrap(), &whole);
        let raw = |scope: &JsonScope<'_>, name: &str| {
            scope
                .find(name, name.parse().ok())
                .map(|value| value.raw().to_owned())
        };
        assert_eq!(raw(&first, "b").as_deref(), Some("3"));
        assert_eq!(raw(&first, "a").as_deref(), Some("1"));
        assert_eq!(raw(&first, "item").as_deref(), Some("{\"b\":3}"));
        assert_eq!(raw(&whole, "item"), None);
        let second = JsonScope::item(rows.element(1).unwrap(), &whole);
        assert_eq!(raw(&second, "item").as_deref(), Some("7"));
        assert_eq!(
            raw(&JsonScope::whole(rows, &meter), "1").as_deref(),
            Some("7")
        );
    }

    #[test]
    fn a_spent_meter_finds_nothing_more() {
        let tape = JsonTape::read(r#"{"a":1,"b":2,"c":3}"#.into()).unwrap();
        let meter = Meter::of(4);
        let whole = JsonScope::whole(tape.root(), &meter);
        assert!(whole.find("c", None).is_some());
        assert!(whole.find("c", None).is_none());
        assert!(meter.is_empty());
    }
}
