//! The list of the environment's own endpoints, which are told what happens to those of applications.
//!
//! Owns: that list. Refuses: saying what is told (`domain::operational`), and all else about these endpoints:
//! it is as with those of applications (`endpoint`).

use actix_web::HttpRequest;

use super::endpoint::endpoint;
use super::listing::{SvixPage, paging};
use crate::domain::page::{Cursor, List};
use crate::service::Caller;
use crate::web::extract::Query;
use crate::web::{Answered, State, answer};

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = paging(&mut query, List::Webhooks);
    query.finish_taken()?;
    let mut all = state.service.operational_webhooks(&caller).await?;
    all.retain(|own| cursor.is_none_or(|cursor| own.id.seq() < cursor.seq()));
    let has_more = all.len() > limit.rows();
    all.truncate(limit.rows());
    let last = all.last().filter(|_| has_more);
    let next = last.map(|own| Cursor::behind(List::Webhooks, own.id.seq()));
    answer::ok(&SvixPage::new(all.iter().map(endpoint).collect(), next))
}
