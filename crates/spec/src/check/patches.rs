//! Patches of kubeadm's and containerd's configuration. A patch that would change nothing is an
//! error: nodes leave it out without a word.

use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike};

use crate::read::{Problems, did_you_mean};
use crate::source::{Source, element};
use crate::yaml::{self, Content, Fault, Tree};
use crate::{Cluster, Place, Role, SpecError};

use super::node_path;

/// kubeadm's documents and their versions, as the nodes write them.
const DOCUMENTS: [(&str, &str); 5] = [
    ("InitConfiguration", "kubeadm.k8s.io/v1beta4"),
    ("ClusterConfiguration", "kubeadm.k8s.io/v1beta4"),
    ("JoinConfiguration", "kubeadm.k8s.io/v1beta4"),
    ("KubeletConfiguration", "kubelet.config.k8s.io/v1beta1"),
    ("KubeProxyConfiguration", "kubeproxy.config.k8s.io/v1alpha1"),
];

/// Fields of kubeadm's documents that list arguments of programs.
const ARGUMENTS: [&str; 2] = ["extraArgs", "kubeletExtraArgs"];

/// Version of the nodes' containerd configuration.
const CONTAINERD_VERSION: i64 = 3;

/// containerd 1's plugin for Kubernetes; containerd 2 left it the streaming alone.
const OLD_PLUGIN: &str = "io.containerd.grpc.v1.cri";

/// Checks all patches of a cluster.
pub(super) fn check(cluster: &Cluster, problems: &mut Problems) {
    check_kubeadm("spec", &cluster.kubeadm_config_patches, None, problems);
    for (index, node) in cluster.nodes.iter().enumerate() {
        check_kubeadm(
            &node_path(index),
            &node.kubeadm_config_patches,
            Some(node.role),
            problems,
        );
    }
    let path = "spec.containerdConfigPatches";
    for (index, patch) in cluster.containerd_config_patches.iter().enumerate() {
        let path = element(path, index);
        if !problems.failed(&path) {
            check_containerd(&path, patch, problems);
        }
    }
}

fn check_kubeadm(owner: &str, patches: &[String], role: Option<Role>, problems: &mut Problems) {
    let path = format!("{owner}.kubeadmConfigPatches");
    for (index, patch) in patches.iter().enumerate() {
        let path = element(&path, index);
        if problems.failed(&path) {
            continue;
        }
        match documents(patch) {
            Err(errors) => {
                for error in errors {
                    problems.error(SpecError {
                        path: path.clone(),
                        ..error
                    });
                }
            }
            Ok(documents) if documents.is_empty() => {
                problems.error(SpecError::new(path, "the patch is empty").hint("remove it"));
            }
            Ok(documents) => {
                for document in &documents {
                    check_document(&path, document, role, problems);
                }
            }
        }
    }
}

/// The documents of a patch, or what is wrong with its YAML.
fn documents(patch: &str) -> Result<Vec<Tree>, Vec<SpecError>> {
    let source = Source::new(patch.as_bytes()).map_err(|error| vec![in_patch(error)])?;
    let mut faults = Vec::new();
    let documents = yaml::read_all(&source, &mut faults);
    let error = |fault| yaml_error(&fault, patch);
    match documents {
        Ok(documents) if faults.is_empty() => Ok(documents),
        Ok(_) => Err(faults.into_iter().map(error).collect()),
        Err(fatal) => Err(faults.into_iter().chain([fatal]).map(error).collect()),
    }
}

fn yaml_error(fault: &Fault, patch: &str) -> SpecError {
    let mut error = SpecError::new("", format!("in the patch, {}", fault.message));
    error.hint = fault.hint.map(str::to_owned);
    // What is missing at the end shows behind the patch, where other things stand.
    let lines = patch.trim_end().lines().count();
    let end = patch
        .trim_end()
        .lines()
        .last()
        .map_or(0, |line| line.chars().count());
    error.inside(if fault.place.line > lines {
        Place {
            line: lines.max(1),
            column: end.max(1),
            length: 1,
        }
    } else {
        fault.place
    })
}

/// The place of an error in a patch is not one in the file.
fn in_patch(error: SpecError) -> SpecError {
    match error.place {
        Some(place) => SpecError {
            place: None,
            ..error
        }
        .inside(place),
        None => error,
    }
}

