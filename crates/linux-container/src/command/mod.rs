//! The commands: each reads its flags, calls the domain and prints.

mod build;
mod builder;
mod containers;
mod exec;
mod images;
mod networks;
mod observe;
mod registry;
mod run;
mod system;
mod transfer;
mod volumes;

use std::io::Write;
use std::num::NonZeroU32;

use serde::Serialize;

use crate::cli::Matches;
use crate::error::{Error, Exit, Outcome, Result};
use crate::output::{self, Format, Layout};
use crate::service_log;
use crate::world::World;

/// Runs a parsed command.
pub(crate) fn run(world: &World, matches: &Matches) -> Outcome {
    let outcome = dispatch(world, matches);
    if let Err(Exit::Failed(error)) = &outcome
        // Without its service there is nobody who keeps a log.
        && world.service().is_some()
    {
        service_log::note_failure(world, matches, error);
    }
    outcome
}

fn dispatch(world: &World, matches: &Matches) -> Outcome {
    let command = matches.command();
    // Checked for all commands that have it: podman decides by itself how many it takes at once.
    matches.number::<NonZeroU32>("max-concurrent-downloads")?;
    match command {
        "system start" => return system::start(world, matches),
        "system stop" => return Ok(system::stop(world)?),
        "system status" => return system::status(world, matches),
        "system version" => return system::version(world, matches),
        "system logs" => return system::logs(world, matches),
        _ => world.require_service(command)?,
    }
    match command {
        "run" => run::run(world, matches),
        "create" => run::create(world, matches),
        "start" => containers::start(world, matches),
        "stop" => containers::stop(world, matches),
        "kill" => containers::kill(world, matches),
        "delete" => containers::delete(world, matches),
        "prune" => Ok(containers::prune(world)?),
        "list" => containers::list(world, matches),
        "inspect" => Ok(containers::inspect(world, matches)?),
        "exec" => exec::exec(world, matches),
        "logs" => observe::logs(world, matches),
        "stats" => observe::stats(world, matches),
        "clean" => Ok(containers::clean(world, matches)?),
        "copy" => Ok(transfer::copy(world, matches)?),
        "export" => Ok(transfer::export(world, matches)?),
        "build" => build::build(world, matches),
        "image delete" => images::delete(world, matches),
        "image inspect" => Ok(images::inspect(world, matches)?),
        "image list" => images::list(world, matches),
        "image load" => Ok(images::load(world, matches)?),
        "image prune" => Ok(images::prune(world, matches)?),
        "image pull" => images::pull(world, matches),
        "image push" => Ok(images::push(world, matches)?),
        "image save" => Ok(images::save(world, matches)?),
        "image tag" => Ok(images::tag(world, matches)?),
        "volume create" => Ok(volumes::create(world, matches)?),
        "volume delete" => volumes::delete(world, matches),
        "volume inspect" => Ok(volumes::inspect(world, matches)?),
        "volume list" => volumes::list(world, matches),
        "volume prune" => Ok(volumes::prune(world)?),
        "network create" => networks::create(world, matches),
        "network delete" => networks::delete(world, matches),
        "network inspect" => Ok(networks::inspect(world, matches)?),
        "network list" => networks::list(world, matches),
        "network prune" => Ok(networks::prune(world)?),
        "builder start" => builder::start(world, matches),
        "builder stop" => {
            builder::stop(world);
            Ok(())
        }
        "builder status" => builder::status(world, matches),
        "builder delete" => Ok(builder::delete(world, matches)?),
        "registry login" => registry::login(world, matches),
        "registry logout" => Ok(registry::logout(world, matches)?),
        "registry list" => registry::list(world, matches),
        "system df" => system::df(world, matches),
        "system kernel set" => Ok(system::kernel_set(world, matches)?),
        "system property list" => system::properties(world, matches),
        other => Err(Error::internal(format!("no such command: {other}")).into()),
    }
}

