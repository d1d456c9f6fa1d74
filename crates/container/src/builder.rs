//! The builder: the container that `build` works in.

use std::time::Duration;

use crate::args::Args;
use crate::client::Container;
use crate::error::Result;
use crate::info::ContainerInfo;

const LOOK: Duration = Duration::from_mins(1);
/// Long enough to download the builder's image.
const CHANGE: Duration = Duration::from_mins(30);

impl Container {
    /// The builder, running or stopped; `None` when there is none.
    pub async fn builder(&self) -> Result<Option<ContainerInfo>> {
        let args = Args::new(&["builder", "status", "--format", "json"]);
        let found: Vec<ContainerInfo> = self.call_json(&args, LOOK).await?;
        Ok(found.into_iter().next())
    }

    /// Starts the builder with these CPUs and this memory in MiB; one of another size is replaced.
    pub async fn builder_start(&self, cpus: u32, memory_mib: u64) -> Result<()> {
        let mut args = Args::new(&["builder", "start"]);
        args.option("--cpus", cpus.to_string())
            .option("--memory", format!("{memory_mib}MB"));
        self.call(&args, CHANGE).await.map(drop)
    }

    /// Stops the builder.
    pub async fn builder_stop(&self) -> Result<()> {
        let args = Args::new(&["builder", "stop"]);
        self.call(&args, CHANGE).await.map(drop)
    }

    /// Deletes the builder, also a running one, with all that it keeps for the next build.
    pub async fn builder_delete(&self) -> Result<()> {
        let args = Args::new(&["builder", "delete", "--force"]);
        self.call(&args, CHANGE).await.map(drop)
    }
}
