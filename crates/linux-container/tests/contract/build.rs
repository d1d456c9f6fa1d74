//! `build`.

use std::path::Path;
use std::process::Stdio;

use crate::program::{Program, name};

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
    let list = std::process::Command::new("tar")
        .arg("tf")
        .arg(&tar)
        .output()
        .unwrap();
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
        answer.stderr.contains("seen") && answer.stderr.contains("Error: "),
        "{answer:?}"
    );
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
