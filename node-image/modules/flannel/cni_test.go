package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/flannel-io/flannel/pkg/lease"
	"github.com/flannel-io/flannel/pkg/subnet"
)

func TestCNIConfigIsReplacedOnlyWhenItChanges(t *testing.T) {
	config, err := subnet.ParseConfig(`{"Network": "10.244.0.0/16", "Backend": {"Type": "host-gw"}}`)
	if err != nil {
		t.Fatal(err)
	}
	own := &lease.Lease{Subnet: config.Network}
	path := filepath.Join(t.TempDir(), "10-flannel.conflist")
	for range 2 {
		if err := writeCNI(path, config, own, 1280); err != nil {
			t.Fatal(err)
		}
	}
	first, _ := os.Stat(path)
	if err := writeCNI(path, config, own, 1280); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.Stat(path); !os.SameFile(first, again) {
		t.Error("an unchanged file was replaced")
	}
	if err := writeCNI(path, config, own, 1400); err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(path)
	var read struct {
		Plugins []struct {
			Type string
			MTU  int
			IPAM struct {
				Ranges [][]struct{ Subnet string }
			}
		}
	}
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	bridge := read.Plugins[0]
	if bridge.Type != "bridge" || bridge.MTU != 1400 || bridge.IPAM.Ranges[0][0].Subnet != "10.244.0.0/16" {
		t.Errorf("%s", content)
	}
	// The runtime must find one file only.
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Error(entries)
	}
}
