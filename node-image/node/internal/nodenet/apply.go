package nodenet

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Underlay is the device that the container runtime gave the node.
type Underlay struct {
	Name string
	MTU  int
	// Address is the one that changes at every start.
	Address netip.Addr
}

// FindUnderlay looks for the device of the default route; a network without a
// way out has none, then it is the first device with an address of its own.
func FindUnderlay() (Underlay, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return Underlay{}, fmt.Errorf("list routes: %w", err)
	}
	for _, route := range routes {
		if isDefault(route.Dst) && route.LinkIndex > 0 {
			link, err := netlink.LinkByIndex(route.LinkIndex)
			if err != nil {
				return Underlay{}, err
			}
			if underlay, ok := underlayOf(link); ok {
				return underlay, nil
			}
		}
	}
	links, err := netlink.LinkList()
	if err != nil {
		return Underlay{}, fmt.Errorf("list devices: %w", err)
	}
	for _, link := range links {
		attrs := link.Attrs()
		if attrs.Flags&net.FlagLoopback != 0 || attrs.Name == Device {
			continue
		}
		// Pods' devices are not there yet when a node boots, but they are
		// when the engine sends new peers: only eth0-like names count then.
		if _, pod := link.(*netlink.Veth); pod && !strings.HasPrefix(attrs.Name, "eth") {
			continue
		}
		if underlay, ok := underlayOf(link); ok {
			return underlay, nil
		}
	}
	return Underlay{}, errors.New("the node has no network device with an IPv4 address: its container was started without a network")
}

func underlayOf(link netlink.Link) (Underlay, bool) {
	addresses, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil || len(addresses) == 0 {
		return Underlay{}, false
	}
	own, ok := netip.AddrFromSlice(addresses[0].IP.To4())
	return Underlay{Name: link.Attrs().Name, MTU: link.Attrs().MTU, Address: own}, ok
}

func isDefault(destination *net.IPNet) bool {
	if destination == nil {
		return true
	}
	ones, _ := destination.Mask.Size()
	return ones == 0
}

// Apply brings the node network to the planned state. It is idempotent, and
// when only underlay addresses changed it touches only forwarding entries.
func Apply(plan Plan) error {
	link, err := ensureDevice(plan)
	if err != nil {
		return err
	}
	if link.Type() == "vxlan" {
		if err := syncNeighbours(link, plan.Peers); err != nil {
			return err
		}
		if err := syncForwarding(link, plan.Peers); err != nil {
			return err
		}
	}
	return ensureRoutes(link, plan)
}

func ensureDevice(plan Plan) (netlink.Link, error) {
	link, err := netlink.LinkByName(Device)
	var missing netlink.LinkNotFoundError
	switch {
	case errors.As(err, &missing):
		link, err = addDevice(plan)
	case err != nil:
		err = fmt.Errorf("look up %s: %w", Device, err)
	case !fits(link, plan):
		if err = netlink.LinkDel(link); err != nil {
			return nil, fmt.Errorf("remove outdated %s: %w", Device, err)
		}
		link, err = addDevice(plan)
	}
	if err != nil {
		return nil, err
	}
	address := &netlink.Addr{IPNet: ipNet(plan.Address)}
	if err := netlink.AddrReplace(link, address); err != nil {
		return nil, fmt.Errorf("give %s the address %s: %w", Device, plan.Address, err)
	}
	if link.Attrs().MTU != plan.MTU {
		if err := netlink.LinkSetMTU(link, plan.MTU); err != nil {
			return nil, fmt.Errorf("set the MTU of %s to %d: %w", Device, plan.MTU, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return nil, fmt.Errorf("bring %s up: %w", Device, err)
	}
	return link, nil
}

// addDevice makes a tunnel, also for a single node, which may get a peer while
// pods use the device; on a kernel without tunnels a single node gets a bridge.
func addDevice(plan Plan) (netlink.Link, error) {
	err := addLink(tunnel(plan))
	if errors.Is(err, syscall.EOPNOTSUPP) {
		if len(plan.Peers) > 0 {
			return nil, fmt.Errorf("this kernel has no VXLAN, which a cluster of several nodes needs; "+
				"install the recommended kernel, or create a cluster of one node: %w", err)
		}
		err = addLink(&netlink.Bridge{LinkAttrs: attributes(plan)})
	}
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", Device, err)
	}
	link, err := netlink.LinkByName(Device)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", Device, err)
	}
	return link, nil
}

// addLink is the kernel; a test plays one without VXLAN.
var addLink = netlink.LinkAdd

