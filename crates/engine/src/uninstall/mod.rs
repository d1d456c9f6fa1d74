//! Taking the product off a machine: what there is of it, and its removal as the user chooses.
//!
//! Everything is looked up anew each time and nothing is remembered: an uninstall that was killed
//! is finished by the next one.

mod places;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use container::ImageInfo;
use kubeconfig::Files;
use serde::Serialize;

use self::places::Places;
use crate::error::{Error, Result};
use crate::home::{ClusterDir, Home};
use crate::inventory::Inventory;
use crate::standing::Standing;
use crate::{Engine, Operation, normalise_image};

/// Images that this product makes, by the last part of their names.
const IMAGES: [&str; 3] = [
    "apple-k8s-node",
    "apple-k8s-base-debian",
    "apple-k8s-base-golang",
];

/// What kind of thing is removed or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// A cluster with its nodes and all that lies on their disks.
    Cluster,
    /// A cluster's entry in a kubeconfig file.
    KubeconfigEntry,
    /// An image that nodes are made from, or one that such an image is made from.
    Image,
    /// Starts the app when the user logs in.
    LoginItem,
    /// The command line on the search path.
    CommandLink,
    /// What the system keeps for the app's windows.
    Cache,
    /// Logs of the app, and of operations that failed.
    Log,
    /// What the user chose, and unfinished Cluster YAMLs.
    Settings,
}

/// One thing that the product has on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Belonging {
    /// Its kind.
    pub part: Part,
    /// What it is called: a cluster, a context, an image; else its path.
    pub name: String,
    /// The file that it is, or is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Cluster without which it has no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

impl Belonging {
    fn file(part: Part, path: PathBuf) -> Self {
        Self {
            part,
            name: path.display().to_string(),
            path: Some(path),
            cluster: None,
        }
    }
}

/// What a user wants removed beyond login item, link, caches and logs, which always go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub struct Choice {
    /// All clusters, with their entries in kubeconfig files.
    pub clusters: bool,
    /// Entries in kubeconfig files of clusters that stay.
    pub kubeconfig_entries: bool,
    /// Images that no cluster needs that stays.
    pub images: bool,
    /// Settings.
    pub settings: bool,
}

impl Choice {
    /// Everything goes.
    pub const ALL: Self = Self {
        clusters: true,
        kubeconfig_entries: true,
        images: true,
        settings: true,
    };

    /// Whether that goes.
    pub fn removes(self, belonging: &Belonging) -> bool {
        match belonging.part {
            Part::Cluster => self.clusters,
            Part::KubeconfigEntry => self.clusters || self.kubeconfig_entries,
            Part::Image => self.images && (self.clusters || belonging.cluster.is_none()),
            Part::LoginItem | Part::CommandLink | Part::Cache | Part::Log => true,
            Part::Settings => self.settings,
        }
    }

    /// Whether something is to go that only the runtime knows of.
    const fn needs_runtime(self) -> bool {
        self.clusters || self.images
    }
}

/// All that there is of the product, as far as it could be found.
#[derive(Debug, Clone)]
pub struct Belongings {
    /// In the order in which they are removed.
    pub all: Vec<Belonging>,
    /// Why the runtime could not be asked.
    pub runtime_problem: Option<Error>,
    /// Kubeconfig files that can't be read.
    pub kubeconfig_problems: Vec<Error>,
}

impl Belongings {
    /// What goes and what stays.
    pub fn split(&self, choice: Choice) -> (Vec<&Belonging>, Vec<&Belonging>) {
        self.all.iter().partition(|one| choice.removes(one))
    }

    /// Whether there is anything of this kind.
    pub fn has(&self, part: Part) -> bool {
        self.all.iter().any(|one| one.part == part)
    }

