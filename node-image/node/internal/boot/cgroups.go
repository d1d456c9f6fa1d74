package boot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const cgroupRoot = "/sys/fs/cgroup"

// cgroupV1 tells whether the host still mounts cgroup v1 (also in the hybrid
// layout). On a Mac the guest has cgroup v2 alone.
func cgroupV1(root string) bool {
	var stat unix.Statfs_t
	if err := unix.Statfs(root, &stat); err != nil {
		return false
	}
	return int64(stat.Type) != unix.CGROUP2_SUPER_MAGIC
}

// openCgroups lets systemd hand controllers on to its units on cgroup v2: a
// group that holds processes may not. Programs that are executed in the node
// while it boots land in its root group; systemd would find it busy and the
// kubelet no memory controller. systemd knows init.scope as its own place.
func openCgroups(root string) error {
	content, err := os.ReadFile(filepath.Join(root, "cgroup.controllers"))
	if err != nil {
		return err
	}
	scope := filepath.Join(root, "init.scope")
	if err := os.MkdirAll(scope, 0o755); err != nil {
		return err
	}
	var problems []error
	for _, controller := range strings.Fields(string(content)) {
		if err := enableController(root, scope, controller); err != nil {
			problems = append(problems, fmt.Errorf("hand on controller %s: %w", controller, err))
		}
	}
	return errors.Join(problems...)
}

// busyAttempts bounds how often newcomers are moved out of the way.
const busyAttempts = 10

func enableController(root, scope, controller string) error {
	var err error
	for range busyAttempts {
		if err := moveProcesses(root, scope); err != nil {
			return err
		}
		err = writeCgroup(filepath.Join(root, "cgroup.subtree_control"), "+"+controller)
		if !errors.Is(err, unix.EBUSY) {
			return err
		}
	}
	return err
}

func moveProcesses(from, to string) error {
	content, err := os.ReadFile(filepath.Join(from, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(content)) {
		// 0 is a process of another PID namespace, which cannot be named.
		if pid == "0" {
			continue
		}
		err := writeCgroup(filepath.Join(to, "cgroup.procs"), pid)
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("move process %s: %w", pid, err)
		}
	}
	return nil
}

func writeCgroup(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}

// leaveHostCgroups unmounts cgroup hierarchies that reach beyond this
// container. podman mounts the host's own systemd hierarchy over the
// container's; there, the systemd of every node would manage the same groups,
// and remove those of other containers when it stops.
func leaveHostCgroups() error {
	for {
		table, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			return err
		}
		target, found := foreignCgroup(string(table))
		if !found {
			return nil
		}
		if err := syscall.Unmount(target, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount the host's %s: %w", target, err)
		}
	}
}

// foreignCgroup finds a mount point whose topmost mount shows control groups
// above this container's own. In a cgroup namespace the root of such a mount
// reads as a path that goes up, e.g. /../..; and there is another mount below
// it, the container's own.
func foreignCgroup(table string) (target string, found bool) {
	type mounted struct {
		foreign bool
		count   int
	}
	points := map[string]mounted{}
	var order []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasPrefix(fields[4], cgroupRoot+"/") {
			continue
		}
		// Later lines lie on top. A file inside a mount is not a hierarchy.
		_, tail, _ := strings.Cut(line, " - ")
		if !strings.HasPrefix(tail, "cgroup") {
			continue
		}
		point := fields[4]
		if points[point].count == 0 {
			order = append(order, point)
		}
		points[point] = mounted{strings.HasPrefix(fields[3], "/.."), points[point].count + 1}
	}
	for _, point := range order {
		if points[point].foreign && points[point].count > 1 {
			return point, true
		}
	}
	return "", false
}
