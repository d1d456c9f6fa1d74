//! `build node-image`

use std::time::{Duration, Instant};

use engine::{Error, ErrorCode, Operation, Result, RunningStep, Steps};
use node_image::{Architecture, Build, Built, NodeImage, Progress};
use serde::Serialize;

use crate::args::BuildArgs;
use crate::duration;
use crate::session::Session;

/// Time between two lines of the builder that are passed on.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuiltImage<'a> {
    image: &'a str,
    kubernetes_version: &'a str,
    architecture: &'static str,
    /// False when the image was up to date already.
    built: bool,
}

pub(super) async fn node_image(args: &BuildArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let image = wanted(args)?;
    let (began, recipe) = (Instant::now(), Build::new(engine.container()));
    let title = format!(
        "Building {} for {}",
        image.reference(),
        image.architecture()
    );
    let built = session
        .operate(&title, "", async |op| {
            engine.container().ready().await?;
            run(&recipe, &image, op).await
        })
        .await?;
    let result = BuiltImage {
        image: &built.reference,
        kubernetes_version: image.kubernetes(),
        architecture: image.architecture().name(),
        built: built.made,
    };
    session.console.result(&result, |_| {
        if built.made {
            let took = duration::precise(began.elapsed());
            format!("Image {} is built after {took}\n", built.reference)
        } else {
            format!("Image {} is up to date\n", built.reference)
        }
    })
}

/// Builds the node image that a cluster with nothing said about it is made from.
pub(super) async fn usual(session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let image = NodeImage::new(None, None).map_err(failure)?;
    let recipe = Build::new(engine.container());
    let title = format!("Building {}", image.reference());
    let work = async |op: &Operation| run(&recipe, &image, op).await;
    session.operate(&title, "", work).await.map(drop)
}

fn wanted(args: &BuildArgs) -> Result<NodeImage> {
    let version = args.kubernetes_version.as_ref().map(ToString::to_string);
    let image = NodeImage::new(version.as_deref(), args.arch).map_err(failure)?;
    Ok(match &args.image {
        Some(name) => image.named(name),
        None => image,
    })
}

async fn run(recipe: &Build, image: &NodeImage, op: &Operation) -> Result<Built> {
    let mut stages = Stages::new(&op.steps);
    let recipe = recipe.clone().cancelled_by(op.cancel.clone());
    let outcome = recipe.run(image, |progress| stages.take(progress)).await;
    if outcome.is_ok() {
        stages.end();
    }
    outcome.map_err(failure)
}

/// The stages of a build as steps: one runs at a time, and the builder's words are its detail.
struct Stages<'a> {
    steps: &'a Steps,
    running: Option<RunningStep>,
    said: Instant,
}

impl<'a> Stages<'a> {
    fn new(steps: &'a Steps) -> Self {
        Self {
            steps,
            running: None,
            said: Instant::now(),
        }
    }

    fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Step { name, text } => {
                self.end();
                // A node's phase has that name, too, and other words.
                let phase = if name == "containerd" {
                    "build-containerd"
                } else {
                    &name
                };
                let step = self.steps.begin(phase, None);
                step.progress(text);
                self.running = Some(step);
                self.said = Instant::now();
            }
            // A builder says more than anybody reads.
            Progress::Output(line) if self.said.elapsed() >= PAUSE => {
                if let Some(step) = &self.running {
                    step.progress(line);
                    self.said = Instant::now();
                }
            }
            _ => (),
        }
    }

    fn end(&mut self) {
        if let Some(step) = self.running.take() {
            step.done();
        }
    }
}

/// What a failed build means to a person.
fn failure(error: node_image::Error) -> Error {
    use node_image::Error as Cause;
    let message = error.to_string();
    let (message, output) = message.split_once('\n').unwrap_or((&message, ""));
    match error {
        Cause::Container(cause) => Error::from(cause),
        Cause::Build { cause, .. } => {
            let code = Error::from(*cause).code;
            Error::new(code, message)
                .detail(output)
                .hint("build again: stages that are done are kept")
        }
        Cause::Version(_) | Cause::TooOld(_) | Cause::Architecture(_) => Error::new(ErrorCode::Usage, message),
        Cause::Checksum { .. } => Error::new(ErrorCode::ImageInvalid, message)
            .hint("try again; when it happens again, something between here and there changes what is downloaded"),
        Cause::Io { action, path, cause } => Error::io(action, &path, &cause),
        _ => Error::new(ErrorCode::Internal, message).detail(output),
    }
}

/// An architecture by its name.
pub(crate) fn architecture(text: &str) -> std::result::Result<Architecture, String> {
    text.parse()
        .map_err(|error: node_image::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::StepState;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_new_cluster_wants_the_version_that_is_built() {
        assert_eq!(
            engine::DEFAULT_KUBERNETES_VERSION,
            node_image::default_kubernetes_version(),
            "the engine names another version than the recipe's go.mod"
        );
    }

    #[test]
    fn stages_come_one_after_another() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let steps = Steps::new(move |step| {
            sink.lock()
                .expect("not poisoned")
                .push((step.phase, step.state));
        });
        let stage = |name: &str| Progress::Step {
            name: name.into(),
            text: format!("build {name}"),
        };
        let mut stages = Stages::new(&steps);
        stages.take(Progress::Output("before any stage".into()));
        stages.take(stage("etcd"));
        stages.take(Progress::Output("too soon after the last words".into()));
        stages.take(stage("runc"));
        drop(stages);
        let seen = seen.lock().expect("not poisoned");
        let expected = [
            ("etcd", StepState::Started),
            ("etcd", StepState::Progress),
            ("etcd", StepState::Done),
            ("runc", StepState::Started),
            ("runc", StepState::Progress),
            ("runc", StepState::Failed),
        ];
        assert_eq!(
            *seen,
            expected.map(|(phase, state)| (phase.to_owned(), state))
        );
    }
}
