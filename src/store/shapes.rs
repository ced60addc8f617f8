//! Shapes of bodies, by version.
//!
//! Owns: storing a version when a webhook's shape changes, and reading each once. Refuses: building
//! bodies (`domain::shape`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::{Read, StoreError, WriteTx, damaged};
use crate::domain::filter::FilterOrigin;
use crate::domain::shape::{BodyShape, ContentType};
use crate::domain::template::BodyTemplate;

/// Versions that are kept parsed; beyond it all are forgotten. One takes some hundred kilobytes at
/// most.
const CACHED_SHAPES_MAX: usize = 1000;

/// Parsed shapes by version. A version never changes, so an entry is never stale.
#[derive(Clone, Default)]
pub(super) struct ShapeCache(Arc<RwLock<HashMap<i64, Arc<BodyShape>>>>);

impl ShapeCache {
    pub(super) fn cached(&self, seq: i64) -> Option<Arc<BodyShape>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&seq).cloned()
    }

    pub(super) fn load(&self, conn: &Read<'_>, seq: i64) -> Result<Arc<BodyShape>, StoreError> {
        if let Some(known) = self.cached(seq) {
            return Ok(known);
        }
        let found = conn.row(
            "SELECT content_type AS shape_content_type, template FROM webhook_shapes WHERE seq = :seq",
            named_params! { ":seq": seq },
            |row| shape_of(row, seq),
        )?;
        let shape = Arc::new(found.ok_or_else(|| damaged("webhook_shapes.seq", seq))?);
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED_SHAPES_MAX {
            cache.clear();
        }
        Ok(Arc::clone(cache.entry(seq).or_insert(shape)))
    }
}

/// The shape in a row with the columns `shape_content_type` and `template`; the plain one where both
/// are null.
pub(super) fn shape_of(row: &Row<'_>, seq: i64) -> Result<BodyShape, StoreError> {
    let content_type: Option<String> = row.get("shape_content_type")?;
    let template: Option<String> = row.get("template")?;
    let content_type = match content_type {
        Some(word) => ContentType::parse(&word),
        None => Some(ContentType::default()),
    };
    let read = |text: String| BodyTemplate::read(&text, FilterOrigin::Stored).map(Arc::new);
    let template = template.map(read);
    Ok(BodyShape {
        template: template
            .transpose()
            .map_err(|_| damaged("webhook_shapes.template", seq))?,
        content_type: content_type.ok_or_else(|| damaged("webhook_shapes.content_type", seq))?,
    })
}

/// The version of a webhook's shape, stored anew if it is not the present one; `None` for the plain
/// shape. Versions that no delivery is pinned to are removed.
pub(super) fn version(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    shape: &BodyShape,
) -> Result<Option<i64>, StoreError> {
    let template = shape.template.as_ref().map(|template| template.text());
    let params = named_params! {
        ":webhook": webhook_seq,
        ":content_type": shape.content_type.as_str(),
        ":template": template,
    };
    let present: Option<i64> = tx.optional(
        "SELECT shapes.seq
         FROM webhook_shapes AS shapes
         JOIN webhooks ON webhooks.shape_seq = shapes.seq
         WHERE webhooks.seq = :webhook
             AND shapes.content_type = :content_type
             AND shapes.template IS :template",
        params,
    )?;
    let seq = match present {
        _ if shape.is_plain() => None,
        Some(seq) => Some(seq),
        None => Some(insert(tx, webhook_seq, shape)?),
    };
    if seq != present || seq.is_none() {
        tx.run(
            "DELETE FROM webhook_shapes
             WHERE webhook_seq = :webhook
                 AND seq IS NOT :present
                 AND NOT EXISTS (
                     SELECT 1 FROM deliveries WHERE deliveries.shape_seq = webhook_shapes.seq)",
            named_params! { ":webhook": webhook_seq, ":present": seq },
        )?;
    }
    Ok(seq)
}

fn insert(tx: &mut WriteTx<'_>, webhook_seq: i64, shape: &BodyShape) -> Result<i64, StoreError> {
    let seq = tx.next_seq(NumberedTable::WebhookShapes)?;
    tx.run(
        "INSERT INTO webhook_shapes (seq, webhook_seq, content_type, template, created_at)
         VALUES (:seq, :webhook, :content_type, :template, :now)",
        named_params! {
            ":seq": seq,
            ":webhook": webhook_seq,
            ":content_type": shape.content_type.as_str(),
            ":template": shape.template.as_ref().map(|template| template.text()),
            ":now": tx.now(),
        },
    )?;
    Ok(seq)
}
