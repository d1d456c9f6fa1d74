package boot

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"apple-k8s.dev/node/internal/contract"
)

const productUUID = "/sys/class/dmi/id/product_uuid"

var machineIDRule = regexp.MustCompile(`^[0-9a-f]{32}$`)

// fixMachineID gives the node a machine id of its own and keeps it: nodes of
// one image would otherwise share the image's, and a new one at each boot
// would make Kubernetes take a restarted node for another machine.
func fixMachineID(path, stateDir string) error {
	kept := filepath.Join(stateDir, "machine-id")
	content, err := os.ReadFile(kept)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !machineIDRule.MatchString(strings.TrimSpace(string(content))) {
		random := make([]byte, 16)
		_, _ = rand.Read(random) // never fails
		content = []byte(hex.EncodeToString(random) + "\n")
		if err := os.MkdirAll(stateDir, 0o755); err != nil {
			return err
		}
		err = contract.WriteFile(kept, content, 0o444)
	}
	if err != nil {
		return err
	}
	// In place: container runtimes may mount a file there.
	return os.WriteFile(path, content, 0o444)
}

// fixProductUUID hides the host's hardware id, where one shows: nodes on one
// host would all report the same system. The id is made from the machine id.
func fixProductUUID() error {
	if _, err := os.Stat(productUUID); err != nil {
		return nil
	}
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return err
	}
	uuid, err := uuidOf(strings.TrimSpace(string(id)))
	if err != nil {
		return err
	}
	source := "/run/apple-k8s/product_uuid"
	if err := os.MkdirAll(filepath.Dir(source), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(source, []byte(uuid+"\n"), 0o400); err != nil {
		return err
	}
	return bindFile(source, productUUID)
}

func uuidOf(machineID string) (string, error) {
	if !machineIDRule.MatchString(machineID) {
		return "", fmt.Errorf("machine id %q is malformed", machineID)
	}
	return strings.Join([]string{
		machineID[:8], machineID[8:12], machineID[12:16], machineID[16:20], machineID[20:],
	}, "-"), nil
}

// WriteHosts makes the names of the cluster's nodes mean their stable
// addresses. The container runtime writes the file anew at each boot with the
// address of the day. The file is written in place because it may be a mount.
func WriteHosts(path, node string, network *contract.Network) error {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, []byte(hosts(string(content), node, network)), 0o644)
}

func hosts(content, node string, network *contract.Network) string {
	names := []string{node}
	lines := []string{network.Address.String() + "\t" + node}
	for _, peer := range network.Peers {
		names = append(names, peer.Node)
		lines = append(lines, peer.Address.String()+"\t"+peer.Node)
	}
	var out strings.Builder
	for line := range strings.Lines(content) {
		entry, _, _ := strings.Cut(line, "#")
		fields := strings.Fields(entry)
		if len(fields) > 1 {
			others := slices.DeleteFunc(slices.Clone(fields[1:]), func(name string) bool { return slices.Contains(names, name) })
			if len(others) == 0 {
				continue
			}
			if len(others) < len(fields)-1 {
				line = fields[0] + "\t" + strings.Join(others, " ") + "\n"
			}
		}
		out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	for _, line := range lines {
		out.WriteString(line + "\n")
	}
	return out.String()
}
