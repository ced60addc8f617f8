//! Keys, workspaces, people, settings, the machine; and pages that are closed or not there.

use hookpost::domain::role::Role;

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use crate::dashboard::PASSWORD;

#[tokio::test]
async fn keys_workspaces_people_and_settings_are_looked_after() {
    let seat = Seat::owner(Scripts::On).await;
    make_key(&seat).await;
    make_workspace(&seat).await;
    make_person(&seat).await;
    let reader = &seat.reader;
    reader.open("/system").await.see("running").await;
    reader.press("Pause all sending").await;
    reader.see("Nothing leaves for any webhook").await;
    reader.press("Pause all sending").await;
    reader.see("Resume sending").await;
    reader.open("/").await.see("Sending is paused.").await;
    reader.open("/system").await.press("Resume sending").await;
    reader.see("Sending goes on").await;
    reader.open("/audit-log?of=everything").await;
    reader.see("must be all or workspace").await;
    check(reader, "/audit-log with a fault").await;
    seat.reader.leave().await;
}

#[tokio::test]
async fn closed_and_missing_pages_say_so_and_lead_back() {
    let seat = Seat::nobody(Scripts::On).await;
    seat.sign_in(Role::Viewer).await;
    let reader = &seat.reader;
    reader.open("/people").await;
    reader.see("403").await.see("You may not do this").await;
    check(reader, "a page that is closed").await;
    reader.press("To the overview").await.see("Overview").await;
    assert!(!reader.offers("Pages", "People").await);
    reader.open("/webhooks/wh_nothing").await;
    reader.see("404").await.see("There is nothing here").await;
    reader
        .open("/nothing")
        .await
        .see("There is nothing here")
        .await;
    reader.press("hookpost").await.see("Overview").await;
    seat.reader.leave().await;
}

async fn make_key(seat: &Seat) {
    let reader = &seat.reader;
    reader.open("/api-keys").await.see("No key yet").await;
    reader.tick("webhooks:write").await;
    reader.type_into("Name", "billing").await;
    reader.press("Make key").await;
    reader.see("Shown only now").await.see("hpk_").await;
    check(reader, "/api-keys with a new key").await;
    let key = reader.between("Shown only now ", " ").await;
    assert!(key.starts_with("hpk_"), "{key}");
    reader.reload().await.see("billing").await.miss(&key).await;
    reader.press("Revoke billing").await;
    reader.see("It was never used.").await;
    reader.press("Revoke it").await;
    reader.see("The key was revoked").await;
}

async fn make_workspace(seat: &Seat) {
    let reader = &seat.reader;
    reader.open("/workspaces").await;
    reader.type_into("Name", "staging").await;
    reader.press("Make workspace").await;
    reader
        .see("The workspace staging was created and is now the current one.")
        .await;
    reader
        .press("Settings")
        .await
        .see("Of the workspace staging")
        .await;
    reader.type_into("Keep delivered history for", "soon").await;
    reader.press("Save").await.see("Not saved").await;
    assert_eq!(reader.typed("Keep delivered history for").await, "soon");
    reader.type_into("Keep delivered history for", "48h").await;
    reader.press("Save").await.see("Saved.").await;
    reader.press("Workspace staging, switch").await;
    reader.press("default").await;
    reader
        .see("Five steps to the first verified delivery")
        .await;
    assert!(reader.offers("", "Workspace default, switch").await);
    reader.open("/audit-log").await.see("workspace.").await;
}

async fn make_person(seat: &Seat) {
    let reader = &seat.reader;
    reader.open("/people").await;
    reader.type_into("E-mail address", "bob").await;
    reader.press("Make account").await;
    assert_eq!(reader.typed("E-mail address").await, "bob");
    reader.type_into("E-mail address", "bob@example.com").await;
    reader.type_into("First password", PASSWORD).await;
    reader.press("Make account").await;
    reader.see("bob@example.com may sign in now.").await;
    reader.choose("Role of bob@example.com", "operator").await;
    reader.press("Change role of bob@example.com").await;
    reader.see("The role was changed.").await;
    reader.press("More about bob@example.com").await;
    reader
        .press("Bar")
        .await
        .see("Barred from signing in.")
        .await;
    reader.press("More about bob@example.com").await;
    reader.press("Remove").await;
    reader.see("Remove 1 account, bob@example.com?").await;
    reader.press("Remove it").await.see("Removed.").await;
    reader.miss("bob@example.com").await;
}
