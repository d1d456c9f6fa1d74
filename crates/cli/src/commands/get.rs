//! `get clusters|nodes|kubeconfig|images`

use std::collections::BTreeMap;

use engine::{ClusterState, ClusterSummary, NodeImages, NodeStatus, Result};
use serde::Serialize;

use crate::args::{ClusterName, NodesArgs};
use crate::console::note;
use crate::session::Session;
use crate::style::{Style, Tone};
use crate::table::{Cell, Table};

#[derive(Serialize)]
struct Clusters<'a> {
    clusters: &'a [ClusterSummary],
}

#[derive(Serialize)]
struct Nodes<'a> {
    nodes: &'a [NodeStatus],
}

#[derive(Serialize)]
struct Kubeconfig<'a> {
    kubeconfig: &'a str,
}

#[derive(Serialize)]
struct Images<'a> {
    nodes: &'a [NodeImages],
}

pub(super) async fn clusters(session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let clusters = session.ask(engine.clusters()).await?;
    let console = session.console;
    console.result(
        &Clusters {
            clusters: &clusters,
        },
        |style| {
            if console.is_quiet() {
                return names(clusters.iter().map(|cluster| cluster.name.as_str()));
            }
            if clusters.is_empty() {
                note("No clusters; `apple-k8s create cluster` makes one.");
                return String::new();
            }
            cluster_table(&clusters, style)
        },
    )
}

pub(super) async fn nodes(args: &NodesArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let cluster = if args.all_clusters {
        None
    } else {
        Some(args.name.resolve()?)
    };
    let nodes = session.ask(engine.nodes(cluster.as_deref())).await?;
    session.console.result(&Nodes { nodes: &nodes }, |style| {
        if session.console.is_quiet() {
            return names(nodes.iter().map(|node| node.name.as_str()));
        }
        node_table(&nodes, style)
    })
}

pub(super) async fn kubeconfig(name: &ClusterName, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let kubeconfig = session.ask(engine.kubeconfig(&name.resolve()?)).await?;
    session.console.result(
        &Kubeconfig {
            kubeconfig: &kubeconfig,
        },
        |_| kubeconfig.clone(),
    )
}

pub(super) async fn images(name: &ClusterName, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let nodes = session.ask(engine.images(&name.resolve()?)).await?;
    session.console.result(&Images { nodes: &nodes }, |style| {
        let images = by_name(&nodes);
        if session.console.is_quiet() {
            return names(images.iter().map(|image| image.name));
        }
        image_table(&images, nodes.len(), style)
    })
}

/// The state of a cluster as a word in its colour.
pub(super) fn state_cell(state: ClusterState) -> Cell {
    match state {
        ClusterState::Running => Cell::toned("running", Tone::Good),
        ClusterState::Stopped => Cell::toned("stopped", Tone::Faint),
        ClusterState::Partial => Cell::toned("partial", Tone::Doubtful),
        ClusterState::Incomplete => Cell::toned("incomplete", Tone::Bad),
        ClusterState::Foreign => Cell::toned("of another home", Tone::Faint),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.flat_map(|name| [name, "\n"]).collect()
}

fn cluster_table(clusters: &[ClusterSummary], style: Style) -> String {
    let mut table = Table::new(["NAME", "STATE", "NODES", "SERVER", "CONTEXT"]);
    for cluster in clusters {
        table.row([
            Cell::plain(&cluster.name),
            state_cell(cluster.state),
            Cell::plain(cluster.nodes.to_string()),
            Cell::maybe(cluster.server.as_deref()),
            Cell::plain(&cluster.context),
        ]);
    }
    table.render(style)
}

fn node_table(nodes: &[NodeStatus], style: Style) -> String {
    let mut table = Table::new([
        "NAME",
        "CLUSTER",
        "ROLE",
        "STATE",
        "NODE-IP",
        "CONTAINER-IP",
        "IMAGE",
    ]);
    for node in nodes {
        table.row([
            Cell::plain(&node.name),
            Cell::plain(&node.cluster),
            Cell::plain(node.role.as_str()),
            running_cell(node.running),
            Cell::plain(&node.address),
            Cell::maybe(node.container_address.as_deref()),
            Cell::plain(short_image(&node.image)),
        ]);
    }
    table.render(style)
}

/// Whether a node's container runs, as a word in its colour.
pub(super) fn running_cell(running: bool) -> Cell {
    if running {
        Cell::toned("running", Tone::Good)
    } else {
        Cell::toned("stopped", Tone::Faint)
    }
}

/// An image of the nodes.
struct Image<'a> {
    name: &'a str,
    id: &'a str,
    size: u64,
    nodes: Vec<&'a str>,
}

