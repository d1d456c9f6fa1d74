//! `build`.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{Program, eventually, name};

fn context(program: &Program, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = text.replace("BASE", &program.image());
    std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().unwrap()
}

#[test]
fn arguments_target_labels_and_secrets() {
    let program = Program::shared();
    let folder = context(
        &program,
        "FROM BASE AS first\nARG WHO=nobody\nRUN echo $WHO >/who\n\
         RUN --mount=type=secret,id=s wc -c </run/secrets/s >/secret\n\
         FROM first AS second\nRUN echo second >/who\n",
    );
    let tag = format!("{}:1", name());
    let answer = program
        .command([
            "build",
            "--progress",
            "plain",
            "-t",
            &tag,
            "--build-arg",
            "WHO=me",
            "--target",
            "first",
            "--secret",
            "id=s,env=HIDDEN",
            "--label",
            "k=v",
            path(&folder),
        ])
        .env("HIDDEN", "12345")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert_eq!(stdout, format!("docker.io/library/{tag}\n"), "{answer:?}");
    assert!(!answer.stderr.is_empty(), "progress goes to stderr");
    let out = program.call([
        "run",
        "--rm",
        &tag,
        "sh",
        "-c",
        "cat /who /secret; ls /run/secrets 2>&1",
    ]);
    let text = format!("{}{}", out.stdout, out.stderr);
    assert!(text.starts_with("me\n5\n"), "{text}");
    let inspect = program.call(["image", "inspect", &tag]).json();
    assert_eq!(
        inspect[0]["variants"][0]["config"]["config"]["Labels"]["k"],
        "v"
    );
    program.call(["image", "delete", &tag]).ok();
}

#[test]
fn outputs() {
    let program = Program::shared();
    let folder = context(&program, "FROM scratch\nCOPY Dockerfile /copied\n");
    let target = tempfile::tempdir().unwrap();
    let tar = target.path().join("files.tar");
    let dest = format!("type=tar,dest={}", tar.display());
    assert_eq!(
        program
            .call(["build", "-q", "-o", &dest, path(&folder)])
            .ok(),
        format!("{}\n", tar.display())
    );
    let list = Command::new("tar").arg("tf").arg(&tar).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("copied"));
    let local = target.path().join("local");
    let dest = format!("type=local,dest={}", local.display());
    program
        .call(["build", "-q", "-o", &dest, path(&folder)])
        .ok();
    assert!(local.join("copied").exists());
    program
        .call(["build", "-q", "-o", "type=nonsense", path(&folder)])
        .fails("invalid exporter");
}

#[test]
fn a_file_from_stdin_and_the_largest_file() {
    let program = Program::shared();
    let tag = format!("{}:stdin", name());
    let folder = tempfile::tempdir().unwrap();
    let mut child = program
        .command(["build", "-q", "-f", "-", "-t", &tag, path(&folder)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = format!("FROM {}\nENV FROM_STDIN=1\n", program.image());
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    program.call(["image", "delete", &tag]).ok();

    let large = format!("FROM BASE\n{}", "# padding\n".repeat(1700));
    let folder = context(&program, &large);
    program
        .call(["build", "-q", path(&folder)])
        .fails("exceeds the maximum allowed size of 16384 bytes");
    let empty = tempfile::tempdir().unwrap();
    program
        .call(["build", path(&empty)])
        .misused("dockerfile not found in context dir");
    program
        .call(["build", "/surely-not"])
        .misused("context dir does not exist /surely-not");
}

#[test]
fn a_failing_step_is_an_error_and_leaves_no_image() {
    let program = Program::shared();
    let folder = context(&program, "FROM BASE\nRUN echo seen && exit 3\n");
    let tag = format!("{}:bad", name());
    let answer = program.call(["build", "-t", &tag, path(&folder)]);
    assert_eq!((answer.status, answer.stdout.as_str()), (1, ""));
    assert!(
        answer.stderr.contains("seen") && answer.stderr.contains("exit status 3"),
        "{answer:?}"
    );
    assert_eq!(answer.stderr.matches("Error: ").count(), 1, "{answer:?}");
    assert!(!program.line("image list -q").ok().contains(&tag));
}

#[test]
fn caches_and_volumes_of_steps() {
    let program = Program::shared();
    let text = "FROM BASE\nARG N\nRUN --mount=type=cache,target=/cache echo $N >>/cache/n; cat /cache/n >/n\n";
    let folder = context(&program, text);
    let tag = format!("{}:cache", name());
    for n in ["1", "2"] {
        let arg = format!("N={n}");
        program
            .call([
                "build",
                "-q",
                "-t",
                &tag,
                "--build-arg",
                &arg,
                path(&folder),
            ])
            .ok();
    }
    assert_eq!(
        program.call(["run", "--rm", &tag, "cat", "/n"]).ok(),
        "1\n2\n"
    );
    program.call(["image", "delete", &tag]).ok();
    if Program::foreign() {
        return;
    }
    let shared = tempfile::tempdir().unwrap();
    std::fs::write(shared.path().join("file"), "from the host\n").unwrap();
    let folder = context(
        &program,
        "FROM BASE\nRUN cat /shared/file >/file; ! touch /shared/new\n",
    );
    let volume = format!("{}:/shared", Path::new(shared.path()).display());
    let output = program
        .command(["build", "-q", "-t", &tag, path(&folder)])
        .env("CONTAINER_BUILD_VOLUMES", volume)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        program.call(["run", "--rm", &tag, "cat", "/file"]).ok(),
        "from the host\n"
    );
    program.call(["image", "delete", &tag]).ok();
}

/// Starts a build in a process group of its own, up to the moment when a step says `word`.
fn build_until(program: &Program, tag: &str, folder: &tempfile::TempDir, word: &str) -> Child {
    let mut build = program.command(["build", "-t", tag, path(folder)]);
    build.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = build.process_group(0).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.any(|line| line == word), "the step never came");
    // Somebody has to read on, or the build ends for want of a reader.
    std::thread::spawn(move || lines.count());
    child
}

