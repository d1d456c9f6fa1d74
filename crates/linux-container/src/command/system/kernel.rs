//! The kernel that `system start` and `system kernel set` install. Containers run on the host's.

use std::fs;
use std::io::{BufRead, Write};
use std::path::Path;

use crate::cli::Matches;
use crate::command::warn;
use crate::error::{Code, Context, Error, Outcome, Result};
use crate::world::{World, write_atomic};

const KERNEL: &str = "the host's own kernel";

pub(super) fn install(world: &World, matches: &Matches) -> Outcome {
    if world.kernel_link().exists() || matches.has("disable-kernel-install") {
        return Ok(());
    }
    if !matches.has("enable-kernel-install") {
        let mut err = std::io::stderr();
        let _ = write!(
            err,
            "Install the recommended default kernel from [{KERNEL}]? [Y/n]: "
        );
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        if !matches!(read, Ok(count) if count > 0) {
            return Err(Error::internal("failed to read user input").into());
        }
        if !matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "" | "y" | "yes"
        ) {
            warn(
                "Please use the `container system kernel set --recommended` command to configure the default kernel",
            );
            return Ok(());
        }
    }
    warn("Installing kernel...");
    Ok(point_at(world, None, true)?)
}

/// Points the link at a kernel. Containers run on the host's, whatever it says.
fn point_at(world: &World, binary: Option<&Path>, force: bool) -> Result<()> {
    let link = world.kernel_link();
    let folder = world.app_root.join("kernels");
    fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let target = match binary {
        Some(path) => folder.join(path.file_name().unwrap_or_default()),
        None => folder.join(format!("vmlinux-{release}")),
    };
    if target.exists() && !force {
        let text = format!("kernel {} already exists", target.display());
        return Err(Error::new(Code::Exists, text));
    }
    if let Some(path) = binary {
        fs::copy(path, &target).context(|| format!("cannot copy {}", path.display()))?;
    } else {
        let text = format!("Containers run on the kernel of this host: {release}\n");
        write_atomic(&target, text.as_bytes())?;
    }
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&target, &link)
        .context(|| format!("cannot create {}", link.display()))
}

pub(in crate::command) fn set(world: &World, matches: &Matches) -> Result<()> {
    let force = matches.has("force");
    if matches.has("recommended") {
        return point_at(world, None, force);
    }
    if matches.has("tar") {
        return Err(Error::new(
            Code::Unsupported,
            "containers run on the host's kernel here: use --recommended or --binary",
        ));
    }
    let Some(binary) = matches.value("binary") else {
        return Err(Error::invalid("missing argument '--binary'"));
    };
    let path = Path::new(binary);
    if !path.is_file() {
        return Err(Error::not_found(format!(
            "kernel file not found at path {binary}"
        )));
    }
    point_at(world, Some(path), force)
}
