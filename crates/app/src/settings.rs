//! What a user has chosen.

use std::path::{Path, PathBuf};

use engine::{Error, ErrorCode, Result};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use spec::Cluster;
use ts_rs::TS;

use crate::place::Place;
use crate::saved::{self, Loaded};

/// Everything a user can choose; kept in `settings.json` of the app's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a check box of its own"
)]
pub struct Settings {
    /// Version of this form.
    pub version: u32,
    /// Start the app, without a window, when the user logs in.
    pub start_at_login: bool,
    /// Clusters to start with the app.
    pub start_clusters: Vec<String>,
    /// Show the icon in the menu bar.
    pub show_in_menu_bar: bool,
    /// Light or dark.
    pub appearance: Appearance,
    /// Notify when long work ends and no window is in front.
    pub notify: bool,
    /// When kubectl's context changes with what the app does.
    pub follow: Follow,
    /// Whether the user was asked about that at the first creation.
    pub follow_asked: bool,
    /// What a new cluster is like.
    pub new_cluster: NewCluster,
    /// The `container` program; none for the usual places.
    pub container_path: Option<String>,
    /// The kubeconfig file; none for those that kubectl uses.
    pub kubeconfig: Option<String>,
}

/// Version of [`Settings`] that this program writes.
pub const SETTINGS_VERSION: u32 = 1;

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            start_at_login: false,
            start_clusters: Vec::new(),
            show_in_menu_bar: true,
            appearance: Appearance::System,
            notify: true,
            follow: Follow::Never,
            follow_asked: false,
            new_cluster: NewCluster::default(),
            container_path: None,
            kubeconfig: None,
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Appearance {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// When kubectl's context changes with what the app does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Follow {
    /// Only when the user chooses a context.
    #[default]
    Never,
    /// Also when a cluster was created.
    WhenCreated,
    /// Also when a cluster was started.
    Always,
}

/// What a new cluster is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewCluster {
    /// Its name.
    pub name: String,
    /// Workers beside the control plane.
    pub workers: u32,
    /// Processors of each node; none for the usual ones.
    pub cpus: Option<u32>,
    /// Memory of each node as a Kubernetes quantity; none for the usual one.
    pub memory: Option<String>,
    /// Kubernetes version; none for the newest that is known.
    pub kubernetes_version: Option<String>,
}

impl Default for NewCluster {
    fn default() -> Self {
        Self {
            name: "dev".into(),
            workers: 0,
            cpus: None,
            memory: None,
            kubernetes_version: None,
        }
    }
}

/// Settings as they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The settings in use.
    pub settings: Settings,
    /// Where a file lies that could not be understood; defaults are in use then.
    pub corrupt: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings. A file that can't be understood, also one of a newer version, is kept
    /// aside as `settings.json.bad` (or `.bad-2` and so on), and the defaults are used.
    pub fn load(place: &Place) -> Result<Found> {
        let file = place.settings_file();
        let found = |settings, corrupt| Found { settings, corrupt };
        Ok(match saved::load::<Versioned>(&file)? {
            Loaded::Absent => found(Self::default(), None),
            Loaded::Read(Versioned(settings)) => found(settings, None),
            Loaded::Corrupt(aside) => found(Self::default(), Some(aside)),
        })
    }

    /// Keeps the settings.
    pub fn save(&self, place: &Place) -> Result<()> {
        saved::save(&place.settings_file(), self)
    }

    /// Checks what a window sent.
    pub fn check(mut self) -> Result<Self> {
        self.version = SETTINGS_VERSION;
        self.new_cluster.cluster()?;
        self.start_clusters.sort();
        self.start_clusters.dedup();
        for path in [&mut self.container_path, &mut self.kubeconfig] {
            *path = path.take().filter(|path| !path.trim().is_empty());
            if let Some(relative) = path
                .as_deref()
                .filter(|path| !Path::new(path).is_absolute())
            {
                return Err(Error::new(
                    ErrorCode::Usage,
                    format!("{relative} is no absolute path"),
                )
                .hint("choose the file, or write its whole path from / on"));
            }
        }
        Ok(self)
    }

    /// Refuses to have the system start what will not be there at the next login: `running`, the
    /// program of this app, when macOS made it up for an app that lies where it was downloaded.
    pub fn can_start_at_login(&self, before: &Self, running: &Path) -> Result<()> {
        if self.start_at_login && !before.start_at_login && engine::is_translocated(running) {
            return Err(engine::translocated());
        }
        Ok(())
    }
}

