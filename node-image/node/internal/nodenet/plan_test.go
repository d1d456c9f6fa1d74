package nodenet

import (
	"net/netip"
	"testing"

	"apple-k8s.dev/node/internal/contract"
)

func network(peers ...contract.Peer) *contract.Network {
	return &contract.Network{
		Address: netip.MustParseAddr("172.30.0.2"), Prefix: 24,
		PodSubnet: netip.MustParsePrefix("10.244.0.0/16"), ServiceSubnet: netip.MustParsePrefix("10.96.0.0/12"),
		Peers: peers,
	}
}

func peer(name, address, underlay string) contract.Peer {
	p := contract.Peer{Node: name, Address: netip.MustParseAddr(address)}
	if underlay != "" {
		p.Underlay = netip.MustParseAddr(underlay)
	}
	return p
}

func TestMTULeavesRoomForTheTunnel(t *testing.T) {
	for underlay, want := range map[int]int{1500: 1450, 1280: 1230, 500: 576} {
		// One node too: it may get a peer later, and pods keep their MTU.
		if got := NewPlan("demo", network(), underlay).MTU; got != want {
			t.Errorf("MTU %d over %d, want %d", got, underlay, want)
		}
	}
}

func TestMACFollowsFromTheAddressAlone(t *testing.T) {
	mac := MAC(netip.MustParseAddr("172.30.0.2"))
	if got := mac.String(); got != "02:a8:ac:1e:00:02" {
		t.Errorf("MAC %s", got)
	}
	if mac[0]&1 != 0 || mac[0]&2 == 0 {
		t.Error("not a locally administered unicast address")
	}
	plan := NewPlan("demo", network(peer("w", "172.30.0.3", "")), 1500)
	if plan.Peers[0].MAC.String() != MAC(netip.MustParseAddr("172.30.0.3")).String() {
		t.Error("a peer's MAC differs from the one it gives itself")
	}
}

func TestClustersDoNotShareATunnel(t *testing.T) {
	seen := map[int]string{}
	for _, name := range []string{"a", "b", "demo", "demo2", "kind", "test-1", "test-2"} {
		id := vni(name)
		if id <= 0 || id >= 1<<24 {
			t.Errorf("VNI %d of %s is out of range", id, name)
		}
		if other, taken := seen[id]; taken {
			t.Errorf("%s and %s share VNI %d", name, other, id)
		}
		seen[id] = name
	}
}
