//! `volume …`.

use super::{inspected, map, print, show, show_list, warn};
use crate::cli::Matches;
use crate::error::{Error, Outcome, Result};
use crate::model::Volume;
use crate::output;
use crate::parse::size;
use crate::volume;
use crate::world::World;

pub(super) fn create(world: &World, matches: &Matches) -> Result<()> {
    let name = &matches.positional[0];
    let mut options = map(matches.all("opt"))?;
    if let Some(size) = matches.value("size") {
        options.insert("size".into(), size.to_owned());
    }
    let capacity = match options.get("size") {
        Some(text) => Some(
            size::bytes(text)
                .ok_or_else(|| Error::invalid(format!("invalid volume size: {text}")))?,
        ),
        None => None,
    };
    volume::create(world, name, map(matches.all("label"))?, options, capacity)?;
    print(name);
    Ok(())
}

pub(super) fn delete(world: &World, matches: &Matches) -> Outcome {
    let names: Vec<String> = match (matches.positional.is_empty(), matches.has("all")) {
        (true, false) => {
            return Err(matches.usage("no volumes specified and --all not supplied"));
        }
        (false, true) => {
            return Err(
                matches.usage("explicitly supplied volume names conflict with the --all flag")
            );
        }
        (true, true) => volume::all(world).into_iter().map(|v| v.id).collect(),
        (false, false) => matches.positional.clone(),
    };
    super::for_each(&names, |name| volume::remove(world, name))
}

pub(super) fn list(world: &World, matches: &Matches) -> Outcome {
    let row = |v: &Volume| {
        let options: Vec<String> = v
            .configuration
            .options
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        vec![
            v.id.clone(),
            "named".to_owned(),
            v.configuration.driver.clone(),
            options.join(","),
        ]
    };
    let header = ["NAME", "TYPE", "DRIVER", "OPTIONS"];
    show_list(world, matches, &volume::all(world), &header, row, |v| {
        v.id.clone()
    })
}

pub(super) fn inspect(world: &World, matches: &Matches) -> Result<()> {
    let find = |name: &str| volume::find(world, name);
    show(world, &inspected(&matches.positional, find, "volume")?)
}

pub(super) fn prune(world: &World) -> Result<()> {
    let mut freed = 0;
    for one in volume::all(world) {
        if volume::users(world, &one.id)?.is_empty() {
            freed += super::system::folder_size(&volume::folder(world, &one.id));
            volume::remove(world, &one.id)?;
            print(&one.id);
        }
    }
    warn(&format!("Reclaimed {} in disk space", output::size(freed)));
    Ok(())
}
