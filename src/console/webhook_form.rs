//! `/webhooks/new` and `/webhooks/{id}/edit`: a webhook's properties as a form.
//!
//! Owns: turning what was typed into what the service takes, and back; what was typed stays, with
//! each error beside its field. Refuses: rules of its own: whether a value will do is said by the
//! service, in its words.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::OPERATOR;
use super::page::{Page, Section, go, go_and_say, show, show_faults};
use super::state;
use super::{Form, Shown, Visitor};
use crate::domain::format::Format;
use crate::domain::id::WebhookId;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::format_duration;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::{MASK, RetryInput, WebhookInput};
use crate::service::{Done, FieldError, Once, Refusal};
use crate::ui::flash::Flash;
use crate::ui::parts::Field;
use crate::ui::parts::field::left_over;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/webhooks", OPERATOR, || to(create))
        .fresh()
        .back("/webhooks/new"),
    Endpoint::get("/webhooks/new", OPERATOR, || to(new)),
    Endpoint::get("/webhooks/{id}/edit", OPERATOR, || to(edit)),
    Endpoint::post("/webhooks/{id}/edit", OPERATOR, || to(update)).back("/webhooks/{id}/edit"),
];

/// Event types of the catalogue that the form offers.
const OFFERED_MAX: usize = 60;
/// The fields that errors can be about, as the service names them.
const PATHS: [&str; 16] = [
    "url",
    "label",
    "event_types",
    "profile",
    "format",
    "secret",
    "headers",
    "retry_policy",
    "timeout",
    "max_in_flight",
    "rate_limit",
    "ordered",
    "disable_after_failures",
    "disable_after",
    "active",
    "metadata",
];
/// Those of them that stand under "More".
const MORE_PATHS: [&str; 9] = [
    "headers",
    "retry_policy",
    "timeout",
    "max_in_flight",
    "rate_limit",
    "ordered",
    "disable_after_failures",
    "disable_after",
    "metadata",
];

/// Whether the form makes a webhook or changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new one.
    Create,
    /// This one.
    Edit(WebhookId),
}

/// The page.
#[derive(Template)]
#[template(path = "webhook_form.html")]
pub struct WebhookFormView<'a> {
    /// The layout's context.
    pub page: &'a Page,
    /// What it is for.
    pub purpose: Purpose,
    /// What was typed.
    pub typed: Form,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// The wire profiles to choose from: name and words.
    pub profiles: Vec<(String, String)>,
    /// Event types that are known.
    pub offered: Vec<String>,
}

