//! Profiles that imitate well-known senders, ready to be taken over.
//!
//! Owns: their files, and whose published verifier accepts what they make. Refuses: being used as
//! they are; one that is taken over is a profile of the operator's own from then on.
//!
//! # Why they are not built in
//! A built-in profile is a promise that never changes. A provider changes what it sends when it
//! likes; whoever imitates one decides when to follow.

use std::sync::LazyLock;

use super::Profile;

/// A profile to take over.
#[derive(Debug)]
pub struct GalleryProfile {
    /// The profile, under the provider's name.
    pub profile: Profile,
    /// The published library that accepts its deliveries; a test asks it.
    pub verifier: &'static str,
}

static GALLERY: LazyLock<Vec<GalleryProfile>> = LazyLock::new(|| {
    let files = [
        (
            include_str!("gallery/github.toml"),
            "@octokit/webhooks-methods (npm)",
        ),
        (include_str!("gallery/mux.toml"), "@mux/mux-node (npm)"),
        (
            include_str!("gallery/paddle.toml"),
            "@paddle/paddle-node-sdk (npm)",
        ),
        (include_str!("gallery/razorpay.toml"), "razorpay (PyPI)"),
        (
            include_str!("gallery/shopify.toml"),
            "@shopify/shopify-api (npm)",
        ),
        (include_str!("gallery/slack.toml"), "slack_sdk (PyPI)"),
        (include_str!("gallery/stripe.toml"), "stripe (PyPI)"),
    ];
    let read = |(toml, verifier): (&'static str, &'static str)| GalleryProfile {
        profile: Profile::parse(toml).expect("a test reads every profile of the gallery"),
        verifier,
    };
    files.into_iter().map(read).collect()
});

/// All of them, by name.
#[must_use]
pub fn gallery() -> &'static [GalleryProfile] {
    &GALLERY
}

/// The one called `name`.
#[must_use]
pub fn in_gallery(name: &str) -> Option<&'static GalleryProfile> {
    gallery().iter().find(|entry| entry.profile.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_makes_sense_and_they_are_in_order() {
        let names: Vec<&str> = gallery().iter().map(|entry| entry.profile.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for name in names {
            assert!(Profile::built_in_named(name).is_none(), "{name}");
            assert!(in_gallery(name).is_some(), "{name}");
        }
    }
}
