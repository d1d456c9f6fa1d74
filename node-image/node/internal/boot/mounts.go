package boot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// containerDisk is where a container runtime whose root file systems are
	// overlays mounts a directory of a real file system.
	containerDisk = "/var/lib/container-disk"
	// snapshots is containerd's overlayfs snapshotter.
	snapshots = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs"
	// bakedSnapshots is where the image's own snapshots stay visible when the
	// container disk is mounted over the snapshotter's directory.
	bakedSnapshots = "/run/apple-k8s/baked-snapshots"
)

// onContainerDisk are the directories that need a real file system: containers
// cannot have overlays on an overlay, and databases are slow there. The journal
// is among them because podman mounts a tmpfs over it, and a node's log should
// still be there after a stop.
var onContainerDisk = []string{
	"/var/lib/kubelet", "/var/lib/etcd", "/var/log/pods", "/var/log/journal", "/var/local-path-provisioner",
}

func mountTemporary() error {
	for _, path := range []string{"/run", "/tmp"} {
		mounted, err := isMountPoint(path)
		if err != nil {
			return err
		}
		if mounted {
			continue
		}
		options := "mode=755"
		if path == "/tmp" {
			options = "mode=1777"
		}
		if err := syscall.Mount("tmpfs", path, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
			return fmt.Errorf("mount %s: %w", path, err)
		}
	}
	return nil
}

// useContainerDisk puts what needs a real file system on the container disk
// when the root file system is an overlay. On a Mac the root disk is ext4 and
// there is nothing to do; under kind /var is a volume of its own.
func useContainerDisk() error {
	overlay, err := isOverlay("/")
	if err != nil || !overlay {
		return err
	}
	mounted, err := isMountPoint(containerDisk)
	if err != nil || !mounted {
		return err
	}
	for _, path := range onContainerDisk {
		if err := bind(filepath.Join(containerDisk, strings.ReplaceAll(path[1:], "/", "-")), path); err != nil {
			return err
		}
	}
	if _, err := os.Stat(snapshots); errors.Is(err, fs.ErrNotExist) {
		return bind(filepath.Join(containerDisk, "snapshotter"), snapshots)
	}
	return layOverSnapshots(filepath.Join(containerDisk, "snapshotter"), snapshots, bakedSnapshots)
}

func bind(source, target string) error {
	for _, directory := range []string{source, target} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, target, err)
	}
	return nil
}

// layOverSnapshots mounts disk over the snapshotter's directory. The image's
// snapshots need not be copied: an overlay's lower directories may lie on
// another overlay, so each is a symbolic link to where it stays visible.
// New snapshots, which need upper directories, are made on the disk.
func layOverSnapshots(disk, target, baked string) error {
	if err := bind(target, baked); err != nil {
		return err
	}
	if _, err := os.Stat(disk); errors.Is(err, fs.ErrNotExist) {
		if err := prepareSnapshots(disk, target, baked); err != nil {
			return fmt.Errorf("prepare the container disk: %w", err)
		}
	} else if err != nil {
		return err
	}
	return bind(disk, target)
}

// prepareSnapshots fills a new directory and puts it in place by a rename, so
// that a boot that was cut short is simply done again.
func prepareSnapshots(disk, image, baked string) error {
	partial := disk + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(partial, "snapshots"), 0o700); err != nil {
		return err
	}
	err := copyFile(filepath.Join(image, "metadata.db"), filepath.Join(partial, "metadata.db"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(image, "snapshots"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		link := filepath.Join(partial, "snapshots", entry.Name())
		if err := os.Symlink(filepath.Join(baked, "snapshots", entry.Name()), link); err != nil {
			return err
		}
	}
	return os.Rename(partial, disk)
}

func copyFile(source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

func isOverlay(path string) (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return false, fmt.Errorf("file system of %s: %w", path, err)
	}
	return int64(stat.Type) == unix.OVERLAYFS_SUPER_MAGIC, nil
}

// isMountPoint looks the path up in the mount table: comparing device numbers
// misses a bind mount from the same file system.
func isMountPoint(path string) (bool, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	return mountTableHas(string(table), path), nil
}

func mountTableHas(table, path string) bool {
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == path {
			return true
		}
	}
	return false
}
