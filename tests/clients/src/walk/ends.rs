//! The environment's own endpoints, a customer's access, and what ends.
//!
//! Owns: these. Refuses: anything that another part still needs; it comes last.

use svix::models::*;

use super::{TYPE, Walk, main, texts, uid};
use crate::shape::{refused, said};

impl Walk {
    pub(super) async fn operational(&self) {
        let webhooks = self.svix.operational_webhook();
        let endpoints = webhooks.endpoint();
        let mut wanted = OperationalWebhookEndpointIn::new(said("RECEIVER"));
        wanted.event_types = texts(&["endpoint.disabled"]);
        let made = endpoints.create(wanted, None).await.unwrap();
        assert_eq!(endpoints.get(made.id.clone()).await.unwrap(), made);
        let listed = endpoints.list(None).await.unwrap();
        assert!(listed.data.contains(&made));
        let key = endpoints.get_secret(made.id.clone()).await.unwrap().key;
        assert!(key.starts_with("whsec_"), "{key}");
        endpoints.delete(made.id.clone()).await.unwrap();
        refused(404, endpoints.get(made.id).await);
    }

    pub(super) async fn portal(&self, endpoint: &EndpointOut) {
        let authentication = self.svix.authentication();
        let mut asked = AppPortalAccessIn::new();
        asked.expiry = Some(3600);
        let access = authentication
            .app_portal_access(uid(), asked, None)
            .await
            .unwrap();
        assert!(access.url.contains("/portal/"), "{}", access.url);
        let visitor = self.svix.with_token(access.token);
        assert_eq!(
            visitor.endpoint().get(uid(), main()).await.unwrap().id,
            endpoint.id
        );
        assert!(
            visitor
                .authentication()
                .whoami()
                .await
                .unwrap()
                .app_id
                .is_some()
        );
        refused(404, visitor.application().get("nobody".to_owned()).await);
        let all = ApplicationTokenExpireIn::new();
        authentication.expire_all(uid(), all, None).await.unwrap();
        refused(401, visitor.endpoint().get(uid(), main()).await);
    }

    pub(super) async fn ends(&self) {
        let (endpoints, applications) = (self.svix.endpoint(), self.svix.application());
        let other = endpoints.create(uid(), EndpointIn::new(said("RECEIVER")), None);
        let other = other.await.unwrap().id;
        endpoints.delete(uid(), other.clone()).await.unwrap();
        refused(404, endpoints.get(uid(), other).await);
        let gone = applications
            .create(ApplicationIn::new("Gone".to_owned()), None)
            .await
            .unwrap();
        applications.delete(gone.id.clone()).await.unwrap();
        refused(404, applications.get(gone.id).await);
        let types = self.svix.event_type();
        types.delete(TYPE.to_owned(), None).await.unwrap();
        assert_eq!(
            types.get(TYPE.to_owned()).await.unwrap().archived,
            Some(true)
        );
    }
}
