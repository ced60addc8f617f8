//! The list of the environment's own endpoints, which are told what happens to those of applications.
//!
//! Owns: that list. Refuses: saying what is told (`domain::operational`), and all else about these endpoints:
//! it is as with those of applications (`endpoint`).

use actix_web::HttpRequest;

use super::endpoint::endpoint;
use super::listing::SvixPaging;
use crate::domain::page::List;
use crate::domain::webhook::Webhook;
use crate::service::Caller;
use crate::web::extract::Query;
use crate::web::{Answered, State, answer};

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::ordered(&mut query, List::Webhooks);
    query.finish_taken()?;
    let all = state.service.operational_webhooks(&caller).await?;
    let row = |own: &Webhook| own.id.seq();
    let page = paging.cut(all, row);
    answer::ok(&paging.page(page, row, |own| Some(endpoint(&own))))
}
