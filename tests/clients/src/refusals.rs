//! Every refusal that is documented, as the client's own error.
//!
//! Owns: provoking them: SVIX_SERVER_URL, SVIX_TOKEN, and VISITOR, a token that may only look; the test
//! has made the application `full` and lets nothing large in. Refuses: waiting for better times.

use serde_json::json;
use svix::models::{ApplicationIn, EndpointIn, EventTypeImportOpenApiIn, MessageIn};

use crate::shape::{client, refused, said};

/// Meets each of them.
pub async fn meet() {
    let (key, visitor) = (client(said("SVIX_TOKEN")), client(said("VISITOR")));
    let app = || "full".to_owned();
    let message = |payload| MessageIn::new("order.paid".to_owned(), payload);
    let types = key.event_type();
    let empty = types.import_openapi(EventTypeImportOpenApiIn::new(), None);
    assert_eq!(refused(400, empty.await), "generic_error");
    let nobody = client("nobody".to_owned());
    let listed = nobody.application().list(None).await;
    assert_eq!(refused(401, listed), "authentication_failed");
    let endpoint = EndpointIn::new("https://example.com/".to_owned());
    let made = visitor.endpoint().create(app(), endpoint, None).await;
    assert_eq!(refused(403, made), "insufficient access");
    let missing = key.application().get("nobody".to_owned()).await;
    assert_eq!(refused(404, missing), "not_found");
    let mut again = ApplicationIn::new("Full".to_owned());
    again.uid = Some(app());
    assert_eq!(
        refused(409, key.application().create(again, None).await),
        "conflict"
    );
    let large = message(json!({"x": "y".repeat(400 * 1024)}));
    let large = key.message().create(app(), large, None).await;
    assert_eq!(refused(413, large), "payload_too_large");
    let wrong = EndpointIn::new("nowhere".to_owned());
    refused(422, key.endpoint().create(app(), wrong, None).await);
    let mut unknown = EndpointIn::new("https://example.com/".to_owned());
    unknown.event_types = Some(["no.such".to_owned()].into());
    refused(422, key.endpoint().create(app(), unknown, None).await);
    let counted = key.statistics().aggregate_event_types().await;
    assert_eq!(refused(501, counted), "not_implemented");
    let crowded = message(json!({"x": "y".repeat(200 * 1024)}));
    let crowded = key.message().create(app(), crowded, None).await;
    assert_eq!(refused(503, crowded), "overloaded");
}
