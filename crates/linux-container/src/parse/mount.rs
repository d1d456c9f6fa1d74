//! `-v`, `--mount` and `--tmpfs`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::model::{Mount, MountKind};

/// A mount as asked for: volumes are looked up or made later.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    /// A tmpfs or a folder of the host: all is known.
    Ready(Mount),
    /// A named volume.
    Volume {
        name: String,
        destination: String,
        options: Vec<String>,
    },
}

/// All mounts of a container, shallow ones first.
pub(crate) fn requests(
    volumes: &[String],
    mounts: &[String],
    tmpfs: &[String],
) -> Result<Vec<Request>> {
    let mut all = Vec::new();
    for path in tmpfs {
        all.push(Request::Ready(Mount {
            destination: path.clone(),
            options: Vec::new(),
            source: "tmpfs".into(),
            kind: MountKind::Tmpfs {},
        }));
    }
    for value in mounts {
        all.push(mount(value)?);
    }
    for value in volumes {
        all.push(volume(value)?);
    }
    Ok(all)
}

fn volume(value: &str) -> Result<Request> {
    let mut parts = value.splitn(3, ':');
    let (source, destination) = match (parts.next(), parts.next()) {
        (Some(source), Some(destination)) if !source.is_empty() && !destination.is_empty() => {
            (source, destination)
        }
        _ => return Err(Error::invalid(format!("invalid volume format {value}"))),
    };
    let options: Vec<String> = parts
        .next()
        .map(|o| o.split(',').map(str::to_owned).collect())
        .unwrap_or_default();
    if let Some(option) = options.iter().find(|o| !matches!(o.as_str(), "ro" | "rw")) {
        return Err(Error::invalid(format!(
            "unknown option '{option}' in volume {value}: it is ro or rw"
        )));
    }
    if !source.contains('/') && source != "." && source != ".." {
        crate::parse::name::volume(source)?;
        return Ok(Request::Volume {
            name: source.into(),
            destination: destination.into(),
            options,
        });
    }
    let path = absolute(source);
    if !path.exists() {
        return Err(Error::invalid(format!("path '{source}' does not exist")));
    }
    Ok(bind(&path, destination.into(), options))
}

fn bind(source: &Path, destination: String, options: Vec<String>) -> Request {
    Request::Ready(Mount {
        destination,
        options,
        source: source.to_string_lossy().into_owned(),
        kind: MountKind::Virtiofs {},
    })
}

/// Relative sources count from the working directory.
fn absolute(source: &str) -> PathBuf {
    std::path::absolute(source).unwrap_or_else(|_| PathBuf::from(source))
}

