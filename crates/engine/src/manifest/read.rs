//! From text to objects. Pure.

use kube::core::GroupVersionKind;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::ManifestProblem;

/// Largest text that is read, in bytes.
const LARGEST: usize = 16 << 20;

/// An object as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// The line on which its document begins, from 1.
    pub(super) line: u32,
    pub(super) value: Value,
}

impl Manifest {
    /// Group of its API; empty for the core.
    pub(super) fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Whether it is a namespace.
    pub(super) fn is_namespace(&self) -> bool {
        self.kind == "Namespace" && self.api_version == "v1"
    }

    /// Its kind, in full.
    pub(super) fn of_kind(&self) -> GroupVersionKind {
        let version = self.api_version.rsplit('/').next().unwrap_or_default();
        GroupVersionKind::gvk(self.group(), version, &self.kind)
    }

    /// Whether it defines a kind.
    pub(super) fn is_definition(&self) -> bool {
        self.kind == "CustomResourceDefinition" && self.group() == "apiextensions.k8s.io"
    }

    /// The kinds that it defines: one in each version that is served.
    pub(super) fn defines(&self) -> Vec<GroupVersionKind> {
        let spec = self.value.get("spec").filter(|_| self.is_definition());
        let text = |path: &str| spec.and_then(|spec| spec.pointer(path)?.as_str());
        let (Some(group), Some(kind)) = (text("/group"), text("/names/kind")) else {
            return Vec::new();
        };
        let versions = spec.and_then(|spec| spec.get("versions")?.as_array());
        let served = versions
            .into_iter()
            .flatten()
            .filter(|one| one["served"] == true);
        served
            .filter_map(|one| Some(GroupVersionKind::gvk(group, one["name"].as_str()?, kind)))
            .collect()
    }
}

/// Reads all objects of a text; lists are taken apart. Fails with everything that is wrong.
pub(super) fn read(text: &str) -> Result<Vec<Manifest>, Vec<ManifestProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > LARGEST {
        let message = format!("larger than {} MiB: no manifests", LARGEST >> 20);
        return Err(vec![problem(None, message)]);
    }
    let documents = documents(text).map_err(|problem| vec![problem])?;
    let (mut manifests, mut problems) = (Vec::new(), Vec::new());
    for (line, value) in documents {
        take(line, value, &mut manifests, &mut problems);
    }
    if manifests.is_empty() && problems.is_empty() {
        problems.push(problem(None, "there is no object in it"));
    }
    repeated(&manifests, &mut problems);
    if problems.is_empty() {
        Ok(manifests)
    } else {
        Err(problems)
    }
}

/// The documents of a text, each with the line on which it begins.
fn documents(text: &str) -> Result<Vec<(u32, Value)>, ManifestProblem> {
    if text.trim_start().starts_with(['{', '[']) {
        return json(text);
    }
    // As kubectl reads it: `0644` is octal, `yes` is true.
    let options = serde_saphyr::options! {
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let documents: Vec<Spanned<Value>> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| {
            let place = error.location();
            let number = |number: u64| u32::try_from(number).ok();
            ManifestProblem {
                line: place.and_then(|place| number(place.line())),
                column: place.and_then(|place| number(place.column())),
                message: without_place(&error.without_snippet().to_string()).to_owned(),
            }
        })?;
    let line = |document: &Spanned<Value>| {
        u32::try_from(document.referenced.line())
            .unwrap_or(1)
            .max(1)
    };
    Ok(documents
        .into_iter()
        .map(|document| (line(&document), document.value))
        .collect())
}

/// A parser's words without the place that they end with.
fn without_place(message: &str) -> &str {
    let at = [" at line ", " at position "]
        .iter()
        .find_map(|at| message.rfind(at));
    at.map_or(message, |at| message[..at].trim_end_matches(','))
}

/// JSON, where one value may follow another.
fn json(text: &str) -> Result<Vec<(u32, Value)>, ManifestProblem> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut documents = Vec::new();
    loop {
        let rest = text.get(values.byte_offset()..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        let before = text.get(..values.byte_offset() + blank).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        match values.next() {
            None => return Ok(documents),
            Some(Ok(value)) => documents.push((line, value)),
            Some(Err(error)) => {
                return Err(ManifestProblem {
                    line: u32::try_from(error.line()).ok(),
                    column: u32::try_from(error.column()).ok(),
                    message: without_place(&error.to_string()).to_owned(),
                });
            }
        }
    }
}