impl WebhookFormView<'_> {
    fn action(&self) -> String {
        match &self.purpose {
            Purpose::Create => "/webhooks".to_owned(),
            Purpose::Edit(id) => format!("/webhooks/{id}/edit"),
        }
    }

    fn cancel(&self) -> String {
        match &self.purpose {
            Purpose::Create => "/webhooks".to_owned(),
            Purpose::Edit(id) => format!("/webhooks/{id}"),
        }
    }

    fn is_new(&self) -> bool {
        self.purpose == Purpose::Create
    }

    fn left_over(&self) -> Vec<String> {
        left_over(&self.errors, &PATHS)
    }

    fn more_is_open(&self) -> bool {
        let about_more =
            |error: &FieldError| MORE_PATHS.iter().any(|path| error.field.starts_with(path));
        self.errors.iter().any(about_more)
    }

    fn line(&self, name: &'static str, label: &'static str) -> Field {
        Field::line(name, label, self.typed.typed(name)).faults(&self.errors, name)
    }

    fn url(&self) -> Field {
        Field::of_kind("url", "url", "URL", self.typed.typed("url"))
            .hint("Where deliveries are posted to. It must be a public https address.")
            .example("https://example.com/hooks")
            .required()
            .faults(&self.errors, "url")
    }

    fn label(&self) -> Field {
        self.line("label", "Label")
            .hint("What people call it here.")
            .example("Production")
    }

    fn event_types(&self) -> Field {
        Field::lines(
            "event_types",
            "Event types",
            self.typed.typed("event_types"),
            4,
        )
        .hint("One a line: a name, a prefix such as order.*, or * for all.")
        .example("order.*")
        .faults(&self.errors, "event_types")
    }

    fn profile(&self) -> Field {
        let chosen = self.typed.typed("profile");
        Field::choice("profile", "Wire profile", chosen, self.profiles.clone())
            .hint("How deliveries look and are signed.")
            .faults(&self.errors, "profile")
    }

    fn format(&self) -> Field {
        let words = |format: Format| match format {
            Format::Json => "the profile's envelope",
            Format::CloudEvents => "CloudEvents 1.0",
            Format::Slack => "one line for a chat",
        };
        let options = Format::ALL.map(|one| (one.as_str().to_owned(), words(one).to_owned()));
        Field::choice(
            "format",
            "Body",
            self.typed.typed("format"),
            options.to_vec(),
        )
        .faults(&self.errors, "format")
    }

    fn secret(&self) -> Field {
        self.line("secret", "Secret")
            .hint("Leave empty for a new one, which is shown once after saving.")
    }

    fn headers(&self) -> Field {
        Field::lines("headers", "Headers", self.typed.typed("headers"), 3)
            .hint("Added to every delivery: one “name: value” a line. Values of credentials read back as ***.")
            .example("x-env: production")
            .faults(&self.errors, "headers")
    }

    fn retry(&self) -> Field {
        let options = [
            ("profile", "as the wire profile says"),
            ("custom", "as written here"),
        ];
        let options = options.map(|(value, words)| (value.to_owned(), words.to_owned()));
        let own: Vec<FieldError> = self
            .errors
            .iter()
            .filter(|error| error.field == "retry_policy")
            .cloned()
            .collect();
        Field::choice(
            "retry",
            "Retries",
            self.typed.typed("retry"),
            options.to_vec(),
        )
        .faults(&own, "retry_policy")
    }

    fn delays(&self) -> Field {
        Field::line("delays", "Delays", self.typed.typed("delays"))
            .hint("Before each retry, such as: 1s, 5s, 30s, 2m, 10m, 1h")
            .faults(&self.errors, "retry_policy.delays")
    }

    fn then_every(&self) -> Field {
        Field::line("then_every", "Then every", self.typed.typed("then_every"))
            .hint("Empty: no more after the delays.")
            .example("1h")
            .faults(&self.errors, "retry_policy.then_every")
    }

    fn give_up_after(&self) -> Field {
        Field::line(
            "give_up_after",
            "Give up after",
            self.typed.typed("give_up_after"),
        )
        .hint("Counted from the first attempt.")
        .example("24h")
        .faults(&self.errors, "retry_policy.give_up_after")
    }

    fn timeout(&self) -> Field {
        self.line("timeout", "Timeout")
            .hint("Of the whole exchange: 100ms to 2m. Empty: as the wire profile says.")
            .example("10s")
    }

    fn max_in_flight(&self) -> Field {
        Field::of_kind(
            "number",
            "max_in_flight",
            "Attempts at once",
            self.typed.typed("max_in_flight"),
        )
        .hint("1 to 256. Empty: 16.")
        .faults(&self.errors, "max_in_flight")
    }

    fn rate_limit(&self) -> Field {
        Field::of_kind(
            "number",
            "rate_limit",
            "Deliveries per second",
            self.typed.typed("rate_limit"),
        )
        .hint("At most. Empty: no limit.")
        .faults(&self.errors, "rate_limit")
    }

    fn disable_after_failures(&self) -> Field {
        Field::of_kind(
            "number",
            "disable_after_failures",
            "Disable after failures in a row",
            self.typed.typed("disable_after_failures"),
        )
        .hint("Empty: however many.")
        .faults(&self.errors, "disable_after_failures")
    }

    fn disable_after(&self) -> Field {
        self.line("disable_after", "Disable after failing for")
            .hint("Nothing but failures for so long. Empty: however long.")
            .example("120h")
    }

    fn metadata(&self) -> Field {
        Field::lines("metadata", "Metadata", self.typed.typed("metadata"), 3)
            .hint("A JSON object of your own, kept with the webhook.")
            .faults(&self.errors, "metadata")
    }
}

/// `GET /webhooks/new`.
///
/// # Errors
/// 403 where the workspace's plan has no webhooks.
pub async fn new(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    if !visitor.caller.plan.has_webhooks() {
        return Err(Refusal::PlanRequired.into());
    }
    let workspace = state
        .service
        .workspace(&visitor.caller.workspace.to_string())
        .await?;
    let fields = [
        ("profile", workspace.profile.as_str()),
        ("format", "json"),
        ("retry", "profile"),
        ("disable_after", "120h"),
        ("active", "on"),
        ("jitter", "on"),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let typed = Form::new(fields.map(own).to_vec());
    draw(
        &state,
        &request,
        visitor,
        Purpose::Create,
        typed,
        Vec::new(),
    )
    .await
}

/// `GET /webhooks/{id}/edit`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn edit(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    Query::of(&request).finish()?;
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let typed = typed(&webhook);
    draw(
        &state,
        &request,
        visitor,
        Purpose::Edit(id),
        typed,
        Vec::new(),
    )
    .await
}

