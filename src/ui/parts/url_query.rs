//! Addresses with a query.
//!
//! Owns: putting them together so that a filter survives paging and paging starts anew with a
//! filter. Refuses: reading queries (`extract::Query`).

/// A path with those parameters that are not empty.
#[must_use]
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parameters_are_left_out_and_odd_ones_encoded() {
        assert_eq!(with_query("/x", &[("a", ""), ("b", "")]), "/x");
        assert_eq!(
            with_query("/x", &[("a", "1 &2"), ("b", ""), ("c", "ü")]),
            "/x?a=1+%262&c=%C3%BC"
        );
    }
}