fn problem(line: Option<u32>, message: impl Into<String>) -> ManifestProblem {
    ManifestProblem {
        line,
        column: None,
        message: message.into(),
    }
}

fn take(
    line: u32,
    mut value: Value,
    manifests: &mut Vec<Manifest>,
    problems: &mut Vec<ManifestProblem>,
) {
    let mut wrong = |message: &str| problems.push(problem(Some(line), message));
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if !value.is_object() {
        return wrong(
            "this is no Kubernetes object: a mapping with apiVersion and kind is expected",
        );
    }
    let (Some(api_version), Some(kind)) = (text(&value, "apiVersion"), text(&value, "kind")) else {
        return wrong("an object needs apiVersion and kind");
    };
    if kind.ends_with("List")
        && let Some(Value::Array(items)) = value.get_mut("items").map(Value::take)
    {
        for item in items {
            take(line, item, manifests, problems);
        }
        return;
    }
    let metadata = value.get("metadata").cloned().unwrap_or_default();
    let Some(name) = text(&metadata, "name") else {
        return wrong(if metadata.get("generateName").is_some() {
            "generateName makes another object each time and can't be applied: give it a name"
        } else {
            "an object needs metadata.name"
        });
    };
    manifests.push(Manifest {
        namespace: text(&metadata, "namespace"),
        api_version,
        kind,
        name,
        line,
        value,
    });
}

/// Two objects of one name: the second would undo the first in silence.
fn repeated(manifests: &[Manifest], problems: &mut Vec<ManifestProblem>) {
    let key = |one: &Manifest| {
        let group = one.group().to_owned();
        (
            group,
            one.kind.clone(),
            one.namespace.clone(),
            one.name.clone(),
        )
    };
    for (index, manifest) in manifests.iter().enumerate() {
        let first = manifests[..index]
            .iter()
            .find(|one| key(one) == key(manifest));
        if let Some(first) = first {
            let message = format!(
                "{} {} is here twice: first on line {}",
                manifest.kind, manifest.name, first.line
            );
            problems.push(problem(Some(manifest.line), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "# a comment\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n\
                       apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: a\n";

    fn names(text: &str) -> Vec<(u32, String)> {
        let manifests = read(text).expect("readable");
        manifests
            .into_iter()
            .map(|one| (one.line, one.name))
            .collect()
    }

    #[test]
    fn documents_know_where_they_begin() {
        assert_eq!(names(TWO), [(2, "a".into()), (7, "web".into())]);
        let json = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n\t{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"s\"}}]}\n\n{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"c\"}}";
        assert_eq!(names(json), [(1, "s".into()), (4, "c".into())]);
    }

    #[test]
    fn scalars_are_read_as_kubectl_reads_them() {
        let text =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nmode: 0644\non: yes\nv: \"1\"\n";
        let manifests = read(text).expect("readable");
        assert_eq!(manifests[0].value["mode"], 420);
        assert_eq!(manifests[0].value["v"], "1");
    }

    #[test]
    fn problems_have_their_place() {
        let places = |text: &str| -> Vec<(Option<u32>, String)> {
            let problems = read(text).expect_err("wrong");
            problems
                .into_iter()
                .map(|one| (one.line, one.message))
                .collect()
        };
        let syntax = places("apiVersion: v1\nkind: [\n");
        assert_eq!(syntax.len(), 1);
        assert!(syntax[0].0.is_some_and(|line| line >= 2), "{syntax:?}");
        let several = places("kind: A\n---\napiVersion: v1\nkind: B\n---\n- 1\n");
        let lines: Vec<Option<u32>> = several.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [Some(1), Some(3), Some(6)]);
        assert!(places("# nothing\n")[0].1.contains("no object"));
        assert!(places("{\"a\": }")[0].0 == Some(1));
        let twice = format!("{TWO}---\n{TWO}");
        assert!(
            places(&twice)[0].1.contains("twice"),
            "{:?}",
            places(&twice)
        );
    }

    #[test]
    fn a_definition_names_its_kind() {
        let text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: cats.example.com}\nspec:\n  group: example.com\n  names: {kind: Cat}\n  versions:\n  - {name: v1alpha1, served: false}\n  - {name: v1, served: true}\n";
        let manifests = read(text).expect("readable");
        let cat = GroupVersionKind::gvk("example.com", "v1", "Cat");
        assert_eq!(manifests[0].defines(), [cat]);
    }
}
