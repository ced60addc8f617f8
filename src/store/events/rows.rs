//! The rows of events that a filter leaves, in its order.
//!
//! Owns: choosing the index that leads, and the statement. Refuses: patterns of types, which no index has in
//! order ([`super::scan`]), and pages.

use rusqlite::{Row, ToSql};

use super::context::IN_CHANNEL;
use super::labels;
use crate::domain::event::EventFilter;
use crate::domain::page::{Cursor, Order};
use crate::store::setbacks::{self, DatedTable};
use crate::store::{Read, StoreError};

/// What is read of each event.
#[derive(Clone, Copy)]
pub(super) struct EventColumns {
    /// The head of the statement.
    pub(super) select: &'static str,
    /// The tables that it needs besides.
    pub(super) joins: &'static str,
}

/// Hands the events of a filter to `each`, at most `rows`, until it wants no more. Answers where they
/// begin.
pub(super) fn each_row(
    conn: &Read<'_>,
    filter: &EventFilter,
    columns: EventColumns,
    rows: usize,
    mut each: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<i64, StoreError> {
    let (low, high, start) = bounds(conn, filter)?;
    let label = labels::leading(filter);
    let types = serde_json::to_string(&filter.event_types).expect("texts always serialise");
    let each_type: Vec<String> = (0..filter.event_types.len()).map(type_name).collect();
    let mut params: Vec<(&str, &dyn ToSql)> = vec![
        (":workspace", &filter.workspace_seq),
        (":low", &low),
        (":high", &high),
        (":limit", &rows),
    ];
    if let Some(consumer_seq) = &filter.consumer_seq {
        params.push((":consumer", consumer_seq));
    }
    match filter.event_types.as_slice() {
        [] => {}
        [only] => params.push((":type", only)),
        several if label.is_none() => {
            let named = each_type.iter().zip(several);
            params.extend(named.map(|(name, one)| (name.as_str(), one as &dyn ToSql)));
        }
        _ => params.push((":types", &types)),
    }
    if let Some((kind, label)) = &label {
        params.extend([(":kind", kind as &dyn ToSql), (":label", label)]);
    }
    if let Some(channel) = filter.channel.as_ref().filter(|_| filter.tag.is_some()) {
        params.push((":channel", channel));
    }
    for (name, at) in [(":since", &filter.since), (":until", &filter.until)] {
        if let Some(at) = at {
            params.push((name, at));
        }
    }
    let mut statement = conn.prepare_cached(&statement(filter, columns))?;
    let mut rows = statement.query(params.as_slice())?;
    while let Some(row) = rows.next()? {
        if !each(row)? {
            break;
        }
    }
    Ok(start)
}

/// The rows between which the page lies, exclusive at both ends, and where it begins. Where the clock
/// went back there are rows of other times between them: each is looked at besides.
pub(super) fn bounds(conn: &Read<'_>, filter: &EventFilter) -> Result<(i64, i64, i64), StoreError> {
    let low = filter.since.map_or(Ok(0), |since| {
        setbacks::first_since(conn, DatedTable::Events, since).map(|seq| seq - 1)
    })?;
    let high = filter.until.map_or(Ok(i64::MAX), |until| {
        setbacks::end_until(conn, DatedTable::Events, until)
    })?;
    let cursor = filter.cursor.map(Cursor::seq);
    Ok(match filter.order {
        Order::Ascending => {
            let low = cursor.map_or(low, |cursor| cursor.max(low));
            (low, high, low)
        }
        Order::Descending => {
            let high = cursor.map_or(high, |cursor| cursor.min(high));
            (low, high, high)
        }
    })
}

/// The parameter for the type at `place`.
fn type_name(place: usize) -> String {
    format!(":type{place}")
}

/// As [`statement`], for several types at once: each is asked for as many rows as the page takes, by the
/// index that has its rows in order, so that nothing of other types is looked at.
fn statement_of_types(filter: &EventFilter, columns: EventColumns) -> String {
    let EventColumns { select, joins } = columns;
    let (index, owner) = match filter.consumer_seq {
        None => ("events_by_type", "workspace_seq = :workspace"),
        Some(_) => ("events_of_consumer_by_type", "consumer_seq = :consumer"),
    };
    let since = filter.since.map_or("", |_| "AND created_at >= :since");
    let until = filter.until.map_or("", |_| "AND created_at < :until");
    let direction = direction(filter.order);
    let of_type = |place| {
        let name = type_name(place);
        format!(
            "SELECT * FROM (
                 SELECT seq FROM events INDEXED BY {index}
                 WHERE {owner} AND kind = 0 AND type = {name}
                     {since}
                     {until}
                     AND seq > :low AND seq < :high
                 ORDER BY seq {direction}
                 LIMIT :limit)"
        )
    };
    let of_types: Vec<String> = (0..filter.event_types.len()).map(of_type).collect();
    format!(
        "{select}
         FROM events
         {joins}
         WHERE events.seq IN ({})
             AND +events.workspace_seq = :workspace
         ORDER BY events.seq {direction}
         LIMIT :limit",
        of_types.join(" UNION ALL ")
    )
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}

fn statement(filter: &EventFilter, columns: EventColumns) -> String {
    let is_labelled = labels::leading(filter).is_some();
    if filter.event_types.len() > 1 && !is_labelled {
        return statement_of_types(filter, columns);
    }
    let EventColumns { select, joins } = columns;
    let (from, owner) = match (is_labelled, filter.consumer_seq) {
        (false, None) => (
            "events",
            "events.workspace_seq = :workspace AND events.kind = 0",
        ),
        (false, Some(_)) if filter.event_types.len() == 1 => (
            "events INDEXED BY events_of_consumer_by_type",
            "events.consumer_seq = :consumer AND +events.workspace_seq = :workspace
             AND events.kind = 0",
        ),
        // The plus keeps the consumer's index in the lead.
        (false, Some(_)) => (
            "events",
            "events.consumer_seq = :consumer AND +events.workspace_seq = :workspace
             AND events.kind = 0",
        ),
        (true, None) => (
            "event_labels AS led CROSS JOIN events ON events.seq = led.event_seq",
            "led.workspace_seq = :workspace AND led.kind = :kind AND led.label = :label
             AND +events.kind = 0",
        ),
        (true, Some(_)) => (
            "event_labels AS led INDEXED BY event_labels_of_consumer
             CROSS JOIN events ON events.seq = led.event_seq",
            "led.consumer_seq = :consumer AND +led.workspace_seq = :workspace
             AND led.kind = :kind AND led.label = :label AND +events.kind = 0",
        ),
    };
    let seq = match is_labelled {
        true => "led.event_seq",
        false => "events.seq",
    };
    let by_type = match (filter.event_types.len(), is_labelled) {
        (0, _) => "",
        (1, false) => "AND events.type = :type",
        (1, true) => "AND +events.type = :type",
        (_, _) => "AND +events.type IN (SELECT value FROM json_each(:types))",
    };
    let by_channel = match (&filter.channel, &filter.tag) {
        (Some(_), Some(_)) => format!("AND {IN_CHANNEL}"),
        (Some(_) | None, _) => String::new(),
    };
    let since = filter
        .since
        .map_or("", |_| "AND events.created_at >= :since");
    let until = filter
        .until
        .map_or("", |_| "AND events.created_at < :until");
    let direction = direction(filter.order);
    format!(
        "{select}
         FROM {from}
         {joins}
         WHERE {owner}
             {by_type}
             {by_channel}
             {since}
             {until}
             AND {seq} > :low
             AND {seq} < :high
         ORDER BY {seq} {direction}
         LIMIT :limit"
    )
}
