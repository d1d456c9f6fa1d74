//! The services' own log.

use std::io::Write;

use crate::cli::Matches;
use crate::container;
use crate::error::Outcome;
use crate::logs::{self, Form, Log, Until};
use crate::service_log;
use crate::world::World;

pub(in crate::command) fn logs(world: &World, matches: &Matches) -> Outcome {
    let last = matches.value("last").unwrap_or("5m");
    let since = period(last).ok_or_else(|| matches.bad_value("last", last))?;
    let from = jiff::Timestamp::now() - since;
    let path = world.log();
    let follow = matches.has("follow");
    if follow {
        // Of services that were never started: there is nothing yet, but there may be.
        container::touch(&path)?;
    } else if !path.exists() {
        return Ok(());
    }
    let earlier = service_log::earlier(world);
    let earlier = Log::read(&earlier, Form::Plain).map_or_else(|_| Vec::new(), |log| log.text);
    let log = Log::read(&path, Form::Plain)?;
    let text = [earlier.as_slice(), &log.text].concat();
    let mut out = std::io::stdout();
    for line in String::from_utf8_lossy(&text).lines() {
        let time = line
            .split(' ')
            .next()
            .and_then(|t| t.parse::<jiff::Timestamp>().ok());
        if time.is_some_and(|time| time >= from) {
            let _ = writeln!(out, "{line}");
        }
    }
    if follow {
        logs::follow(&path, log.end, Form::Plain, &Until::Killed, &mut out)?;
    }
    Ok(())
}

fn period(text: &str) -> Option<jiff::SignedDuration> {
    let amount: i64 = text.get(..text.len().checked_sub(1)?)?.parse().ok()?;
    match text.chars().last()? {
        'm' => Some(jiff::SignedDuration::from_mins(amount)),
        'h' => Some(jiff::SignedDuration::from_hours(amount)),
        'd' => Some(jiff::SignedDuration::from_hours(amount.checked_mul(24)?)),
        _ => None,
    }
}
