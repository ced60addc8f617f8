//! The way in: the first account, the second factor, signing out and in again.

use std::time::Duration;

use serde_json::json;

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use crate::dashboard::PASSWORD;
use crate::second_factor::App as Phone;

#[tokio::test]
async fn the_first_owner_sets_up_enrols_a_second_factor_and_signs_in_with_it() {
    enter(Scripts::On).await;
}

#[tokio::test]
async fn the_way_in_works_without_scripts() {
    enter(Scripts::Off).await;
}

async fn enter(scripts: Scripts) {
    let seat = Seat::nobody(scripts).await;
    let reader = &seat.reader;
    reader.open("/").await.arrive("/sign-in").await;
    reader.see("Nobody has an account here yet").await;
    let scripted = "return document.documentElement.classList.contains('js');";
    let scripted = reader.script(scripted, &[]).await.unwrap();
    assert_eq!(scripted, scripts == Scripts::On);
    let link = seat.app.service.setup_link("").await.unwrap().unwrap();
    reader.open(link.url.expose()).await;
    reader.type_into("E-mail address", "ada@example.com").await;
    reader.type_into("Password", "short").await;
    reader.press("Create the account").await;
    reader.see("at least 12 characters").await;
    assert_eq!(reader.typed("E-mail address").await, "ada@example.com");
    reader.type_into("Password", PASSWORD).await;
    reader.press("Create the account").await;
    reader
        .see("Five steps to the first verified delivery")
        .await;
    let phone = enrol(&seat).await;
    sign_out(&seat).await;
    sign_in(&seat, "wrong pass phrase 1").await;
    reader.see("wrong").await;
    sign_in(&seat, PASSWORD).await;
    reader.arrive("/sign-in/code").await;
    check(reader, "/sign-in/code").await;
    // The page behind it stays closed until the code was shown.
    reader.open("/webhooks").await.arrive("/sign-in/code").await;
    seat.clock.advance(Duration::from_secs(60));
    let code = phone.code(seat.clock.now());
    reader.type_into("Code", &code).await;
    reader.press("Confirm").await;
    reader.see("No webhook yet").await;
    sign_out(&seat).await;
    sign_in(&seat, PASSWORD).await;
    reader.type_into("Code", &phone.recovery[0]).await;
    reader.press("Confirm").await;
    reader.see("Overview").await;
    reader.open("/profile").await;
    reader.see("9 recovery codes are left").await;
    seat.reader.leave().await;
}

/// Through the profile, as the page tells.
pub async fn enrol(seat: &Seat) -> Phone {
    let reader = &seat.reader;
    reader.open("/profile").await.press("Set it up").await;
    reader.see("Scan this with an authenticator app").await;
    let picture = "return document.querySelector('.qr svg')?.getBoundingClientRect().width > 150;";
    reader.until("the QR code", picture).await;
    check(reader, "/profile/second-factor with the QR code").await;
    reader.press("Can't scan? Type the key").await;
    check(reader, "/profile/second-factor with the key in letters").await;
    let seed = "return document.querySelector('details code').textContent;";
    let seed = reader.script(seed, &[]).await.unwrap();
    let mut phone = Phone::of_base32(seed.as_str().unwrap());
    reader.type_into("Code", "000000").await;
    reader.press("Turn it on").await;
    reader.see("this code is wrong").await;
    reader
        .type_into("Code", &phone.code(seat.clock.now()))
        .await;
    reader.press("Turn it on").await;
    reader.see("It is on.").await;
    let codes = "return document.querySelector('pre').textContent.trim().split('\\n');";
    let codes = reader.script(codes, &[]).await.unwrap();
    assert_eq!(codes.as_array().unwrap().len(), 10, "{codes}");
    check(reader, "/profile/second-factor with recovery codes").await;
    phone.recovery = serde_json::from_value(codes).unwrap();
    reader.press("Go on").await.see("Overview").await;
    phone
}

async fn sign_out(seat: &Seat) {
    let reader = &seat.reader;
    // Without scripts as well: the menu is the browser's own.
    reader.press("ada@example.com, account").await;
    reader.press("Sign out").await.arrive("/sign-in").await;
    let kept = seat.reader.protocol("Network.getCookies", &json!({})).await;
    assert!(!kept.to_string().contains("\"hookpost\""), "{kept}");
}

async fn sign_in(seat: &Seat, password: &str) {
    let reader = &seat.reader;
    reader.type_into("E-mail address", "ada@example.com").await;
    reader.type_into("Password", password).await;
    reader.press("Sign in").await;
}
