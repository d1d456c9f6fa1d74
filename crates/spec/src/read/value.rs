//! Texts with a form of their own: subnets, addresses, paths, amounts of memory.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use ipnet::{IpNet, Ipv4Net};

use super::{Item, Keyword, Problems};
use crate::yaml::{Content, ScalarKind};
use crate::{
    Cni, KubeProxyMode, KubernetesVersion, Memory, Protocol, Role, SpecError, TaintEffect,
};

macro_rules! keyword {
    ($type:ty, $what:literal) => {
        impl Keyword for $type {
            const WHAT: &'static str = $what;
            const ACCEPTED: &'static [Self] = &Self::ALL;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

keyword!(Role, "role");
keyword!(TaintEffect, "effect");
keyword!(Protocol, "protocol");
keyword!(Cni, "cni");
keyword!(KubeProxyMode, "kubeProxyMode");

/// An IPv4 subnet in its canonical form.
pub(super) fn subnet(text: &str) -> Result<Ipv4Net, SpecError> {
    let error = |message: String| {
        Err(SpecError::new("", message).expected("an IPv4 subnet such as 10.244.0.0/16"))
    };
    match text.parse::<IpNet>() {
        Ok(IpNet::V4(net)) if net.addr() == net.network() => Ok(net),
        Ok(IpNet::V4(net)) => Err(SpecError::new(
            "",
            format!("{text} is an address in a subnet, not a subnet"),
        )
        .expected("a subnet whose host bits are zero")
        .hint(format!("did you mean {}?", net.trunc()))),
        Ok(IpNet::V6(_)) => error(format!("{text} is IPv6, which is not supported yet")),
        Err(_) if text.contains(',') => error(format!("{text:?} is more than one subnet")),
        Err(_) => match text.parse::<IpAddr>() {
            Ok(_) => error(format!("{text} has no prefix length")),
            Err(_) => error(format!("{text:?} is no subnet")),
        },
    }
}

/// An address to listen on.
pub(super) fn address(text: &str) -> Result<IpAddr, SpecError> {
    text.parse().map_err(|_| {
        SpecError::new("", format!("{text:?} is no IP address"))
            .expected("an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them")
    })
}

/// An IPv4 address to listen on.
pub(super) fn address_v4(text: &str) -> Result<Ipv4Addr, SpecError> {
    match address(text)? {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err(SpecError::new(
            "",
            format!("{text} is IPv6, which is not supported yet"),
        )
        .expected("an IPv4 address such as 127.0.0.1")),
    }
}

/// A version of Kubernetes.
pub(super) fn kubernetes_version(
    item: &Item<'_>,
    problems: &mut Problems,
) -> Option<KubernetesVersion> {
    const FORM: &str = "all three numbers, such as v1.37.1";
    let Content::Scalar(scalar) = &item.tree.content else {
        problems.error(item.wrong_type(FORM));
        return None;
    };
    // 1.37 without quotes is a number to YAML.
    let version = scalar.written.parse().ok();
    if version.is_none() {
        let message = format!("{:?} is no version of Kubernetes", scalar.written);
        problems.error(item.error(message).value(&scalar.written).expected(FORM));
    }
    version
}

/// An amount of memory: a quantity, or a number of bytes.
pub(super) fn memory(item: &Item<'_>, problems: &mut Problems) -> Option<Memory> {
    const FORM: &str = "a quantity such as 4Gi, 4096Mi or 4G";
    let Content::Scalar(scalar) = &item.tree.content else {
        problems.error(item.wrong_type(FORM));
        return None;
    };
    if let ScalarKind::Null | ScalarKind::Bool(_) = scalar.kind {
        problems.error(item.wrong_type(FORM));
        return None;
    }
    match scalar.written.parse() {
        Ok(memory) => Some(memory),
        Err(fault) => {
            let message = format!("{:?} is {fault}", scalar.written);
            let error = item.error(message).value(&scalar.written).expected(FORM);
            problems.error(match fault.suggestion {
                Some(meant) => error.hint(format!("did you mean {meant}?")),
                None => error,
            });
            None
        }
    }
}

/// A path of this machine, made absolute: a relative one starts at `base_dir`.
pub(super) fn host_path(text: &str, base_dir: &Path) -> Result<PathBuf, SpecError> {
    let error = |message: &str| {
        SpecError::new("", message)
            .expected("an absolute path, or one relative to this file's folder")
    };
    if text.is_empty() {
        return Err(error("the path is empty"));
    }
    if text.starts_with('~') {
        return Err(error("\"~\" stands for your home folder in a shell alone")
            .hint("write the path of the folder in full"));
    }
    if text.starts_with('$') {
        return Err(error("variables are replaced in a shell alone")
            .hint("write the path in full; put \"./\" before a name that begins with \"$\""));
    }
    std::path::absolute(base_dir.join(text)).map_err(|fault| error(&format!("no path: {fault}")))
}

/// A port from `least`. Ports are 16 bits wide.
pub(super) fn port(item: &Item<'_>, least: u16, problems: &mut Problems) -> Option<u16> {
    let number = item.integer(i64::from(least), i64::from(u16::MAX), problems)?;
    u16::try_from(number).ok()
}
