//! `-u`, `--uid`, `--gid` and `--ulimit`.

use crate::cli::Matches;
use crate::error::{Error, Exit, Result};
use crate::model::{Rlimit, User};

/// The user of a process: flags, else the image's.
pub(crate) fn user(matches: &Matches, image: Option<&str>) -> Result<User, Exit> {
    let uid: Option<u32> = matches.number("uid")?;
    let gid: Option<u32> = matches.number("gid")?;
    if let Some(text) = matches.value("user") {
        return Ok(User::Raw {
            user_string: text.to_owned(),
        });
    }
    if uid.is_some() || gid.is_some() {
        return Ok(User::Id {
            uid: uid.unwrap_or(0),
            gid: gid.unwrap_or(0),
        });
    }
    Ok(match image {
        Some(text) => User::Raw {
            user_string: text.to_owned(),
        },
        None => User::Id { uid: 0, gid: 0 },
    })
}

/// `name|uid[:gid]` as other tools take it; empty for root.
pub(crate) fn text(user: &User) -> String {
    match user {
        User::Id { uid, gid } => format!("{uid}:{gid}"),
        User::Raw { user_string } => user_string.clone(),
    }
}

/// `type=soft[:hard]`.
pub(crate) fn limits(values: &[String]) -> Result<Vec<Rlimit>> {
    values.iter().map(|value| limit(value)).collect()
}

fn limit(value: &str) -> Result<Rlimit> {
    const KINDS: [&str; 16] = [
        "as",
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ];
    let invalid = || Error::invalid(format!("invalid ulimit format: {value}"));
    let (kind, amounts) = value.split_once('=').ok_or_else(invalid)?;
    if !KINDS.contains(&kind) {
        return Err(Error::invalid(format!("unsupported ulimit type: {kind}")));
    }
    let amount = |text: &str| match text {
        "unlimited" | "-1" => Ok(u64::MAX),
        _ => text.parse().map_err(|_| invalid()),
    };
    let (soft, hard) = match amounts.split_once(':') {
        Some((soft, hard)) => (amount(soft)?, amount(hard)?),
        None => (amount(amounts)?, amount(amounts)?),
    };
    if soft > hard {
        return Err(Error::invalid(format!(
            "ulimit soft limit cannot exceed the hard limit: {value}"
        )));
    }
    Ok(Rlimit {
        limit: format!("RLIMIT_{}", kind.to_ascii_uppercase()),
        soft,
        hard,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_soft_and_a_hard_side() {
        let limit = limit("nofile=10:20").unwrap();
        assert_eq!(
            (limit.limit.as_str(), limit.soft, limit.hard),
            ("RLIMIT_NOFILE", 10, 20)
        );
        for bad in ["nofile", "nope=1", "nofile=x", "nofile=2:1"] {
            assert!(super::limit(bad).is_err(), "{bad}");
        }
    }
}
