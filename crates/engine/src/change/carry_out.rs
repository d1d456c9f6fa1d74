//! Carrying a change out, step by step.

use std::collections::BTreeSet;
use std::time::Duration;

use container::Container;
use kube::Client;
use spec::Cluster;

use super::difference::{Difference, Marks};
use super::images::Loaded;
use super::truth::Truth;
use super::{Changed, Survey, marks, words};
use crate::error::{Error, ErrorCode, Result};
use crate::home::ClusterDir;
use crate::host::{self, HostPort};
use crate::inventory::Inventory;
use crate::lock::Work;
use crate::plan::{self, NodeDraft};
use crate::preflight::{Expected, check_mounts, check_ports};
use crate::{Engine, Operation};

/// Everything that the steps of one change need.
pub(super) struct Site<'a> {
    pub(super) engine: &'a Engine,
    /// Its calls end with the operation.
    pub(super) container: Container,
    pub(super) client: Client,
    pub(super) kubeconfig: String,
    pub(super) dir: ClusterDir,
    pub(super) wanted: &'a Cluster,
    /// All nodes of the wanted cluster.
    pub(super) drafts: Vec<NodeDraft>,
    pub(super) truth: Truth,
    pub(super) wait: Option<Duration>,
    pub(super) op: &'a Operation,
}

impl Engine {
    /// Makes a running cluster what `wanted` says, as [`Engine::plan_change`] tells. Nodes that
    /// are made are waited for as long as `wait` says. Killed at any point, it is finished by the
    /// same call; failed or cancelled, what was done until then stays, and is remembered.
    pub async fn change(
        &self,
        name: &str,
        wanted: &Cluster,
        wait: Option<Duration>,
        op: &Operation,
    ) -> Result<Changed> {
        let _held = self.home.lock(name, Work::Change)?;
        let container = self.container.cancelled_by(op.cancel.clone());
        let step = op.steps.begin("preflight", None);
        let (_, status) = container.ready().await?;
        let inventory = Inventory::read(&container).await?;
        let wanted = &self.with_ports(name, wanted, &inventory)?;
        let mut survey = self.survey(name, wanted, inventory)?;
        refuse(&survey, name)?;
        let dir = self.home.cluster(name);
        let killed = dir.change()?;
        let mut site = Site {
            engine: self,
            client: super::client(&survey.kubeconfig).await?,
            kubeconfig: survey.kubeconfig.clone(),
            drafts: plan::nodes_of(wanted, &survey.version)?,
            truth: Truth::new(&survey.saved, wanted),
            container,
            dir,
            wanted,
            wait,
            op,
        };
        let running = op.unless_cancelled(answers(&site.client)).await?;
        if let Some(killed) = killed {
            op.unless_cancelled(site.clear(&killed)).await?;
            survey = self.survey(name, wanted, Inventory::read(&site.container).await?)?;
        }
        let check = site.check(&survey, running, status.app_root.as_deref());
        op.unless_cancelled(check).await?;
        let leaving = survey.difference.leaving();
        op.unless_cancelled(marks::open_all(&site.client, &leaving))
            .await?;
        step.done();
        let images = op.unless_cancelled(site.loaded_images(&survey)).await?;
        let mut changed = Box::pin(site.carry_out(survey.difference, images)).await?;
        ClusterDir::write(&site.dir.spec_file(), &wanted.to_yaml())?;
        name.clone_into(&mut changed.name);
        Ok(changed)
    }
}

