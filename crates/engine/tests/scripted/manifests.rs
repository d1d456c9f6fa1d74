//! Manifests over an API that lists a kind only some time after it was defined.

use engine::{ManifestChange, Operation};

use super::api::FakeApi;
use super::bench::{Bench, healthy, two_nodes};
use super::change::known;

const CATS: &str = "\
apiVersion: example.com/v1
kind: Cat
metadata: {name: tom}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: cats.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Cat, plural: cats}
  versions:
  - {name: v1, served: true, storage: true}
";

async fn cluster() -> (Bench, FakeApi) {
    let api = FakeApi::with_nodes(&["dev-control-plane", "dev-worker"]).await;
    let bench = Bench::new(&healthy().on(&["list"], [two_nodes("first", "running")]));
    known(&bench, &api, 1);
    (bench, api)
}

#[tokio::test]
async fn an_object_waits_until_its_kind_is_listed() {
    let (bench, api) = cluster().await;
    api.lists_late(3);
    let op = Operation::silent();
    let applied = bench.engine.apply_manifests("dev", CATS, &op).await;
    for object in applied.unwrap() {
        assert_eq!(object.problem, None, "{}", object.kind);
        assert_eq!(object.change, ManifestChange::New);
    }
    assert_eq!(
        api.changes(),
        [
            "PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/cats.example.com",
            "PATCH /apis/example.com/v1/namespaces/default/cats/tom",
        ]
    );
}

#[tokio::test]
async fn a_version_that_is_not_served_is_not_waited_for() {
    let (bench, _api) = cluster().await;
    let other = CATS.replacen("example.com/v1", "example.com/v2", 1);
    let preview = bench.engine.preview_manifests("dev", &other).await.unwrap();
    let problem = preview.objects[0].problem.as_deref();
    assert_eq!(
        problem,
        Some("the cluster knows no kind Cat in example.com/v2")
    );
    let op = Operation::silent();
    let applied = bench.engine.apply_manifests("dev", &other, &op);
    let soon = tokio::time::timeout(std::time::Duration::from_secs(10), applied);
    let objects = soon.await.expect("at once").unwrap();
    assert_eq!(objects[0].problem.as_deref(), problem);
    assert_eq!(objects[1].problem, None);
}
