//! The way from this machine into the cluster: its kubeconfig and the port on loopback.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use kubeconfig::Files;
use tokio::net::TcpStream;

use super::report::Finding;
use super::{CLUSTER, Trial};
use crate::Engine;
use crate::error::{Error, ErrorCode, Result};
use crate::inventory::{self, Inventory};

/// A connection to this machine itself is there at once, or never.
const PATIENCE: Duration = Duration::from_secs(2);
/// An API that does not answer in this time does not answer.
const API_PATIENCE: Duration = Duration::from_secs(20);

impl Trial {
    /// The kubeconfig leads to the API, for its user alone; the port is on loopback alone.
    pub(super) async fn access(&self) -> Result<Finding> {
        let file = self.kubeconfig();
        let mode = fs::metadata(&file).map_err(|error| Error::io("read", &file, &error))?;
        let mode = mode.permissions().mode() & 0o777;
        if mode != 0o600 {
            let message = format!("the new kubeconfig has the mode {mode:o}, and 600 was expected");
            return Err(Error::new(ErrorCode::KubeconfigUnwritable, message));
        }
        let files = Files::from_env(Some(&file))?;
        if let Some(current) = files.current_context()? {
            let message =
                format!("\"{current}\" became the current context, which nobody asked for");
            return Err(Error::new(ErrorCode::KubeconfigUnwritable, message));
        }
        let address = self.api_address().await?;
        let text = self.read_kubeconfig()?;
        let server = inventory::server(address.ip(), address.port());
        let context = Engine::context_name(CLUSTER);
        for wanted in [&server, &context] {
            if !text.contains(wanted.as_str()) {
                let message = format!("the kubeconfig does not name {wanted}");
                return Err(Error::new(ErrorCode::KubeconfigUnwritable, message));
            }
        }
        let version = self.reach_api().await?;
        let others = own_addresses();
        let op = &self.op;
        op.unless_cancelled(loopback_alone(address, &others))
            .await?;
        let tried = match others.len() {
            0 => "this machine has no other address to try".to_owned(),
            _ => format!("refused on {}", list(&others)),
        };
        Ok(Finding::passed(format!(
            "Kubernetes {version} answers at {server}, {tried}; the kubeconfig is the user's alone"
        )))
    }

    pub(super) fn read_kubeconfig(&self) -> Result<String> {
        let file = self.kubeconfig();
        fs::read_to_string(&file).map_err(|error| Error::io("read", &file, &error))
    }

    /// Asks the API for its version, with the kubeconfig that the user would have.
    pub(super) async fn reach_api(&self) -> Result<String> {
        let client = client(&self.read_kubeconfig()?, Engine::context_name(CLUSTER)).await?;
        let answer = async {
            let answer = tokio::time::timeout(API_PATIENCE, client.apiserver_version()).await;
            let silent = |why: String| {
                let message = "the API does not answer on this machine's port";
                Error::new(ErrorCode::NotReady, message).detail(why)
            };
            match answer {
                Ok(Ok(info)) => Ok(info.git_version),
                Ok(Err(error)) => Err(silent(error.to_string())),
                Err(_) => Err(silent(format!("no answer in {} s", API_PATIENCE.as_secs()))),
            }
        };
        self.op.unless_cancelled(answer).await
    }

    /// Where the runtime says that it publishes the API.
    pub(super) async fn api_address(&self) -> Result<SocketAddr> {
        let inventory = Inventory::read(&self.container()).await?;
        let nodes = inventory.existing(CLUSTER)?;
        let published = inventory::control_plane(nodes).and_then(|node| {
            let mut all = node.info.published.iter();
            let port = all.find(|port| port.container_port == inventory::API_PORT)?;
            let address: IpAddr = port.host_address.parse().ok()?;
            Some(SocketAddr::new(address, port.host_port))
        });
        match published {
            Some(address) if address.ip().is_loopback() => Ok(address),
            Some(address) => {
                let message = format!("the API is published on {address}, not on loopback");
                Err(Error::new(ErrorCode::RuntimeFailed, message))
            }
            None => {
                let message = "the control plane publishes no port for the API";
                Err(Error::new(ErrorCode::RuntimeFailed, message))
            }
        }
    }
}

/// A client by a context that need not be the current one, as the user would name it.
async fn client(kubeconfig: &str, context: String) -> Result<Client> {
    let unusable = |why: String| {
        let message = "the new kubeconfig can't be used";
        Error::new(ErrorCode::KubeconfigUnreadable, message).detail(why)
    };
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).map_err(|e| unusable(e.to_string()))?;
    let options = KubeConfigOptions {
        context: Some(context),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(|e| unusable(e.to_string()))?;
    // As for the engine's own calls: nothing stands between this machine and its nodes.
    config.proxy_url = None;
    Client::try_from(config).map_err(|e| unusable(e.to_string()))
}

/// Addresses by which others could reach this machine.
fn own_addresses() -> Vec<IpAddr> {
    let all = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    all.filter(|interface| !interface.is_loopback())
        .map(|interface| interface.ip())
        .filter(IpAddr::is_ipv4)
        .collect()
}

/// The port answers on loopback, and on none of the other addresses of this machine.
async fn loopback_alone(published: SocketAddr, others: &[IpAddr]) -> Result<()> {
    let connects = async |address: SocketAddr| {
        let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
        matches!(connected, Ok(Ok(_)))
    };
    if !connects(published).await {
        let message = format!("nothing answers at {published}, where the API is published");
        return Err(Error::new(ErrorCode::RuntimeFailed, message));
    }
    for other in others {
        let address = SocketAddr::new(*other, published.port());
        if connects(address).await {
            let message = format!("{address} answers, too: others can reach the API's port");
            return Err(Error::new(ErrorCode::RuntimeFailed, message));
        }
    }
    Ok(())
}

fn list(addresses: &[IpAddr]) -> String {
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    all.join(", ")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    // The other addresses of loopback need no setting up on Linux.
    #[tokio::test]
    async fn a_port_that_answers_elsewhere_too_is_told() {
        let everywhere = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let port = everywhere.local_addr().expect("bound").port();
        let published = SocketAddr::new([127, 0, 0, 1].into(), port);
        // Another address of this machine, whatever its interfaces are.
        let other: IpAddr = [127, 0, 0, 2].into();
        let error = loopback_alone(published, &[other]).await.expect_err("open");
        assert!(error.message.contains("127.0.0.2"), "{error}");
        drop(everywhere);

        let alone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let published = alone.local_addr().expect("bound");
        loopback_alone(published, &[other]).await.expect("alone");
        drop(alone);
        let error = loopback_alone(published, &[]).await.expect_err("nobody");
        assert!(error.message.contains("nothing answers"), "{error}");
    }
}
