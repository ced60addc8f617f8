//! Applications, event types, and endpoints with their headers and secrets.
//!
//! Owns: making what messages need, and what each answer must say. Refuses: sending anything.

use serde_json::json;
use svix::api::*;
use svix::models::*;

use super::{TYPE, Walk, main, pairs, texts, uid};
use crate::shape::{refused, said};

impl Walk {
    pub(super) async fn applications(&self) {
        let applications = self.svix.application();
        let mut acme = ApplicationIn::new("Acme".to_owned());
        acme.uid = Some(uid());
        acme.metadata = Some(pairs(&[("plan", "pro")]));
        let made = applications.create(acme.clone(), None).await.unwrap();
        assert!(
            made.id.starts_with("app_") && made.metadata["plan"] == "pro",
            "{made:?}"
        );
        let same = applications
            .get_or_create(acme.clone(), None)
            .await
            .unwrap();
        assert_eq!(same.id, made.id);
        refused(409, applications.create(acme.clone(), None).await);
        assert_eq!(applications.get(uid()).await.unwrap().id, made.id);
        let mut change = ApplicationPatch::new();
        change.name = Some("Acme Ltd".to_owned());
        let changed = applications.patch(made.id.clone(), change).await.unwrap();
        assert_eq!(changed.name, "Acme Ltd");
        assert_eq!(applications.upsert(uid(), acme).await.unwrap().name, "Acme");
        let listed = applications.list(None).await.unwrap();
        assert!(listed.data.iter().any(|own| own.id == made.id));
        refused(404, applications.get("nobody".to_owned()).await);
    }

    pub(super) async fn event_types(&self) {
        let types = self.svix.event_type();
        let mut paid = EventTypeIn::new(TYPE.to_owned(), "An order was paid".to_owned());
        paid.schemas = Some(json!({"1": {"type": "object"}}));
        let made = types.create(paid.clone(), None).await.unwrap();
        assert_eq!((made.name.as_str(), made.archived), (TYPE, Some(false)));
        refused(409, types.create(paid, None).await);
        let described = EventTypeUpsertIn::new("Paid".to_owned());
        let put = types.upsert(TYPE.to_owned(), described).await.unwrap();
        assert_eq!(put.description, "Paid");
        let mut change = EventTypePatch::new();
        change.description = Some("Paid in full".to_owned());
        types.patch(TYPE.to_owned(), change).await.unwrap();
        let shown = types.get(TYPE.to_owned()).await.unwrap();
        assert_eq!(shown.description, "Paid in full");
        let with_content = EventTypeListOptions {
            with_content: Some(true),
            ..Default::default()
        };
        let listed = types.list(Some(with_content)).await.unwrap();
        assert!(listed.data.iter().any(|own| own.name == TYPE));
        let mut spec = EventTypeImportOpenApiIn::new();
        spec.spec = Some(json!({"openapi": "3.1.0", "webhooks":
            {"imported.rs": {"post": {"description": "Imported"}}}}));
        let done = types.import_openapi(spec, None).await.unwrap();
        assert_eq!(done.data.modified, ["imported.rs"]);
    }

    pub(super) async fn endpoints(&self) -> EndpointOut {
        let endpoints = self.svix.endpoint();
        let mut wanted = EndpointIn::new(said("RECEIVER"));
        wanted.uid = Some(main());
        wanted.event_types = texts(&[TYPE]);
        wanted.channels = texts(&["eu"]);
        wanted.throttle_rate = Some(100);
        wanted.metadata = Some(pairs(&[("own", "yes")]));
        let made = endpoints.create(uid(), wanted, None).await.unwrap();
        assert!(made.id.starts_with("ep_"), "{made:?}");
        assert_eq!(
            (&made.event_types, &made.channels),
            (&texts(&[TYPE]), &texts(&["eu"]))
        );
        assert_eq!(
            (made.throttle_rate, made.disabled),
            (Some(100), Some(false))
        );
        assert_eq!(endpoints.get(uid(), main()).await.unwrap(), made);
        let listed = endpoints.list(uid(), None).await.unwrap();
        assert_eq!(listed.data, [made.clone()]);
        let off = EndpointPatch {
            disabled: Some(true),
            ..Default::default()
        };
        let off = endpoints.patch(uid(), main(), off).await.unwrap();
        assert_eq!(off.disabled, Some(true));
        let mut put = EndpointUpsertIn::new(said("RECEIVER"));
        put.uid = Some(main());
        put.event_types = texts(&[TYPE]);
        put.channels = texts(&["eu"]);
        let put = endpoints.upsert(uid(), main(), put).await.unwrap();
        assert_eq!((put.disabled, put.throttle_rate), (Some(false), None));
        let nowhere = EndpointIn::new("nowhere".to_owned());
        refused(422, endpoints.create(uid(), nowhere, None).await);
        refused(404, endpoints.get(uid(), "ep_nobody".to_owned()).await);
        made
    }

    pub(super) async fn headers(&self) {
        let endpoints = self.svix.endpoint();
        let set = EndpointHeadersIn::new(pairs(&[("x-foo", "bar"), ("authorization", "hush")]));
        endpoints.set_headers(uid(), main(), set).await.unwrap();
        let mut change = EndpointHeadersPatchIn::new(pairs(&[("x-new", "one")]));
        change.delete_headers = Some(vec!["x-foo".to_owned()]);
        endpoints
            .patch_headers(uid(), main(), change)
            .await
            .unwrap();
        let shown = endpoints.get_headers(uid(), main()).await.unwrap();
        assert_eq!(shown.headers, pairs(&[("x-new", "one")]));
        assert_eq!(Some(shown.sensitive), texts(&["authorization"]));
    }

    pub(super) async fn secrets(&self) -> [String; 2] {
        let endpoints = self.svix.endpoint();
        let first = endpoints.get_secret(uid(), main()).await.unwrap().key;
        assert!(first.starts_with("whsec_"), "{first}");
        let rotation = EndpointSecretRotateIn::new();
        let told = endpoints
            .rotate_secret(uid(), main(), rotation, None)
            .await
            .unwrap();
        let second = endpoints.get_secret(uid(), main()).await.unwrap().key;
        assert!(told.key == second && second != first);
        [first, second]
    }
}
