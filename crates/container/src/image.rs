//! Images: look, move, build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use tokio::sync::mpsc;

use crate::args::Args;
use crate::classify::classify;
use crate::client::{Container, Sink};
use crate::error::{Error, Result};
use crate::info::Platform;
use crate::json::or_default;
use crate::run_spec::check_reference;

const LOOK: Duration = Duration::from_mins(1);
const MOVE: Duration = Duration::from_mins(30);
const DELETE: Duration = Duration::from_mins(5);
const BUILD: Duration = Duration::from_hours(3);
/// Lines of progress that may wait for a slow receiver.
const LINES_WAITING: usize = 64;

/// A stored image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// Normalised reference, such as `docker.io/library/alpine:latest`.
    pub name: String,
    /// Digest. It is not kept across save and load.
    pub digest: String,
    /// What it holds per platform; attestations are left out.
    pub variants: Vec<ImageVariant>,
}

impl ImageInfo {
    /// The variant for an operating system and architecture, such as `linux/arm64`.
    pub fn variant(&self, platform: &str) -> Option<&ImageVariant> {
        let mut words = platform.split('/');
        let (os, architecture) = (words.next()?, words.next()?);
        self.variants
            .iter()
            .find(|v| v.platform.os == os && v.platform.architecture == architecture)
    }
}

/// An image for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageVariant {
    /// Platform.
    pub platform: Platform,
    /// Digest of its manifest.
    pub digest: String,
    /// Compressed size in bytes.
    pub size: u64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Entry point.
    pub entrypoint: Vec<String>,
    /// Environment, as `KEY=value`.
    pub env: Vec<String>,
}

#[derive(Deserialize)]
struct RawImage {
    #[serde(default, deserialize_with = "or_default")]
    configuration: RawConfiguration,
    #[serde(default, deserialize_with = "or_default")]
    reference: String,
    #[serde(default, deserialize_with = "or_default")]
    descriptor: RawDescriptor,
    #[serde(default, deserialize_with = "or_default")]
    variants: Vec<RawVariant>,
}

#[derive(Default, Deserialize)]
struct RawConfiguration {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    descriptor: RawDescriptor,
}

#[derive(Default, Deserialize)]
struct RawDescriptor {
    #[serde(default, deserialize_with = "or_default")]
    digest: String,
}

#[derive(Deserialize)]
struct RawVariant {
    #[serde(default, deserialize_with = "or_default")]
    platform: Platform,
    #[serde(default, deserialize_with = "or_default")]
    digest: String,
    #[serde(default, deserialize_with = "or_default")]
    size: u64,
    #[serde(default, deserialize_with = "or_default")]
    config: RawConfig,
}

#[derive(Default, Deserialize)]
struct RawConfig {
    #[serde(default, deserialize_with = "or_default")]
    config: RawProcess,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawProcess {
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    entrypoint: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    env: Vec<String>,
}

impl<'de> Deserialize<'de> for ImageInfo {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = RawImage::deserialize(from)?;
        let either = |new: String, old: String| if new.is_empty() { old } else { new };
        Ok(Self {
            name: either(raw.configuration.name, raw.reference),
            digest: either(raw.configuration.descriptor.digest, raw.descriptor.digest),
            variants: raw
                .variants
                .into_iter()
                .filter(|variant| variant.platform.architecture != "unknown")
                .map(ImageVariant::from)
                .collect(),
        })
    }
}

impl From<RawVariant> for ImageVariant {
    fn from(raw: RawVariant) -> Self {
        let process = raw.config.config;
        Self {
            platform: raw.platform,
            digest: raw.digest,
            size: raw.size,
            labels: process.labels,
            entrypoint: process.entrypoint,
            env: process.env,
        }
    }
}

/// Arguments of `build`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildSpec {
    /// Folder that is sent to the builder, absolute.
    pub context: PathBuf,
    /// Recipe, when it is not `Dockerfile` in the folder. Releases limit it to 16 KiB.
    pub file: Option<PathBuf>,
    /// Names for the result.
    pub tags: Vec<String>,
    /// Platform such as `linux/arm64`.
    pub platform: Option<String>,
    /// Build arguments; values are never shown by this crate.
    pub build_args: Vec<(String, String)>,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Stage to build.
    pub target: Option<String>,
    /// CPUs of the builder; only counts when the builder is created.
    pub cpus: Option<u32>,
    /// Memory of the builder in MiB; only counts when the builder is created.
    pub memory_mib: Option<u32>,
    /// Builds everything anew.
    pub no_cache: bool,
}

