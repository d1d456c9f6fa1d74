//! `/etc/resolv.conf` of a container.

use std::fmt::Write;
use std::net::IpAddr;

use crate::model::{Attachment, Dns};

/// The resolver's settings of one start.
pub(crate) struct Resolver {
    nameservers: Vec<String>,
    domain: Option<String>,
    search: Vec<String>,
    options: Vec<String>,
}

impl Resolver {
    /// Flags win; else the gateway, as on a Mac, or the host's own servers when containers may
    /// reach them.
    pub(crate) fn new(dns: &Dns, attachment: Option<&Attachment>, outside: bool) -> Self {
        let nameservers = if dns.nameservers.is_empty() {
            let host = if outside { host_servers() } else { Vec::new() };
            if host.is_empty() {
                attachment
                    .iter()
                    .map(|a| a.ipv4_gateway.to_string())
                    .collect()
            } else {
                host
            }
        } else {
            dns.nameservers.clone()
        };
        Self {
            nameservers,
            domain: dns.domain.clone(),
            search: dns.search_domains.clone(),
            options: dns.options.clone(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for server in &self.nameservers {
            let _ = writeln!(text, "nameserver {server}");
        }
        if let Some(domain) = &self.domain {
            let _ = writeln!(text, "domain {domain}");
        }
        if !self.search.is_empty() {
            let _ = writeln!(text, "search {}", self.search.join(" "));
        }
        if !self.options.is_empty() {
            let _ = writeln!(text, "options {}", self.options.join(" "));
        }
        text
    }
}

/// The host's name servers that are not on the host itself.
fn host_servers() -> Vec<String> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix("nameserver"))
        .map(str::trim)
        .filter(|server| server.parse::<IpAddr>().is_ok_and(|ip| !ip.is_loopback()))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_have_a_line() {
        let dns = Dns {
            domain: Some("test".into()),
            nameservers: vec!["192.0.2.1".into()],
            options: vec!["ndots:1".into()],
            search_domains: vec!["a".into(), "b".into()],
        };
        assert_eq!(
            Resolver::new(&dns, None, false).text(),
            "nameserver 192.0.2.1\ndomain test\nsearch a b\noptions ndots:1\n"
        );
    }
}
