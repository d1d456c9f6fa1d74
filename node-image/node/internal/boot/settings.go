package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/merge"
)

func bindFile(source, target string) error {
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, target, err)
	}
	return nil
}

const containerdConfig = "/etc/containerd/config.toml"

// fitContainerd fits containerd's configuration to the host.
func fitContainerd(v1 bool) error {
	base, err := os.ReadFile(containerdConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	fitted, err := merge.TOML(base, []string{containerdFit(v1, hasCapability(unix.CAP_SYS_RESOURCE))})
	if err != nil {
		return err
	}
	if string(fitted) == string(base) {
		return nil
	}
	return contract.WriteFile(containerdConfig, fitted, 0o644)
}

// containerdFit is the part of containerd's configuration that depends on the
// host: who manages cgroups, and whether a process may be protected from the
// out-of-memory killer.
func containerdFit(v1, mayRaise bool) string {
	fit := fmt.Sprintf(`
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = %t
tolerate_missing_hugetlb_controller = true
`, !mayRaise)
	for _, runtime := range []string{"runc", "test-handler"} {
		fit += fmt.Sprintf(`
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.%s.options]
SystemdCgroup = %t
`, runtime, !v1)
	}
	return fit
}

// kubeletDefaults is the environment file of the kubelet's unit.
const kubeletDefaults = "/etc/default/kubelet"

// kubeletV1 makes any kubelet configuration run on cgroup v1, also one that
// another tool wrote. On cgroup v2 nothing is added.
const kubeletV1 = "--cgroup-driver=cgroupfs --cgroup-root=/ --fail-cgroupv1=false"

func fitKubelet(path string, v1 bool) error {
	if !v1 {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fitted := addKubeletArgs(string(content), kubeletV1)
	if fitted == string(content) {
		return nil
	}
	return os.WriteFile(path, []byte(fitted), 0o644)
}

// addKubeletArgs adds args to KUBELET_EXTRA_ARGS of an environment file,
// unless they are there.
func addKubeletArgs(content, args string) string {
	const variable = "KUBELET_EXTRA_ARGS="
	if strings.Contains(content, args) {
		return content
	}
	var out strings.Builder
	found := false
	for line := range strings.Lines(content) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), variable); ok {
			found = true
			line = variable + "\"" + strings.TrimSpace(strings.Trim(value, `"'`)+" "+args) + "\"\n"
		}
		out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	if !found {
		out.WriteString(variable + "\"" + args + "\"\n")
	}
	return out.String()
}

// forwardPackets lets the node be its pods' router.
func forwardPackets() error {
	return raise("/proc/sys/net/ipv4/ip_forward", 1)
}

// raiseLimits raises limits that several hundred watching programs exceed.
// They are never lowered: on Linux the kernel is shared with the host.
func raiseLimits() error {
	return errors.Join(
		raise("/proc/sys/fs/inotify/max_user_instances", 8192),
		raise("/proc/sys/fs/inotify/max_user_watches", 524288),
	)
}

func raise(path string, wanted int) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	current, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if current >= wanted {
		return nil
	}
	err = os.WriteFile(path, []byte(strconv.Itoa(wanted)), 0)
	if errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%s is read-only: start the node with --read-only-path NONE, which needs container 1.2.1 or newer (not 1.2.0)", path)
	}
	return err
}
