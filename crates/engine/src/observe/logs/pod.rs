//! The log of a container of a pod, through the API.

use std::time::Duration;

use futures::StreamExt;
use futures::io::AsyncBufRead;
use futures::stream::try_unfold;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::api::LogParams;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use tokio::time::timeout;

use super::super::words::ending;
use super::lines::{self, with_time};
use super::{LogEvent, LogRange, LogStream, clock};
use crate::error::{Error, ErrorCode, Result};
use crate::home::ClusterDir;
use crate::inventory::{self, Inventory};
use crate::{Engine, api};

/// An API that does not answer in this time counts as not answering.
const PATIENCE: Duration = Duration::from_secs(5);

/// A log ends a moment before the API knows that its container has.
const NEWS: Duration = Duration::from_secs(5);

/// Which log of which pod.
pub(super) struct Which<'a> {
    pub(super) namespace: &'a str,
    pub(super) pod: &'a str,
    pub(super) container: Option<&'a str>,
    pub(super) previous: bool,
}

pub(super) async fn open(
    engine: &Engine,
    cluster: &str,
    which: &Which<'_>,
    range: LogRange,
) -> Result<LogStream> {
    let pods = Api::<Pod>::namespaced(client(engine, cluster).await?, which.namespace);
    let found = answer(pods.get(which.pod), which).await?;
    let container = choose(&found, which)?;
    let run = Run::find(&found, &container, which.previous);
    let parameters = LogParams {
        container: Some(container.clone()),
        follow: range.follow && !which.previous,
        previous: which.previous,
        tail_lines: range.tail.map(i64::from),
        timestamps: true,
        ..LogParams::default()
    };
    let lines = answer(pods.log_stream(which.pod, &parameters), which).await?;
    let reading = Reading {
        lines: Some(Box::pin(lines)),
        pods: pods.clone(),
        pod: which.pod.to_owned(),
        container,
        run,
        follow: parameters.follow,
    };
    Ok(try_unfold(reading, Reading::next).boxed())
}

async fn client(engine: &Engine, cluster: &str) -> Result<Client> {
    let file = engine.home.cluster(cluster).kubeconfig_file();
    let Some(kubeconfig) = ClusterDir::read(&file)? else {
        let inventory = Inventory::read(&engine.container).await?;
        inventory.existing(cluster)?;
        return Err(inventory::not_found(cluster, std::iter::empty()));
    };
    api::client(&kubeconfig).await
}

/// What the API answers, or what its refusal means.
async fn answer<T>(call: impl Future<Output = kube::Result<T>>, which: &Which<'_>) -> Result<T> {
    let silent = |why: String| {
        Error::new(ErrorCode::NotReady, "the API does not answer")
            .detail(why)
            .hint("look how the cluster does with `apple-k8s status`")
    };
    let error = match timeout(PATIENCE, call).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error,
        Err(_) => return Err(silent(String::new())),
    };
    let kube::Error::Api(status) = error else {
        return Err(silent(error.to_string()));
    };
    let (namespace, pod) = (which.namespace, which.pod);
    Err(match status.code {
        404 => Error::new(
            ErrorCode::Usage,
            format!("there is no pod {namespace}/{pod}"),
        )
        .hint("it was deleted, or replaced by another one"),
        // "container … is waiting to start", "previous terminated container … not found".
        400 if which.previous => Error::new(
            ErrorCode::Usage,
            format!("{namespace}/{pod} has no run before this one"),
        )
        .detail(status.message.clone()),
        400 => Error::new(
            ErrorCode::NotReady,
            "the container has not written anything yet",
        )
        .detail(status.message.clone()),
        _ => Error::new(
            ErrorCode::NotReady,
            format!("the log of {namespace}/{pod} can't be read"),
        )
        .detail(status.message.clone()),
    })
}

/// The container that is meant: the named one, or as `kubectl logs` chooses.
fn choose(pod: &Pod, which: &Which<'_>) -> Result<String> {
    const DEFAULT: &str = "kubectl.kubernetes.io/default-container";
    let Some(spec) = &pod.spec else {
        return Err(Error::new(ErrorCode::NotReady, "the pod has no containers"));
    };
    let names: Vec<&str> = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten())
        .map(|container| container.name.as_str())
        .collect();
    let notes = pod.metadata.annotations.as_ref();
    let marked = notes
        .and_then(|notes| notes.get(DEFAULT))
        .map(String::as_str);
    match which.container {
        Some(name) if names.contains(&name) => Ok(name.to_owned()),
        Some(name) => Err(Error::new(
            ErrorCode::Usage,
            format!(
                "{}/{} has no container \"{name}\"",
                which.namespace, which.pod
            ),
        )
        .hint(format!("there are: {}", names.join(", ")))),
        None => marked
            .filter(|name| names.contains(name))
            .or(names.first().copied())
            .map(str::to_owned)
            .ok_or_else(|| Error::new(ErrorCode::NotReady, "the pod has no containers")),
    }
}

/// One run of a container, from a start to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Run {
    /// Known by the id that the runtime gave it.
    Known(String),
    /// The one before the last restart.
    Previous,
    /// The next one.
    Coming,
}

/// How a run stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Runs,
    Ended(String),
    Gone,
}

impl Run {
    fn find(pod: &Pod, container: &str, previous: bool) -> Self {
        if previous {
            return Self::Previous;
        }
        let id = status(pod, container).and_then(|status| status.container_id.clone());
        id.filter(|id| !id.is_empty())
            .map_or(Self::Coming, Self::Known)
    }

