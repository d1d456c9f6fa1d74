//! Rows of events, repeats folded.

use std::cmp::Reverse;
use std::collections::HashMap;

use k8s_openapi::api::core::v1::Event;

use super::rows::EventRow;
use super::scene::{count, created, millis, uid};
use super::world::World;

/// The newest events that are shown.
const SHOWN: usize = 500;

/// Events that say the same of the same object.
struct Folded<'a> {
    newest: &'a Event,
    last: i64,
    count: u32,
}

/// Rows of the newest events, the newest first.
pub(super) fn rows(world: &World) -> Vec<EventRow> {
    type Key<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);
    let mut folded: HashMap<Key<'_>, Folded<'_>> = HashMap::with_capacity(world.events.len());
    for event in world.events.iter() {
        let object = &event.involved_object;
        let key = (
            object.kind.as_deref().unwrap_or_default(),
            object.namespace.as_deref().unwrap_or_default(),
            object.name.as_deref().unwrap_or_default(),
            event.reason.as_deref().unwrap_or_default(),
            event.message.as_deref().unwrap_or_default(),
        );
        let last = last(event);
        let fold = folded.entry(key).or_insert(Folded {
            newest: event,
            last,
            count: 0,
        });
        fold.count = fold.count.saturating_add(times(event));
        // Of two with one time the uid decides, so that a row keeps its identity.
        if (last, uid(&event.metadata)) > (fold.last, uid(&fold.newest.metadata)) {
            (fold.newest, fold.last) = (event, last);
        }
    }
    let mut folded: Vec<Folded<'_>> = folded.into_values().collect();
    folded.sort_unstable_by_key(|fold| (Reverse(fold.last), uid(&fold.newest.metadata)));
    folded.truncate(SHOWN);
    folded.iter().map(row).collect()
}

fn row(fold: &Folded<'_>) -> EventRow {
    let event = fold.newest;
    let object = &event.involved_object;
    let kind = object.kind.as_deref().unwrap_or("Object");
    EventRow {
        uid: uid(&event.metadata).to_owned(),
        warning: is_warning(event),
        namespace: object
            .namespace
            .clone()
            .filter(|namespace| !namespace.is_empty()),
        object: format!("{kind}/{}", object.name.as_deref().unwrap_or_default()),
        reason: event.reason.clone().unwrap_or_default(),
        message: event
            .message
            .as_deref()
            .unwrap_or_default()
            .trim()
            .to_owned(),
        count: fold.count,
        last: fold.last,
    }
}

/// The newest warning about each object, by the object's uid.
pub(super) fn newest_warnings(world: &World) -> HashMap<&str, &Event> {
    let mut newest: HashMap<&str, &Event> = HashMap::new();
    for event in world.events.iter().filter(|event| is_warning(event)) {
        let Some(object) = event.involved_object.uid.as_deref() else {
            continue;
        };
        let known = newest.entry(object).or_insert(event);
        if last(known) < last(event) {
            *known = event;
        }
    }
    newest
}

fn is_warning(event: &Event) -> bool {
    event.type_.as_deref() == Some("Warning")
}

/// How often it happened; an event of the newer form counts in a series.
fn times(event: &Event) -> u32 {
    let series = event.series.as_ref().and_then(|series| series.count);
    count(series.or(event.count)).max(1)
}

/// When it happened last.
fn last(event: &Event) -> i64 {
    let series = event
        .series
        .as_ref()
        .and_then(|series| series.last_observed_time.as_ref());
    series
        .or(event
            .event_time
            .as_ref()
            .filter(|_| event.last_timestamp.is_none()))
        .map(|time| time.0.as_millisecond())
        .or_else(|| millis(event.last_timestamp.as_ref()))
        .unwrap_or_else(|| created(&event.metadata))
}
