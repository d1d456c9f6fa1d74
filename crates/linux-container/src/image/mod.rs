//! Images: read from podman's storage, changed by podman.

mod archive;
mod remains;

pub(crate) use archive::{load, save};
pub(crate) use remains::clear as clear_remains;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::lock::Lock;
use crate::model::{Descriptor, Image, ImageConfiguration, Platform, Variant};
use crate::parse::{platform, reference};
use crate::podman::Podman;
use crate::service_log;
use crate::store::{LayerSizes, Store, StoredImage};
use crate::world::World;

/// What a container takes from its image.
pub(crate) struct Resolved {
    pub(crate) reference: String,
    pub(crate) descriptor: Descriptor,
    pub(crate) platform: Platform,
    pub(crate) config: ImageConfig,
}

/// The part of an image's configuration that says how to run it.
#[derive(Default)]
pub(crate) struct ImageConfig {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) cmd: Vec<String>,
    env: Vec<String>,
    /// Present even when empty.
    pub(crate) user: Option<String>,
    working_dir: String,
    pub(crate) stop_signal: Option<String>,
}

impl ImageConfig {
    fn read(config: &Value) -> Self {
        let config = &config["config"];
        let list = |key: &str| -> Vec<String> {
            let items = config[key].as_array().into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let text = |key: &str| config[key].as_str().map(str::to_owned);
        Self {
            entrypoint: list("Entrypoint"),
            cmd: list("Cmd"),
            env: list("Env"),
            user: text("User"),
            working_dir: text("WorkingDir").unwrap_or_default(),
            stop_signal: text("StopSignal").filter(|s| !s.is_empty()),
        }
    }

    /// Variables of the image, with a search path when it has none.
    pub(crate) fn environment(&self) -> Vec<String> {
        const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        if self.env.iter().any(|v| v.starts_with("PATH=")) {
            return self.env.clone();
        }
        std::iter::once(PATH.to_owned())
            .chain(self.env.iter().cloned())
            .collect()
    }

    pub(crate) fn working_directory(&self) -> String {
        if self.working_dir.is_empty() {
            "/".into()
        } else {
            self.working_dir.clone()
        }
    }
}

/// The image of a new container, pulled when it is not there.
pub(crate) fn for_container(
    world: &World,
    name: &str,
    asked: Option<&Platform>,
    scheme: Option<&str>,
) -> Result<Resolved> {
    let full = reference::normalise(name, &world.settings.registry.domain)?;
    let store = Store::new(world);
    let image = if let Some(image) = store.image(&full)? {
        image
    } else {
        pull(world, &full, asked, scheme)?;
        store.image(&full)?.ok_or_else(|| unknown(&full))?
    };
    let config = store.image_config(&image)?;
    let platform = platform_of(&config);
    let wanted = asked.cloned().unwrap_or_else(platform::host);
    if platform.architecture != wanted.architecture || platform.os != wanted.os {
        return Err(no_content(&full, &wanted, &platform));
    }
    Ok(Resolved {
        descriptor: store.descriptor(&image)?,
        config: ImageConfig::read(&config),
        reference: full,
        platform,
    })
}

fn no_content(full: &str, wanted: &Platform, there: &Platform) -> Error {
    Error::not_found(format!(
        "image {full} has no content for platform {}; available platforms: {}",
        platform::text(wanted),
        platform::text(there)
    ))
}

/// The error of a reference that is not stored.
pub(crate) fn unknown(full: &str) -> Error {
    Error::not_found(format!("image with reference {full}"))
}

fn platform_of(config: &Value) -> Platform {
    let text = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
    Platform {
        architecture: text("architecture"),
        os: text("os"),
        variant: config["variant"]
            .as_str()
            .filter(|v| !v.is_empty())
            .map(str::to_owned),
    }
}

/// Fetches an image from its registry; `scheme` is `http` or `https`.
pub(crate) fn pull(
    world: &World,
    full: &str,
    asked: Option<&Platform>,
    scheme: Option<&str>,
) -> Result<()> {
    let mut args = vec!["pull".to_owned(), "--quiet".to_owned()];
    if scheme == Some("http") {
        args.push("--tls-verify=false".to_owned());
    }
    if let Some(asked) = asked {
        args.extend(["--platform".to_owned(), platform::text(asked)]);
    }
    args.push(full.to_owned());
    let _work = Lock::images(world)?;
    Podman::new(world).run(args)?;
    service_log::note(world, &format!("image {full}: pulled"));
    Ok(())
}

/// All images that have a name, by name.
pub(crate) fn all(world: &World) -> Result<Vec<Image>> {
    let store = Store::new(world);
    let sizes = store.sizes()?;
    let mut all = Vec::new();
    for stored in store.images()? {
        for name in stored.names.iter().flatten() {
            match element(&store, &sizes, &stored, name) {
                Ok(image) => all.push(image),
                Err(error) if store.images()?.iter().any(|one| one.id == stored.id) => {
                    return Err(error);
                }
                // It was removed since the list was read.
                Err(_) => {}
            }
        }
    }
    all.sort_by(|a, b| a.configuration.name.cmp(&b.configuration.name));
    Ok(all)
}

fn element(store: &Store, sizes: &LayerSizes, stored: &StoredImage, name: &str) -> Result<Image> {
    let config = store.image_config(stored)?;
    let descriptor = store.descriptor(stored)?;
    let created = stored.created.as_deref().and_then(|text| text.parse().ok());
    Ok(Image {
        id: descriptor.digest.trim_start_matches("sha256:").to_owned(),
        variants: vec![Variant {
            digest: descriptor.digest.clone(),
            platform: platform_of(&config),
            size: sizes.of(&stored.layer),
            config,
        }],
        configuration: ImageConfiguration {
            creation_date: created.map(crate::model::date).unwrap_or_default(),
            descriptor,
            name: name.to_owned(),
        },
    })
}

/// The stored image of a name as a user writes it.
pub(crate) fn find(world: &World, name: &str) -> Result<(String, StoredImage)> {
    let full = reference::normalise(name, &world.settings.registry.domain)?;
    let image = Store::new(world)
        .image(&full)?
        .ok_or_else(|| unknown(&full))?;
    Ok((full, image))
}

/// Gives an image one more name.
pub(crate) fn tag(world: &World, source: &str, target: &str) -> Result<String> {
    let (_, image) = find(world, source)?;
    let target = reference::normalise(target, &world.settings.registry.domain)?;
    Podman::new(world).run(["tag", &image.id, &target])?;
    Ok(target)
}

/// Takes a name away, and the content with the last name. Containers keep the content they use.
pub(crate) fn remove(world: &World, full: &str) -> Result<()> {
    let store = Store::new(world);
    let image = store.image(full)?.ok_or_else(|| unknown(full))?;
    let podman = Podman::new(world);
    let last = image.names.iter().flatten().count() <= 1;
    if !last || store.image_in_use(&image.id)? {
        podman.run(["untag", &image.id, full])?;
    } else {
        podman.run(["rmi", &image.id])?;
    }
    service_log::note(world, &format!("image {full}: deleted"));
    Ok(())
}

/// Images without a name that no container uses, removed; their digests.
pub(crate) fn remove_dangling(world: &World) -> Result<Vec<String>> {
    let before = Store::new(world).images()?;
    Podman::new(world).run(["image", "prune", "--force"])?;
    let after: Vec<String> = Store::new(world)
        .images()?
        .into_iter()
        .map(|i| i.id)
        .collect();
    Ok(before
        .into_iter()
        .filter(|image| !after.contains(&image.id))
        .map(|image| {
            image
                .digest
                .unwrap_or_else(|| format!("sha256:{}", image.id))
        })
        .collect())
}
