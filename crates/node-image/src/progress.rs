//! How far a build is, read from what the builder prints.

use std::collections::HashMap;
use std::fmt;

/// Something that happened in a build.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A step began; the one before is over.
    Step {
        /// A short word that stays the same between releases, such as `kubernetes`.
        name: String,
        /// What is done, for a person.
        text: String,
    },
    /// The running step printed a line.
    Output(String),
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { text, .. } => f.write_str(text),
            Self::Output(line) => write!(f, "    {line}"),
        }
    }
}

impl Progress {
    pub(crate) fn step(name: &str) -> Self {
        Self::Step {
            name: name.to_owned(),
            text: describe(name).to_owned(),
        }
    }
}

/// What a stage of the build file, or a step of this crate, does.
fn describe(name: &str) -> &str {
    match name {
        "base-debian" => "make the base image of the nodes from Debian's packages",
        "base-golang" => "make the base image of the builder from Debian's packages and Go",
        "builder" => "give the builder more memory for the time of the build",
        "go" | "go-install" | "go-present" => "prepare the builder",
        "debian" | "debian-install" | "debian-present" => "install the node's Debian packages",
        "kubernetes" => "build Kubernetes: kubelet, kubeadm, kubectl and the control plane",
        "containerd" => "build containerd",
        "bake" => "build the program that bakes images",
        "runc" => "build runc and pause",
        "cni" => "build the CNI plugins",
        "etcd" => "build etcd",
        "coredns" => "build CoreDNS",
        "cri-tools" => "build crictl",
        "flannel" => "build flannel",
        "local-path" => "build the local-path provisioner",
        "program" => "build the node program",
        "assembled" => "bake the images and lay out the node's files",
        "node" => "put the node image together",
        other => other,
    }
}

/// Reads what podman or `BuildKit` prints.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// Names of stages by the number that podman gives them.
    stages: HashMap<String, String>,
    /// Names of stages by the number of a `BuildKit` step.
    vertices: HashMap<String, String>,
    current: String,
}

/// What is known of a line.
enum Line {
    /// A builder's own words, which mean this.
    Known(Option<Progress>),
    /// Not in this builder's form.
    Other,
}

impl Reader {
    /// What a line means. A cached step means nothing: no work was done.
    pub(crate) fn read(&mut self, line: &str) -> Option<Progress> {
        let line = line.trim_end();
        if line.is_empty() {
            return None;
        }
        if let Line::Known(progress) = self.podman(line) {
            return progress;
        }
        if let Line::Known(progress) = self.buildkit(line) {
            return progress;
        }
        Some(Progress::Output(line.to_owned()))
    }

    /// The step that runs, for an error; empty when none has begun.
    pub(crate) fn current(&self) -> &str {
        describe(&self.current)
    }

    /// `[5/19] STEP 3/4: RUN …`; the first step of a stage is `FROM … AS name`.
    fn podman(&mut self, line: &str) -> Line {
        let parts = match line.strip_prefix('[') {
            Some(rest) => rest.split_once("] STEP "),
            None => line.strip_prefix("STEP ").map(|rest| ("", rest)),
        };
        let Some((stage, (_, instruction))) =
            parts.and_then(|(stage, rest)| Some((stage, rest.split_once(": ")?)))
        else {
            return Line::Other;
        };
        if instruction.starts_with("FROM ") {
            if let Some((_, name)) = instruction.rsplit_once(" AS ") {
                self.stages.insert(stage.to_owned(), name.to_owned());
            }
            return Line::Known(None);
        }
        let name = self.stages.get(stage).cloned();
        Line::Known(
            name.filter(|_| does_something(instruction))
                .and_then(|name| self.enter(&name)),
        )
    }

