//! What only a Mac can show: each container in a machine of its own, behind vmnet and virtiofs.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::program::{Program, eventually, name};

const SERVE: &str = "mkdir /w; echo page >/w/index.html; httpd -f -p 80 -h /w";

#[test]
#[cfg_attr(
    target_os = "linux",
    ignore = "needs vmnet and the Local Network permission of a Mac"
)]
fn mac_vmnet_and_the_local_network_permission_let_this_process_reach_a_container() {
    let program = Program::shared();
    let server = program.run(&[], SERVE);
    let address = server.address();
    eventually("the server answers itself", || {
        server.get("127.0.0.1").stdout == "page\n"
    });
    // "No route to host" while the server answers itself is the missing permission.
    let stream = TcpStream::connect((address.as_str(), 80));
    assert!(stream.is_ok(), "{address}: {stream:?}");
}

#[test]
#[cfg_attr(
    target_os = "linux",
    ignore = "needs the segmentation offload between machines of a Mac"
)]
fn mac_segmentation_offload_does_not_stall_what_goes_between_machines() {
    const SIZE: usize = 64 << 20;
    let program = Program::shared();
    let server = program.run(
        &[],
        &format!("mkdir /w; head -c {SIZE} /dev/zero >/w/big; exec httpd -f -p 80 -h /w"),
    );
    let client = program.idle(&[]);
    let fetch = format!("wget -q -O - http://{}/big | wc -c", server.address());
    let mut start = Instant::now();
    eventually("all of it arrives", || {
        start = Instant::now();
        client.exec(&fetch).stdout.trim() == SIZE.to_string()
    });
    // Stalled it goes at some kilobytes a second.
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
}

#[test]
#[cfg_attr(target_os = "linux", ignore = "needs the virtiofs of a Mac")]
fn mac_virtiofs_carries_files_both_ways_and_may_refuse_owners() {
    let program = Program::shared();
    let folder = tempfile::tempdir().unwrap();
    let c = program.idle(&["-v", &format!("{}:/shared", folder.path().display())]);
    c.exec("echo inside >/shared/file").ok();
    let mut text = String::new();
    let mut file = std::fs::File::open(folder.path().join("file")).unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "inside\n");
    std::fs::write(folder.path().join("file"), "outside\n").unwrap();
    eventually("the change is seen", || {
        c.exec("cat /shared/file").stdout == "outside\n"
    });
    let chown = c.exec("chown 1234:1234 /shared/file");
    assert!(
        chown.status == 0 || chown.stderr.contains("not permitted"),
        "{chown:?}"
    );
}

#[test]
#[cfg_attr(
    target_os = "linux",
    ignore = "needs the machines of a Mac, which boot"
)]
fn mac_a_machine_boots_within_seconds() {
    let program = Program::shared();
    let (id, image) = (name(), program.image());
    let start = Instant::now();
    program
        .call(["run", "--rm", "--name", &id, &image, "true"])
        .ok();
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
}

#[test]
#[cfg_attr(target_os = "linux", ignore = "needs the kernel of a machine of a Mac")]
fn mac_the_guest_has_a_kernel_that_nodes_can_run_on() {
    let program = Program::shared();
    let c = program.idle(&[]);
    let release = c.exec("uname -r").ok();
    let numbers: Vec<u32> = release
        .split(['.', '-'])
        .map_while(|part| part.parse().ok())
        .collect();
    assert!(numbers >= vec![6, 18], "{release}");
}
