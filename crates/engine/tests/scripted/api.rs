//! A cluster's API that knows nodes and takes what it is given; it writes down what it was asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A certificate, for the access that is never checked over plain HTTP.
pub(crate) const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUPXDodu+4Jh+JC+KADq8DxcCiF4QwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKa3ViZXJuZXRlczAeFw0yNjExMjMwOTMxMzhaFw0yNjExMjQw
OTMxMzhaMBUxEzARBgNVBAMMCmt1YmVybmV0ZXMwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQPPQt581x2vZRiZjrW7sOd/LJUfiEvUSrfpm9RJESU6Ze4JPPq3WJI
Xld8NjsgoaFSdqn9zghvdJA58fUVN58oo1MwUTAdBgNVHQ4EFgQU9+H92QT+VeHb
gRzo22+iM0kMVDwwHwYDVR0jBBgwFoAU9+H92QT+VeHbgRzo22+iM0kMVDwwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAqubdFu75jnU54aVO5Ynx
yFW+guxdnWwK/bxwnBzTpDkCIEfcs0vEI+YsNupGPQ2F+GYuHy0ZAakObHZnrfPm
sbIf
-----END CERTIFICATE-----
";

type Shared = Arc<Mutex<World>>;

#[derive(Default)]
struct World {
    nodes: BTreeMap<String, Value>,
    /// A definition of a kind, once it was applied.
    definition: Option<Value>,
    /// How often the kinds are told without the defined one.
    late: usize,
    requests: Vec<(String, Value)>,
}

/// An API on a port of its own, for as long as the test runs.
pub(crate) struct FakeApi {
    world: Shared,
    port: u16,
}

impl FakeApi {
    /// One that knows these nodes.
    pub(crate) async fn with_nodes(names: &[&str]) -> Self {
        let world = Shared::default();
        for name in names {
            let node = json!({"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": name, "uid": name, "resourceVersion": "1"}, "spec": {}});
            world.lock().unwrap().nodes.insert((*name).into(), node);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&world);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { world, port }
    }

    /// Tells its kinds so often without one that was just defined.
    pub(crate) fn lists_late(&self, late: usize) {
        self.world.lock().unwrap().late = late;
    }

    /// Saves the access to it as that of a cluster.
    pub(crate) fn save_access(&self, folder: &Path) {
        use base64::Engine as _;
        let authority = base64::engine::general_purpose::STANDARD.encode(AUTHORITY);
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: k\n  cluster:\n    server: http://127.0.0.1:{}\n    certificate-authority-data: {authority}\ncontexts:\n- name: c\n  context: {{cluster: k, user: u}}\ncurrent-context: c\nusers:\n- name: u\n  user: {{}}\n",
            self.port
        );
        std::fs::write(folder.join("kubeconfig"), text).unwrap();
    }

    /// Requests that change something, as `METHOD path`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let requests = &self.world.lock().unwrap().requests;
        let lines = requests.iter().map(|(line, _)| line.clone());
        lines.filter(|line| !line.starts_with("GET")).collect()
    }

    /// What was sent with the first request that has these words.
    pub(crate) fn body(&self, words: &str) -> Value {
        let requests = &self.world.lock().unwrap().requests;
        let found = requests.iter().find(|(line, _)| line.contains(words));
        found.map(|(_, body)| body.clone()).unwrap_or_default()
    }
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

impl World {
    /// The kinds beside the core's.
    fn kinds(&mut self) -> Value {
        let definitions = group(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            "Cluster",
        );
        let Some(definition) = &self.definition else {
            return kinds(&[definitions]);
        };
        if self.late > 0 {
            self.late -= 1;
            return kinds(&[definitions]);
        }
        let text = |path: &str| definition["spec"].pointer(path).and_then(Value::as_str);
        let [name, kind, plural, scope] =
            ["/group", "/names/kind", "/names/plural", "/scope"].map(|path| text(path).unwrap());
        kinds(&[definitions, group(name, kind, plural, scope)])
    }
}

/// A group with one kind, as discovery has it.
fn group(name: &str, kind: &str, plural: &str, scope: &str) -> Value {
    let version = json!({"version": "v1", "resources": [{
        "resource": plural, "scope": scope, "singularResource": kind.to_lowercase(),
        "responseKind": {"group": name, "version": "v1", "kind": kind},
        "verbs": ["get", "list", "patch", "watch"],
    }]});
    json!({"metadata": {"name": name}, "versions": [version]})
}

fn kinds(groups: &[Value]) -> Value {
    json!({"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList",
        "metadata": {}, "items": groups})
}

async fn serve(stream: TcpStream, world: Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if stream.read_line(&mut first).await? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let path = target.split('?').next().unwrap_or("");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (status, answer) = answer(&world, method, path, &body);
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(answer.as_bytes()).await?;
    }
}

fn answer(world: &Shared, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut world = world.lock().unwrap();
    world
        .requests
        .push((format!("{method} {path}"), body.clone()));
    let list = |kind: &str, items: Vec<Value>| {
        (
            200,
            json!({"apiVersion": "v1", "kind": kind, "metadata": {}, "items": items}),
        )
    };
    let fine = || {
        (
            200,
            json!({"apiVersion": "v1", "kind": "Status", "status": "Success"}),
        )
    };
    let missing = || {
        let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure",
            "code": 404, "reason": "NotFound", "message": "not found"});
        (404, status)
    };
    match (method, path) {
        ("GET", "/version") => (
            200,
            json!({"major": "1", "minor": "37", "gitVersion": "v1.37.1", "gitCommit": "c",
                "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1",
                "compiler": "gc", "platform": "linux/arm64"}),
        ),
        ("GET", "/api/v1/nodes") => list("NodeList", world.nodes.values().cloned().collect()),
        ("GET", "/api/v1/pods") => list("PodList", Vec::new()),
        ("GET", "/api/v1/persistentvolumes") => list("PersistentVolumeList", Vec::new()),
        ("GET", "/api/v1/namespaces") => list("NamespaceList", Vec::new()),
        ("GET", "/api") => (200, kinds(&[])),
        ("GET", "/apis") => (200, world.kinds()),
        ("GET", DEFINITIONS) => list(
            "CustomResourceDefinitionList",
            world.definition.iter().cloned().collect(),
        ),
        ("PATCH", path) if path.starts_with("/apis/") => {
            if path.starts_with(DEFINITIONS) {
                let mut definition = body.clone();
                definition["status"] =
                    json!({"conditions": [{"type": "Established", "status": "True"}]});
                world.definition = Some(definition);
            }
            (200, body.clone())
        }
        ("POST", _) => (201, body.clone()),
        (_, path) => {
            let Some(name) = path.strip_prefix("/api/v1/nodes/") else {
                return if method == "DELETE" {
                    fine()
                } else {
                    missing()
                };
            };
            if method == "DELETE" {
                return world.nodes.remove(name).map_or_else(missing, |_| fine());
            }
            world
                .nodes
                .get(name)
                .map_or_else(missing, |node| (200, node.clone()))
        }
    }
}
