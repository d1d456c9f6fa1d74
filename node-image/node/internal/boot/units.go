package boot

import (
	"embed"
	"errors"
	"os"
	"path/filepath"

	"apple-k8s.dev/node/internal/contract"
)

// CNIConfig is the pod network's configuration; while it is missing, the node
// is not Ready and no pod with a network of its own starts.
const CNIConfig = "/etc/cni/net.d/10-apple-k8s.conflist"

//go:embed units/*.service
var units embed.FS

// Units of a node of ours, by role.
const (
	UnitPodNetwork = "apple-k8s-pod-network.service"
	UnitShutdown   = "apple-k8s-shutdown.service"
	UnitAPIGate    = "apple-k8s-api-gate.service"
)

// UnitsFor names the units that a node with this role needs.
func UnitsFor(role string) []string {
	names := []string{UnitPodNetwork, UnitShutdown}
	if role == contract.RoleControlPlane {
		names = append(names, UnitAPIGate)
	}
	return names
}

// writeUnits puts our units where systemd finds them. They live in /run, so
// that a node which was never set up has none.
func writeUnits(directory string, state *contract.State) error {
	entries, err := units.ReadDir("units")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		content, err := units.ReadFile("units/" + entry.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(directory, entry.Name()), content, 0o644); err != nil {
			return err
		}
	}
	if state == nil {
		return nil
	}
	wants := filepath.Join(directory, "multi-user.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	for _, name := range UnitsFor(state.Role) {
		if err := os.Symlink("../"+name, filepath.Join(wants, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// clearPodNetwork forgets the pods of the last boot: their sandboxes are gone,
// but the address reservations would stay, and with the network's
// configuration in place pods would start before Services are programmed.
func clearPodNetwork(state *contract.State) error {
	if state == nil {
		return nil
	}
	var problems []error
	for _, path := range []string{"/var/lib/cni/networks", "/var/lib/cni/results"} {
		problems = append(problems, os.RemoveAll(path))
	}
	if state.CNI == contract.CNIFlannel {
		if err := os.Remove(CNIConfig); err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