/// What a build has open: containers of steps and temporary files, by name.
fn under_way(program: &Program) -> Vec<String> {
    let podman = program.root().join("podman");
    let containers = podman.join("storage/overlay-containers/containers.json");
    let containers: serde_json::Value =
        serde_json::from_slice(&std::fs::read(containers).unwrap_or_default()).unwrap_or_default();
    let containers = containers.as_array().cloned().unwrap_or_default();
    let names = containers
        .iter()
        .map(|c| c["names"][0].as_str().unwrap().to_owned());
    let files = std::fs::read_dir(podman.join("tmp")).unwrap().flatten();
    let files = files.map(|entry| entry.file_name().into_string().unwrap());
    names
        .chain(files.filter(|name| !name.contains("cache") && !name.starts_with("scratch-")))
        .collect()
}

#[test]
fn twin_what_a_killed_build_left_goes_with_the_next_one() {
    let program = Program::started();
    let text = "FROM BASE\nRUN echo kept >/kept\nRUN echo large >/large; echo begun; sleep 1000\n";
    let folder = context(&program, text);
    let mut child = build_until(&program, "victim:1", &folder, "begun");
    let group = format!("-{}", child.id());
    let kill = ["-9", "--", &group];
    Command::new("kill").args(kill).status().unwrap();
    child.wait().unwrap();
    // What a step runs ends a moment after the builder, and lets go of the store only then.
    let lock = format!("/run/apple-container/{}/locks/images", program.key());
    let lock = std::fs::File::open(lock).unwrap();
    eventually("the build has ended", || lock.try_lock().is_ok());
    lock.unlock().unwrap();
    assert!(!under_way(&program).is_empty(), "nothing was left: no test");
    let images = || program.line("image list -q").ok();
    let before = images();

    // What it had finished is taken from the cache.
    let folder = context(&program, "FROM BASE\nRUN echo kept >/kept\n");
    let next = program.call(["build", "-t", "next:1", path(&folder)]);
    assert!(next.stderr.contains("Using cache"), "{next:?}");
    next.ok();
    assert_eq!(under_way(&program), [""; 0]);
    assert!(images().contains(before.trim()), "{before} {}", images());
}

#[test]
fn twin_a_build_leaves_another_one_alone() {
    let program = Program::started();
    let slow = context(
        &program,
        "FROM BASE\nRUN echo begun; while [ ! -e /shared/go ]; do sleep 0.1; done; echo 1 >/one\n",
    );
    let shared = tempfile::tempdir().unwrap();
    let volume = format!("{}:/shared", shared.path().display());
    let mut build = program.command(["build", "-t", "slow:1", path(&slow)]);
    build.env("CONTAINER_BUILD_VOLUMES", volume);
    build.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = build.spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.any(|line| line == "begun"));
    let reader = std::thread::spawn(move || lines.count());

    let quick = context(&program, "FROM BASE\nRUN echo 2 >/two\n");
    program
        .call(["build", "-q", "-t", "quick:1", path(&quick)])
        .ok();
    std::fs::write(shared.path().join("go"), "").unwrap();
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
    let one = program.call(["run", "--rm", "slow:1", "cat", "/one"]);
    assert_eq!(one.ok(), "1\n");
}
