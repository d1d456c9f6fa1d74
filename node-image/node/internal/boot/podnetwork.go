package boot

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/nodenet"
	"apple-k8s.dev/node/internal/rules"
)

const (
	// CNIConfig is the pod network's configuration; while it is missing, the
	// node is not Ready and no pod with a network of its own starts.
	CNIConfig = "/etc/cni/net.d/10-apple-k8s.conflist"
	// podSubnetFile keeps the node's share of the pod subnet: after a reboot
	// it is known before the API server answers.
	podSubnetFile = contract.StateDir + "/pod-subnet"
)

type object = map[string]any

// PodSubnet is the saved share of the pod subnet, not valid when the cluster
// has not given one yet.
func PodSubnet() (netip.Prefix, error) {
	content, err := os.ReadFile(podSubnetFile)
	if errors.Is(err, fs.ErrNotExist) {
		return netip.Prefix{}, nil
	}
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.ParsePrefix(strings.TrimSpace(string(content)))
}

// SavePodSubnet keeps the share for the next boot.
func SavePodSubnet(subnet netip.Prefix) error {
	return contract.WriteFile(podSubnetFile, []byte(subnet.String()+"\n"), 0o644)
}

// WriteCNI opens the pod network.
func WriteCNI(state *contract.State, subnet netip.Prefix) error {
	underlay, err := nodenet.FindUnderlay()
	if err != nil {
		return err
	}
	content, err := cniConfig(subnet, nodenet.NewPlan(state.Cluster, &state.Network, underlay.MTU).MTU)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(CNIConfig), 0o755); err != nil {
		return err
	}
	return contract.WriteFile(CNIConfig, content, 0o644)
}

// cniConfig connects a pod by a routed pair of devices: no bridge, so Service
// traffic between pods of one node needs no br_netfilter, which not every
// kernel has. Address reservations live in /run and end with the boot.
func cniConfig(subnet netip.Prefix, mtu int) ([]byte, error) {
	return json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       "apple-k8s",
		"plugins": []any{
			object{
				"type": "ptp", "ipMasq": false, "mtu": mtu,
				"ipam": object{
					"type": "host-local", "dataDir": "/run/apple-k8s/pod-addresses",
					"ranges": []any{[]any{object{"subnet": subnet.String()}}},
					"routes": []any{object{"dst": "0.0.0.0/0"}},
				},
			},
			object{"type": "portmap", "capabilities": object{"portMappings": true}},
			object{"type": "bandwidth", "capabilities": object{"bandwidth": true}},
		},
	}, "", "  ")
}

// resetPodNetwork forgets the pods of the last boot, whose sandboxes are gone.
// The pod network is open from the start when the last boot's rules could be
// restored; else it stays closed until kube-proxy has programmed Services,
// because pods would start before.
func resetPodNetwork(state *contract.State) error {
	for _, path := range []string{"/var/lib/cni/networks", "/var/lib/cni/results"} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	if state == nil || state.CNI != contract.CNIFlannel {
		return nil
	}
	if err := os.Remove(CNIConfig); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if state.KubeProxyMode != "nftables" {
		return nil
	}
	subnet, err := PodSubnet()
	if err != nil || !subnet.IsValid() {
		return err
	}
	restored, err := rules.Restore(contract.StateDir)
	if err != nil || !restored {
		return err
	}
	return WriteCNI(state, subnet)
}
