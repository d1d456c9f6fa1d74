//! `--network NAME[,mac=…][,mtu=…]`.

use crate::error::{Error, Result};
use crate::model::{NetworkOptions, NetworkUse};

/// Apple's default, in bytes.
pub(crate) const MTU: u32 = 1280;

/// Networks of a container in order; `none` alone gives no network.
pub(crate) fn uses(values: &[String], hostname: &str) -> Result<Vec<NetworkUse>> {
    if values.iter().any(|v| v == "none") {
        return if values.len() == 1 {
            Ok(Vec::new())
        } else {
            Err(Error::invalid(
                "no other networks may be specified with the network 'none'",
            ))
        };
    }
    if values.is_empty() {
        return Ok(vec![one("default", hostname)?]);
    }
    values.iter().map(|value| one(value, hostname)).collect()
}

fn one(value: &str, hostname: &str) -> Result<NetworkUse> {
    let mut parts = value.split(',');
    let network = parts.next().unwrap_or_default().to_owned();
    let mut options = NetworkOptions {
        hostname: hostname.to_owned(),
        mac_address: None,
        mtu: Some(MTU),
    };
    for part in parts {
        match part.split_once('=') {
            Some(("mac", text)) => options.mac_address = Some(mac(text)?),
            Some(("mtu", text)) => {
                let mtu: Option<u32> = text.parse().ok().filter(|m| (MTU..=65535).contains(m));
                options.mtu = Some(mtu.ok_or_else(|| {
                    Error::invalid(format!(
                        "invalid MTU value {text}: must be from 1280 to 65535"
                    ))
                })?);
            }
            Some((key, _)) => {
                return Err(Error::invalid(format!("unknown network property '{key}'")));
            }
            None => {
                return Err(Error::invalid(format!(
                    "invalid network property format: {part}"
                )));
            }
        }
    }
    if network.is_empty() {
        return Err(Error::invalid("network name cannot be empty"));
    }
    Ok(NetworkUse { network, options })
}

fn mac(text: &str) -> Result<String> {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let valid = parts.len() == 6
        && parts
            .iter()
            .all(|p| p.len() == 2 && u8::from_str_radix(p, 16).is_ok());
    if !valid {
        return Err(Error::invalid(format!(
            "invalid MAC address format '{text}': expected XX:XX:XX:XX:XX:XX"
        )));
    }
    Ok(parts.join(":").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: &[&str]) -> Vec<String> {
        values.iter().map(|v| (*v).to_owned()).collect()
    }

    #[test]
    fn defaults_and_options() {
        let networks = uses(&[], "h").unwrap();
        assert_eq!(networks[0].network, "default");
        assert_eq!(networks[0].options.mtu, Some(1280));
        let networks = uses(&list(&["n,mac=F2-00-00-00-00-01,mtu=1400"]), "h").unwrap();
        assert_eq!(
            networks[0].options.mac_address.as_deref(),
            Some("f2:00:00:00:00:01")
        );
        assert_eq!(networks[0].options.mtu, Some(1400));
        assert!(uses(&list(&["none"]), "h").unwrap().is_empty());
    }

    #[test]
    fn wrong_values() {
        for bad in [
            &["none", "a"][..],
            &["n,mtu=1"],
            &["n,mac=x"],
            &["n,x=1"],
            &["n,x"],
            &[""],
        ] {
            assert!(uses(&list(bad), "h").is_err(), "{bad:?}");
        }
    }
}
