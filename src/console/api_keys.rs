//! `/api-keys`: what programs present.
//!
//! Owns: the list, the form, the one page that shows a new key. Refuses: showing a key twice.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::OWNER;
use super::ask::{Question, ask, is_confirmed};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, go, go_and_say};
use super::state;
use super::{Form, Shown, Visitor};
use crate::domain::api_key::{ApiKey, Scope};
use crate::domain::id::KeyId;
use crate::domain::page::{Cursor, Limit, List};
use crate::domain::secret::Secret;
use crate::service::keys::KeyInput;
use crate::service::{Done, Idempotency};
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, Offer};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Copyable, Stamp};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api-keys", OWNER, || to(list)),
    Endpoint::post("/api-keys", OWNER, || to(create))
        .fresh()
        .back("/api-keys"),
    Endpoint::post("/api-keys/{id}/revoke", OWNER, || to(revoke))
        .fresh()
        .back("/api-keys"),
];

/// Keys of a page.
const ROWS: u32 = 30;
/// What a new key is waiting for its page under.
const SUBJECT: &str = "api key";
/// The same, where it was made among the first steps.
pub(super) const FIRST_KEY: &str = "first api key";
/// The field by which the first steps say that they are where to go back to.
const FIRST_FIELD: &str = "first";

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ShownKey {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<&'static str>,
    /// When it was last used.
    pub used: Option<Ago>,
    /// When it was made.
    pub made: Stamp,
}

/// The page.
#[derive(Template)]
#[template(path = "api_keys.html")]
pub struct ApiKeysView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<ShownKey>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// The key that was just made.
    pub token: Option<Copyable>,
    /// A publish call for a shell.
    pub curl: String,
    /// The fields of a new key.
    pub form: FormView,
}

/// What a new key is offered with: all that concerns its workspace.
const USUAL: &[&str] = &[
    "events:write",
    "events:read",
    "webhooks:read",
    "webhooks:write",
    "deliveries:read",
    "deliveries:write",
    "consumers:read",
    "consumers:write",
    "secrets:read",
];

type KeyField = FieldSpec<(), KeyInput>;

/// The form of a new key.
static KEY: FormSpec<(), KeyInput> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[
        Fields::Grid(&[
            KeyField::text("name", "Name")
                .hint("Where it is used, so that somebody dares to revoke it later.")
                .example("billing service, production")
                .required()
                .sets(|key, typed| key.name = typed.trimmed()),
            KeyField::number("rate_limit", "Requests per second")
                .hint("At most. Empty: no limit.")
                .sets(|key, typed| key.rate_limit = typed.number()),
        ]),
        Fields::Stack(&[KeyField::boxes("scope", "Scopes")
            .path("scopes")
            .offers(scopes)
            .initial(USUAL)
            .sets(|key, typed| key.scopes = Some(typed.all()))]),
    ],
}]);

/// What a key of one workspace may be given.
fn scopes() -> Vec<Offer> {
    let own = Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::Admin);
    own.map(|scope| Offer::named(scope.as_str()).hint(permits(scope)))
        .collect()
}

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::ApiKeys);
    query.finish()?;
    draw(&state, &request, visitor, cursor, KEY.blank()).await
}

async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let made = match KEY.read(&form, KeyInput::default()) {
        Ok(input) => {
            state
                .service
                .create_key(&visitor.caller, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(Done::Fresh(made)) => {
            let now = state.service.clock().now();
            let token = Secret::new(made.token.expose().to_owned());
            let (subject, page) = match form.typed(FIRST_FIELD).is_empty() {
                true => (SUBJECT, "/api-keys"),
                false => (FIRST_KEY, "/"),
            };
            state::of(&request).one_time_secrets.put(
                visitor.person.user,
                subject.to_owned(),
                token,
                now,
            );
            let flash =
                Flash::good("The key was created. Copy it now: it is shown only this once.");
            Ok(go_and_say(page, &flash))
        }
        Ok(Done::Replayed(_)) => Ok(go("/api-keys")),
        Err(refusal) => draw(&state, &request, visitor, None, mend(refusal, form)?).await,
    }
}

/// `POST /api-keys/{id}/revoke`.
///
/// # Errors
/// 404 where there is no such live key.
pub async fn revoke(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: KeyId = path_id(&request, "API key")?;
    if !is_confirmed(&form) {
        let key = state.service.key(id).await?;
        let question = revoke_question(&key);
        return ask(&state, &request, visitor, &form, question).await;
    }
    let done = state.service.revoke_key(&visitor.caller, id).await;
    back_to("/api-keys", done, |()| {
        "The key was revoked: the next request with it is refused.".to_owned()
    })
}

fn revoke_question(key: &ApiKey) -> Question {
    let used = match key.last_used_at {
        Some(at) => format!("It was last used at {}.", at.rfc3339()),
        None => "It was never used.".to_owned(),
    };
    Question {
        title: format!("Revoke 1 key, {}?", key.name),
        consequence: format!(
            "{used} The next request with it is refused, whoever sends it; a revoked key cannot be brought back."
        ),
        yes: "Revoke it",
        back: "/api-keys".to_owned(),
    }
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    cursor: Option<Cursor>,
    draft: FormDraft,
) -> Shown {
    let workspace = visitor.caller.workspace.to_string();
    let found = state
        .service
        .keys(Some(workspace), cursor, Limit::clamped(ROWS))
        .await?;
    let now = state.service.clock().now();
    let token = state::of(request)
        .one_time_secrets
        .take(visitor.person.user, SUBJECT, now);
    let mut page = PageContext::of(state, request, visitor, Section::ApiKeys, "API keys").await?;
    let curl = page.publish_call(token.as_ref());
    let token = token.map(|token| Copyable::new(page.reveal(&token), "the API key"));
    let older = found.next.map(|next| next.to_string());
    let view = ApiKeysView {
        page: &page,
        rows: found.items.iter().map(row).collect(),
        older: older.map(|next| with_query("/api-keys", &[("cursor", &next)])),
        token,
        curl,
        form: KEY.draw(&draft),
    };
    show_form(&page, &view.form, &view)
}

fn row(key: &ApiKey) -> ShownKey {
    ShownKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.iter().map(Scope::as_str).collect(),
        used: key.last_used_at.map(Ago),
        made: Stamp(key.created_at),
    }
}

fn permits(scope: Scope) -> &'static str {
    match scope {
        Scope::EventsWrite => "publish and replay events, change the catalogue",
        Scope::EventsRead => "read events and the catalogue",
        Scope::WebhooksRead => "read webhooks and their statistics",
        Scope::WebhooksWrite => "create, change, test and remove webhooks",
        Scope::DeliveriesRead => "read deliveries, attempts and dead letters",
        Scope::DeliveriesWrite => "retry, cancel and discard deliveries",
        Scope::ConsumersRead => "read consumers",
        Scope::ConsumersWrite => "create, change and delete consumers",
        Scope::SecretsRead => "read the secrets of webhooks",
        Scope::MetricsRead => "read the numbers of the whole instance at /metrics",
        Scope::Admin => "everything, in every workspace",
    }
}
