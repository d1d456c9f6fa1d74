//! Which cluster a command is about.

use clap::Args;

/// The cluster when none is named.
pub(crate) const DEFAULT_NAME: &str = "apple-k8s";

/// Environment variable that names the cluster when the command line does not.
pub(crate) const NAME_VARIABLE: &str = "APPLE_K8S_CLUSTER_NAME";

/// A cluster's name, as an argument or as `--name`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ClusterName {
    /// Name of the cluster [default: $APPLE_K8S_CLUSTER_NAME, or apple-k8s]
    #[arg(value_name = "NAME", conflicts_with = "name", value_parser = valid)]
    positional: Option<String>,
    #[command(flatten)]
    flag: NamedCluster,
}

/// A cluster's name as `--name` alone, where arguments are something else.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NamedCluster {
    /// Name of the cluster [default: $APPLE_K8S_CLUSTER_NAME, or apple-k8s]
    #[arg(short, long, value_name = "NAME", value_parser = valid)]
    name: Option<String>,
}

impl ClusterName {
    /// The name that the user gave: on the command line, else by the environment.
    pub(crate) fn given(&self) -> Option<String> {
        self.positional.clone().or_else(|| self.flag.given())
    }

    /// The name to use.
    pub(crate) fn resolve(&self) -> String {
        self.given().unwrap_or_else(|| DEFAULT_NAME.to_owned())
    }
}

impl NamedCluster {
    fn given(&self) -> Option<String> {
        self.name.clone().or_else(|| {
            std::env::var(NAME_VARIABLE)
                .ok()
                .filter(|name| !name.is_empty())
        })
    }

    /// The name to use.
    pub(crate) fn resolve(&self) -> String {
        self.given().unwrap_or_else(|| DEFAULT_NAME.to_owned())
    }
}

/// Takes only what can be the name of a cluster.
pub(super) fn valid(name: &str) -> Result<String, String> {
    spec::validate_name(name).map_err(|error| {
        let mut text = error.message;
        if let Some(expected) = error.expected {
            text = format!("{text}; expected {expected}");
        }
        text
    })?;
    Ok(name.to_owned())
}
