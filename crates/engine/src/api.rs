//! Waiting for a cluster through its own API, by watches.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod, ServiceAccount};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorCode, Result};
use crate::limit::Limit;
use crate::step::{RunningStep, Steps};

/// A client of the cluster that `kubeconfig` describes; never of the user's current context.
pub(crate) async fn client(kubeconfig: &str) -> Result<Client> {
    let config = config(kubeconfig).await?;
    Client::try_from(config).map_err(|error| unusable(&error.to_string()))
}

fn unusable(why: &str) -> Error {
    Error::new(
        ErrorCode::Internal,
        "the saved access to the cluster can't be used",
    )
    .detail(why)
    .hint("delete the cluster and create it again")
}

async fn config(kubeconfig: &str) -> Result<Config> {
    let internal = |error: String| unusable(&error);
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).map_err(|e| internal(e.to_string()))?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|e| internal(e.to_string()))?;
    // A proxy for the internet has no business between this machine and its own nodes.
    config.proxy_url = None;
    config.connect_timeout = Some(Duration::from_secs(5));
    Ok(config)
}

/// What to wait for, and how old an answer may be.
#[derive(Debug, Clone)]
pub(crate) struct Readiness {
    /// Nodes that must be Ready, each with the moment it was started: what is reported from
    /// before it comes from an earlier life. Whole seconds, as Kubernetes' own times.
    pub(crate) nodes: BTreeMap<String, Timestamp>,
    /// Without a CNI nodes register but can't become Ready.
    pub(crate) network: bool,
    /// Without a CNI, and where nothing programs Services, DNS can't run.
    pub(crate) dns: bool,
}

/// Waits until the cluster is of use: every node Ready, DNS answering, the default service
/// account there. Fails with [`ErrorCode::NotReady`] and the reason after that.
pub(crate) async fn wait_ready(
    client: &Client,
    want: &Readiness,
    steps: &Steps,
    limit: Limit,
) -> Result<()> {
    let mut nodes = NodesWait::new(want, steps);
    let mut dns = DnsWait {
        want,
        reason: "no DNS pod yet".into(),
        done: !want.dns,
    };
    let mut account = false;
    let all = async {
        let nodes_ready = watch_until(
            Api::<Node>::all(client.clone()),
            watcher::Config::default(),
            |seen| nodes.look(seen),
        );
        let dns_ready = async {
            if want.dns {
                let step = steps.begin("dns", None);
                let config = watcher::Config::default().labels("k8s-app=kube-dns");
                let pods = Api::<Pod>::namespaced(client.clone(), "kube-system");
                watch_until(pods, config, |seen| dns.look(seen)).await;
                step.done();
            }
        };
        let account_ready = async {
            let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
            let config = watcher::Config::default().fields("metadata.name=default");
            watch_until(accounts, config, |seen| !seen.is_empty()).await;
            account = true;
        };
        futures::join!(nodes_ready, dns_ready, account_ready);
    };
    if tokio::time::timeout(limit.left(), all).await.is_ok() {
        return Ok(());
    }
    let mut reasons: Vec<String> = nodes.reasons();
    if !dns.done {
        reasons.push(format!("DNS: {}", dns.reason));
    }
    if !account {
        reasons.push("the default service account does not exist".into());
    }
    Err(limit
        .over("the cluster was not ready")
        .detail(reasons.join("\n"))
        .hint(
            "it may still become ready: look with `apple-k8s status`, or wait longer with --wait",
        ))
}

/// Waits until all wanted nodes are Ready; else as [`wait_ready`].
pub(crate) async fn wait_nodes(
    client: &Client,
    want: &Readiness,
    steps: &Steps,
    limit: Limit,
) -> Result<()> {
    let mut nodes = NodesWait::new(want, steps);
    let all = Api::<Node>::all(client.clone());
    let ready = watch_until(all, watcher::Config::default(), |seen| nodes.look(seen));
    if tokio::time::timeout(limit.left(), ready).await.is_ok() {
        return Ok(());
    }
    Err(limit
        .over("the nodes were not ready")
        .detail(nodes.reasons().join("\n"))
        .hint(
            "they may still become ready: look with `apple-k8s status`, or wait longer with --wait",
        ))
}

/// Follows objects until `done` says so of all that exist. Errors of the API (not up yet,
/// restarting) are waited out: the caller has the time limit.
pub(crate) async fn watch_until<K>(
    api: Api<K>,
    config: watcher::Config,
    mut done: impl FnMut(&BTreeMap<String, K>) -> bool,
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut seen: BTreeMap<String, K> = BTreeMap::new();
    let mut listing: BTreeMap<String, K> = BTreeMap::new();
    let mut events = watcher(api, config).backoff(Patience::default()).boxed();
    loop {
        let event = match events.try_next().await {
            Ok(Some(event)) => event,
            Ok(None) => return,
            Err(error) => {
                tracing::trace!(%error, "watch interrupted");
                continue;
            }
        };
        match event {
            Event::Init => listing.clear(),
            Event::InitApply(object) => {
                listing.insert(object.name_any(), object);
            }
            Event::InitDone => seen = std::mem::take(&mut listing),
            Event::Apply(object) => {
                seen.insert(object.name_any(), object);
            }
            Event::Delete(object) => {
                seen.remove(&object.name_any());
            }
        }
        if done(&seen) {
            return;
        }
    }
}

