//! Pictures of the main pages, in light and dark, wide and narrow, with a day of history on them.
//!
//! They are drawn by every run, into `target/pictures`, so that they never stop working. With
//! `HOOKPOST_PICTURES` set to a directory, the two of the README are also written there.

use std::path::{Path, PathBuf};

use hookpost::domain::role::Role;

use super::Seat;
use super::chromium::Scripts;
use super::reader::{Colours, Width};
use super::story::Story;

/// What is drawn: the file's name and the page.
const PAGES: [(&str, &str); 19] = [
    ("overview", "/"),
    ("webhooks", "/webhooks"),
    ("webhook", "/webhooks/{webhook}"),
    ("webhook-new", "/webhooks/new"),
    ("deliveries", "/deliveries"),
    ("delivery", "/deliveries/{delivery}"),
    ("dead-letters", "/dead-letters"),
    ("events", "/events"),
    ("event", "/events/{event}"),
    ("event-new", "/events/new?type=order.paid"),
    ("event-types", "/event-types"),
    ("event-type", "/event-types/order.paid"),
    ("api-keys", "/api-keys"),
    ("workspaces", "/workspaces"),
    ("settings", "/settings"),
    ("people", "/people"),
    ("profile", "/profile"),
    ("audit-log", "/audit-log"),
    ("system", "/system"),
];
const COLOURS: [(&str, Colours); 2] = [("light", Colours::Light), ("dark", Colours::Dark)];
/// The pictures of the README.
const SHOWN: [&str; 2] = ["overview-light.png", "delivery-dark.png"];
/// The most bytes of a picture of the README: it lives in the repository for ever.
const SHOWN_BYTES_MAX: usize = 150 * 1024;
/// Steps of the day; enough that no bar of a chart stays empty.
const STEPS: u32 = 72;

#[tokio::test]
async fn the_main_pages_are_drawn_in_light_and_dark() {
    let seat = Seat::a_day_ago(Scripts::On).await;
    let story = Story::tell(&seat, STEPS).await;
    seat.sign_in(Role::Owner).await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, sample) in PAGES {
        seat.reader.open(&story.place(sample)).await;
        for (colour, colours) in COLOURS {
            seat.reader.look(Width::Desk, colours).await;
            let file = format!("{name}-{colour}.png");
            let picture = seat.reader.chromium.driver.screenshot_as_png().await;
            keep(&folder, &file, &picture.unwrap());
            seat.reader.look(Width::Phone, colours).await;
            let file = format!("{name}-{colour}-phone.png");
            let picture = seat.reader.chromium.driver.screenshot_as_png().await;
            keep(&folder, &file, &picture.unwrap());
        }
    }
    seat.reader.leave().await;
}

fn keep(folder: &Path, file: &str, picture: &[u8]) {
    std::fs::write(folder.join(file), picture).unwrap();
    if SHOWN.contains(&file) {
        assert!(
            picture.len() <= SHOWN_BYTES_MAX,
            "{file}: {}",
            picture.len()
        );
        if let Some(place) = std::env::var_os("HOOKPOST_PICTURES") {
            std::fs::write(PathBuf::from(place).join(file), picture).unwrap();
        }
    }
}
