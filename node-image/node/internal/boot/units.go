package boot

import (
	"embed"
	"errors"
	"os"
	"path/filepath"

	"apple-k8s.dev/node/internal/contract"
)

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
