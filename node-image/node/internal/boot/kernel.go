package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// kernelSettings are those that a node's programs change for the whole machine:
// the kubelet what happens when the kernel fails, how memory is promised and
// how many keys there are; systemd-sysctl what Debian's packages ask for.
var kernelSettings = []string{
	"kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "vm/panic_on_oom",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	"kernel/pid_max", "fs/protected_fifos", "fs/protected_hardlinks", "fs/protected_regular", "fs/protected_symlinks",
}

// ownKernelSettings keeps them from the host's kernel where the node shares it,
// as the container disk tells: what is written goes to files of the node's own,
// and is read back from there.
func ownKernelSettings() error {
	shared, err := isMountPoint(containerDisk)
	if err != nil || !shared {
		return err
	}
	return coverSettings("/proc/sys", "/run/apple-k8s/kernel", bindFile)
}

// coverSettings mounts a copy over each setting there is.
func coverSettings(root, copies string, mount func(source, target string) error) error {
	if err := os.MkdirAll(copies, 0o755); err != nil {
		return err
	}
	var problems []error
	for _, name := range kernelSettings {
		setting := filepath.Join(root, name)
		value, err := os.ReadFile(setting)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		own := filepath.Join(copies, strings.ReplaceAll(name, "/", "."))
		if err == nil {
			err = os.WriteFile(own, value, 0o644)
		}
		if err == nil {
			err = mount(own, setting)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("cover %s: %w", setting, err))
		}
	}
	return errors.Join(problems...)
}