/// Delay between attempts to reach an API that is coming up: a refused connection on loopback
/// costs nothing, so attempts come quickly.
#[derive(Default)]
struct Patience(u32);

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0 = (self.0 + 1).min(6);
        Some(Duration::from_millis(u64::from(self.0) * 50))
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        self.0 = 0;
    }
}

struct NodesWait<'a> {
    want: &'a Readiness,
    /// Nodes still awaited, with their step and why they are not ready.
    open: BTreeMap<&'a str, (RunningStep, String)>,
}

impl<'a> NodesWait<'a> {
    fn new(want: &'a Readiness, steps: &Steps) -> Self {
        let open = want
            .nodes
            .keys()
            .map(|name| {
                let step = steps.begin("ready", Some(name));
                (name.as_str(), (step, "not registered yet".to_owned()))
            })
            .collect();
        Self { want, open }
    }

    fn look(&mut self, seen: &BTreeMap<String, Node>) -> bool {
        for (name, started) in &self.want.nodes {
            let Some(node) = seen.get(name) else { continue };
            match node_ready(node, *started, self.want.network) {
                Ok(()) => {
                    if let Some((step, _)) = self.open.remove(name.as_str()) {
                        step.done();
                    }
                }
                Err(reason) => {
                    if let Some((_, why)) = self.open.get_mut(name.as_str()) {
                        *why = reason;
                    }
                }
            }
        }
        self.open.is_empty()
    }

    fn reasons(&self) -> Vec<String> {
        self.open
            .iter()
            .map(|(name, (_, why))| format!("node {name}: {why}"))
            .collect()
    }
}

/// Whether a node is Ready by an answer that is fresh enough; else why not.
fn node_ready(node: &Node, started: Timestamp, network: bool) -> std::result::Result<(), String> {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .and_then(|all| all.iter().find(|condition| condition.type_ == "Ready"))
        .ok_or("no state reported yet")?;
    let fresh = ready
        .last_heartbeat_time
        .as_ref()
        .is_some_and(|time| time.0 >= started);
    if !fresh {
        return Err("its kubelet has not reported since the start".into());
    }
    if ready.status == "True" || !network {
        return Ok(());
    }
    Err(ready.message.clone().unwrap_or_else(|| "not Ready".into()))
}

struct DnsWait<'a> {
    want: &'a Readiness,
    reason: String,
    done: bool,
}

impl DnsWait<'_> {
    /// One pod that answers is enough, but none may be called ready from an earlier life: its
    /// share of the questions would go nowhere.
    fn look(&mut self, pods: &BTreeMap<String, Pod>) -> bool {
        let since = |pod: &Pod| {
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
            node.and_then(|node| self.want.nodes.get(node)).copied()
        };
        let fresh = |pod: &Pod| since(pod).is_some_and(|since| pod_ready(pod, since));
        let stale = |pod: &Pod| pod_ready(pod, Timestamp::MIN) && !fresh(pod);
        self.done = pods.values().any(fresh) && !pods.values().any(stale);
        if !self.done
            && let Some(reason) = pods.values().find_map(waiting_reason)
        {
            self.reason = reason;
        }
        self.done
    }
}

/// Whether all containers of a pod are ready and were started after `since`.
fn pod_ready(pod: &Pod, since: Timestamp) -> bool {
    let containers = pod
        .status
        .as_ref()
        .and_then(|status| status.container_statuses.as_ref());
    containers.is_some_and(|all| {
        !all.is_empty()
            && all.iter().all(|container| {
                let running = container
                    .state
                    .as_ref()
                    .and_then(|state| state.running.as_ref());
                let started = running.and_then(|running| running.started_at.as_ref());
                container.ready && started.is_some_and(|time| time.0 >= since)
            })
    })
}

