// Package nodenet keeps the node network: the device node0 with the node's
// stable address, and the way from there to the other nodes.
//
// The container runtime hands a node a new address at every start, so nothing
// of Kubernetes may know that address. node0 is a VXLAN device whose forwarding
// entries are the only place where such an address occurs. A single node needs
// no tunnel: on a kernel without VXLAN its node0 is a bridge without ports.
package nodenet

import (
	"hash/fnv"
	"net"
	"net/netip"
	"slices"

	"apple-k8s.dev/node/internal/contract"
)

const (
	// Device carries the stable node address.
	Device = "node0"

	// vxlanPort is IANA's; flannel's VXLAN and others use 8472, so a pod
	// network that brings its own tunnel does not collide with this one.
	vxlanPort = 4789
	// vxlanOverhead is IPv4 + UDP + VXLAN + inner Ethernet, in bytes.
	vxlanOverhead = 50
	// minimumMTU is what IPv4 guarantees every network, in bytes.
	minimumMTU = 576
)

// Plan is the wanted state of the node network.
type Plan struct {
	// VNI keeps clusters apart: an address that a runtime hands from one
	// cluster's node to another's must not connect the two.
	VNI           int
	MTU           int
	Address       netip.Prefix
	MAC           net.HardwareAddr
	PodSubnet     netip.Prefix
	ServiceSubnet netip.Prefix
	Peers         []PeerPlan
}

// PeerPlan is one peer: a permanent neighbour and, when the peer's underlay
// address is known, a forwarding entry.
type PeerPlan struct {
	Address  netip.Addr
	MAC      net.HardwareAddr
	Underlay netip.Addr
}

// NewPlan computes the wanted state; underlayMTU is the MTU of the device that
// the container runtime gave the node, in bytes.
func NewPlan(cluster string, network *contract.Network, underlayMTU int) Plan {
	plan := Plan{
		VNI:           vni(cluster),
		MTU:           max(underlayMTU-vxlanOverhead, minimumMTU),
		Address:       netip.PrefixFrom(network.Address, network.Prefix),
		MAC:           MAC(network.Address),
		PodSubnet:     network.PodSubnet.Masked(),
		ServiceSubnet: network.ServiceSubnet.Masked(),
	}
	for _, peer := range network.Peers {
		plan.Peers = append(plan.Peers, PeerPlan{
			Address: peer.Address, MAC: MAC(peer.Address), Underlay: peer.Underlay,
		})
	}
	slices.SortFunc(plan.Peers, func(a, b PeerPlan) int { return a.Address.Compare(b.Address) })
	return plan
}

// MAC derives a node's hardware address on node0 from its stable address, so
// that every peer knows it without asking: locally administered, unicast.
func MAC(address netip.Addr) net.HardwareAddr {
	v4 := address.As4()
	return net.HardwareAddr{0x02, 0xa8, v4[0], v4[1], v4[2], v4[3]}
}

// vni maps a cluster's name onto the 24 bits of a VXLAN network identifier;
// 0 is avoided because some tools take it for "unset".
func vni(cluster string) int {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(cluster))
	sum := hash.Sum32()
	return int((sum>>24^sum)&0xffffff) | 1
}
