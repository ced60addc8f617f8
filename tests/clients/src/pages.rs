//! Walks lists that fill more than one page: SVIX_SERVER_URL, SVIX_TOKEN, MANY.
//!
//! Owns: that whatever is listed is there once. Refuses: making anything.

use std::collections::HashSet;

use svix::api::*;

use crate::shape::{client, refused, said};

/// What a list has told so far.
struct Listing {
    seen: Vec<String>,
    iterator: Option<String>,
}

impl Listing {
    fn new() -> Self {
        Self {
            seen: Vec::new(),
            iterator: None,
        }
    }

    /// Takes a page, and says whether it was the last.
    fn is_whole(&mut self, ids: Vec<String>, next: Option<String>, done: bool) -> bool {
        self.seen.extend(ids);
        assert!(done || next != self.iterator, "the list stands still");
        self.iterator = next;
        done
    }

    #[track_caller]
    fn holds(&self, expect: usize) {
        let distinct: HashSet<&String> = self.seen.iter().collect();
        assert_eq!((self.seen.len(), distinct.len()), (expect, expect));
    }
}

/// Walks one list page by page; `$options` are those besides the iterator.
macro_rules! whole {
    ($expect:expr, $options:ident [$($field:ident = $value:expr),*], $ask:expr) => {{
        let mut listing = Listing::new();
        loop {
            let options = $options {
                iterator: listing.iterator.clone(),
                $($field: $value,)*
                ..Default::default()
            };
            let page = $ask(options).await.unwrap();
            let ids = page.data.into_iter().map(|own| own.id).collect();
            if listing.is_whole(ids, page.iterator, page.done) {
                break;
            }
        }
        listing.holds($expect);
    }};
}

/// Walks them all.
pub async fn walk() {
    let svix = client(said("SVIX_TOKEN"));
    let many: usize = said("MANY").parse().expect("a number");
    let (endpoints, messages, attempts) = (svix.endpoint(), svix.message(), svix.message_attempt());
    let text = str::to_owned;
    for limit in [100, 250] {
        let limit = Some(limit);
        whole!(many, EndpointListOptions[limit = limit], |page| {
            endpoints.list(text("a"), Some(page))
        });
        whole!(many, MessageListOptions[limit = limit], |page| {
            messages.list(text("a"), Some(page))
        });
        let types = || Some([text("deep"), text("else")].into());
        whole!(
            many - 1,
            MessageListOptions [limit = limit, event_types = types()],
            |page| { messages.list(text("a"), Some(page)) }
        );
        whole!(
            many,
            MessageAttemptListByEndpointOptions[limit = limit],
            |page| { attempts.list_by_endpoint(text("a"), text("e0"), Some(page)) }
        );
        whole!(
            many,
            MessageAttemptListByMsgOptions[limit = limit],
            |page| { attempts.list_by_msg(text("a"), text("wide.0"), Some(page)) }
        );
        whole!(
            many,
            MessageAttemptListAttemptedMessagesOptions[limit = limit],
            |page| { attempts.list_attempted_messages(text("a"), text("e0"), Some(page)) }
        );
        whole!(
            many,
            MessageAttemptListAttemptedDestinationsOptions[limit = limit],
            |page| { attempts.list_attempted_destinations(text("a"), text("wide.0"), Some(page)) }
        );
    }
    let beyond = EndpointListOptions {
        limit: Some(251),
        ..Default::default()
    };
    refused(422, endpoints.list(text("a"), Some(beyond)).await);
}
