//! Which cluster a command is about.

use clap::{Args, ValueHint};
use engine::{Error, ErrorCode, Result};

/// The cluster when none is named.
pub(crate) const DEFAULT_NAME: &str = "apple-k8s";

/// Environment variable that names the cluster when the command line does not.
pub(crate) const NAME_VARIABLE: &str = "APPLE_K8S_CLUSTER_NAME";

const HELP: &str = "Name of the cluster [default: $APPLE_K8S_CLUSTER_NAME, or apple-k8s]";

const ANY_HELP: &str = "Name of the cluster [default: $APPLE_K8S_CLUSTER_NAME, or every one]";

/// A cluster's name, as an argument or as `--name`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ClusterName {
    #[arg(value_name = "NAME", value_hint = ValueHint::Other, conflicts_with = "name", value_parser = valid, help = HELP)]
    positional: Option<String>,
    /// Another way to name the cluster
    #[arg(short, long, value_name = "NAME", value_hint = ValueHint::Other, value_parser = valid)]
    name: Option<String>,
}

/// A cluster's name as `--name` alone, where arguments are something else.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NamedCluster {
    #[arg(short, long, value_name = "NAME", value_hint = ValueHint::Other, value_parser = valid, help = HELP)]
    name: Option<String>,
}

/// A cluster's name where none means every cluster.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AnyCluster {
    #[arg(value_name = "NAME", value_hint = ValueHint::Other, conflicts_with = "name", value_parser = valid, help = ANY_HELP)]
    positional: Option<String>,
    /// Another way to name the cluster
    #[arg(short, long, value_name = "NAME", value_hint = ValueHint::Other, value_parser = valid)]
    name: Option<String>,
}

impl ClusterName {
    /// The name that the user gave: on the command line, else by the environment.
    pub(crate) fn given(&self) -> Result<Option<String>> {
        given(self.positional.as_ref().or(self.name.as_ref()))
    }

    /// The name to use.
    pub(crate) fn resolve(&self) -> Result<String> {
        Ok(or_default(self.given()?))
    }
}

impl NamedCluster {
    /// The name to use.
    pub(crate) fn resolve(&self) -> Result<String> {
        Ok(or_default(given(self.name.as_ref())?))
    }
}

impl AnyCluster {
    /// The name that the user gave.
    pub(crate) fn given(&self) -> Result<Option<String>> {
        given(self.positional.as_ref().or(self.name.as_ref()))
    }
}

/// The name of the command line, else of the environment.
fn given(name: Option<&String>) -> Result<Option<String>> {
    if let Some(name) = name {
        return Ok(Some(name.clone()));
    }
    match std::env::var_os(NAME_VARIABLE).filter(|name| !name.is_empty()) {
        None => Ok(None),
        Some(name) => valid(&name.to_string_lossy()).map(Some).map_err(|reason| {
            Error::new(
                ErrorCode::Usage,
                format!("{NAME_VARIABLE} names no cluster: {reason}"),
            )
        }),
    }
}

fn or_default(name: Option<String>) -> String {
    name.unwrap_or_else(|| DEFAULT_NAME.to_owned())
}

/// Takes only what can be the name of a cluster.
pub(super) fn valid(name: &str) -> std::result::Result<String, String> {
    spec::validate_name(name).map_err(|error| {
        let mut text = error.message;
        if let Some(expected) = error.expected {
            text = format!("{text}; expected {expected}");
        }
        text
    })?;
    Ok(name.to_owned())
}
