//! Building the node image.

use container::{BuildSpec, Container};

use crate::architecture::Architecture;
use crate::base::{self, Bases};
use crate::builder::LargeBuilder;
use crate::error::{Error, Result};
use crate::image::{LABEL_INPUTS, NodeImage};
use crate::progress::{Progress, Reader};
use crate::recipe;

/// Lines of a failed build that its error shows.
const LINES_KEPT: usize = 40;

/// Settings of this process that the downloads inside the build follow.
const GO_SETTINGS: &[&str] = &["GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE"];

/// Where the images that the build starts from come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseImages {
    /// Published ones, named in the build file.
    Hub,
    /// Made on this host from Debian's packages and Go's modules, by `mmdebstrap` and `go`.
    Packages,
}

impl Default for BaseImages {
    /// Packages on Linux, where they are at hand anyway; a hub on a Mac.
    fn default() -> Self {
        if cfg!(target_os = "linux") {
            Self::Packages
        } else {
            Self::Hub
        }
    }
}

/// How a node image is built.
#[derive(Debug, Clone)]
pub struct Build {
    container: Container,
    bases: BaseImages,
    anew: bool,
}

/// What a build gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Name of the image.
    pub reference: String,
    /// False when the image was up to date already.
    pub made: bool,
}

impl Build {
    /// A build with this program, from this host's usual base images.
    pub fn new(container: &Container) -> Self {
        Self {
            container: container.clone(),
            bases: BaseImages::default(),
            anew: false,
        }
    }

    /// Takes the base images from elsewhere.
    #[must_use]
    pub fn bases(self, bases: BaseImages) -> Self {
        Self { bases, ..self }
    }

    /// Builds also what is up to date. What the builder remembers of unchanged steps still counts.
    #[must_use]
    pub fn anew(self, anew: bool) -> Self {
        Self { anew, ..self }
    }

    /// Builds the image, unless it is up to date. `on_progress` gets each step and each line that
    /// is printed. When the returned future is dropped, the build is ended.
    ///
    /// # Errors
    /// [`Error::Build`] with the failed step and its last lines; those of base images; those of
    /// `container`.
    pub async fn run(
        &self,
        image: &NodeImage,
        mut on_progress: impl FnMut(Progress),
    ) -> Result<Built> {
        let built = |made| Built {
            reference: image.reference().to_owned(),
            made,
        };
        if !self.anew && image.is_current(&self.container).await? {
            return Ok(built(false));
        }
        let bases = match self.bases {
            BaseImages::Packages => {
                Some(base::make(&self.container, image.architecture(), &mut on_progress).await?)
            }
            BaseImages::Hub => None,
        };
        // On Linux a build has all of the machine.
        let large = if cfg!(target_os = "macos") {
            Some(
                LargeBuilder::make(&self.container, || on_progress(Progress::step("builder")))
                    .await?,
            )
        } else {
            None
        };
        let outcome = self.build(image, bases.as_ref(), &mut on_progress).await;
        let restored = match large {
            Some(large) => large.put_back(&self.container).await,
            None => Ok(()),
        };
        outcome?;
        restored?;
        Ok(built(true))
    }

    async fn build(
        &self,
        image: &NodeImage,
        bases: Option<&Bases>,
        on_progress: &mut impl FnMut(Progress),
    ) -> Result<()> {
        let folder = recipe::write()?;
        let spec = BuildSpec {
            context: folder.path().to_owned(),
            file: Some(folder.path().join(recipe::DOCKERFILE)),
            tags: vec![image.reference().to_owned()],
            platform: Some(image.architecture().platform()),
            build_args: arguments(image, bases, |name| std::env::var(name).ok()),
            labels: vec![(LABEL_INPUTS.to_owned(), image.inputs())],
            ..BuildSpec::default()
        };
        let (mut reader, mut last) = (Reader::default(), Vec::new());
        let outcome = self.container.build(&spec, |line| {
            if last.len() == LINES_KEPT {
                last.remove(0);
            }
            last.push(line.to_owned());
            if let Some(progress) = reader.read(line) {
                on_progress(progress);
            }
        });
        outcome.await.map_err(|cause| {
            // A cancelled or timed-out call says so itself, and what a service that is down says
            // is no output of a step.
            if reader.current().is_empty() || !matches!(cause, container::Error::Failed(_)) {
                return Error::Container(cause);
            }
            Error::Build {
                image: image.reference().to_owned(),
                step: format!("\"{}\"", reader.current()),
                output: last.join("\n"),
                cause: Box::new(cause),
            }
        })
    }
}

fn arguments(
    image: &NodeImage,
    bases: Option<&Bases>,
    variable: impl Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let mut arguments = vec![
        ("KUBERNETES_VERSION", image.kubernetes().to_owned()),
        // BuildKit knows them by itself; podman has to be told.
        ("TARGETARCH", image.architecture().name().to_owned()),
        ("TARGETPLATFORM", image.architecture().platform()),
        ("BUILDPLATFORM", Architecture::host().platform()),
    ];
    match bases {
        Some(bases) => {
            arguments.push(("PACKAGES", "present".to_owned()));
            arguments.push(("GO_IMAGE", qualified(&bases.golang)));
            arguments.push(("DEBIAN_IMAGE", qualified(&bases.debian)));
        }
        // The build file's own default, but podman finds a stage only by what it is told.
        None => arguments.push(("PACKAGES", "install".to_owned())),
    }
    for name in GO_SETTINGS {
        if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
            arguments.push((name, value));
        }
    }
    arguments
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The name under which `container` stores an image: `FROM` looks for short names elsewhere, too.
fn qualified(name: &str) -> String {
    format!("docker.io/library/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_follow_image_bases_and_settings() {
        let image = NodeImage::new(Some("v1.36.3"), Some(Architecture::Arm64)).expect("a version");
        let bases = Bases {
            golang: "apple-k8s-base-golang:1".to_owned(),
            debian: "apple-k8s-base-debian:2".to_owned(),
        };
        let setting = |name: &str| (name == "GOPROXY").then(|| "direct".to_owned());
        let found = arguments(&image, Some(&bases), setting);
        let found: Vec<String> = found
            .iter()
            .filter(|(name, _)| name != "BUILDPLATFORM")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            found,
            [
                "KUBERNETES_VERSION=v1.36.3",
                "TARGETARCH=arm64",
                "TARGETPLATFORM=linux/arm64",
                "PACKAGES=present",
                "GO_IMAGE=docker.io/library/apple-k8s-base-golang:1",
                "DEBIAN_IMAGE=docker.io/library/apple-k8s-base-debian:2",
                "GOPROXY=direct",
            ]
        );
        assert_eq!(arguments(&image, None, |_| None).len(), 5);
    }
}
