//! `-p [ip:]host[-range]:container[-range][/protocol]` and `--publish-socket host:guest`.

use std::net::{IpAddr, Ipv4Addr};

use crate::error::{Error, Result};
use crate::model::{Protocol, PublishedPort, PublishedSocket};

/// Most publish descriptors of one container.
const MOST: usize = 64;

/// Reads all publish flags of one container and checks them against each other.
pub(crate) fn ports(values: &[String]) -> Result<Vec<PublishedPort>> {
    let ports = values
        .iter()
        .map(|value| port(value))
        .collect::<Result<Vec<_>>>()?;
    if ports.len() > MOST {
        return Err(Error::invalid(format!(
            "cannot exceed more than {MOST} port publish descriptors"
        )));
    }
    for (index, one) in ports.iter().enumerate() {
        if ports[..index].iter().any(|other| overlap(one, other)) {
            return Err(Error::invalid(
                "host ports for different publish port specs may not overlap",
            ));
        }
    }
    Ok(ports)
}

fn overlap(a: &PublishedPort, b: &PublishedPort) -> bool {
    let end = |p: &PublishedPort| u32::from(p.host_port) + u32::from(p.count);
    a.proto == b.proto
        && a.host_address == b.host_address
        && u32::from(a.host_port) < end(b)
        && u32::from(b.host_port) < end(a)
}

fn port(value: &str) -> Result<PublishedPort> {
    let invalid = || Error::invalid(format!("invalid publish value: {value}"));
    let (addresses, proto) = match value.split_once('/') {
        None => (value, Protocol::Tcp),
        Some((addresses, "tcp")) => (addresses, Protocol::Tcp),
        Some((addresses, "udp")) => (addresses, Protocol::Udp),
        Some((_, other)) => {
            return Err(Error::invalid(format!("invalid publish protocol: {other}")));
        }
    };
    let (rest, container) = addresses.rsplit_once(':').ok_or_else(invalid)?;
    let (host_address, host) = if let Some(bracketed) = rest.strip_prefix('[') {
        let (ip, host) = bracketed.split_once("]:").ok_or_else(invalid)?;
        (IpAddr::V6(ip.parse().map_err(|_| invalid())?), host)
    } else {
        match rest.split_once(':') {
            Some((ip, host)) => (ip.parse().map_err(|_| invalid())?, host),
            None => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), rest),
        }
    };
    let (host_port, host_count) = range(host, "host")?;
    let (container_port, count) = range(container, "container")?;
    if host_count != count {
        return Err(Error::invalid(format!(
            "publish host and container port counts are not equal: {host}:{container}"
        )));
    }
    for (side, first, text) in [
        ("host", host_port, host),
        ("container", container_port, container),
    ] {
        // Ports 0 and 1 are refused.
        if first <= 1 {
            let text = format!("invalid publish {side} port range: {text}");
            return Err(Error::invalid(text));
        }
    }
    Ok(PublishedPort {
        container_port,
        count,
        host_address,
        host_port,
        proto,
    })
}

/// First port and how many.
fn range(text: &str, side: &str) -> Result<(u16, u16)> {
    let invalid = || Error::invalid(format!("invalid publish {side} port: {text}"));
    let out = || Error::invalid(format!("invalid publish {side} port range: {text}"));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first: u16 = first.parse().map_err(|_| invalid())?;
    let last: u16 = last.parse().map_err(|_| invalid())?;
    if last < first {
        return Err(out());
    }
    Ok((first, last - first + 1))
}

/// Reads one socket relay.
pub(crate) fn socket(value: &str) -> Result<PublishedSocket> {
    let parts: Vec<&str> = value.split(':').collect();
    let [host, guest] = parts[..] else {
        return Err(Error::invalid(format!(
            "invalid publish-socket format {value}. Expected: host_path:container_path"
        )));
    };
    if host.is_empty() || !guest.starts_with('/') {
        return Err(Error::invalid(format!(
            "container socket path must be absolute: {guest}"
        )));
    }
    let host_path = std::path::absolute(host)
        .map_err(|_| Error::invalid(format!("host socket path is invalid: {host}")))?;
    Ok(PublishedSocket {
        container_path: guest.to_owned(),
        host_path: host_path.to_string_lossy().into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(value: &str) -> String {
        ports(&[value.to_owned()]).unwrap_err().to_string()
    }

    fn one(value: &str) -> PublishedPort {
        ports(&[value.to_owned()]).unwrap().remove(0)
    }

    #[test]
    fn forms() {
        let port = one("127.0.0.1:8080:80");
        assert_eq!(
            (port.host_port, port.container_port, port.count),
            (8080, 80, 1)
        );
        assert_eq!(port.host_address, IpAddr::from([127, 0, 0, 1]));
        assert_eq!(one("8080:80").host_address, IpAddr::from([0, 0, 0, 0]));
        let range = one("8000-8009:9000-9009/udp");
        assert_eq!((range.count, range.proto), (10, Protocol::Udp));
        assert_eq!(
            one("[::1]:8080:80").host_address,
            "::1".parse::<IpAddr>().unwrap()
        );
    }

    #[test]
    fn texts_of_wrong_values() {
        assert_eq!(error("8080"), "invalid publish value: 8080");
        assert_eq!(error("x:80"), "invalid publish host port: x");
        assert_eq!(error("80:x"), "invalid publish container port: x");
        assert_eq!(error("0:80"), "invalid publish host port range: 0");
        assert_eq!(error("1:80"), "invalid publish host port range: 1");
        assert_eq!(error("8080:80/icmp"), "invalid publish protocol: icmp");
        assert_eq!(
            error("1-2:1-3"),
            "publish host and container port counts are not equal: 1-2:1-3"
        );
        let overlap = ["8000-8002:1000-1002".to_owned(), "8002:80".to_owned()];
        assert_eq!(
            ports(&overlap).unwrap_err().to_string(),
            "host ports for different publish port specs may not overlap"
        );
        let many: Vec<String> = (2000..2065).map(|p| format!("{p}:{p}")).collect();
        assert_eq!(
            ports(&many).unwrap_err().to_string(),
            "cannot exceed more than 64 port publish descriptors"
        );
    }

    #[test]
    fn one_port_may_be_used_by_both_protocols() {
        assert!(ports(&["5353:53/tcp".to_owned(), "5353:53/udp".to_owned()]).is_ok());
    }
}
