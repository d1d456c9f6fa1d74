package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Finding is one thing that the container environment lacks.
type Finding struct {
	// Code is stable for programs.
	Code string `json:"code"`
	// Needed is "always", or for what the feature is needed.
	Needed  string `json:"needed"`
	Message string `json:"message"`
}

// minimumMemory of a control plane in bytes: etcd, the API server and the
// rest use some 1.2 GB when idle.
const minimumMemory = 1700 << 20

// Preflight prints what the environment lacks as JSON and fails when a node
// cannot run in it.
func Preflight(out io.Writer) error {
	findings := inspect()
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(struct {
		CgroupVersion int       `json:"cgroupVersion"`
		Findings      []Finding `json:"findings"`
	}{cgroupVersion(), append([]Finding{}, findings...)}); err != nil {
		return err
	}
	for _, finding := range findings {
		if finding.Needed == "always" {
			return errors.New("a node cannot run here: " + finding.Message)
		}
	}
	return nil
}

// Require fails when the environment lacks what a node with this kube-proxy
// mode cannot do without. What only some clusters need shows where they use it.
func Require(kubeProxyMode string) error {
	for _, finding := range inspect() {
		if finding.Needed == "always" || finding.Needed == "kubeProxyMode "+kubeProxyMode {
			return errors.New(finding.Message)
		}
	}
	return nil
}

func cgroupVersion() int {
	if cgroupV1(cgroupRoot) {
		return 1
	}
	return 2
}

func inspect() []Finding {
	var findings []Finding
	add := func(missing bool, code, needed, message string) {
		if missing {
			findings = append(findings, Finding{code, needed, message})
		}
	}
	for _, capability := range []struct {
		bit  uint
		name string
	}{{unix.CAP_SYS_ADMIN, "SYS_ADMIN"}, {unix.CAP_NET_ADMIN, "NET_ADMIN"}} {
		add(!hasCapability(capability.bit), "capability", "always",
			"the capability "+capability.name+" is missing: start the node with --cap-add ALL")
	}
	add(readOnly("/proc/sys"), "read-only-proc-sys", "always",
		"/proc/sys is read-only: start the node with --read-only-path NONE, which needs container 1.2.1 or newer (1.2.0 cannot)")
	filesystems, _ := os.ReadFile("/proc/filesystems")
	add(!strings.Contains(string(filesystems), "\toverlay\n"), "no-overlay", "always",
		"the kernel has no overlayfs: containers cannot be unpacked")
	// Without the capability the kernel refuses even what it has.
	mayProbe := hasCapability(unix.CAP_NET_ADMIN)
	add(mayProbe && exec.Command("nft", "list", "tables").Run() != nil, "no-nftables", "kubeProxyMode nftables",
		"the kernel has no nftables: install the recommended kernel, or set kubeProxyMode to iptables")
	add(mayProbe && !hasVXLAN(), "no-vxlan", "more than one node",
		"the kernel has no VXLAN: install the recommended kernel, or create clusters of one node")
	memory := memoryLimit()
	add(memory > 0 && memory < minimumMemory, "little-memory", "control plane",
		fmt.Sprintf("%d MiB of memory are too little for a control plane: give it 4g", memory>>20))
	overlay, err := isOverlay("/")
	mounted, mountErr := isMountPoint(containerDisk)
	varOverlay, varErr := isOverlay("/var/lib/containerd")
	add(err == nil && mountErr == nil && varErr == nil && overlay && varOverlay && !mounted, "overlay-root", "always",
		"the root file system is an overlay, which cannot hold containers: mount a directory of a real file system at "+containerDisk)
	return findings
}

func hasCapability(bit uint) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[bit/32].Effective&(1<<(bit%32)) != 0
}

func readOnly(path string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(path, &stat) == nil && stat.Flags&unix.ST_RDONLY != 0
}

// hasVXLAN tries it: the kernel's configuration is not always to be read.
func hasVXLAN() bool {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "vxlan-probe"
	probe := &netlink.Vxlan{LinkAttrs: attrs, VxlanId: 1, Port: 4790}
	if err := netlink.LinkAdd(probe); err != nil {
		return errors.Is(err, unix.EEXIST)
	}
	_ = netlink.LinkDel(probe)
	return true
}

// memoryLimit is the container's memory in bytes, 0 when unknown.
func memoryLimit() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64); err == nil && limit < 1<<60 {
			return limit
		}
	}
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}
