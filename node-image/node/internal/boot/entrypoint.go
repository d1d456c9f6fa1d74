// Package boot prepares a node's container before systemd starts in it. It
// runs at every boot, of our nodes and of those that kind starts from the same
// image.
package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/nodenet"
)

// ReportFile keeps what went wrong at boot, for init, join and network: a node
// that boots with a fault can be asked what it lacks, a dead one can't.
const ReportFile = "/run/apple-k8s/boot.json"

// Report is what a boot found out.
type Report struct {
	CgroupV1 bool `json:"cgroupV1"`
	// Problems keep the node from working.
	Problems []string `json:"problems,omitempty"`
	// Warnings are what it can probably do without.
	Warnings []string `json:"warnings,omitempty"`
}

type step struct {
	name      string
	essential bool
	do        func() error
}

// Run prepares the container and replaces this process by the program args.
func Run(args []string) error {
	if len(args) == 0 {
		return errors.New("entrypoint needs the program to start, e.g. /sbin/init")
	}
	report := &Report{}
	for _, step := range steps(report) {
		if err := step.do(); err != nil {
			problem := fmt.Sprintf("%s: %v", step.name, err)
			fmt.Fprintln(os.Stderr, "apple-k8s-node: boot:", problem)
			if step.essential {
				report.Problems = append(report.Problems, problem)
			} else {
				report.Warnings = append(report.Warnings, problem)
			}
		}
	}
	if err := report.save(); err != nil {
		fmt.Fprintln(os.Stderr, "apple-k8s-node: boot: save report:", err)
	}
	if err := syscall.Exec(args[0], args, os.Environ()); err != nil {
		return fmt.Errorf("start %s: %w", args[0], err)
	}
	return nil
}

func steps(report *Report) []step {
	state, stateErr := contract.LoadState(contract.StateDir)
	report.CgroupV1 = cgroupV1(cgroupRoot)
	return []step{
		{"read saved state", true, func() error { return stateErr }},
		{"control groups", false, func() error {
			if report.CgroupV1 {
				return leaveHostCgroups()
			}
			return openCgroups(cgroupRoot)
		}},
		{"mount /run and /tmp", true, mountTemporary},
		{"container disk", true, useContainerDisk},
		{"kernel settings", false, ownKernelSettings},
		// After every mount of ours, so that they all propagate.
		{"share mounts", true, func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, "") }},
		{"machine id", false, func() error { return fixMachineID("/etc/machine-id", contract.StateDir) }},
		{"product uuid", false, fixProductUUID},
		{"containerd configuration", true, func() error { return fitContainerd(report.CgroupV1) }},
		{"kubelet arguments", true, func() error { return fitKubelet(kubeletDefaults, report.CgroupV1) }},
		{"packet forwarding", true, forwardPackets},
		{"kernel limits", false, raiseLimits},
		{"proxy settings", false, func() error { return passProxy("/run/systemd/system.conf.d", state) }},
		{"node network", true, func() error { return restoreNetwork(state) }},
		{"pod network", true, func() error { return resetPodNetwork(state) }},
		{"address in kind's cluster", false, func() error { return healKind(state) }},
		{"systemd units", true, func() error { return writeUnits("/run/systemd/system", state) }},
	}
}

func restoreNetwork(state *contract.State) error {
	underlay, err := nodenet.FindUnderlay()
	if err != nil {
		return err
	}
	if err := nodenet.DisableSegmentationOffload(underlay.Name); err != nil {
		return err
	}
	if state == nil {
		return nil
	}
	if err := nodenet.Apply(nodenet.NewPlan(state.Cluster, &state.Network, underlay.MTU)); err != nil {
		return err
	}
	return WriteHosts("/etc/hosts", state.Node, &state.Network)
}

func (r *Report) save() error {
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(ReportFile), 0o755); err != nil {
		return err
	}
	// Whoever waits for the file reads it the moment it is there.
	return contract.WriteFile(ReportFile, content, 0o644)
}

// LoadReport reads what the boot found out. Without a report this program was
// not the node's entrypoint; then what can be seen is looked at again.
func LoadReport() (*Report, error) {
	content, err := os.ReadFile(ReportFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &Report{CgroupV1: cgroupV1(cgroupRoot)}, nil
	}
	if err != nil {
		return nil, err
	}
	report := &Report{}
	if err := json.Unmarshal(content, report); err != nil {
		return nil, fmt.Errorf("%s: %w", ReportFile, err)
	}
	return report, nil
}
