//! Names, patterns and subscriptions.

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> EventTypeName {
    EventTypeName::parse(text).unwrap()
}

#[test]
fn names_are_dotted_segments_of_plain_characters() {
    for good in [
        "test",
        "agent.score.changed",
        "red_tier",
        "a-b.C9",
        &"x".repeat(128),
    ] {
        assert_eq!(name(good).as_str(), good);
    }
    for bad in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        "a/b",
        "ä",
        "a\n",
        "*",
        "agent.*",
        &"x".repeat(129),
    ] {
        assert!(EventTypeName::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_pattern_is_exact_or_a_prefix_or_everything() {
    let check = |pattern: &str, event_type: &str, expect: bool| {
        let subscription = Subscription::parse(&[pattern]).unwrap();
        let found = Pattern::parse(pattern).unwrap().matches(&name(event_type));
        assert_eq!(found, expect, "{pattern} {event_type}");
        assert_eq!(subscription.matches(&name(event_type)), expect, "{pattern}");
        assert_eq!(subscription.texts(), [pattern]);
    };
    check("*", "anything.at.all", true);
    check("agent.*", "agent.score.changed", true);
    check("agent.*", "agent.killed", true);
    check("agent.*", "agent", false);
    check("agent.*", "agents.killed", false);
    check("agent.killed", "agent.killed", true);
    check("agent.killed", "agent.killed.twice", false);
}

#[test]
fn other_wildcards_are_refused() {
    for bad in [
        "",
        "**",
        "*.changed",
        "agent.*.changed",
        "agent*",
        ".*",
        "agent..*",
    ] {
        assert!(Pattern::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_subscription_says_which_pattern_is_wrong() {
    let error = Subscription::parse(&["a.b", "a b"]).unwrap_err();
    assert_eq!(error.index, Some(1));
    assert_eq!(Subscription::parse::<&str>(&[]).unwrap_err().index, None);
    let many: Vec<String> = (0..=PATTERNS_MAX).map(|n| format!("type.n{n}")).collect();
    assert!(Subscription::parse(&many).is_err());
    assert!(Subscription::parse(&many[1..]).is_ok());
}

#[test]
fn a_pattern_given_twice_is_kept_once() {
    let subscription = Subscription::parse(&["b", "a.*", "b"]).unwrap();
    assert_eq!(subscription.texts(), ["b", "a.*"]);
}

#[test]
fn suggestions_are_few_and_the_likeliest_comes_first() {
    let known = [
        "agent.score.changed",
        "score.changed",
        "pact.violated",
        "score.tier_changed",
    ];
    assert_eq!(near_matches("score.chnaged", known)[0], "score.changed");
    assert_eq!(near_matches("Score.Changed", known)[0], "score.changed");
    assert_eq!(near_matches("pact", known), ["pact.violated"]);
    assert!(near_matches("zebra", known).is_empty());
    assert!(near_matches("e", ["e1", "e2", "e3", "e4"]).len() <= NEAR_MATCHES_MAX);
}

proptest! {
    #[test]
    fn a_subscription_matches_what_one_of_its_patterns_matches(
        patterns in prop::collection::vec("[ab](\\.[ab]){0,2}(\\.\\*)?|\\*", 1..6),
        event_type in "[ab](\\.[ab]){0,3}",
    ) {
        let event_type = name(&event_type);
        let any = patterns
            .iter()
            .any(|pattern| Pattern::parse(pattern).unwrap().matches(&event_type));
        let subscription = Subscription::parse(&patterns).unwrap();
        prop_assert_eq!(subscription.matches(&event_type), any);
    }

    #[test]
    fn arbitrary_text_never_panics(text in ".{0,140}") {
        let _ = Pattern::parse(&text);
        let _ = near_matches(&text, ["score.changed"]);
    }
}
