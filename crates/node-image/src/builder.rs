//! The builder's size, for the time of a build.

use container::{Container, ContainerInfo};

use crate::error::Result;

/// What linking all of Kubernetes needs.
const CPUS: u32 = 4;
const MEMORY_MIB: u64 = 8192;
const MIB: u64 = 1 << 20;

/// A builder that is large enough, and what has to be done when it is no longer needed.
#[derive(Debug)]
pub(crate) enum LargeBuilder {
    /// It was large enough before.
    Found,
    /// There was none.
    Made,
    /// It was of another size, or stopped.
    Replaced(Box<ContainerInfo>),
}

impl LargeBuilder {
    /// Makes the builder large enough; `on_change` is called before anything is changed.
    pub(crate) async fn make(container: &Container, on_change: impl FnOnce()) -> Result<Self> {
        let before = container.builder().await?;
        if before
            .as_ref()
            .is_some_and(|builder| builder.is_running() && is_large(builder))
        {
            return Ok(Self::Found);
        }
        on_change();
        container.builder_start(CPUS, MEMORY_MIB).await?;
        Ok(before.map_or(Self::Made, |before| Self::Replaced(Box::new(before))))
    }

    /// Puts the builder back to what it was.
    pub(crate) async fn put_back(self, container: &Container) -> Result<()> {
        match self {
            Self::Found => {}
            Self::Made => container.builder_delete().await?,
            Self::Replaced(before) => {
                container
                    .builder_start(before.cpus, before.memory / MIB)
                    .await?;
                if !before.is_running() {
                    container.builder_stop().await?;
                }
            }
        }
        Ok(())
    }
}

fn is_large(builder: &ContainerInfo) -> bool {
    builder.cpus >= CPUS && builder.memory / MIB >= MEMORY_MIB
}
