//! Audiences, and the one way in to whatever they offer.
//!
//! Owns: mounting an audience's endpoints, and the gate around each of them. Refuses: knowing who
//! the audiences are, and how any of them recognises its callers.
//!
//! # Why nothing is mounted but here
//! Every endpoint gets the same wrapping: the address's rate, the audience's own gate, the second
//! factor that the endpoint asks for, and a net under the handler, so that a panic in one request is
//! a 500 of that request. Whatever is refused on the way is told in the audience's own form.

use std::panic::AssertUnwindSafe;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig, to};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, Resource, guard};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::auth::Rate;
use super::cross_origin::{self, CrossOrigin};
use super::endpoint::Endpoint;
use super::problem::Problem;
use super::{answer, state};
use crate::service::{Actor, Refusal};

/// Who is let in; `None` where it is nobody's business who they are. An audience leaves what its
/// handlers want to know about the caller in the request.
pub type Admission<'a> = LocalBoxFuture<'a, Result<Option<Actor>, Refused>>;

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Refused {
    /// They have to go there first.
    Aside(String),
    /// They may not.
    Away(Problem),
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Away(error.into())
    }
}

/// Those whom a part of hookpost speaks to, and how it speaks to them.
pub trait Audience: Sync {
    /// The path below which everything is theirs, such as `/armalo`; empty for who has all the rest.
    fn base(&self) -> &'static str;

    /// Everything they can ask for, in any order.
    fn endpoints(&self) -> Vec<&'static Endpoint>;

    /// Whether pages of other origins may call them.
    fn cross_origin(&self) -> CrossOrigin {
        CrossOrigin::Refused
    }

    /// Lets a request through, or says why not: whose credentials count, which workspace they open.
    fn admit<'a>(
        &'static self,
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
    ) -> Admission<'a>;

    /// Under which paths an endpoint that is written as `path` is found.
    fn paths(&self, path: &'static str) -> Vec<String> {
        vec![path.to_owned()]
    }

    /// What a path below their base comes to that leads to nothing; `answers` names the methods that it
    /// does have.
    fn astray(&self, path: &str, answers: Option<&str>) -> Problem {
        lost(path, answers)
    }

    /// A problem in their form; `endpoint` is what was asked for, where there is such a thing.
    fn show_problem(
        &self,
        problem: &Problem,
        endpoint: Option<&'static Endpoint>,
        request: &HttpRequest,
    ) -> HttpResponse;
}

/// 404 for a path that leads nowhere, 405 for one that answers to other methods.
#[must_use]
pub fn lost(path: &str, answers: Option<&str>) -> Problem {
    match answers {
        None => Problem::no_route(path),
        Some(methods) => Problem::method_not_allowed(methods),
    }
}

/// Adds whatever `audience` can ask for to an app, and its own answer to everything else below its
/// base. Who has all the rest comes last.
pub fn mount(audience: &'static dyn Audience, config: &mut ServiceConfig) {
    let endpoints = in_order_of_asking(audience.endpoints());
    for same_path in endpoints.chunk_by(|one, other| one.path == other.path) {
        config.service(resource(audience, same_path));
    }
    let nothing = move |request: HttpRequest| {
        let problem = audience.astray(request.path(), None);
        let told = audience.show_problem(&problem, None, &request);
        async move { told }
    };
    match audience.base() {
        "" => config.default_service(to(nothing)),
        base => config.service(web::scope(base).default_service(to(nothing))),
    };
}

/// Paths without parameters first: `/deliveries/retry` is no delivery's.
fn in_order_of_asking(mut endpoints: Vec<&'static Endpoint>) -> Vec<&'static Endpoint> {
    endpoints.sort_by_key(|own| (own.path.contains('{'), own.path.replace('{', "\u{7f}")));
    endpoints
}

fn resource(audience: &'static dyn Audience, endpoints: &[&'static Endpoint]) -> Resource {
    let mut resource = web::resource(audience.paths(endpoints[0].path));
    for endpoint in endpoints.iter().copied() {
        let gated = (endpoint.handler)()
            .guard(guard::fn_guard(|context| {
                endpoint.takes(&context.head().method)
            }))
            .wrap(from_fn(move |request, next| {
                answer_through(audience, endpoint, request, next)
            }));
        resource = resource.route(gated);
    }
    let allow = allowed(endpoints);
    resource.default_service(to(move |request: HttpRequest| {
        answer_other_methods(audience, allow.clone(), request)
    }))
}

/// A preflight is answered where pages of other origins may call; everything else is a 405.
async fn answer_other_methods(
    audience: &'static dyn Audience,
    allow: String,
    request: HttpRequest,
) -> HttpResponse {
    let answered = match audience.cross_origin() {
        CrossOrigin::ForConsumers => cross_origin::preflight(&request, &allow).await,
        CrossOrigin::Refused => Ok(None),
    };
    match answered {
        Ok(Some(answer)) => answer,
        Ok(None) => audience.show_problem(
            &audience.astray(request.path(), Some(&allow)),
            None,
            &request,
        ),
        Err(refusal) => audience.show_problem(&Problem::from(refusal), None, &request),
    }
}

fn allowed(endpoints: &[&'static Endpoint]) -> String {
    let mut methods: Vec<&str> = endpoints.iter().map(|own| own.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

async fn answer_through<B: MessageBody + 'static>(
    audience: &'static dyn Audience,
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let admitted = admit(audience, endpoint, request.request()).await;
    let mut response = match admitted {
        Ok(()) => called(audience, endpoint, request, next).await,
        Err(refused) => {
            let (raw, _) = request.into_parts();
            let told = match refused {
                Refused::Aside(path) => answer::go(&path),
                Refused::Away(problem) => audience.show_problem(&problem, Some(endpoint), &raw),
            };
            ServiceResponse::new(raw, told).map_into_right_body()
        }
    };
    let rate = response.request().extensions().get::<Rate>().copied();
    if let Some(rate) = rate {
        rate.dress(response.headers_mut());
    }
    let asked = response.request().clone();
    cross_origin::dress(&asked, response.headers_mut());
    Ok(response)
}

async fn admit(
    audience: &'static dyn Audience,
    endpoint: &'static Endpoint,
    request: &HttpRequest,
) -> Result<(), Refused> {
    let state = state::of(request);
    let client = state.proxy.client(request);
    if let Err(refusal) = state.credentials.check_address(client) {
        if audience.cross_origin() == CrossOrigin::ForConsumers {
            cross_origin::allow_known(request);
        }
        return Err(refusal.into());
    }
    if let Some(actor) = audience.admit(endpoint, request).await? {
        endpoint.step_up.check(&actor)?;
    }
    Ok(())
}

/// The handler's answer, whatever becomes of the handler.
async fn called<B: MessageBody + 'static>(
    audience: &'static dyn Audience,
    endpoint: &'static Endpoint,
    request: ServiceRequest,
    next: Next<B>,
) -> ServiceResponse<EitherBody<B>> {
    let raw = request.request().clone();
    let fallen = match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let error = response.response().error();
            match error.and_then(|error| error.as_error::<Problem>()) {
                Some(problem) => audience.show_problem(problem, Some(endpoint), &raw),
                None => return response.map_into_left_body(),
            }
        }
        Ok(Err(error)) => error.error_response(),
        Err(_) => {
            let problem = Problem::from(Refusal::Internal("a handler panicked".to_owned()));
            audience.show_problem(&problem, Some(endpoint), &raw)
        }
    };
    ServiceResponse::new(raw, fallen).map_into_right_body()
}
