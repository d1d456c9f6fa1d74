package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// StateDir keeps what a node needs at its next boot; it is on the root disk,
// which survives stop and start.
const StateDir = "/etc/apple-k8s"

const stateFile = "node.json"

// State is what a node remembers across boots. It holds no secret.
type State struct {
	Cluster string  `json:"cluster"`
	Node    string  `json:"node"`
	Role    string  `json:"role"`
	Network Network `json:"network"`
	CNI     string  `json:"cni"`
	// KubeProxyMode tells how the node knows that Services are programmed.
	KubeProxyMode string `json:"kubeProxyMode"`
}

// StateOf takes from a configuration what must survive a boot.
func StateOf(c *Config) *State {
	return &State{
		Cluster: c.Cluster, Node: c.Node, Role: c.Role, Network: c.Network,
		CNI: c.CNI, KubeProxyMode: c.KubeProxyMode,
	}
}

// LoadState reads the state below dir; nil without error when there is none.
func LoadState(dir string) (*State, error) {
	content, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state := &State{}
	if err := json.Unmarshal(content, state); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, stateFile), err)
	}
	return state, nil
}

// Save writes the state below dir, atomically and durably: a node that is
// killed while it saves must still boot.
func (s *State) Save(dir string) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return WriteFile(filepath.Join(dir, stateFile), append(content, '\n'), 0o644)
}

// WriteFile replaces path by content through a temporary file and a rename.
func WriteFile(path string, content []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()
	if err := temporary.Chmod(mode); err != nil {
		return err
	}
	if _, err := temporary.Write(content); err != nil {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