impl Site<'_> {
    async fn carry_out(&mut self, difference: Difference, mut images: Loaded) -> Result<Changed> {
        let mut changed = Changed::default();
        let (late, now): (Vec<Marks>, Vec<Marks>) = difference
            .marked
            .into_iter()
            .partition(Marks::waits_for_workers);
        self.mark(&now, &mut changed).await?;

        let added: Vec<String> = difference
            .added
            .into_iter()
            .map(|one| one.plan.name)
            .collect();
        if !added.is_empty() {
            changed.lacking.extend(self.add(&added, &images).await?);
        }
        self.mark(&late, &mut changed).await?;
        if !added.is_empty() {
            self.added(&added)?;
        }
        changed.added = added;

        for removal in difference.removed {
            changed.forced.extend(self.remove(&removal.node).await?);
            self.truth.removed(&removal.node);
            images.forget(&removal.node);
            self.truth.save(&self.dir)?;
            changed.removed.push(removal.node);
        }
        if !changed.removed.is_empty() {
            self.op.unless_cancelled(self.reconnect()).await?;
        }
        for recreation in difference.recreated {
            let node = [recreation.node];
            changed.forced.extend(self.remove(&node[0]).await?);
            changed.lacking.extend(self.add(&node, &images).await?);
            self.added(&node)?;
            changed.recreated.extend(node);
        }
        Ok(changed)
    }

    /// Which images nodes have that others, still to be made, will need.
    async fn loaded_images(&self, survey: &Survey) -> Result<Loaded> {
        let difference = &survey.difference;
        if difference.added.is_empty() && difference.recreated.is_empty() {
            return Ok(Loaded::default());
        }
        let nodes = survey.inventory.nodes(&self.wanted.name);
        Ok(Loaded::ask(&self.container, nodes).await)
    }

    /// Sets labels and taints.
    async fn mark(&mut self, all: &[Marks], changed: &mut Changed) -> Result<()> {
        for marks in all {
            let step = self.op.steps.begin("label", Some(&marks.node));
            self.op
                .unless_cancelled(marks::set(&self.client, marks))
                .await?;
            self.truth.marked(&marks.node);
            changed.marked.push(marks.node.clone());
            step.done();
        }
        if !all.is_empty() {
            self.truth.save(&self.dir)?;
        }
        Ok(())
    }

    /// Checks all that can be checked of nodes to be made, so that what can't work fails before
    /// anything is changed.
    async fn check(
        &self,
        survey: &Survey,
        running: Expected,
        disk: Option<&std::path::Path>,
    ) -> Result<()> {
        let difference = &survey.difference;
        let added = difference.added.iter().map(|one| one.plan.name.as_str());
        let recreated = difference.recreated.iter().map(|one| one.node.as_str());
        let names: BTreeSet<&str> = added.chain(recreated).collect();
        let drafts: Vec<NodeDraft> = self
            .drafts
            .iter()
            .filter(|draft| names.contains(draft.plan.name.as_str()))
            .cloned()
            .collect();
        if drafts.is_empty() {
            return Ok(());
        }
        check_mounts(&drafts)?;
        let images = self
            .engine
            .check_images(&drafts, Some(running), &self.container);
        images.await?;
        if let Some(disk) = disk {
            host::check_room(disk, drafts.len())?;
        }
        check_names(&drafts, survey)?;
        check_ports(&new_ports(&drafts, &survey.inventory), &survey.inventory)
    }
}

/// Refuses what can't be done at all, or not now.
fn refuse(survey: &Survey, name: &str) -> Result<()> {
    let plan = words::plan(&survey.difference, &super::Losses::default());
    if !plan.impossible.is_empty() {
        let line = |item: &super::PlanItem| match &item.node {
            Some(node) => format!("{node}: {}\n  {}", item.what, item.effect),
            None => format!("{}\n  {}", item.what, item.effect),
        };
        let lines: Vec<String> = plan.impossible.iter().map(line).collect();
        return Err(Error::new(
            ErrorCode::ChangeImpossible,
            format!("cluster \"{name}\" can't be changed in this way while it exists"),
        )
        .detail(lines.join("\n"))
        .hint(format!(
            "take these changes back, or make the cluster anew: apple-k8s delete cluster {name}"
        )));
    }
    match survey.difference.blocked_by(survey.inventory.nodes(name)) {
        Some(reason) => Err(Error::new(
            ErrorCode::ClusterStopped,
            format!("cluster \"{name}\" can't be changed now: {reason}"),
        )
        .hint(format!("apple-k8s start cluster {name}"))),
        None => Ok(()),
    }
}

/// Checks that the API answers, before anything is changed. Gives the cluster's Kubernetes.
async fn answers(client: &Client) -> Result<Expected> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let silent = |why: String| {
        Error::new(ErrorCode::NotReady, "the cluster's API does not answer")
            .detail(why)
            .hint("look with `apple-k8s status`; `apple-k8s start cluster` heals what it can")
    };
    match tokio::time::timeout(PATIENCE, client.apiserver_version()).await {
        Ok(Ok(version)) => Ok(Expected::of_running(version.git_version)),
        Ok(Err(error)) => Err(silent(error.to_string())),
        Err(_) => Err(silent(format!(
            "nothing came within {} s",
            PATIENCE.as_secs()
        ))),
    }
}

/// Checks that no container of somebody else has the name of a node to be made.
fn check_names(drafts: &[NodeDraft], survey: &Survey) -> Result<()> {
    let nodes = survey.inventory.nodes(&survey.saved.name);
    let is_node = |id: &str| nodes.iter().any(|node| node.name() == id);
    let mut all = survey.inventory.all.iter();
    let taken = all.find(|other| {
        !is_node(&other.id) && drafts.iter().any(|draft| draft.plan.name == other.id)
    });
    match taken {
        Some(other) => Err(Error::new(
            ErrorCode::ClusterExists,
            format!(
                "a container \"{}\" exists that is no node of this cluster",
                other.id
            ),
        )
        .hint("delete that container")),
        None => Ok(()),
    }
}

/// Ports that nodes to be made take and do not have already.
fn new_ports(drafts: &[NodeDraft], inventory: &Inventory) -> Vec<HostPort> {
    let own = |name: &str, port: u16| {
        let container = inventory.all.iter().find(|one| one.id == name);
        container.is_some_and(|one| one.published.iter().any(|have| have.host_port == port))
    };
    drafts
        .iter()
        .flat_map(|draft| {
            let ports = draft.plan.port_mappings.iter();
            ports.filter(|port| !own(&draft.plan.name, port.host_port))
        })
        .map(|port| HostPort {
            address: port.listen_address,
            port: port.host_port,
            udp: port.protocol == spec::Protocol::Udp,
        })
        .collect()
}
