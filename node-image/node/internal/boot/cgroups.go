package boot

import (
	"fmt"
	"os"
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