func attributes(plan Plan) netlink.LinkAttrs {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr = Device, plan.MTU, plan.MAC
	return attrs
}

func tunnel(plan Plan) netlink.Link {
	// No learning: the only truth about addresses is what the engine said.
	return &netlink.Vxlan{LinkAttrs: attributes(plan), VxlanId: plan.VNI, Port: vxlanPort, Learning: false}
}

// fits tells whether the device can stay: a bridge only while there are no
// peers.
func fits(link netlink.Link, plan Plan) bool {
	if !bytes.Equal(link.Attrs().HardwareAddr, plan.MAC) {
		return false
	}
	if vxlan, ok := link.(*netlink.Vxlan); ok {
		return vxlan.VxlanId == plan.VNI && vxlan.Port == vxlanPort
	}
	return link.Type() == "bridge" && len(plan.Peers) == 0
}

// syncNeighbours makes the peers' hardware addresses known for good: nothing
// on node0 ever asks for them by broadcast.
func syncNeighbours(link netlink.Link, peers []PeerPlan) error {
	index := link.Attrs().Index
	stale, err := netlink.NeighList(index, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("list neighbours: %w", err)
	}
	wanted := map[string]bool{}
	for _, peer := range peers {
		wanted[peer.Address.String()] = true
		entry := &netlink.Neigh{
			LinkIndex: index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT,
			IP: peer.Address.AsSlice(), HardwareAddr: peer.MAC,
		}
		if err := netlink.NeighSet(entry); err != nil {
			return fmt.Errorf("neighbour %s: %w", peer.Address, err)
		}
	}
	for _, entry := range stale {
		if entry.State&netlink.NUD_PERMANENT != 0 && !wanted[entry.IP.String()] {
			if err := netlink.NeighDel(&entry); err != nil {
				return fmt.Errorf("forget neighbour %s: %w", entry.IP, err)
			}
		}
	}
	return nil
}

// syncForwarding makes the forwarding entries equal to the plan.
func syncForwarding(link netlink.Link, peers []PeerPlan) error {
	index := link.Attrs().Index
	entries, err := netlink.NeighList(index, unix.AF_BRIDGE)
	if err != nil {
		return fmt.Errorf("list forwarding entries: %w", err)
	}
	wanted := map[string]netlink.Neigh{}
	for _, peer := range peers {
		if peer.Underlay.IsValid() {
			wanted[peer.MAC.String()] = netlink.Neigh{
				LinkIndex: index, Family: unix.AF_BRIDGE, Flags: netlink.NTF_SELF,
				State: netlink.NUD_PERMANENT, IP: peer.Underlay.AsSlice(), HardwareAddr: peer.MAC,
			}
		}
	}
	for _, entry := range entries {
		want, known := wanted[entry.HardwareAddr.String()]
		if known && want.IP.Equal(entry.IP) {
			delete(wanted, entry.HardwareAddr.String())
			continue
		}
		entry.Family, entry.Flags = unix.AF_BRIDGE, netlink.NTF_SELF
		if err := netlink.NeighDel(&entry); err != nil {
			return fmt.Errorf("forget forwarding entry for %s: %w", entry.HardwareAddr, err)
		}
	}
	for _, entry := range wanted {
		if err := netlink.NeighAppend(&entry); err != nil {
			return fmt.Errorf("forwarding entry to %s: %w", entry.IP, err)
		}
	}
	return nil
}

// ensureRoutes sees to it that nothing for the Service or pod range leaves the
// node while kube-proxy or the pod network are not there yet.
func ensureRoutes(link netlink.Link, plan Plan) error {
	// An unreachable route would refuse a local connection to a Service before
	// it could be translated. On node0 nobody answers for a Service address.
	services := &netlink.Route{
		LinkIndex: link.Attrs().Index, Dst: ipNet(plan.ServiceSubnet), Scope: netlink.SCOPE_LINK,
		Src: plan.Address.Addr().AsSlice(),
	}
	if err := netlink.RouteReplace(services); err != nil {
		return fmt.Errorf("route for Services %s: %w", plan.ServiceSubnet, err)
	}
	// Pods have more specific routes; what has none is nowhere.
	pods := &netlink.Route{Dst: ipNet(plan.PodSubnet), Type: unix.RTN_UNREACHABLE}
	if err := netlink.RouteReplace(pods); err != nil {
		return fmt.Errorf("route for pods %s: %w", plan.PodSubnet, err)
	}
	return nil
}

func ipNet(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), 32)}
}
