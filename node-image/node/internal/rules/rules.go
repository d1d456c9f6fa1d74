// Package rules carries the node's packet rules over a stop and start. Services
// and the pods' way out are then programmed before the first pod runs, and not
// only when kube-proxy and flannel, which are pods, have come back.
package rules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"apple-k8s.dev/node/internal/contract"
)

// tables are what kube-proxy (nftables mode) and flannel own. Both replace
// their table when they start, so what is restored need only last until then.
var tables = []string{"kube-proxy", "flannel-ipv4"}

const file = "rules.nft"

// Save writes the tables that exist below dir.
func Save(ctx context.Context, dir string) error {
	var all bytes.Buffer
	for _, table := range tables {
		out, err := exec.CommandContext(ctx, "nft", "list", "table", "ip", table).Output()
		var missing *exec.ExitError
		if errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list table %s: %w", table, err)
		}
		all.Write(out)
	}
	if all.Len() == 0 {
		return nil
	}
	return contract.WriteFile(filepath.Join(dir, file), all.Bytes(), 0o600)
}

// Restore loads what Save wrote and tells whether there was something.
func Restore(dir string) (bool, error) {
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	out, err := exec.Command("nft", "-f", path).CombinedOutput()
	if err != nil {
		return false, fmt.Errorf("load %s: %w: %s", path, err, bytes.TrimSpace(out))
	}
	return true, nil
}
