//! `builder …`.

use super::{print, show_list};
use crate::builder::{self, Size};
use crate::cli::Matches;
use crate::error::{Exit, Outcome, Result};
use crate::model::{Dns, Snapshot, State};
use crate::output::Format;
use crate::parse::size;
use crate::world::World;

/// What `-c` and `-m` ask for, else the settings.
pub(super) fn asked(world: &World, matches: &Matches) -> Result<Size, Exit> {
    let cpus: Option<u32> = matches.number("cpus")?;
    let memory = matches.value("memory");
    Ok(Size {
        cpus: cpus.unwrap_or(world.settings.build.cpus),
        memory: size::memory(memory.unwrap_or(&world.settings.build.memory))?,
    })
}

pub(super) fn start(world: &World, matches: &Matches) -> Outcome {
    let dns = Dns {
        domain: matches.value("dns-domain").map(str::to_owned),
        nameservers: matches.all("dns").to_vec(),
        options: matches.all("dns-option").to_vec(),
        search_domains: matches.all("dns-search").to_vec(),
    };
    Ok(builder::start(world, &asked(world, matches)?, dns)?)
}

pub(super) fn status(world: &World, matches: &Matches) -> Outcome {
    let builder = builder::find(world);
    let table = super::format(matches)? == Format::Table;
    let quiet = matches.has("quiet");
    let running = builder
        .as_ref()
        .is_some_and(|builder| builder.status.state == State::Running);
    if table && quiet && !running {
        return Ok(());
    }
    if table && builder.is_none() {
        print("builder is not running");
        return Ok(());
    }
    let row = |builder: &Snapshot| {
        let resources = &builder.configuration.resources;
        vec![
            builder.id.clone(),
            builder.configuration.image.reference.clone(),
            builder.status.state.word().to_owned(),
            String::new(),
            resources.cpus.to_string(),
            format!("{} MB", resources.memory_in_bytes >> 20),
        ]
    };
    show_list(
        world,
        matches,
        &Vec::from_iter(builder),
        &["ID", "IMAGE", "STATE", "IP", "CPUS", "MEMORY"],
        row,
        |builder| builder.id.clone(),
    )
}

pub(super) fn stop(world: &World) {
    if !builder::stop(world) {
        print("builder is not running");
    }
}

pub(super) fn delete(world: &World, matches: &Matches) -> Result<()> {
    let running =
        builder::find(world).is_some_and(|builder| builder.status.state == State::Running);
    if running && !matches.has("force") {
        return Err(builder::is_running());
    }
    builder::delete(world)
}