impl BuildSpec {
    fn args(&self) -> Result<Args> {
        if !self.context.is_absolute() {
            return Err(Error::invalid(
                format!("build folder `{}`", self.context.display()),
                "it must be an absolute path",
            ));
        }
        let mut args = Args::new(&["build", "--progress", "plain"]);
        for tag in &self.tags {
            check_reference(tag)?;
            args.option("-t", tag);
        }
        args.optional("-f", self.file.as_ref())
            .optional("--platform", self.platform.as_ref());
        for (key, value) in &self.build_args {
            args.hidden_pair("--build-arg", key, value);
        }
        for (key, value) in &self.labels {
            args.option("-l", format!("{key}={value}"));
        }
        args.optional("--target", self.target.as_ref())
            .optional("-c", self.cpus.map(|n| n.to_string()))
            .optional("-m", self.memory_mib.map(|n| format!("{n}MB")))
            .switch("--no-cache", self.no_cache)
            .push(&self.context);
        Ok(args)
    }
}

impl Container {
    /// All stored images.
    pub async fn image_list(&self) -> Result<Vec<ImageInfo>> {
        let args = Args::new(&["image", "list", "--format", "json"]);
        self.call_json(&args, LOOK).await
    }

    /// One stored image.
    ///
    /// # Errors
    /// [`Error::ImageNotFound`].
    pub async fn image_inspect(&self, reference: &str) -> Result<ImageInfo> {
        check_reference(reference)?;
        let mut args = Args::new(&["image", "inspect"]);
        args.push(reference);
        let found: Vec<ImageInfo> = self.call_json(&args, LOOK).await?;
        found.into_iter().next().ok_or_else(|| Error::Garbage {
            call: args.shown().to_owned(),
            reason: "no image in it".to_owned(),
            answer: "[]".to_owned(),
        })
    }

    /// Fetches an image for one platform from its registry.
    pub async fn image_pull(&self, reference: &str, platform: &str) -> Result<()> {
        check_reference(reference)?;
        let mut args = Args::new(&["image", "pull", "--progress", "none"]);
        // Without a platform every variant would be stored.
        args.option("--platform", platform).push(reference);
        self.call(&args, MOVE).await.map(drop)
    }

    /// Loads the images of an OCI layout archive; gives their references.
    pub async fn image_load(&self, archive: &Path) -> Result<Vec<String>> {
        let mut args = Args::new(&["image", "load"]);
        args.option("-i", archive);
        self.call_lines(&args, MOVE).await
    }

    /// Writes images for one platform to an OCI layout archive.
    ///
    /// # Errors
    /// [`Error::ImageNotFound`], [`Error::ImageWrongPlatform`].
    pub async fn image_save(
        &self,
        references: &[impl AsRef<str>],
        platform: &str,
        archive: &Path,
    ) -> Result<()> {
        let mut args = Args::new(&["image", "save"]);
        args.option("--platform", platform).option("-o", archive);
        for reference in references {
            check_reference(reference.as_ref())?;
            args.push(reference.as_ref());
        }
        self.call(&args, MOVE).await.map(drop)
    }

    /// Gives an image another name.
    pub async fn image_tag(&self, from: &str, to: &str) -> Result<()> {
        check_reference(from)?;
        check_reference(to)?;
        let mut args = Args::new(&["image", "tag"]);
        args.push(from).push(to);
        self.call(&args, LOOK).await.map(drop)
    }

    /// Deletes images; with `force` missing ones are no error.
    pub async fn image_delete(&self, references: &[impl AsRef<str>], force: bool) -> Result<()> {
        if references.is_empty() {
            return Ok(());
        }
        let mut args = Args::new(&["image", "delete"]);
        args.switch("--force", force);
        for reference in references {
            check_reference(reference.as_ref())?;
            args.push(reference.as_ref());
        }
        self.call(&args, DELETE).await.map(drop)
    }

    /// Builds an image. `on_line` gets each line of progress; the last ones are in the error
    /// when the build fails.
    pub async fn build(&self, spec: &BuildSpec, mut on_line: impl FnMut(&str)) -> Result<()> {
        let args = spec.args()?;
        let (sender, mut lines) = mpsc::channel::<String>(LINES_WAITING);
        let show = async {
            while let Some(line) = lines.recv().await {
                on_line(&line);
            }
            Ok(())
        };
        let run = self.run_to_end(&args, BUILD, None, Sink::Lines(sender));
        let (ended, ()) = tokio::try_join!(run, show)?;
        if ended.status.success() {
            Ok(())
        } else {
            Err(classify(ended.failure(&args)))
        }
    }
}