/// Why a pod does not run, in the kubelet's or the scheduler's words.
fn waiting_reason(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let waiting = status
        .container_statuses
        .iter()
        .flatten()
        .find_map(|container| {
            let waiting = container.state.as_ref()?.waiting.as_ref()?;
            Some(format!(
                "{}: {} {}",
                pod.name_any(),
                waiting.reason.as_deref().unwrap_or("waiting"),
                waiting.message.as_deref().unwrap_or_default()
            ))
        });
    waiting.or_else(|| {
        let unscheduled = status.conditions.iter().flatten().find(|condition| {
            condition.status == "False"
                && matches!(condition.type_.as_str(), "PodScheduled" | "Ready")
        })?;
        Some(format!(
            "{}: {}",
            pod.name_any(),
            unscheduled.message.as_deref().unwrap_or("not ready")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const START: &str = "2026-01-01T10:00:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn node(status: &str, heartbeat: &str) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": "a"},
            "status": {"conditions": [{
                "type": "Ready", "status": status, "message": "cni plugin not initialized",
                "lastHeartbeatTime": heartbeat, "lastTransitionTime": heartbeat,
            }]}
        }))
        .expect("a node")
    }

    #[test]
    fn ready_from_an_earlier_life_does_not_count() {
        assert!(node_ready(&node("True", "2026-01-01T10:00:00Z"), time(START), true).is_ok());
        let stale = node_ready(&node("True", "2026-01-01T09:59:59Z"), time(START), true);
        assert!(stale.expect_err("stale").contains("since the start"));
    }

    #[test]
    fn without_a_network_registered_is_enough() {
        let unready = node("False", "2026-01-01T10:00:01Z");
        assert_eq!(
            node_ready(&unready, time(START), true).expect_err("no network"),
            "cni plugin not initialized"
        );
        assert!(node_ready(&unready, time(START), false).is_ok());
    }

    /// A DNS pod on node `a` that started at `time`, and what Kubernetes calls it.
    fn dns_pod(time: &str, ready: bool) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "coredns"},
            "spec": {"nodeName": "a", "containers": []},
            "status": {"containerStatuses": [{
                "name": "coredns", "ready": ready, "restartCount": 0, "image": "i", "imageID": "i",
                "state": {"running": {"startedAt": time}}
            }]}
        }))
        .expect("a pod")
    }

    #[tokio::test]
    async fn no_proxy_stands_between_this_machine_and_its_nodes() {
        let text = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- {name: k, cluster: {server: 'https://127.0.0.1:1', proxy-url: 'http://127.0.0.1:9'}}\nusers:\n- {name: u, user: {token: t}}\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\n";
        let config = config(text).await.expect("usable");
        assert!(config.proxy_url.is_none(), "{:?}", config.proxy_url);
    }

    /// An API whose lists are empty but for those of service accounts, and whose watches are silent.
    async fn api(accounts: &'static str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = vec![0; 1 << 16];
                    let read = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..read]).into_owned();
                    if request.contains("watch=true") {
                        return std::future::pending::<()>().await;
                    }
                    let items = if request.contains("serviceaccounts") {
                        accounts
                    } else {
                        ""
                    };
                    let body = format!(
                        "{{\"metadata\": {{\"resourceVersion\": \"1\"}}, \"items\": [{items}]}}"
                    );
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- {{name: k, cluster: {{server: 'http://127.0.0.1:{port}'}}}}\nusers:\n- {{name: u, user: {{token: t}}}}\ncontexts:\n- {{name: c, context: {{cluster: k, user: u}}}}\n"
        )
    }

    #[tokio::test]
    async fn a_cluster_without_the_default_service_account_takes_no_pods_yet() {
        let want = Readiness {
            nodes: BTreeMap::new(),
            network: false,
            dns: false,
        };
        let outcome = async |accounts, limit| {
            let client = client(&api(accounts).await).await.expect("a client");
            wait_ready(&client, &want, &Steps::silent(), Limit::begin(limit)).await
        };
        let error = outcome("", Duration::from_millis(500))
            .await
            .expect_err("none");
        assert_eq!(error.code, ErrorCode::NotReady);
        let detail = error.detail.expect("a reason");
        assert!(detail.contains("default service account"), "{detail}");
        let account = r#"{"metadata": {"name": "default", "namespace": "default"}}"#;
        // No node is awaited, but at least the list of nodes has to come.
        outcome(account, Duration::from_mins(1))
            .await
            .expect("ready");
    }

    #[test]
    fn a_pod_from_before_the_start_does_not_answer() {
        let pod = dns_pod(START, true);
        assert!(pod_ready(&pod, time(START)));
        assert!(!pod_ready(&pod, time("2026-01-01T10:00:01Z")));
    }

    #[test]
    fn dns_answers_when_one_pod_does_and_none_is_ready_from_before() {
        let (old, new) = ("2026-01-01T09:59:59Z", "2026-01-01T10:00:05Z");
        let want = Readiness {
            nodes: BTreeMap::from([("a".to_owned(), time(START))]),
            network: true,
            dns: true,
        };
        let answers = |pods: &[Pod]| {
            let mut waiting = DnsWait {
                want: &want,
                reason: String::new(),
                done: false,
            };
            let named = pods.iter().enumerate();
            waiting.look(&named.map(|(n, pod)| (n.to_string(), pod.clone())).collect())
        };
        assert!(!answers(&[]));
        assert!(!answers(&[dns_pod(old, true)]));
        assert!(!answers(&[dns_pod(new, true), dns_pod(old, true)]));
        assert!(answers(&[dns_pod(new, true), dns_pod(old, false)]));
        assert!(answers(&[dns_pod(new, true), dns_pod(new, true)]));
    }
}
