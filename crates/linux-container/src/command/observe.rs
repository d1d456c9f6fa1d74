//! `logs` and `stats`.

use std::io::Write;
use std::time::Duration;

use super::{format, print};
use crate::cli::Matches;
use crate::container::{self, Container};
use crate::error::{Error, Outcome, Result};
use crate::logs::{self, Form, Log, Until};
use crate::model::Stats;
use crate::monitor::Monitor;
use crate::output::{self, Format, Layout};
use crate::process;
use crate::usage;
use crate::world::World;

pub(super) fn logs(world: &World, matches: &Matches) -> Outcome {
    let id = &matches.positional[0];
    let lines: Option<usize> = matches.number("n")?;
    let container = Container::find(world, id)?
        .ok_or_else(|| Error::not_found(format!("container with ID {id} not found")))
        .map_err(|cause| {
            let text = format!("failed to get logs for container {id}");
            cause.wrapped(crate::error::Code::Internal, text)
        })?;
    let boot = matches.has("boot");
    let path = if boot {
        container::boot_log(world, id)
    } else {
        container::log_file(world, id)
    };
    let never = container.snapshot(world).status.started_date.is_none();
    if never && !container.is_running() {
        let cause = Error::internal(format!(
            "failed to open container logs: no such file: {}",
            path.display()
        ));
        let text = format!("failed to get logs for container {id}");
        return Err(cause.wrapped(crate::error::Code::Internal, text).into());
    }
    let form = if boot { Form::Plain } else { Form::Monitor };
    let log = Log::read(&path, form)?;
    let text = lines.map_or(log.text.as_slice(), |lines| logs::tail(&log.text, lines));
    if std::str::from_utf8(text).is_err() {
        return Err(Error::internal("failed to convert container logs to utf8").into());
    }
    let mut out = std::io::stdout();
    let _ = out.write_all(text).and_then(|()| out.flush());
    if matches.has("follow") {
        let monitor = Monitor::find(world, &container.stored.id);
        let until = Until::End(container.init.as_ref(), monitor);
        logs::follow(&path, log.end, form, &until, &mut out)?;
    }
    Ok(())
}

pub(super) fn stats(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let ids = &matches.positional;
    let select = || -> Result<Vec<Container>> {
        let all = Container::all(world)?;
        if let Some(unknown) = ids.iter().find(|id| !all.iter().any(|c| c.id() == **id)) {
            return Err(Error::not_found(format!("no such container: {unknown}")));
        }
        let wanted =
            |c: &Container| c.is_running() && (ids.is_empty() || ids.contains(&c.id().to_owned()));
        Ok(all.into_iter().filter(wanted).collect())
    };
    if format != Format::Table {
        let containers = select()?;
        let _ = sample(&containers);
        let second = after(SAMPLING, &containers);
        print(&output::render(
            &second,
            format,
            Layout::Compact,
            world.version,
        )?);
        return Ok(());
    }
    let stream = !matches.has("no-stream");
    loop {
        let containers = select()?;
        let first = sample(&containers);
        let second = after(SAMPLING, &containers);
        if stream {
            // Clear the screen, as a display that refreshes itself does.
            print("\u{1b}[H\u{1b}[2J");
        }
        print(&table(&first, &second));
        if !stream {
            return Ok(());
        }
    }
}

/// Time between two samples.
const SAMPLING: Duration = Duration::from_secs(2);

fn sample(containers: &[Container]) -> Vec<Stats> {
    containers
        .iter()
        .filter_map(|c| usage::stats(c.id(), c.init.as_ref()?.pid))
        .collect()
}

/// Samples again after a time, or as soon as the only container ends.
fn after(time: Duration, containers: &[Container]) -> Vec<Stats> {
    match containers {
        [one] if one.init.is_some() => {
            if let Some(init) = &one.init {
                process::wait(init.handle(), Some(time));
            }
        }
        _ => std::thread::sleep(time),
    }
    sample(containers)
}

fn table(first: &[Stats], second: &[Stats]) -> String {
    let header = [
        "Container ID",
        "Cpu %",
        "Memory Usage",
        "Net Rx/Tx",
        "Block I/O",
        "Pids",
    ];
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "--".to_owned(), binary);
    let rows: Vec<Vec<String>> = second
        .iter()
        .map(|now| {
            let before = first
                .iter()
                .find(|s| s.id == now.id)
                .and_then(|s| s.cpu_usage_usec);
            vec![
                now.id.clone(),
                percent(before, now.cpu_usage_usec),
                format!(
                    "{} / {}",
                    size(now.memory_usage_bytes),
                    size(now.memory_limit_bytes)
                ),
                format!(
                    "{} / {}",
                    size(now.network_rx_bytes),
                    size(now.network_tx_bytes)
                ),
                format!(
                    "{} / {}",
                    size(now.block_read_bytes),
                    size(now.block_write_bytes)
                ),
                now.num_processes
                    .map_or_else(|| "--".to_owned(), |n| n.to_string()),
            ]
        })
        .collect();
    output::table(&header, &rows)
}

/// Per cent of one processor between two samples.
fn percent(before: Option<u64>, now: Option<u64>) -> String {
    let (Some(before), Some(now)) = (before, now) else {
        return "--".into();
    };
    // Two digits are shown: precision loss of the conversion is invisible.
    #[allow(clippy::cast_precision_loss)]
    let share = now.saturating_sub(before) as f64 / SAMPLING.as_micros() as f64;
    format!("{:.2}%", share * 100.0)
}

fn binary(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    // As above.
    #[allow(clippy::cast_precision_loss)]
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.2} {}", UNITS[unit])
}