/// `POST /webhooks`.
///
/// # Errors
/// 403 where the workspace's plan has no webhooks.
pub async fn create(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let made = match input(&form, &Purpose::Create) {
        Ok(input) => {
            state
                .service
                .create_webhook(&visitor.caller, input, Once::unkeyed())
                .await
        }
        Err(errors) => Err(Refusal::Invalid(errors)),
    };
    match made {
        Ok(Done::Fresh(made)) => {
            let id = made.webhook.id.to_string();
            let now = state.service.clock().now();
            state::of(&request).one_time_secrets.put(
                visitor.person.user,
                id.clone(),
                made.secret,
                now,
            );
            let flash =
                Flash::good("The webhook is registered. Keep its secret: it is shown only now.");
            Ok(go_and_say(&format!("/webhooks/{id}"), &flash))
        }
        Ok(Done::Replayed(_)) => Ok(go("/webhooks")),
        Err(refusal) => {
            let errors = mendable(refusal)?;
            draw(&state, &request, visitor, Purpose::Create, form, errors).await
        }
    }
}

/// `POST /webhooks/{id}/edit`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn update(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let purpose = Purpose::Edit(id);
    let changed = match input(&form, &purpose) {
        Ok(input) => {
            state
                .service
                .update_webhook(&visitor.caller, id, input)
                .await
        }
        Err(errors) => Err(Refusal::Invalid(errors)),
    };
    match changed {
        Ok(_) => {
            let flash = Flash::good("Saved; the next attempt follows the new settings.");
            Ok(go_and_say(&format!("/webhooks/{id}"), &flash))
        }
        Err(refusal) => {
            let errors = mendable(refusal)?;
            draw(&state, &request, visitor, purpose, form, errors).await
        }
    }
}

/// What the person at the form can mend; everything else is a page of its own.
pub(super) fn mendable(refusal: Refusal) -> Result<Vec<FieldError>, Refusal> {
    match refusal {
        Refusal::Invalid(errors) => Ok(errors),
        Refusal::Conflict(message) | Refusal::TooLarge(message) => Ok(vec![FieldError {
            field: "Not saved:".to_owned(),
            message,
        }]),
        other => Err(other),
    }
}

async fn draw(
    state: &State,
    request: &HttpRequest,
    visitor: Visitor,
    purpose: Purpose,
    typed: Form,
    errors: Vec<FieldError>,
) -> Shown {
    let workspace_seq = visitor.caller.workspace.seq();
    let names = state
        .service
        .store()
        .read(move |conn| crate::store::event_types::names(conn, workspace_seq))
        .await?;
    let profiles = state.service.profiles().await?;
    let title = match purpose {
        Purpose::Create => "New webhook",
        Purpose::Edit(_) => "Edit webhook",
    };
    let page = Page::of(state, request, visitor, Section::Webhooks, title).await?;
    let view = WebhookFormView {
        page: &page,
        purpose,
        typed,
        profiles: profiles
            .into_iter()
            .map(|one| (one.name.clone(), one.name))
            .collect(),
        offered: names
            .iter()
            .take(OFFERED_MAX)
            .map(|name| name.as_str().to_owned())
            .collect(),
        errors,
    };
    if view.errors.is_empty() {
        show(&page, &view)
    } else {
        show_faults(&page, &view)
    }
}

