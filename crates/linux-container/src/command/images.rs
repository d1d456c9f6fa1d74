//! `image …`.

use super::{inspected, print, quoted, show, show_list, warn};
use crate::cli::Matches;
use crate::error::{Context, Error, Outcome, Result};
use crate::image;
use crate::model::Image;
use crate::output;
use crate::parse::{platform, reference};
use crate::podman::Podman;
use crate::service_log;
use crate::store::Store;
use crate::world::World;

pub(super) fn list(world: &World, matches: &Matches) -> Outcome {
    let domain = &world.settings.registry.domain;
    let images = image::all(world)?;
    let name = |image: &Image| reference::short(&image.configuration.name, domain).to_owned();
    let digest = |image: &Image| {
        image
            .configuration
            .descriptor
            .digest
            .chars()
            .skip(7)
            .take(12)
            .collect::<String>()
    };
    if matches.has("verbose") {
        let header = [
            "NAME",
            "TAG",
            "INDEX DIGEST",
            "OS",
            "ARCH",
            "VARIANT",
            "FULL SIZE",
            "CREATED",
        ];
        return show_list(
            world,
            matches,
            &images,
            &header,
            |image| verbose(image, &name(image)),
            name,
        );
    }
    let row = |image: &Image| {
        let short = name(image);
        let (repository, tag) = reference::name_and_tag(&short);
        vec![repository.to_owned(), tag.to_owned(), digest(image)]
    };
    show_list(
        world,
        matches,
        &images,
        &["NAME", "TAG", "DIGEST"],
        row,
        name,
    )
}

fn verbose(image: &Image, name: &str) -> Vec<String> {
    let (repository, tag) = reference::name_and_tag(name);
    let variant = image.variants.first();
    let platform = variant.map(|v| &v.platform);
    vec![
        repository.to_owned(),
        tag.to_owned(),
        image.configuration.descriptor.digest.clone(),
        platform.map(|p| p.os.clone()).unwrap_or_default(),
        platform.map(|p| p.architecture.clone()).unwrap_or_default(),
        platform.and_then(|p| p.variant.clone()).unwrap_or_default(),
        output::size(variant.map_or(0, |v| v.size)),
        image.configuration.creation_date.clone(),
    ]
}

pub(super) fn inspect(world: &World, matches: &Matches) -> Result<()> {
    let all = image::all(world)?;
    let find = |name: &str| {
        let full = reference::normalise(name, &world.settings.registry.domain).ok()?;
        all.iter().find(|i| i.configuration.name == full).cloned()
    };
    show(world, &inspected(&matches.positional, find, "image")?)
}

pub(super) fn tag(world: &World, matches: &Matches) -> Result<()> {
    let target = image::tag(world, &matches.positional[0], &matches.positional[1])?;
    print(&target);
    Ok(())
}

pub(super) fn load(world: &World, matches: &Matches) -> Result<()> {
    let input = matches.value("input");
    if let Some(path) = input
        && !std::path::Path::new(path).exists()
    {
        return Err(Error::not_found(format!(
            "file does not exist: [\"path\": {path}]"
        )));
    }
    for reference in image::load(world, input)? {
        service_log::note(world, &format!("image {reference}: loaded"));
        print(&reference);
    }
    Ok(())
}

pub(super) fn save(world: &World, matches: &Matches) -> Result<()> {
    let asked = platform::asked(matches)?;
    let mut missing = false;
    for name in &matches.positional {
        if let Err(error) = image::find(world, name) {
            warn(&format!(
                "failed to get image for reference {name}: {error}"
            ));
            missing = true;
        }
    }
    if missing {
        return Err(Error::internal("failed to save image(s)"));
    }
    let output = matches.value("output");
    let references = image::save(world, &matches.positional, asked.as_ref(), output)?;
    if output.is_some() {
        for reference in &references {
            print(reference);
        }
    }
    Ok(())
}

pub(super) fn delete(world: &World, matches: &Matches) -> Outcome {
    let names: Vec<String> = match (matches.positional.is_empty(), matches.has("all")) {
        (true, false) => {
            return Err(matches.usage("no image specified and --all not supplied"));
        }
        (false, true) => {
            return Err(matches.usage("explicitly supplied images conflict with the --all flag"));
        }
        (true, true) => image::all(world)?
            .into_iter()
            .map(|i| i.configuration.name)
            .collect(),
        (false, false) => matches.positional.clone(),
    };
    let mut failed = Vec::new();
    for name in names {
        let full = reference::normalise(&name, &world.settings.registry.domain)?;
        let known = Store::new(world).image(&full)?.is_some();
        if !known && matches.has("force") {
            continue;
        }
        match image::remove(world, &full) {
            Ok(()) => print(&full),
            Err(error) => {
                warn(&format!("failed to delete image {name}: {error}"));
                failed.push(name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::internal(format!(
        "failed to delete one or more images: {}",
        quoted(&failed)
    ))
    .into())
}

pub(super) fn prune(world: &World, matches: &Matches) -> Result<()> {
    image::clear_remains(world)?;
    let store = Store::new(world);
    let size = || -> Result<u64> {
        let images = store.images()?;
        Ok(store
            .sizes()?
            .union(images.iter().map(|i| i.layer.as_str())))
    };
    let before = size()?;
    if matches.has("all") {
        for stored in store.images()? {
            if store.image_in_use(&stored.id)? {
                continue;
            }
            for name in stored.names.iter().flatten() {
                Podman::new(world).run(["untag", &stored.id, name])?;
                print(&format!("untagged {name}"));
            }
        }
    }
    for digest in image::remove_dangling(world)? {
        print(&format!("deleted {digest}"));
    }
    let freed = before.saturating_sub(size()?);
    warn(&format!("Reclaimed {} in disk space", output::size(freed)));
    Ok(())
}

pub(super) fn pull(world: &World, matches: &Matches) -> Outcome {
    matches.choice("progress", &["auto", "none", "ansi", "plain", "color"])?;
    let scheme = matches.choice("scheme", &["http", "https"])?;
    let full = reference::normalise(&matches.positional[0], &world.settings.registry.domain)?;
    let asked = platform::asked(matches)?;
    Ok(image::pull(world, &full, asked.as_ref(), scheme)?)
}

pub(super) fn push(world: &World, matches: &Matches) -> Result<()> {
    let (full, _) = image::find(world, &matches.positional[0])?;
    let mut args = vec!["push", "--quiet"];
    if matches.value("scheme") == Some("http") {
        args.push("--tls-verify=false");
    }
    args.push(&full);
    Podman::new(world)
        .run(args)
        .context(|| format!("failed to push {full}"))?;
    print(&full);
    Ok(())
}
