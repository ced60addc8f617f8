//! The event types of the catalogue, to be picked for a subscription.
//!
//! Owns: under which heading each stands, the prefixes that are worth a pick of their own, and how many
//! a page has room for. Refuses: reading the catalogue (`service::views`).

use crate::domain::catalogue::EventType;
use crate::ui::form::OfferGroup;

/// What picks may take of a page, in bytes of HTML.
const PICKS_HTML_BYTES: usize = 14 * 1024;
/// What one takes besides its name, which it holds twice.
const PICK_HTML_BYTES: usize = 84;

/// The groups of `types`, which are in the order of their names: under the catalogue's own heading, else
/// under the first segment of their names. And how many find no room: they have to be typed.
#[must_use]
pub fn event_type_groups(types: &[EventType]) -> (Vec<OfferGroup>, usize) {
    if types.is_empty() {
        return (Vec::new(), 0);
    }
    let mut groups = vec![OfferGroup {
        title: "All".to_owned(),
        values: vec!["*".to_owned()],
    }];
    let mut room = PICKS_HTML_BYTES;
    let mut left_out = 0;
    for (place, one) in types.iter().enumerate() {
        let name = one.name.as_str();
        let cost = PICK_HTML_BYTES + 2 * name.len();
        if cost > room {
            left_out = types.len() - place;
            break;
        }
        room -= cost;
        let title = one.settings.group.as_deref().unwrap_or(first_segment(name));
        let group = match groups.iter().position(|group| group.title == title) {
            Some(place) => &mut groups[place],
            None => {
                groups.push(OfferGroup {
                    title: title.to_owned(),
                    values: Vec::new(),
                });
                groups.last_mut().expect("one was just added")
            }
        };
        group.values.push(name.to_owned());
    }
    groups.iter_mut().for_each(add_prefixes);
    (groups, left_out)
}

fn first_segment(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// A prefix that several of a group share stands before them.
fn add_prefixes(group: &mut OfferGroup) {
    let mut prefixes: Vec<String> = Vec::new();
    let mut rest = group
        .values
        .iter()
        .map(|name| first_segment(name))
        .peekable();
    while let Some(segment) = rest.next() {
        let mut is_shared = false;
        while rest.next_if(|next| *next == segment).is_some() {
            is_shared = true;
        }
        if is_shared {
            prefixes.push(format!("{segment}.*"));
        }
    }
    group.values.splice(..0, prefixes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::EventTypeSettings;
    use crate::domain::event_type::EventTypeName;
    use crate::domain::time::Timestamp;

    fn kind(name: &str, group: Option<&str>) -> EventType {
        EventType {
            seq: 1,
            name: EventTypeName::parse(name).unwrap(),
            settings: EventTypeSettings {
                group: group.map(str::to_owned),
                ..EventTypeSettings::default()
            },
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn types_stand_under_their_heading_with_the_prefixes_that_they_share() {
        let types = [
            kind("invoice.sent", None),
            kind("order.created", Some("Shop")),
            kind("order.paid", Some("Shop")),
            kind("ping", Some("Shop")),
        ];
        let (groups, left_out) = event_type_groups(&types);
        assert_eq!(left_out, 0);
        let of = |title: &str| {
            let found = groups.iter().find(|group| group.title == title);
            found.unwrap().values.clone()
        };
        assert_eq!(of("All"), ["*"]);
        assert_eq!(of("invoice"), ["invoice.sent"]);
        assert_eq!(
            of("Shop"),
            ["order.*", "order.created", "order.paid", "ping"]
        );
        assert_eq!(event_type_groups(&[]), (Vec::new(), 0));
    }

    #[test]
    fn no_more_are_offered_than_a_page_has_room_for() {
        let long = "a".repeat(120);
        let types: Vec<EventType> = (0..500)
            .map(|n| kind(&format!("x.{long}{n}"), None))
            .collect();
        let (groups, left_out) = event_type_groups(&types);
        let offered: usize = groups.iter().map(|group| group.values.len()).sum();
        assert!((40..60).contains(&offered), "{offered}");
        // Beside the types stand "*" and their prefix.
        assert_eq!(offered - 2 + left_out, 500);
    }
}