    /// `#12 [kubernetes 3/4] RUN …`, later `#12 34.5 output`, `#12 DONE 50.1s`, `#12 CACHED`.
    fn buildkit(&mut self, line: &str) -> Line {
        let Some((number, rest)) = line
            .strip_prefix('#')
            .and_then(|rest| rest.split_once(' '))
            .filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()))
        else {
            return Line::Other;
        };
        if let Some((place, instruction)) = rest.strip_prefix('[').and_then(|r| r.split_once("] "))
        {
            // `linux/arm64 kubernetes 3/4`: the name stands before the count.
            let name = place
                .split_whitespace()
                .rev()
                .find(|word| !word.contains('/'));
            if let Some(name) = name.filter(|_| does_something(instruction)) {
                self.vertices.insert(number.to_owned(), name.to_owned());
            }
            return Line::Known(None);
        }
        if rest == "CACHED" {
            self.vertices.remove(number);
            return Line::Known(None);
        }
        // The announcement comes first for cached steps, too: a step has begun with its output.
        let name = self.vertices.get(number).cloned();
        if let Some(began) = name.and_then(|name| self.enter(&name)) {
            return Line::Known(Some(began));
        }
        if rest.starts_with("DONE ") {
            return Line::Known(None);
        }
        let text = match rest.split_once(' ') {
            Some((time, text)) if time.parse::<f64>().is_ok() => text,
            _ => rest,
        };
        Line::Known(Some(Progress::Output(text.to_owned())))
    }

    fn enter(&mut self, name: &str) -> Option<Progress> {
        if self.current == name {
            return None;
        }
        name.clone_into(&mut self.current);
        Some(Progress::step(name))
    }
}

/// Whether an instruction takes time: the others only note something.
fn does_something(instruction: &str) -> bool {
    instruction.starts_with("RUN ") || instruction.starts_with("COPY --from")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[&str]) -> Vec<String> {
        let mut reader = Reader::default();
        lines
            .iter()
            .filter_map(|line| reader.read(line))
            .filter_map(|progress| match progress {
                Progress::Step { name, .. } => Some(name),
                Progress::Output(_) => None,
            })
            .collect()
    }

    #[test]
    fn podman_stages_are_steps() {
        let seen = names(&[
            "[3/19] STEP 1/7: FROM docker.io/library/golang:1 AS go",
            "[3/19] STEP 2/7: ARG TARGETARCH",
            "--> Using cache 5eb44127bad",
            "[4/19] STEP 1/6: FROM 653214c659e6 AS kubernetes",
            "[4/19] STEP 4/6: COPY modules/kubernetes/ /src/kubernetes/",
            "[4/19] STEP 6/6: RUN --mount=type=cache,id=apple-k8s-go,target=/cache go-build",
            "go: downloading k8s.io/api v0.37.1",
            "[19/19] STEP 1/9: FROM 6a3a2bab999e AS node",
            "[19/19] STEP 4/9: COPY --from=assembled /node/ /",
            "[19/19] STEP 5/9: COPY --from=program /out/ /",
        ]);
        assert_eq!(seen, ["kubernetes", "node"]);
    }

    #[test]
    fn buildkit_steps_count_when_they_do_something() {
        let seen = names(&[
            "#1 [internal] load build definition from Dockerfile.apple-k8s-node",
            "#7 [go-install 3/3] RUN install-packages",
            "#7 CACHED",
            "#9 [kubernetes 4/4] RUN --mount=type=cache go-build",
            "#9 12.31 go: downloading k8s.io/api v0.37.1",
            "#10 [linux/arm64 containerd 4/4] RUN go-build",
            "#9 DONE 700.2s",
            "#10 0.4 output",
        ]);
        assert_eq!(seen, ["kubernetes", "containerd"]);
    }

    #[test]
    fn other_lines_are_output() {
        let mut reader = Reader::default();
        assert_eq!(
            reader.read("go: downloading x v1"),
            Some(Progress::Output("go: downloading x v1".to_owned()))
        );
        assert_eq!(reader.read("   "), None);
        assert_eq!(
            reader.read("#9 3.5 text of a step"),
            Some(Progress::Output("text of a step".to_owned()))
        );
    }
}