    /// Why a choice can't be carried out, found before anything is removed.
    ///
    /// # Errors
    /// When clusters or images are to go and the runtime can't be asked, and when entries are to
    /// go from a kubeconfig file that can't be read.
    pub fn check(&self, choice: Choice) -> Result<()> {
        let runtime = self.runtime_problem.clone();
        // Without a runtime, and with no cluster that was ever made, there is nothing to ask for.
        let needed = choice.needs_runtime() && (choice.images || self.has(Part::Cluster));
        let entries = choice.clusters || choice.kubeconfig_entries;
        let mut problems: Vec<Error> = runtime.into_iter().filter(|_| needed).collect();
        problems.extend(self.kubeconfig_problems.iter().filter(|_| entries).cloned());
        Error::all(problems)
    }
}

/// What an uninstall did.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uninstalled {
    /// Gone now.
    pub removed: Vec<Belonging>,
    /// Still there, as chosen.
    pub kept: Vec<Belonging>,
}

/// The product as it is installed for this user.
#[derive(Debug)]
pub struct Installation {
    engine: Result<Engine>,
    home: Home,
    places: Places,
    kubeconfig: Option<PathBuf>,
}

impl Installation {
    /// The user's. `found` is what [`Engine::locate`] gave: without a `container` program
    /// everything but clusters and images can be removed all the same. `kubeconfig` names a file
    /// to look at besides those that entries are known to be in.
    ///
    /// # Errors
    /// When the user's folders are not known.
    pub fn of_user(found: Result<Engine>, kubeconfig: Option<PathBuf>) -> Result<Self> {
        let home = match &found {
            Ok(engine) => engine.home().clone(),
            Err(_) => Home::of_user()?,
        };
        let places = Places::of_user(&home)?;
        Ok(Self {
            engine: found,
            home,
            places,
            kubeconfig,
        })
    }

    /// Everything that there is; nothing is changed.
    ///
    /// # Errors
    /// When the engine's own folder can't be read.
    pub async fn belongings(&self) -> Result<Belongings> {
        let (mut all, images, runtime_problem) = match self.ask_runtime().await {
            Ok((clusters, images)) => (clusters, images, None),
            Err(error) => (self.remembered_clusters()?, Vec::new(), Some(error)),
        };
        let mut kubeconfig_problems = Vec::new();
        let mut entries = Vec::new();
        for cluster in &all {
            match self.entries(&cluster.name) {
                Ok(found) => entries.extend(found),
                Err(error) => kubeconfig_problems.push(error),
            }
        }
        kubeconfig_problems.dedup_by(|one, other| one.message == other.message);
        all.extend(entries);
        all.extend(images);
        all.extend(self.places.belongings());
        Ok(Belongings {
            all,
            runtime_problem,
            kubeconfig_problems,
        })
    }

    /// Removes what is chosen of `belongings`. What can't be removed does not keep the rest from
    /// being removed; it fails the whole at the end.
    ///
    /// # Errors
    /// [`Belongings::check`], and the failures of single removals.
    pub async fn uninstall(
        &self,
        belongings: &Belongings,
        choice: Choice,
        op: &Operation,
    ) -> Result<Uninstalled> {
        belongings.check(choice)?;
        let mut done = Uninstalled::default();
        let mut problems = Vec::new();
        for one in &belongings.all {
            if !choice.removes(one) {
                done.kept.push(one.clone());
                continue;
            }
            if op.cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            match self.remove(one, op).await {
                Ok(()) => done.removed.push(one.clone()),
                Err(error) => problems.push(error),
            }
        }
        if !done.kept.iter().any(|one| one.part == Part::Cluster) && problems.is_empty() {
            self.home.sweep_locks();
        }
        self.places.sweep();
        Error::all(problems)?;
        Ok(done)
    }

