//! Building the node image.

use container::{BuildSpec, Container};
use tokio_util::sync::CancellationToken;

use crate::architecture::Architecture;
use crate::base::{self, Bases};
use crate::builder::BuilderBefore;
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
    /// Whether builds happen in a builder of a size of its own. On Linux they have all of the
    /// machine.
    in_builder: bool,
    cancel: CancellationToken,
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
            in_builder: cfg!(target_os = "macos"),
            cancel: CancellationToken::new(),
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

    /// Ends the build with [`container::Error::Cancelled`] when the token is cancelled.
    #[must_use]
    pub fn cancelled_by(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    /// Builds the image, unless it is up to date. `on_progress` gets each step and each line that
    /// is printed. The builder's size is as before at the end, however that comes about, but not
    /// when the returned future is dropped, which ends the build at once.
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
        let container = self.container.cancelled_by(self.cancel.clone());
        if !self.anew && image.is_current(&container).await? {
            return Ok(built(false));
        }
        let bases = match self.bases {
            BaseImages::Packages => {
                let architecture = image.architecture();
                Some(base::make(&container, architecture, &self.cancel, &mut on_progress).await?)
            }
            BaseImages::Hub => None,
        };
        if !self.in_builder {
            build(&container, image, bases.as_ref(), &mut on_progress).await?;
            return Ok(built(true));
        }
        let before = BuilderBefore::look(&container).await?;
        let work = async {
            if before.is_too_small() {
                on_progress(Progress::step("builder"));
                BuilderBefore::enlarge(&container).await?;
            }
            build(&container, image, bases.as_ref(), &mut on_progress).await
        };
        let outcome = work.await;
        // By a client that is not cancelled: this cleans up.
        let restored = before.put_back(&self.container).await;
        if let (Err(_), Err(error)) = (&outcome, &restored) {
            tracing::warn!(%error, "the builder is not of the size that it had before");
        }
        outcome.and(restored)?;
        Ok(built(true))
    }
}

/// Builds the image from its recipe.
async fn build(
    container: &Container,
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
    let outcome = container.build(&spec, |line| {
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
    let all = arguments.into_iter();
    let all = all.map(|(name, value)| (name.to_owned(), value));
    all.chain([recipe::time()]).collect()
}

/// The name under which `container` stores an image: `FROM` looks for short names elsewhere, too.
fn qualified(name: &str) -> String {
    format!("docker.io/library/{name}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use container_script::{Act, Script, Stand};

    use super::*;

    /// A builder of two processors and 2 GiB.
    const SMALL: &str = r#"[{"configuration":{"id":"buildkit","resources":{"cpus":2,"memoryInBytes":2147483648}},
        "id":"buildkit","status":{"state":"running","networks":[]}}]"#;
    const ENLARGED: &str = "builder start --cpus 4 --memory 8192MB";
    const AS_BEFORE: &str = "builder start --cpus 2 --memory 2048MB";

    /// What a build that ends badly asks of `container`, and how it ends: one that comes to a mark
    /// is cancelled there.
    async fn ended_build(script: Script, cancelled: bool) -> (Vec<String>, Error) {
        let stand = Arc::new(Stand::new(&script));
        let cancel = CancellationToken::new();
        if cancelled {
            let (stand, cancel) = (Arc::clone(&stand), cancel.clone());
            tokio::task::spawn_blocking(move || {
                stand.wait_for_mark();
                cancel.cancel();
            });
        }
        let build = Build {
            in_builder: true,
            ..Build::new(&Container::at(stand.program()))
        };
        let image = NodeImage::new(None, None).expect("a version");
        let build = build.bases(BaseImages::Hub).anew(true).cancelled_by(cancel);
        let error = build.run(&image, |_| ()).await.expect_err("ends badly");
        let calls = stand.calls().into_iter().map(|call| {
            let words = if call.arguments[0] == "build" { 1 } else { 6 };
            call.arguments[..words.min(call.arguments.len())].join(" ")
        });
        (calls.collect(), error)
    }

    fn small_builder() -> Script {
        Script::new().on(&["builder", "status"], [Act::Stdout(SMALL.to_owned())])
    }

    #[tokio::test]
    async fn the_builder_is_as_before_after_a_build_that_failed() {
        let script = small_builder()
            .on(&["builder", "start"], [])
            .failing(&["build"], "no");
        let (calls, error) = ended_build(script, false).await;
        assert_eq!(calls[1..], [ENLARGED, "build", AS_BEFORE], "{error}");
    }

    #[tokio::test]
    async fn the_builder_is_as_before_after_a_build_that_was_cancelled() {
        let script = small_builder()
            .on(&["builder", "start"], [])
            .on(&["build"], [Act::Mark, Act::Hang]);
        let (calls, error) = ended_build(script, true).await;
        assert_eq!(calls[1..], [ENLARGED, "build", AS_BEFORE], "{error}");
        let cancelled = matches!(error, Error::Container(container::Error::Cancelled { .. }));
        assert!(cancelled, "{error}");
    }

    #[tokio::test]
    async fn the_builder_is_as_before_when_cancelled_while_it_is_enlarged() {
        let script = small_builder()
            .times(1, &["builder", "start"], [Act::Mark, Act::Hang])
            .on(&["builder", "start"], []);
        let (calls, error) = ended_build(script, true).await;
        assert_eq!(calls[1..], [ENLARGED, AS_BEFORE], "{error}");
    }

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
                "SOURCE_DATE_EPOCH=1767225600",
            ]
        );
        assert_eq!(arguments(&image, None, |_| None).len(), 6);
    }
}
