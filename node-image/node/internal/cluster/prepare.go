package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"apple-k8s.dev/node/internal/await"
	"apple-k8s.dev/node/internal/boot"
	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/merge"
	"apple-k8s.dev/node/internal/nodenet"
)

// systemdSocket is there once systemd takes jobs.
const systemdSocket = "/run/systemd/private"

// readConfig waits for the configuration line.
func readConfig(ctx context.Context, input *contract.Input, command contract.Command) (*contract.Config, error) {
	line, err := input.Line(ctx)
	if err != nil {
		return nil, err
	}
	config, err := contract.ParseConfig(line, command)
	return config, contract.Fail(contract.CodeBadConfig, err, "")
}

// booted waits until the entrypoint has prepared the container: an exec can
// come before it is done.
func booted(ctx context.Context) (*boot.Report, error) {
	if err := await.Path(ctx, boot.ReportFile); err != nil {
		return nil, contract.Fail(contract.CodeEnvironment, fmt.Errorf("wait for the node to boot: %w", err), "")
	}
	report, err := boot.LoadReport()
	if err != nil {
		return nil, contract.Fail(contract.CodeEnvironment, err, "")
	}
	if len(report.Problems) > 0 {
		return nil, contract.Fail(contract.CodeEnvironment,
			fmt.Errorf("the node booted with a fault: %s", report.Problems[0]), strings.Join(report.Problems, "\n"))
	}
	return report, nil
}

// prepare sees to it that a cluster can be made here, and brings the node
// network up.
func prepare(config *contract.Config) error {
	if err := boot.Require(config.KubeProxyMode); err != nil {
		return contract.Fail(contract.CodeEnvironment, err, "")
	}
	return setNetwork(contract.StateOf(config))
}

// setNetwork brings the node network up and keeps it for the next boot.
func setNetwork(state *contract.State) error {
	underlay, err := nodenet.FindUnderlay()
	if err != nil {
		return contract.Fail(contract.CodeNetwork, err, "")
	}
	if err := nodenet.Apply(nodenet.NewPlan(state.Cluster, &state.Network, underlay.MTU)); err != nil {
		return contract.Fail(contract.CodeNetwork, err, "")
	}
	if err := boot.WriteHosts("/etc/hosts", state.Node, &state.Network); err != nil {
		return contract.Fail(contract.CodeNetwork, err, "")
	}
	if err := boot.KeepInside(&state.Network); err != nil {
		return contract.Fail(contract.CodeNetwork, err, "")
	}
	return contract.Fail(contract.CodeInternal, state.Save(contract.StateDir), "")
}

// patchContainerd merges the users' patches into containerd's configuration;
// only then containerd needs a restart.
func patchContainerd(ctx context.Context, patches []string) error {
	if len(patches) == 0 {
		return nil
	}
	const path = "/etc/containerd/config.toml"
	base, err := os.ReadFile(path)
	if err != nil {
		return contract.Fail(contract.CodeContainerd, err, "")
	}
	patched, err := merge.TOML(base, patches)
	if err != nil {
		return contract.Fail(contract.CodeBadConfig, err, "")
	}
	if string(patched) == string(base) {
		return nil
	}
	if err := contract.WriteFile(path, patched, 0o644); err != nil {
		return contract.Fail(contract.CodeContainerd, err, "")
	}
	if err := awaitSystemd(ctx); err != nil {
		return err
	}
	return program(ctx, contract.CodeContainerd, nil, "systemctl", "restart", "containerd.service")
}

func awaitSystemd(ctx context.Context) error {
	if err := await.Path(ctx, systemdSocket); err != nil {
		return contract.Fail(contract.CodeEnvironment, fmt.Errorf("wait for systemd: %w", err), "")
	}
	return nil
}

// startUnits starts our units of this role without waiting for them: at later
// boots systemd starts them by itself.
func startUnits(ctx context.Context, role string) error {
	if err := awaitSystemd(ctx); err != nil {
		return err
	}
	args := append([]string{"start", "--no-block"}, boot.UnitsFor(role)...)
	return program(ctx, contract.CodeEnvironment, nil, "systemctl", args...)
}

// writeSecret writes a file that only root may read.
func writeSecret(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return contract.WriteFile(path, content, 0o600)
}