/// There are no plugins here. Apple's tool looks for them where its services tell it to.
pub(crate) fn no_plugin(world: &World, name: &str) -> Exit {
    let message = if world.service().is_some() {
        format!("Plugin 'container-{name}' not found.")
    } else {
        "Plugins are unavailable. Start the container system services and retry:\n\n    \
         container system start"
            .to_owned()
    };
    Exit::Usage {
        message,
        usage: String::new(),
    }
}

/// Writes a text and a newline on stdout. A reader that went away is no failure.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A warning or a log line on stderr.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The end of a call with the status of a process in a container.
fn ended(status: u8) -> Outcome {
    match status {
        0 => Ok(()),
        status => Err(Exit::Status(status)),
    }
}

/// The value of `--format`.
fn format(matches: &Matches) -> Result<Format, Exit> {
    let name = matches.choice("format", &Format::NAMES)?;
    Ok(name.and_then(Format::parse).unwrap_or(Format::Table))
}

/// Prints a list in the format asked for; `-q` prints one name a line and nothing for none.
fn show_list<T: Serialize>(
    world: &World,
    matches: &Matches,
    items: &[T],
    header: &[&str],
    row: impl Fn(&T) -> Vec<String>,
    name: impl Fn(&T) -> String,
) -> Outcome {
    let format = format(matches)?;
    if matches.has("quiet") {
        for item in items {
            print(&name(item));
        }
        return Ok(());
    }
    if format == Format::Table {
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        print(&output::table(header, &rows));
    } else {
        print(&output::render(
            &items,
            format,
            Layout::Compact,
            world.version,
        )?);
    }
    Ok(())
}

/// Prints an `inspect`: pretty JSON.
fn show(world: &World, value: &impl Serialize) -> Result<()> {
    print(&output::render(
        value,
        Format::Json,
        Layout::Pretty,
        world.version,
    )?);
    Ok(())
}

/// Items by name for an `inspect`: duplicates collapsed, nothing shown when one is unknown.
fn inspected<T>(
    names: &[String],
    find: impl Fn(&str) -> Option<T>,
    unknown: &str,
) -> Result<Vec<T>> {
    let names: std::collections::BTreeSet<&String> = names.iter().collect();
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        match find(name) {
            Some(item) => found.push(item),
            None => missing.push(name.as_str()),
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(Error::not_found(format!(
            "{unknown} not found: {}",
            missing.join(", ")
        )))
    }
}

/// Labels and options as maps.
fn map(values: &[String]) -> Result<std::collections::BTreeMap<String, String>> {
    values
        .iter()
        .map(|text| crate::parse::name::label(text))
        .collect()
}

/// Names in quotes and brackets, as in Apple's texts.
fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// The ids of a command over several: given ones, or with `--all` those of `all`.
fn several(
    matches: &Matches,
    noun: &str,
    all: impl FnOnce() -> Result<Vec<String>>,
) -> Result<Vec<String>, Exit> {
    let given = &matches.positional;
    match (given.is_empty(), matches.has("all")) {
        (true, false) => Err(matches.usage(format!("no {noun}s specified and --all not supplied"))),
        (false, true) => Err(matches.usage(format!(
            "explicitly supplied {noun} IDs conflict with the --all flag"
        ))),
        (true, true) => Ok(all()?),
        (false, false) => {
            let mut unique: Vec<String> = Vec::new();
            for id in given {
                if !unique.contains(id) {
                    unique.push(id.clone());
                }
            }
            Ok(unique)
        }
    }
}

/// Does something for each id at the same time and prints those that worked.
fn for_each(ids: &[String], work: impl Fn(&str) -> Result<()> + Sync) -> Outcome {
    let work = &work;
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let threads: Vec<_> = ids.iter().map(|id| scope.spawn(move || work(id))).collect();
        threads
            .into_iter()
            .map(|t| {
                t.join()
                    .unwrap_or_else(|_| Err(Error::internal("a thread panicked")))
            })
            .collect()
    });
    let mut errors = Vec::new();
    for (id, result) in ids.iter().zip(results) {
        match result {
            Ok(()) => print(id),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::several(&errors).into())
    }
}
