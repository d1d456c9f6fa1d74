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

#[cfg(test)]
mod tests {
    use container_script::{Act, Script, Stand};

    use super::*;

    /// What a builder is asked to do around a build, with the answer of `builder status`.
    async fn calls(status: &str) -> Vec<String> {
        let script = Script::new()
            .on(&["builder", "status"], [Act::Stdout(status.to_owned())])
            .on(&[], [Act::LastWord]);
        let stand = Stand::new(&script);
        let container = Container::at(stand.program());
        let large = LargeBuilder::make(&container, || ()).await.expect("made");
        large.put_back(&container).await.expect("put back");
        let calls = stand.calls().into_iter().map(|call| call.arguments);
        calls
            .map(|arguments| arguments[1..].join(" "))
            .filter(|call| !call.starts_with("status"))
            .collect()
    }

    fn builder(state: &str, cpus: u32, memory: u64) -> String {
        format!(
            r#"[{{"configuration":{{"id":"buildkit","resources":{{"cpus":{cpus},"memoryInBytes":{memory}}}}},
                "id":"buildkit","status":{{"state":"{state}","networks":[]}}}}]"#
        )
    }

    #[tokio::test]
    async fn a_builder_is_as_before_after_a_build() {
        assert_eq!(
            calls("[]").await,
            ["start --cpus 4 --memory 8192MB", "delete --force"]
        );
        assert_eq!(calls(&builder("running", 8, 16 << 30)).await, [""; 0]);
        assert_eq!(
            calls(&builder("running", 2, 2 << 30)).await,
            [
                "start --cpus 4 --memory 8192MB",
                "start --cpus 2 --memory 2048MB"
            ]
        );
        assert_eq!(
            calls(&builder("stopped", 2, 2 << 30)).await,
            [
                "start --cpus 4 --memory 8192MB",
                "start --cpus 2 --memory 2048MB",
                "stop"
            ]
        );
    }
}