/// The images of all nodes, one entry a name and content.
fn by_name(nodes: &[NodeImages]) -> Vec<Image<'_>> {
    let mut images: BTreeMap<(&str, &str), Image<'_>> = BTreeMap::new();
    for node in nodes {
        for image in &node.images {
            for name in image_names(image) {
                images
                    .entry((name, &image.id))
                    .or_insert_with(|| Image {
                        name,
                        id: &image.id,
                        size: image.size,
                        nodes: Vec::new(),
                    })
                    .nodes
                    .push(&node.node);
            }
        }
    }
    images.into_values().collect()
}

fn image_names(image: &engine::ImageOnNode) -> Vec<&str> {
    if image.repo_tags.is_empty() {
        return vec!["<none>"];
    }
    image.repo_tags.iter().map(String::as_str).collect()
}

fn image_table(images: &[Image<'_>], nodes: usize, style: Style) -> String {
    let mut table = Table::new(["IMAGE", "ID", "SIZE", "NODES"]);
    for image in images {
        let on = if image.nodes.len() == nodes {
            "all".to_owned()
        } else {
            image.nodes.join(",")
        };
        let id = image.id.trim_start_matches("sha256:");
        table.row([
            Cell::plain(image.name),
            Cell::plain(id.chars().take(12).collect::<String>()),
            Cell::plain(size(image.size)),
            Cell::plain(on),
        ]);
    }
    table.render(style)
}

/// An image's name without what every name without a registry gets.
fn short_image(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

/// Bytes as crictl writes them: 812B, 31.4kB, 98.6MB, 1.2GB.
fn size(bytes: u64) -> String {
    let mut unit = "B";
    let (mut whole, mut tenth) = (bytes, 0);
    for next in ["kB", "MB", "GB", "TB"] {
        if whole < 1000 {
            break;
        }
        tenth = whole % 1000 / 100;
        whole /= 1000;
        unit = next;
    }
    if unit == "B" {
        format!("{whole}B")
    } else {
        format!("{whole}.{tenth}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ImageOnNode;

    #[test]
    fn sizes_have_a_unit_that_fits() {
        let table = [
            (0, "0B"),
            (999, "999B"),
            (31_449, "31.4kB"),
            (98_600_000, "98.6MB"),
            (1_250_000_000, "1.2GB"),
        ];
        for (bytes, text) in table {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn one_image_on_several_nodes_is_one_row() {
        let image = |id: &str, tag: &str| ImageOnNode {
            id: format!("sha256:{id}0123456789abcdef"),
            repo_tags: if tag.is_empty() {
                vec![]
            } else {
                vec![tag.to_owned()]
            },
            size: 5_000_000,
            pinned: false,
            platform: None,
        };
        let nodes = [
            NodeImages {
                node: "a".into(),
                images: vec![image("1", "web:1"), image("2", "db:1")],
            },
            NodeImages {
                node: "b".into(),
                images: vec![image("1", "web:1"), image("3", "")],
            },
        ];
        assert_eq!(
            image_table(&by_name(&nodes), nodes.len(), Style::PLAIN),
            "IMAGE    ID             SIZE    NODES\n\
             <none>   30123456789a   5.0MB   b\n\
             db:1     20123456789a   5.0MB   a\n\
             web:1    10123456789a   5.0MB   all\n"
        );
    }

    #[test]
    fn the_usual_registry_is_left_out() {
        assert_eq!(
            short_image("docker.io/library/apple-k8s-node:v1"),
            "apple-k8s-node:v1"
        );
        assert_eq!(short_image("ghcr.io/a/b:1"), "ghcr.io/a/b:1");
    }
}
