//! The programs of a node image: how each is asked for its version, how it ends then, and what it
//! says. Not its own name alone: who can't be started is called by that name too.

use std::collections::BTreeMap;

use node_image::Architecture;
use regex::{Regex, escape};
use system_tests::Output;

/// A program, a question to it, and the right answer.
pub(crate) struct Program {
    /// From the image's root; after `@`, in an image that is unpacked there.
    pub(crate) path: &'static str,
    pub(crate) arguments: &'static [&'static str],
    answer: Answer,
    /// Where it asks the kernel for what the emulator does not have.
    emulated: Option<Answer>,
}

struct Answer {
    /// 128 and a signal's number where that ends it.
    status: i32,
    /// A pattern of what it says; `{name}` is the version that the image says it has of that, and
    /// `{machine}` what programs call the machine that they were built for.
    says: &'static str,
}

impl Program {
    const fn new(
        path: &'static str,
        arguments: &'static [&'static str],
        says: &'static str,
    ) -> Self {
        let answer = Answer { status: 0, says };
        Self {
            path,
            arguments,
            answer,
            emulated: None,
        }
    }

    /// Asked like this it ends otherwise.
    const fn ends(mut self, status: i32) -> Self {
        self.answer.status = status;
        self
    }

    const fn emulated(mut self, status: i32, says: &'static str) -> Self {
        self.emulated = Some(Answer { status, says });
        self
    }

    /// Why an answer is wrong.
    pub(crate) fn fault(&self, output: &Output, image: &Image<'_>) -> Option<String> {
        let answer = match &self.emulated {
            Some(answer) if image.is_emulated => answer,
            _ => &self.answer,
        };
        fault(answer.status, answer.says, output, image)
    }
}

/// What answers depend on.
pub(crate) struct Image<'a> {
    pub(crate) architecture: Architecture,
    /// What it says that it has, by name.
    pub(crate) versions: &'a BTreeMap<String, String>,
    pub(crate) is_emulated: bool,
}

impl Image<'_> {
    fn pattern(&self, says: &str) -> Regex {
        let mut says = says.replace("{machine}", machine(self.architecture));
        for (name, version) in self.versions {
            let version = escape(version.trim_start_matches('v'));
            says = says.replace(&format!("{{{name}}}"), &version);
        }
        Regex::new(&format!("(?m){says}")).expect("a pattern")
    }

    /// Why a plugin of the network is not the one that is named; asked nothing, it tells of itself.
    pub(crate) fn fault_of_plugin(&self, name: &str, output: &Output) -> Option<String> {
        let says = format!("^CNI {} plugin v{{cni}}$", escape(name));
        fault(0, &says, output, self)
    }
}

fn fault(status: i32, says: &str, output: &Output, image: &Image<'_>) -> Option<String> {
    let pattern = image.pattern(says);
    let said = output.text() + "\n" + &output.stderr;
    let why = if output.code() != Some(status) {
        format!("it did not end with {status}")
    } else if !pattern.is_match(&said) {
        format!("it does not say {pattern}")
    } else {
        return None;
    };
    Some(format!("{why}\n{}", output.report()))
}

/// What Linux, and the emulators, call an architecture.
pub(crate) const fn machine(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "aarch64",
        Architecture::Amd64 => "x86_64",
    }
}

const VERSION: &[&str] = &["--version"];