    async fn remove(&self, one: &Belonging, op: &Operation) -> Result<()> {
        match one.part {
            Part::Cluster => {
                let engine = self.engine.as_ref().map_err(Clone::clone)?;
                let file = self.kubeconfig.as_deref();
                Box::pin(engine.delete(&one.name, file, op)).await?;
            }
            Part::KubeconfigEntry => {
                Files::from_env(one.path.as_deref())?.remove(&one.name)?;
            }
            Part::Image => {
                let engine = self.engine.as_ref().map_err(Clone::clone)?;
                let step = op.steps.begin("delete-image", None);
                match engine.container.image_delete(&[&one.name], false).await {
                    // Somebody else removed it meanwhile.
                    Ok(()) | Err(container::Error::ImageNotFound { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
                step.done_with(one.name.clone());
            }
            Part::LoginItem | Part::CommandLink | Part::Cache | Part::Log | Part::Settings => {
                if let Some(path) = &one.path {
                    places::remove(path)?;
                }
            }
        }
        Ok(())
    }

    /// Clusters of this home, and images.
    async fn ask_runtime(&self) -> Result<(Vec<Belonging>, Vec<Belonging>)> {
        let engine = self.engine.as_ref().map_err(Clone::clone)?;
        engine.container.ready().await?;
        let inventory = Inventory::read(&engine.container).await?;
        let mut names: BTreeSet<String> = inventory.names().map(str::to_owned).collect();
        names.extend(self.home.known_names()?);
        let (mut clusters, mut images) = (Vec::new(), Vec::new());
        for name in names {
            if engine.standing(&name, &inventory)? != Standing::Foreign {
                clusters.push(cluster(name));
            }
        }
        let stored = engine.container.image_list().await?;
        for image in stored.iter().filter(|image| is_product_image(image)) {
            let users = users_of(&image.name, &inventory);
            let ours = |user: &&str| clusters.iter().any(|cluster| cluster.name == **user);
            // Clusters of another home stay, and what they are made from does.
            if users.iter().all(ours) {
                images.push(Belonging {
                    part: Part::Image,
                    name: image.name.clone(),
                    path: None,
                    cluster: users.first().map(|&user| user.to_owned()),
                });
            }
        }
        Ok((clusters, images))
    }

    /// Clusters that something is remembered of, which takes no runtime.
    fn remembered_clusters(&self) -> Result<Vec<Belonging>> {
        Ok(self.home.known_names()?.into_iter().map(cluster).collect())
    }

    /// A cluster's entries in the kubeconfig files that may have one.
    fn entries(&self, cluster: &str) -> Result<Vec<Belonging>> {
        let context = Engine::context_name(cluster);
        let exported =
            ClusterDir::read(&self.home.cluster(cluster).exports_file())?.unwrap_or_default();
        let mut paths = Files::from_env(self.kubeconfig.as_deref())?
            .paths()
            .to_vec();
        paths.extend(exported.lines().map(PathBuf::from));
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for path in paths {
            if !path.as_os_str().is_empty() && seen.insert(path.clone()) && holds(&path, &context)?
            {
                entries.push(Belonging {
                    part: Part::KubeconfigEntry,
                    name: context.clone(),
                    path: Some(path),
                    cluster: Some(cluster.to_owned()),
                });
            }
        }
        Ok(entries)
    }
}

fn cluster(name: String) -> Belonging {
    Belonging {
        part: Part::Cluster,
        name,
        path: None,
        cluster: None,
    }
}

fn holds(kubeconfig: &Path, context: &str) -> Result<bool> {
    let contexts = Files::from_env(Some(kubeconfig))?.contexts()?;
    Ok(contexts.iter().any(|found| found.name == context))
}

fn is_product_image(image: &ImageInfo) -> bool {
    let last = image.name.rsplit('/').next().unwrap_or_default();
    let name = last.split([':', '@']).next().unwrap_or_default();
    IMAGES.contains(&name)
}

/// The clusters with a node that was made from this image.
fn users_of<'i>(image: &str, inventory: &'i Inventory) -> Vec<&'i str> {
    let image = normalise_image(image);
    let made_from = |name: &&str| {
        let mut nodes = inventory.nodes(name).iter();
        nodes.any(|node| normalise_image(&node.info.image) == image)
    };
    inventory.names().filter(made_from).collect()
}
