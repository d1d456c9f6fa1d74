package nodenet

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Before kube-proxy and flannel have programmed anything, a node has only its
// routes to keep what is meant for Services and pods from leaving it: there
// is a default route, and somebody out there may answer.
func TestNothingForServicesOrPodsLeavesTheNode(t *testing.T) {
	inNamespace(t)
	node, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	outside, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	if err := netns.Set(node); err != nil {
		t.Fatal(err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(outside)}); err != nil {
		t.Fatal(err)
	}
	capture := listen(t, node, outside)
	eth0, err := netlink.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	address, _ := netlink.ParseAddr("10.88.0.5/16")
	gateway := net.IPv4(10, 88, 0, 1)
	for _, err := range []error{
		netlink.AddrAdd(eth0, address),
		netlink.LinkSetUp(eth0),
		netlink.RouteAdd(&netlink.Route{LinkIndex: eth0.Attrs().Index, Gw: gateway}),
		netlink.NeighSet(&netlink.Neigh{
			LinkIndex: eth0.Attrs().Index, IP: gateway, State: netlink.NUD_PERMANENT,
			HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 1},
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	send := func(to string) {
		conn, err := net.Dial("udp4", to)
		if err != nil {
			return // refused by the route: just as well
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("x"))
	}
	destinations := func() map[netip.Addr]bool {
		time.Sleep(50 * time.Millisecond) // the tunnel resolves addresses in the background
		return received(t, capture)
	}
	for _, peers := range [][]string{nil, {"10.88.0.7"}} {
		wanted := network()
		for _, underlay := range peers {
			wanted.Peers = append(wanted.Peers, peer("w", "172.30.0.3", underlay))
		}
		apply(t, NewPlan("demo", wanted, 1500))
		send("10.96.0.10:53")
		send("10.111.3.4:80")
		send("10.244.3.4:80")
		if seen := destinations(); len(seen) != 0 {
			t.Errorf("with %d peers, packets left for %v", len(peers), seen)
		}
	}
	// The test would see a packet that leaves.
	send("192.0.2.1:53")
	if seen := destinations(); !seen[netip.MustParseAddr("192.0.2.1")] {
		t.Errorf("a packet to the outside was not seen, only %v", seen)
	}
}

// listen captures all IPv4 packets that arrive outside.
func listen(t *testing.T, node, outside netns.NsHandle) int {
	t.Helper()
	if err := netns.Set(outside); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := netns.Set(node); err != nil {
			t.Fatal(err)
		}
	}()
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatal(err)
	}
	protocol := binary.BigEndian.Uint16([]byte{unix.ETH_P_IP & 0xff, unix.ETH_P_IP >> 8})
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(socket) })
	return socket
}

// received empties the capture and gives the packets' destinations.
func received(t *testing.T, socket int) map[netip.Addr]bool {
	t.Helper()
	seen := map[netip.Addr]bool{}
	packet := make([]byte, 2048)
	for {
		count, _, err := unix.Recvfrom(socket, packet, 0)
		if err == unix.EAGAIN {
			return seen
		}
		if err != nil {
			t.Fatal(err)
		}
		if count >= 20 {
			destination, _ := netip.AddrFromSlice(packet[16:20])
			// The node's own multicast reports are not meant for anybody.
			if !destination.IsMulticast() {
				seen[destination] = true
			}
		}
	}
}