fn check_document(path: &str, document: &Tree, role: Option<Role>, problems: &mut Problems) {
    let error = |message: String| SpecError::new(path, message);
    let at = |tree: &Tree, error: SpecError| error.inside(tree.place);
    let kinds = DOCUMENTS.map(|(kind, _)| kind);
    let Some(kind) = document.get("kind") else {
        let error = error("the patch has no kind, so it is not known what it changes".into());
        problems.error(error.expected(format!("kind: one of {}", kinds.join(", "))));
        return;
    };
    let written = kind.as_text().unwrap_or_default();
    let Some((name, version)) = DOCUMENTS.into_iter().find(|(name, _)| *name == written) else {
        let error = error(format!(
            "kubeadm on a node has no document of kind {written:?}"
        ))
        .value(written)
        .expected(format!("one of {}", kinds.join(", ")));
        problems.error(at(kind, did_you_mean(error, written, &kinds)));
        return;
    };
    if let Some(given) = document.get("apiVersion")
        && given.as_text() != Some(version)
    {
        let written = given.as_text().unwrap_or_default();
        let error = error(format!(
            "the nodes' {name} has another version than {written:?}"
        ));
        problems.error(at(given, error.value(written).expected(version)));
    }
    check_arguments(path, document, problems);
    if let Some(why) = role.and_then(|role| without_effect(name, role)) {
        problems.warn(at(kind, error(why).value(name)));
    }
}

/// Why a patch of a document changes nothing on a node of a role.
fn without_effect(kind: &str, role: Role) -> Option<String> {
    let other = match (role, kind) {
        (Role::ControlPlane, "JoinConfiguration") => "InitConfiguration",
        (Role::Worker, "InitConfiguration") => "JoinConfiguration",
        (Role::Worker, _) if kind != "JoinConfiguration" => {
            return Some(format!(
                "a {kind} comes from the control plane: for a worker this patch changes nothing"
            ));
        }
        _ => return None,
    };
    Some(format!(
        "a {role} has no {kind}: the patch changes nothing, it has a {other}"
    ))
}

/// Up to v1beta3 arguments were a mapping, and many examples still write them so.
fn check_arguments(path: &str, tree: &Tree, problems: &mut Problems) {
    let Content::Map(entries) = &tree.content else {
        return;
    };
    for entry in entries {
        match &entry.value.content {
            Content::Map(_) if ARGUMENTS.contains(&entry.key.as_str()) => {
                let error = SpecError::new(path, format!("{} is a list since v1beta4", entry.key))
                    .expected("elements such as {name: v, value: \"2\"}")
                    .inside(entry.key_place);
                problems.error(match entry.value.get("node-labels") {
                    Some(_) => error.hint("labels of a node stand in its own field, labels"),
                    None => error,
                });
            }
            _ => check_arguments(path, &entry.value, problems),
        }
    }
}

fn check_containerd(path: &str, toml: &str, problems: &mut Problems) {
    let error = |message: String| SpecError::new(path, message);
    let document = match Document::parse(toml) {
        Ok(document) => document,
        Err(fault) => {
            let error = error(format!(
                "in the patch, no valid TOML: {}",
                first_line(fault.message())
            ));
            problems.error(inside(error, toml, fault.span()));
            return;
        }
    };
    if document.is_empty() {
        problems.error(error("the patch is empty".into()).hint("remove it"));
    }
    if let Some(version) = document.get("version")
        && version.as_integer() != Some(CONTAINERD_VERSION)
    {
        let error = error("the patch is for another version of containerd's configuration".into())
            .value(
                version
                    .as_integer()
                    .map_or_else(String::new, |version| version.to_string()),
            )
            .expected(format!("version = {CONTAINERD_VERSION}, or none"));
        problems.error(inside(error, toml, version.span()));
    }
    let old = document
        .get("plugins")
        .and_then(|plugins| plugins.get(OLD_PLUGIN));
    if let Some(table) = old.and_then(Item::as_table_like) {
        check_old_plugin(path, toml, table, problems);
    }
}

/// Settings that containerd 2 reads from elsewhere, and would ignore here.
fn check_old_plugin(path: &str, toml: &str, table: &dyn TableLike, problems: &mut Problems) {
    for (name, item) in table.iter() {
        let streaming = name.starts_with("stream_")
            || matches!(
                name,
                "disable_tcp_service" | "enable_tls_streaming" | "x509_key_pair_streaming"
            );
        if streaming {
            continue;
        }
        let plugin = match name {
            "registry"
            | "image_decryption"
            | "max_concurrent_downloads"
            | "image_pull_progress_timeout" => "images",
            _ => "runtime",
        };
        let message = format!("containerd 2 does not read {name} from plugins.{OLD_PLUGIN:?}");
        let error = SpecError::new(path, message)
            .value(name)
            .expected(format!("plugins.\"io.containerd.cri.v1.{plugin}\""));
        let span = table.key(name).and_then(Key::span).or_else(|| item.span());
        problems.error(inside(error, toml, span));
    }
}

/// The error at some bytes of the patch.
fn inside(error: SpecError, patch: &str, span: Option<Range<usize>>) -> SpecError {
    let Some(span) = span else { return error };
    let (Some(before), Some(text)) = (patch.get(..span.start), patch.get(span)) else {
        return error;
    };
    error.inside(Place {
        line: before.matches('\n').count() + 1,
        column: before
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1,
        length: text
            .lines()
            .next()
            .map_or(1, |line| line.chars().count())
            .max(1),
    })
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