    fn standing(&self, pod: Option<&Pod>, container: &str) -> Standing {
        let Some(pod) = pod else {
            return Standing::Gone;
        };
        let Some(status) = status(pod, container) else {
            return Standing::Runs;
        };
        let now = status
            .state
            .as_ref()
            .and_then(|state| state.terminated.as_ref());
        let last = status
            .last_state
            .as_ref()
            .and_then(|state| state.terminated.as_ref());
        let end = match self {
            Self::Previous => last,
            Self::Coming => now,
            Self::Known(id) => [now, last]
                .into_iter()
                .flatten()
                .find(|end| end.container_id.as_deref() == Some(id)),
        };
        end.map_or(Standing::Runs, |end| Standing::Ended(ended(end)))
    }
}

fn status<'a>(
    pod: &'a Pod,
    container: &str,
) -> Option<&'a k8s_openapi::api::core::v1::ContainerStatus> {
    let status = pod.status.as_ref()?;
    let mains = status.container_statuses.iter().flatten();
    let mut all = mains.chain(status.init_container_statuses.iter().flatten());
    all.find(|status| status.name == container)
}

/// `Container ended with 137 at 14:03:12: out of memory.`
fn ended(end: &ContainerStateTerminated) -> String {
    let code = end.exit_code;
    let at = end
        .finished_at
        .as_ref()
        .map(|time| format!(" at {}", clock(time.0)));
    let at = at.unwrap_or_default();
    let how = ending(end);
    // What the code alone says already is not said again.
    let how = how.replace(&format!(" ({code})"), "");
    if how == "completed" || how == format!("exit code {code}") {
        format!("Container ended with {code}{at}.")
    } else {
        format!("Container ended with {code}{at}: {how}.")
    }
}

struct Reading {
    /// None after the end.
    lines: Option<std::pin::Pin<Box<dyn AsyncBufRead + Send>>>,
    pods: Api<Pod>,
    pod: String,
    container: String,
    run: Run,
    follow: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(LogEvent, Self)>> {
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        match lines::next(lines).await {
            Ok(Some(line)) => return Ok(Some((LogEvent::Line(with_time(line)), self))),
            Ok(None) => self.lines = None,
            Err(error) => return Err(self.lost(&error.to_string())),
        }
        match self.end().await {
            Standing::Ended(how) => Ok(Some((LogEvent::Ended(how), self))),
            Standing::Gone => {
                let how = "The pod was deleted.".to_owned();
                Ok(Some((LogEvent::Ended(how), self)))
            }
            Standing::Runs if self.follow => Err(self.lost("")),
            Standing::Runs => Ok(None),
        }
    }

    /// How the run stands once its log is at its end.
    async fn end(&mut self) -> Standing {
        let mut seen = watch_object(self.pods.clone(), &self.pod).boxed();
        let ended = async {
            while let Some(pod) = seen.next().await {
                let Ok(pod) = pod else { continue };
                let standing = self.run.standing(pod.as_ref(), &self.container);
                if standing != Standing::Runs || !self.follow {
                    return standing;
                }
            }
            Standing::Runs
        };
        timeout(NEWS, ended).await.unwrap_or(Standing::Runs)
    }

    fn lost(&self, why: &str) -> Error {
        let message = format!("the connection to the log of {} was lost", self.pod);
        Error::new(ErrorCode::NotReady, message).detail(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(now: &serde_json::Value, last: &serde_json::Value, id: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "cart-0"},
            "spec": {"containers": [{"name": "main"}, {"name": "side"}],
                     "initContainers": [{"name": "prepare"}]},
            "status": {"containerStatuses": [{
                "name": "main", "image": "i", "imageID": "i", "ready": false, "restartCount": 1,
                "containerID": id, "state": now, "lastState": last,
            }]}
        }))
        .expect("a pod")
    }

    #[test]
    fn the_end_of_the_very_run_is_told() {
        let end =
            json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "containerID": "c://1"}});
        let before = pod(&json!({"running": {}}), &json!({}), "c://1");
        let run = Run::find(&before, "main", false);
        assert_eq!(run.standing(Some(&before), "main"), Standing::Runs);
        let told = Standing::Ended("Container ended with 137: out of memory.".into());
        assert_eq!(
            run.standing(Some(&pod(&end, &json!({}), "c://1")), "main"),
            told
        );
        // It was started again before anybody looked.
        let again = pod(&json!({"running": {}}), &end, "c://2");
        assert_eq!(run.standing(Some(&again), "main"), told);
        assert_eq!(
            Run::find(&again, "main", true).standing(Some(&again), "main"),
            told
        );
        let next = Run::find(&again, "main", false);
        assert_eq!(next.standing(Some(&again), "main"), Standing::Runs);
        assert_eq!(run.standing(None, "main"), Standing::Gone);
    }

    #[test]
    fn a_container_is_chosen_as_kubectl_does() {
        let mut pod = pod(&json!({}), &json!({}), "");
        let mut which = Which {
            namespace: "shop",
            pod: "cart-0",
            container: None,
            previous: false,
        };
        assert_eq!(choose(&pod, &which).expect("one"), "main");
        let notes = [("kubectl.kubernetes.io/default-container", "side")];
        let notes = notes.map(|(key, value)| (key.to_owned(), value.to_owned()));
        pod.metadata.annotations = Some(notes.into());
        assert_eq!(choose(&pod, &which).expect("one"), "side");
        which.container = Some("prepare");
        assert_eq!(choose(&pod, &which).expect("one"), "prepare");
        which.container = Some("nosuch");
        let refused = choose(&pod, &which).expect_err("none of that name");
        assert_eq!(refused.code, ErrorCode::Usage);
        assert_eq!(
            refused.hint.as_deref(),
            Some("there are: main, side, prepare")
        );
    }
}
