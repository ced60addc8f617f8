//! HTTP in front of the app, kept only while somebody is connected.
//!
//! Owns: a worker's HTTP layer, and when there is one. Refuses: building it and the app (`server`).
//!
//! # Why it comes and goes
//! The framework's HTTP layer keeps the `Date` header by a timer that fires twice a second for as long
//! as the layer exists. A process that nobody talks to would never rest. The app, which is dear, is
//! built once; the layer in front of it is a handful of fields, made with the first connection and
//! dropped with the last.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use actix_http::error::DispatchError;
use actix_service::Service;
use futures_util::future::LocalBoxFuture;

/// Serves connections by what `build` makes, as long as there are any.
pub(super) struct WhileConnected<Build, Layer> {
    build: Rc<Build>,
    layer: Rc<RefCell<Weak<Layer>>>,
}

impl<Build, Making, Layer> WhileConnected<Build, Layer>
where
    Build: Fn() -> Making,
    Making: Future<Output = Result<Layer, ()>>,
{
    pub(super) fn new(build: Build) -> Self {
        Self {
            build: Rc::new(build),
            layer: Rc::default(),
        }
    }
}

/// The layer that others are connected to, or a new one.
async fn layer<Build, Making, Layer>(
    build: &Build,
    kept: &RefCell<Weak<Layer>>,
) -> Result<Rc<Layer>, DispatchError>
where
    Build: Fn() -> Making,
    Making: Future<Output = Result<Layer, ()>>,
{
    let there = kept.borrow().upgrade();
    if let Some(layer) = there {
        return Ok(layer);
    }
    let layer = build().await.map_err(|()| DispatchError::InternalError)?;
    let layer = Rc::new(layer);
    *kept.borrow_mut() = Rc::downgrade(&layer);
    Ok(layer)
}

impl<Build, Making, Layer, Accepted> Service<Accepted> for WhileConnected<Build, Layer>
where
    Build: Fn() -> Making + 'static,
    Making: Future<Output = Result<Layer, ()>> + 'static,
    Layer: Service<Accepted, Response = (), Error = DispatchError> + 'static,
    Accepted: 'static,
{
    type Response = ();
    type Error = DispatchError;
    type Future = LocalBoxFuture<'static, Result<(), DispatchError>>;

    /// Always: the app has no state in which it takes no requests, and the server counts connections.
    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), DispatchError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, accepted: Accepted) -> Self::Future {
        let (build, kept) = (Rc::clone(&self.build), Rc::clone(&self.layer));
        Box::pin(async move {
            let layer = layer(&*build, &kept).await?;
            layer.call(accepted).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use actix_service::fn_service;
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn all_who_are_connected_share_a_layer_that_ends_with_the_last() {
        let (made, leave) = (Rc::new(Cell::new(0)), Rc::new(Notify::new()));
        let (count, left) = (Rc::clone(&made), Rc::clone(&leave));
        let service = WhileConnected::new(move || {
            count.set(count.get() + 1);
            let left = Rc::clone(&left);
            std::future::ready(Ok(fn_service(move |()| {
                let left = Rc::clone(&left);
                async move {
                    left.notified().await;
                    Ok(())
                }
            })))
        });
        let both = async { tokio::join!(service.call(()), service.call(())) };
        let goodbye = async {
            tokio::task::yield_now().await;
            leave.notify_waiters();
        };
        let ((first, second), ()) = tokio::join!(both, goodbye);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(made.get(), 1, "one layer for both");
        assert!(service.layer.borrow().upgrade().is_none(), "it is gone");
        leave.notify_one();
        assert!(service.call(()).await.is_ok());
        assert_eq!(made.get(), 2);
    }
}