pub(crate) const PROGRAMS: &[Program] = &[
    Program::new(
        "usr/local/bin/kubelet",
        VERSION,
        r"\AKubernetes v{kubernetes}$",
    ),
    Program::new(
        "usr/local/bin/kubeadm",
        &["version", "-o", "short"],
        r"\Av{kubernetes}$",
    ),
    Program::new(
        "usr/local/bin/kubectl",
        &["version", "--client"],
        "^Client Version: v{kubernetes}$",
    ),
    Program::new(
        "usr/local/bin/containerd",
        VERSION,
        r"^containerd \S+ v{containerd} *$",
    ),
    Program::new(
        "usr/local/bin/containerd-shim-runc-v2",
        &["-v"],
        r"^ +Version: +v{containerd}$",
    ),
    // It has no version, and no question that it answers with 0.
    Program::new(
        "usr/local/bin/containerd-fuse-overlayfs-grpc",
        &["-h"],
        r"^invalid args: usage: \S+/containerd-fuse-overlayfs-grpc <unix addr> <root>$",
    )
    .ends(1),
    Program::new("usr/local/bin/ctr", VERSION, r"^ctr \S+ v{containerd} *$"),
    Program::new("usr/local/bin/runc", VERSION, "^runc version {runc}$"),
    Program::new(
        "usr/local/bin/crictl",
        VERSION,
        "^crictl version v{cri-tools}$",
    ),
    // Ours goes with its image: without a word of what to do it says what it can, and is called
    // wrongly.
    Program::new(
        "usr/local/bin/apple-k8s-node",
        &[],
        r"^usage: apple-k8s-node entrypoint PROGRAM .* \| shutdown$",
    )
    .ends(64),
    // It opens netfilter's socket before it reads its arguments; the emulator has none.
    Program::new("usr/sbin/nft", VERSION, r"^nftables v\d+\.\d+\.\d+ ").emulated(3, NO_NETFILTER),
    Program::new(
        "usr/sbin/xtables-nft-multi",
        &["iptables-restore", "--version"],
        r"^iptables-restore v\d+\.\d+\.\d+ \(nf_tables\)$",
    ),
    Program::new("usr/sbin/ethtool", VERSION, r"^ethtool version \d+\.\d+"),
    // As nft; it then falls over the socket that it has not.
    Program::new(
        "usr/sbin/conntrack",
        VERSION,
        r"^conntrack v\d+\.\d+\.\d+ \(conntrack-tools\)$",
    )
    .emulated(
        139,
        r"^conntrack v\d+\.\d+\.\d+ \(conntrack-tools\): Can't open handler$",
    ),
    // Its `--version` wants that of the kernel's side too.
    Program::new("usr/sbin/ipset", &["help"], r"\Aipset v\d+\.\d+$"),
    Program::new("usr/sbin/mke2fs", &["-V"], r"^mke2fs \d+\.\d+\.\d+ \(.*\)$"),
    Program::new("usr/bin/ip", &["-V"], r"^ip utility, iproute2-\d+\.\d+"),
    Program::new("usr/bin/kmod", VERSION, r"^kmod version \d+$"),
    Program::new(
        "usr/bin/mount",
        VERSION,
        r"^mount from util-linux \d+\.\d+\.\d+ ",
    ),
    Program::new(
        "usr/bin/bash",
        VERSION,
        r"^GNU bash, version \d+\.\d+\.\d+\(\d+\)-release \({machine}-",
    ),
    Program::new(
        "usr/bin/curl",
        VERSION,
        r"^curl \d+\.\d+\.\d+ \({machine}-.*\) libcurl/\d+\.\d+",
    ),
    Program::new("usr/bin/jq", VERSION, r"^jq-\d+\.\d+"),
    Program::new("usr/bin/ping", &["-V"], r"^ping from iputils \d+$"),
    Program::new(
        "usr/bin/socat",
        &["-V"],
        r"^socat version \d+\.\d+\.\d+\.\d+ on ",
    ),
    Program::new("usr/bin/ps", VERSION, r"^ps from procps-ng \d+\.\d+\.\d+$"),
    Program::new(
        "usr/bin/fuse-overlayfs",
        VERSION,
        r"^fuse-overlayfs: version \d+\.\d+",
    ),
    Program::new("usr/bin/systemctl", VERSION, r"\Asystemd 252 \(252\.\d+"),
    Program::new(
        "usr/lib/systemd/systemd",
        VERSION,
        r"\Asystemd 252 \(252\.\d+",
    ),
    Program::new(
        "@/usr/local/bin/kube-apiserver",
        VERSION,
        r"\AKubernetes v{kubernetes}$",
    ),
    Program::new(
        "@/usr/local/bin/kube-controller-manager",
        VERSION,
        r"\AKubernetes v{kubernetes}$",
    ),
    Program::new(
        "@/usr/local/bin/kube-scheduler",
        VERSION,
        r"\AKubernetes v{kubernetes}$",
    ),
    Program::new(
        "@/usr/local/bin/kube-proxy",
        VERSION,
        r"\AKubernetes v{kubernetes}$",
    ),
    Program::new("@/usr/local/bin/etcd", VERSION, "^etcd Version: {etcd}$"),
    Program::new("@/coredns", &["-version"], "^CoreDNS-{coredns}$"),
    // It has no version.
    Program::new(
        "@/usr/local/bin/flanneld",
        &["-h"],
        r"^Usage of \S+/flanneld:$",
    ),
    Program::new(
        "@/usr/local/bin/local-path-provisioner",
        VERSION,
        "^local-path-provisioner version v{local-path}$",
    ),
    // What the recipe calls it.
    Program::new("@/pause", &["-v"], r"\Apause\.c baked$"),
    Program::new("@/usr/sbin/nft", VERSION, r"^nftables v\d+\.\d+\.\d+ ").emulated(3, NO_NETFILTER),
    Program::new("@/bin/busybox", &["--help"], r"\ABusyBox v\d+\.\d+\.\d+ "),
];

const NO_NETFILTER: &str =
    r"^mnl\.c:\d+: Unable to initialize Netlink socket: Protocol not supported$";
