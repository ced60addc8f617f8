//! What a workspace says of its consumer portal, as fields of the form of its settings.
//!
//! Owns: these fields. Refuses: the form around them ([`super::settings`]) and rules (`service`).

use super::workspaces::WorkspaceSetting;
use crate::domain::branding::{FooterLink, Mention, Rgb};
use crate::domain::workspace::Workspace;
use crate::service::portal::BrandingInput;
use crate::service::workspaces::WorkspaceInput;
use crate::ui::form::{FieldSet, Fields, Frame, Typed};

/// The card of these fields.
pub(super) const PORTAL: FieldSet<Workspace, WorkspaceInput> = FieldSet {
    frame: Frame::Card {
        id: "portal",
        title: "Consumer portal",
    },
    fields: &[
        Fields::Grid(&[
            WorkspaceSetting::text("brand_name", "Name")
                .path("branding.name")
                .hint("Shown to your customers in the place of hookpost's.")
                .shows(|workspace| workspace.portal.branding.name.clone())
                .sets(|input, typed| looks(input).name = Some(typed.text())),
            WorkspaceSetting::text("accent", "Colour")
                .path("branding.accent")
                .hint("Of links and buttons; as text it is darkened or lightened until it can be read.")
                .example("#4c55c4")
                .shows(|workspace| workspace.portal.branding.accent.map(Rgb::hex))
                .sets(|input, typed| looks(input).accent = Some(typed.text())),
            WorkspaceSetting::number("webhooks_per_consumer", "Webhooks per consumer")
                .hint("That a consumer may register itself. Empty: 50.")
                .shows(|workspace| Some(workspace.portal.webhooks_per_consumer?.to_string()))
                .sets(|input, typed| {
                    input.portal.webhooks_per_consumer = Some(typed.whole_number());
                }),
            WorkspaceSetting::text("footer_text", "Footer link says")
                .path("branding.footer_link.text")
                .shows(|workspace| Some(workspace.portal.branding.footer.as_ref()?.text.clone()))
                .sets(|input, typed| footer(input, typed, |link, text| link.text = text)),
            WorkspaceSetting::text("footer_url", "Footer link leads to")
                .path("branding.footer_link.url")
                .example("https://example.com/help")
                .shows(|workspace| Some(workspace.portal.branding.footer.as_ref()?.url.clone()))
                .sets(|input, typed| footer(input, typed, |link, url| link.url = url)),
        ]),
        Fields::Stack(&[
            WorkspaceSetting::lines("portal_origins", "May be framed by", 2)
                .hint(
                    "Origins, one a line, whose pages may show the portal in a frame and call the API \
                     from a browser with a portal token. Empty: none.",
                )
                .example("https://app.example.com")
                .shows(|workspace| Some(workspace.portal.origins.join("\n")))
                .sets(|input, typed| {
                    let origins = typed.typed().split_ascii_whitespace();
                    input.portal.origins = Some(Some(origins.map(str::to_owned).collect()));
                }),
            WorkspaceSetting::lines("logo", "New logo", 2)
                .path("branding.logo")
                .hint("A PNG, JPEG or WebP of at most 64 KiB, in base64. Empty: as it is.")
                .sets(|input, typed| {
                    if let Some(logo) = typed.text() {
                        looks(input).logo = Some(Some(logo));
                    }
                }),
            WorkspaceSetting::check("no_logo", "Show no logo")
                .sets(|input, typed| {
                    if typed.is_ticked() {
                        looks(input).logo = Some(None);
                    }
                }),
            WorkspaceSetting::check("hide_brand", "Leave out that this is hookpost")
                .path("branding.hide_brand")
                .shows(|workspace| {
                    let is_hidden = workspace.portal.branding.mention == Mention::Hidden;
                    is_hidden.then(|| "on".to_owned())
                })
                .sets(|input, typed| looks(input).hide_brand = Some(typed.is_ticked())),
        ]),
    ],
};

/// What is said of the looks so far.
fn looks(input: &mut WorkspaceInput) -> &mut BrandingInput {
    let said = input.portal.branding.get_or_insert_default();
    said.get_or_insert_default()
}

/// Says a part of the footer's link; without any there is none.
fn footer(input: &mut WorkspaceInput, typed: &Typed<'_>, say: fn(&mut FooterLink, String)) {
    let looks = looks(input);
    let said = looks.footer_link.get_or_insert(None);
    if let Some(text) = typed.text() {
        let none = || FooterLink {
            text: String::new(),
            url: String::new(),
        };
        say(said.get_or_insert_with(none), text);
    }
}
