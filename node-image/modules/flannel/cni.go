package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/flannel-io/flannel/pkg/lease"
	"github.com/flannel-io/flannel/pkg/subnet"
)

type object = map[string]any

// cniConfig describes how a pod is connected: a bridge with addresses of this
// node's subnet. Masquerading is flannel's work, so the bridge does none.
func cniConfig(config *subnet.Config, own *lease.Lease, mtu int) ([]byte, error) {
	ranges, routes := [][]object{}, []object{}
	if config.EnableIPv4 {
		ranges = append(ranges, []object{{"subnet": own.Subnet.String()}})
		routes = append(routes, object{"dst": "0.0.0.0/0"})
	}
	if config.EnableIPv6 {
		ranges = append(ranges, []object{{"subnet": own.IPv6Subnet.String()}})
		routes = append(routes, object{"dst": "::/0"})
	}
	return json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       "flannel",
		"plugins": []object{
			{
				"type":        "bridge",
				"bridge":      "cni0",
				"mtu":         mtu,
				"isGateway":   true,
				"hairpinMode": true,
				"ipMasq":      false,
				"ipam":        object{"type": "host-local", "ranges": ranges, "routes": routes},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
			{"type": "bandwidth", "capabilities": object{"bandwidth": true}},
		},
	}, "", "  ")
}

// writeCNI replaces the file in one step: the runtime reads it when it changes,
// and must never see half of it. An unchanged file is left alone.
func writeCNI(path string, config *subnet.Config, own *lease.Lease, mtu int) error {
	want, err := cniConfig(config, own, mtu)
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(path); err == nil && string(have) == string(want) {
		return nil
	}
	// The runtime looks at files ending in .conf, .conflist or .json only.
	temporary := filepath.Join(filepath.Dir(path), ".10-flannel.tmp")
	if err := os.WriteFile(temporary, want, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
