//! The builder's size, for the time of a build.

use container::{Container, ContainerInfo};

use crate::error::Result;

/// What linking all of Kubernetes needs.
const CPUS: u32 = 4;
const MEMORY_MIB: u64 = 8192;
const MIB: u64 = 1 << 20;

/// The builder as it was before a build, and so what has to be done after it.
#[derive(Debug)]
pub(crate) enum BuilderBefore {
    /// It was large enough.
    Large,
    /// There was none.
    None,
    /// It was of another size, or stopped.
    Other(Box<ContainerInfo>),
}

impl BuilderBefore {
    /// Looks at the builder.
    pub(crate) async fn look(container: &Container) -> Result<Self> {
        Ok(match container.builder().await? {
            None => Self::None,
            Some(builder) if builder.is_running() && is_large(&builder) => Self::Large,
            Some(builder) => Self::Other(Box::new(builder)),
        })
    }

    /// Whether it has to be made larger for a build.
    pub(crate) fn is_too_small(&self) -> bool {
        !matches!(self, Self::Large)
    }

    /// Makes it large enough. What was begun is put back also when this fails or is cancelled.
    pub(crate) async fn enlarge(container: &Container) -> Result<()> {
        Ok(container.builder_start(CPUS, MEMORY_MIB).await?)
    }

    /// Puts the builder back to what it was.
    pub(crate) async fn put_back(self, container: &Container) -> Result<()> {
        match self {
            Self::Large => {}
            Self::None => container.builder_delete().await?,
            Self::Other(before) => {
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
        let before = BuilderBefore::look(&container).await.expect("looked at");
        if before.is_too_small() {
            BuilderBefore::enlarge(&container).await.expect("enlarged");
        }
        before.put_back(&container).await.expect("put back");
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