impl NewCluster {
    /// The cluster that it describes.
    pub fn cluster(&self) -> Result<Cluster> {
        let invalid = |message: String| Error::new(ErrorCode::ConfigInvalid, message);
        let mut cluster = Cluster::simple(&self.name, self.workers)
            .map_err(|error| invalid(error.to_string()))?;
        if let Some(version) = &self.kubernetes_version {
            let version = version
                .parse()
                .map_err(|error: spec::VersionError| invalid(error.to_string()))?;
            cluster.kubernetes_version = Some(version);
        }
        let memory = match &self.memory {
            None => None,
            Some(text) => Some(text.parse().map_err(|error: spec::MemoryError| {
                invalid(format!("memory of new clusters: {text:?} is {error}"))
            })?),
        };
        for node in &mut cluster.nodes {
            node.cpus = self.cpus.or(node.cpus);
            node.memory = memory.or(node.memory);
        }
        cluster
            .check()
            .map_err(|errors| invalid(errors.to_string()))?;
        Ok(cluster)
    }
}

/// Settings of a version that this program knows.
struct Versioned(Settings);

impl<'de> Deserialize<'de> for Versioned {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let mut fields = serde_json::Map::deserialize(from)?;
        // Chosen in early versions, and meant nothing.
        fields.remove("checkForUpdates");
        let settings =
            Settings::deserialize(serde_json::Value::Object(fields)).map_err(D::Error::custom)?;
        if settings.version > SETTINGS_VERSION {
            return Err(D::Error::custom("a newer version wrote it"));
        }
        Ok(Self(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path());
        (folder, place)
    }

    #[test]
    fn settings_come_back_as_they_were_kept() {
        let (_folder, place) = place();
        assert_eq!(
            Settings::load(&place).unwrap().settings,
            Settings::default()
        );
        let mut settings = Settings {
            follow: Follow::Always,
            ..Settings::default()
        };
        settings.new_cluster.memory = Some("3Gi".into());
        settings.save(&place).unwrap();
        let found = Settings::load(&place).unwrap();
        assert_eq!((found.settings, found.corrupt), (settings, None));
    }

    #[test]
    fn a_corrupt_file_is_kept_aside_whole() {
        let (_folder, place) = place();
        for (bad, kept) in [
            ("{ half", "settings.json.bad"),
            (r#"{"version": 99}"#, "settings.json.bad-2"),
            (r#"{"nonsense": 1}"#, "settings.json.bad-3"),
            ("\u{0}\u{1}", "settings.json.bad-4"),
        ] {
            std::fs::write(place.settings_file(), bad).unwrap();
            let found = Settings::load(&place).unwrap();
            assert_eq!(found.settings, Settings::default());
            let aside = found.corrupt.unwrap();
            assert!(aside.ends_with(kept), "an older one stays: {aside:?}");
            assert_eq!(std::fs::read_to_string(aside).unwrap(), bad);
            assert!(
                !place.settings_file().exists(),
                "it would be found corrupt again"
            );
        }
    }

    #[test]
    fn a_file_of_an_older_release_gets_defaults_for_what_it_lacks() {
        let (_folder, place) = place();
        let older = r#"{"version":1,"notify":false,"checkForUpdates":false}"#;
        std::fs::write(place.settings_file(), older).unwrap();
        let found = Settings::load(&place).unwrap();
        assert!(found.corrupt.is_none());
        assert!(!found.settings.notify);
        assert!(found.settings.show_in_menu_bar);
    }

    #[test]
    fn what_makes_no_cluster_is_refused() {
        let with = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().map_err(|error| error.code)
        };
        assert!(with(|_| ()).is_ok());
        let bad = |change| assert!(with(change).is_err());
        bad(|settings| settings.new_cluster.name = "Dev_1".into());
        bad(|settings| settings.new_cluster.memory = Some("much".into()));
        bad(|settings| settings.new_cluster.cpus = Some(0));
        bad(|settings| settings.new_cluster.kubernetes_version = Some("latest".into()));
        bad(|settings| settings.container_path = Some("bin/container".into()));
        assert_eq!(
            with(|settings| settings.kubeconfig = Some("  ".into()))
                .unwrap()
                .kubeconfig,
            None
        );
    }

    #[test]
    fn a_copy_that_macos_made_up_is_not_started_at_login() {
        let bundle = "apple-k8s.app/Contents/MacOS/apple-k8s-app";
        let made_up = Path::new("/private/var/folders/zy/0000gn/T/AppTranslocation/613DF902/d");
        let (made_up, good) = (
            made_up.join(bundle),
            Path::new("/Applications").join(bundle),
        );
        let settings = |start_at_login| Settings {
            start_at_login,
            ..Settings::default()
        };
        let refused = settings(true).can_start_at_login(&settings(false), &made_up);
        assert_eq!(refused.unwrap_err().code, ErrorCode::ChangeImpossible);
        // Everything else can be set there, and from its place the app can do this, too.
        for (before, after, running) in [
            (false, false, &made_up),
            (true, true, &made_up),
            (true, false, &made_up),
            (false, true, &good),
        ] {
            let asked = settings(after).can_start_at_login(&settings(before), running);
            asked.unwrap();
        }
    }
}