fn mount(value: &str) -> Result<Request> {
    let mut kind = "virtiofs";
    let (mut source, mut destination) = (None, None);
    let mut options = Vec::new();
    let mut tmpfs_options = Vec::new();
    for directive in value.split(',') {
        let (key, content) = directive.split_once('=').unwrap_or((directive, ""));
        if content.is_empty() && !matches!(key, "readonly" | "ro") {
            return Err(Error::invalid(format!(
                "invalid directive format missing value {directive} in {value}"
            )));
        }
        match key {
            "type" => {
                kind = match content {
                    "bind" => "virtiofs",
                    other => other,
                }
            }
            "source" | "src" => source = Some(content.to_owned()),
            "target" | "destination" | "dst" => destination = Some(content.to_owned()),
            "readonly" | "ro" => options.push("ro".to_owned()),
            "size" => tmpfs_options.push(("size", content)),
            "mode" => tmpfs_options.push(("mode", content)),
            _ => {
                return Err(Error::invalid(format!(
                    "unknown directive {key} when parsing mount {value}"
                )));
            }
        }
    }
    if !matches!(kind, "virtiofs" | "tmpfs" | "volume") {
        // Apple's tool looks at the source, which it cannot read then, and at the type.
        let how = if source.is_some() {
            "unknown"
        } else {
            "unsupported"
        };
        return Err(Error::invalid(format!("{how} mount type {kind}")));
    }
    if let (Some((option, _)), true) = (tmpfs_options.first(), kind != "tmpfs") {
        return Err(Error::invalid(format!(
            "unsupported option {option} for {kind} mount"
        )));
    }
    let destination = destination
        .ok_or_else(|| Error::invalid(format!("mount destination is missing in {value}")))?;
    match kind {
        "tmpfs" => {
            if source.is_some() {
                return Err(Error::invalid("cannot specify source for tmpfs mount"));
            }
            for (key, content) in tmpfs_options {
                options.push(tmpfs_option(key, content)?);
            }
            Ok(Request::Ready(Mount {
                destination,
                options,
                source: String::new(),
                kind: MountKind::Tmpfs {},
            }))
        }
        "volume" => {
            let name = source
                .ok_or_else(|| Error::invalid(format!("mount source is missing in {value}")))?;
            crate::parse::name::volume(&name)?;
            Ok(Request::Volume {
                name,
                destination,
                options,
            })
        }
        _ => {
            let source = source
                .ok_or_else(|| Error::invalid(format!("mount source is missing in {value}")))?;
            let path = absolute(&source);
            if !path.exists() {
                return Err(Error::invalid(format!("path '{source}' does not exist")));
            }
            if !path.is_dir() {
                return Err(Error::invalid(format!(
                    "path '{source}' is not a directory"
                )));
            }
            Ok(bind(&path, destination, options))
        }
    }
}

fn tmpfs_option(key: &str, content: &str) -> Result<String> {
    if key == "mode" {
        return Ok(format!("mode={content}"));
    }
    let bytes = super::size::bytes(content)
        .ok_or_else(|| Error::invalid(format!("invalid size for tmpfs mount: {content}")))?;
    Ok(format!("size={bytes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(result: Result<Request>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn texts_of_wrong_values() {
        assert_eq!(error(volume("/nope-x:/x")), "path '/nope-x' does not exist");
        assert_eq!(
            error(volume("/etc:/x:ro,foo")),
            "unknown option 'foo' in volume /etc:/x:ro,foo: it is ro or rw"
        );
        assert!(volume("/etc:/x:rw").is_ok());
        assert_eq!(
            error(mount("type=bind,source=/etc/passwd,target=/x")),
            "path '/etc/passwd' is not a directory"
        );
        assert_eq!(
            error(mount("type=floppy,target=/x")),
            "unsupported mount type floppy"
        );
        assert_eq!(
            error(mount("type=floppy,source=/etc,target=/x")),
            "unknown mount type floppy"
        );
        assert_eq!(
            error(mount("type=tmpfs,source=/a,target=/x")),
            "cannot specify source for tmpfs mount"
        );
        assert_eq!(
            error(mount("type=bind,source=/etc,target=/x,size=1m")),
            "unsupported option size for virtiofs mount"
        );
        assert_eq!(
            error(mount("colour=red,target=/x")),
            "unknown directive colour when parsing mount colour=red,target=/x"
        );
        assert_eq!(
            error(mount("type=tmpfs,target")),
            "invalid directive format missing value target in type=tmpfs,target"
        );
    }

    #[test]
    fn tmpfs_sizes_become_bytes() {
        let Request::Ready(mount) = mount("type=tmpfs,target=/x,size=64m,mode=755").unwrap() else {
            panic!("not a tmpfs")
        };
        assert_eq!(mount.options, ["size=67108864", "mode=755"]);
        assert_eq!(mount.source, "");
    }

    #[test]
    fn plain_words_are_volumes() {
        let request = volume("data:/x:ro").unwrap();
        let expected = Request::Volume {
            name: "data".into(),
            destination: "/x".into(),
            options: vec!["ro".into()],
        };
        assert_eq!(request, expected);
    }
}