/// What stands in the form of a webhook that exists.
fn typed(webhook: &Webhook) -> Form {
    let settings = &webhook.settings;
    let own = |text: Option<String>| text.unwrap_or_default();
    let headers: Vec<String> = settings
        .headers
        .iter()
        .map(|header| {
            let value = if header.is_credential() {
                MASK
            } else {
                header.value().expose()
            };
            format!("{}: {value}", header.name())
        })
        .collect();
    let mut fields = vec![
        ("url", settings.url.clone()),
        ("label", settings.label.clone()),
        ("event_types", settings.subscription.texts().join("\n")),
        ("profile", webhook.profile.name.to_string()),
        ("format", settings.format.as_str().to_owned()),
        ("headers", headers.join("\n")),
        ("retry", "custom".to_owned()),
        ("timeout", format_duration(settings.timeout)),
        ("max_in_flight", settings.max_in_flight.to_string()),
        (
            "rate_limit",
            own(settings.rate_limit.map(|rate| rate.to_string())),
        ),
        (
            "disable_after_failures",
            own(settings
                .breaker
                .disable_after_failures
                .map(|n| n.to_string())),
        ),
        (
            "disable_after",
            own(settings.breaker.disable_after.map(format_duration)),
        ),
        ("metadata", settings.metadata.to_string()),
    ];
    fields.extend(retry_fields(&settings.retry));
    if settings.ordered {
        fields.push(("ordered", "on".to_owned()));
    }
    Form::new(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn retry_fields(policy: &RetryPolicy) -> Vec<(&'static str, String)> {
    let delays: Vec<String> = policy
        .delays()
        .iter()
        .copied()
        .map(format_duration)
        .collect();
    let mut fields = vec![("delays", delays.join(", "))];
    if let Some(repeat) = policy.repeat() {
        fields.push(("then_every", format_duration(repeat.every)));
        fields.push(("give_up_after", format_duration(repeat.give_up_after)));
    }
    if policy.jitter() == Jitter::Tenth {
        fields.push(("jitter", "on".to_owned()));
    }
    fields
}

/// What the service is asked for.
fn input(form: &Form, purpose: &Purpose) -> Result<WebhookInput, Vec<FieldError>> {
    let mut errors = Vec::new();
    let is_new = *purpose == Purpose::Create;
    let input = WebhookInput {
        url: Some(form.typed("url").trim().to_owned()),
        event_types: event_types(form, is_new),
        label: Some(form.typed("label").trim().to_owned()),
        secret: form.text("secret").filter(|_| is_new),
        profile: form.text("profile"),
        format: form.text("format"),
        headers: Some(headers(form, &mut errors)),
        retry_policy: Some(retry(form)),
        timeout: Some(form.text("timeout")),
        max_in_flight: Some(number(form, "max_in_flight", &mut errors)),
        rate_limit: Some(number(form, "rate_limit", &mut errors)),
        ordered: Some(form.ticked("ordered")),
        disable_after_failures: Some(number(form, "disable_after_failures", &mut errors)),
        disable_after: Some(form.text("disable_after")),
        active: is_new.then(|| form.ticked("active")),
        metadata: Some(metadata(form, &mut errors)),
    };
    if errors.is_empty() {
        Ok(input)
    } else {
        Err(errors)
    }
}

/// Where nothing is named, a new webhook takes what its profile subscribes to.
fn event_types(form: &Form, is_new: bool) -> Option<Vec<String>> {
    let named: Vec<String> = form
        .typed("event_types")
        .split(['\n', ',', ' '])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    (!is_new || !named.is_empty()).then_some(named)
}

fn headers(form: &Form, errors: &mut Vec<FieldError>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for line in form
        .typed("headers")
        .lines()
        .filter(|line| !line.trim().is_empty())
    {
        match line.split_once(':') {
            Some((name, value)) => pairs.push((name.trim().to_owned(), value.trim().to_owned())),
            None => errors.push(FieldError {
                field: "headers".to_owned(),
                message: format!("“{}” has no colon; write “name: value”", line.trim()),
            }),
        }
    }
    pairs
}

fn retry(form: &Form) -> Option<RetryInput> {
    if form.typed("retry") != "custom" {
        return None;
    }
    let delays = form.typed("delays").split([',', ' ', '\n']);
    Some(RetryInput::Custom {
        delays: delays
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect(),
        then_every: form.text("then_every"),
        give_up_after: form.text("give_up_after"),
        jitter: Some(form.ticked("jitter")),
    })
}

fn number<T: std::str::FromStr>(
    form: &Form,
    name: &str,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let parsed = form.text(name)?.parse();
    if parsed.is_err() {
        errors.push(FieldError {
            field: name.to_owned(),
            message: "must be a number".to_owned(),
        });
    }
    parsed.ok()
}

fn metadata(form: &Form, errors: &mut Vec<FieldError>) -> String {
    let text = form.text("metadata").unwrap_or_else(|| "{}".to_owned());
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        errors.push(FieldError {
            field: "metadata".to_owned(),
            message: format!("must be a JSON object: {error}"),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Form::new(fields.iter().map(own).collect())
    }

    #[test]
    fn empty_fields_mean_the_default_and_no_names_the_profiles_own() {
        let typed = form(&[("url", " https://a.example "), ("retry", "profile")]);
        let input = input(&typed, &Purpose::Create).unwrap();
        assert_eq!(input.url.as_deref(), Some("https://a.example"));
        assert!(input.event_types.is_none() && input.secret.is_none());
        assert!(matches!(input.retry_policy, Some(None)));
        assert!(matches!(input.timeout, Some(None)));
        assert_eq!(input.metadata.as_deref(), Some("{}"));
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        let typed = form(&[
            ("headers", "x-a: 1\nnonsense"),
            ("max_in_flight", "many"),
            ("metadata", "[1]"),
        ]);
        let errors = input(&typed, &Purpose::Create).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["headers", "max_in_flight", "metadata"]);
    }
}
