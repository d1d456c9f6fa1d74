package nodenet

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// inNamespace runs the test in a network namespace of its own, on a thread
// that is never used again.
func inNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	runtime.LockOSThread()
	own, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() })
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		t.Fatal(err)
	}
}

func addUnderlay(t *testing.T, name, address string, mtu int) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = name, mtu
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
		t.Fatal(err)
	}
	link, _ := netlink.LinkByName(name)
	parsed, _ := netlink.ParseAddr(address)
	if err := netlink.AddrAdd(link, parsed); err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, plan Plan) netlink.Link {
	t.Helper()
	if err := Apply(plan); err != nil {
		t.Fatal(err)
	}
	link, err := netlink.LinkByName(Device)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func forwarding(t *testing.T, link netlink.Link) map[string]string {
	t.Helper()
	entries, err := netlink.NeighList(link.Attrs().Index, unix.AF_BRIDGE)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, entry := range entries {
		found[entry.HardwareAddr.String()] = entry.IP.String()
	}
	return found
}

func routeTo(t *testing.T, address string) string {
	t.Helper()
	routes, err := netlink.RouteGet(netip.MustParseAddr(address).AsSlice())
	if err != nil {
		return "refused: " + err.Error()
	}
	link, err := netlink.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		t.Fatal(err)
	}
	return link.Attrs().Name + " from " + routes[0].Src.String()
}

func TestSingleNode(t *testing.T) {
	inNamespace(t)
	addUnderlay(t, "eth0", "10.88.0.5/16", 1280)
	underlay, err := FindUnderlay()
	if err != nil || underlay != (Underlay{"eth0", 1280, netip.MustParseAddr("10.88.0.5")}) {
		t.Fatalf("underlay %+v, error %v", underlay, err)
	}
	link := apply(t, NewPlan("demo", network(), underlay.MTU))
	if link.Type() != "vxlan" || link.Attrs().MTU != 1230 {
		t.Errorf("node0 is a %s with MTU %d", link.Type(), link.Attrs().MTU)
	}
	if got := routeTo(t, "172.30.0.2"); got != "lo from 172.30.0.2" {
		t.Errorf("own address goes to %s", got)
	}
	if got := routeTo(t, "10.96.0.1"); got != "node0 from 172.30.0.2" {
		t.Errorf("a Service goes to %s", got)
	}
	if got := routeTo(t, "10.244.3.4"); !strings.HasPrefix(got, "refused") {
		t.Errorf("a pod that is nowhere goes to %s", got)
	}
	// Again: nothing may fail or change.
	if again := apply(t, NewPlan("demo", network(), underlay.MTU)); again.Attrs().Index != link.Attrs().Index {
		t.Error("a second run made another device")
	}
}

func TestNewAddressesChangeOnlyForwarding(t *testing.T) {
	inNamespace(t)
	addUnderlay(t, "eth0", "10.88.0.5/16", 1500)
	link := apply(t, NewPlan("demo", network(peer("w", "172.30.0.3", "10.88.0.7"), peer("x", "172.30.0.4", "")), 1500))
	workerMAC := MAC(netip.MustParseAddr("172.30.0.3")).String()
	otherMAC := MAC(netip.MustParseAddr("172.30.0.4")).String()
	if got := forwarding(t, link); len(got) != 1 || got[workerMAC] != "10.88.0.7" {
		t.Errorf("forwarding entries %v", got)
	}
	again := apply(t, NewPlan("demo", network(peer("w", "172.30.0.3", "10.88.0.9"), peer("x", "172.30.0.4", "10.88.0.7")), 1500))
	if again.Attrs().Index != link.Attrs().Index {
		t.Error("the device was made anew: connections over it break")
	}
	if got := forwarding(t, again); len(got) != 2 || got[workerMAC] != "10.88.0.9" || got[otherMAC] != "10.88.0.7" {
		t.Errorf("forwarding entries %v", got)
	}
	// A node left the cluster.
	last := apply(t, NewPlan("demo", network(peer("x", "172.30.0.4", "10.88.0.7")), 1500))
	if got := forwarding(t, last); len(got) != 1 {
		t.Errorf("forwarding entries %v", got)
	}
	neighbours, err := netlink.NeighList(last.Attrs().Index, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range neighbours {
		if entry.State&netlink.NUD_PERMANENT != 0 && entry.IP.String() == "172.30.0.3" {
			t.Error("the neighbour that left is still known")
		}
	}
}

func TestSingleNodeGetsAPeer(t *testing.T) {
	inNamespace(t)
	addUnderlay(t, "eth0", "10.88.0.5/16", 1500)
	before := apply(t, NewPlan("demo", network(), 1500))
	after := apply(t, NewPlan("demo", network(peer("w", "172.30.0.3", "10.88.0.7")), 1500))
	if before.Attrs().Index != after.Attrs().Index {
		t.Error("the device was made anew: flannel's routes to other nodes would name one that is gone")
	}
	if got := forwarding(t, after); len(got) != 1 {
		t.Errorf("forwarding entries %v", got)
	}
}

func TestKernelWithoutVXLAN(t *testing.T) {
	inNamespace(t)
	addUnderlay(t, "eth0", "10.88.0.5/16", 1500)
	addLink = func(link netlink.Link) error {
		if link.Type() == "vxlan" {
			return unix.EOPNOTSUPP
		}
		return netlink.LinkAdd(link)
	}
	defer func() { addLink = netlink.LinkAdd }()
	link := apply(t, NewPlan("demo", network(), 1500))
	if link.Type() != "bridge" {
		t.Errorf("node0 is a %s", link.Type())
	}
	for address, want := range map[string]string{"172.30.0.2": "lo from 172.30.0.2", "10.96.0.1": "node0 from 172.30.0.2"} {
		if got := routeTo(t, address); got != want {
			t.Errorf("%s goes to %s", address, got)
		}
	}
	if again := apply(t, NewPlan("demo", network(), 1500)); again.Attrs().Index != link.Attrs().Index {
		t.Error("a second run made another device")
	}
	err := Apply(NewPlan("demo", network(peer("w", "172.30.0.3", "10.88.0.7")), 1500))
	if err == nil || !strings.Contains(err.Error(), "no VXLAN") {
		t.Errorf("error %v", err)
	}
}

// Two namespaces joined by a pair of devices: the nodes reach each other at
// their stable addresses, also after their underlay addresses changed.
func TestNodesReachEachOther(t *testing.T) {
	inNamespace(t)
	here, err := netns.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	enter := func(namespace netns.NsHandle) {
		if err := netns.Set(namespace); err != nil {
			t.Fatal(err)
		}
	}
	enter(here)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(there)}
	if err := netlink.LinkAdd(pair); err != nil {
		t.Fatal(err)
	}
	readdress := func(address string) {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			t.Fatal(err)
		}
		old, _ := netlink.AddrList(link, netlink.FAMILY_V4)
		for _, entry := range old {
			_ = netlink.AddrDel(link, &entry)
		}
		parsed, _ := netlink.ParseAddr(address)
		if err := netlink.AddrAdd(link, parsed); err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(link); err != nil {
			t.Fatal(err)
		}
	}
	start := func(round int) {
		enter(here)
		readdress(fmt.Sprintf("10.88.%d.2/24", round))
		plan := network(peer("w", "172.30.0.3", fmt.Sprintf("10.88.%d.3", round)))
		apply(t, NewPlan("demo", plan, 1500))
		enter(there)
		readdress(fmt.Sprintf("10.88.%d.3/24", round))
		other := network(peer("c", "172.30.0.2", fmt.Sprintf("10.88.%d.2", round)))
		other.Address = netip.MustParseAddr("172.30.0.3")
		apply(t, NewPlan("demo", other, 1500))
		enter(here)
	}
	for round := range 2 {
		start(round)
		enter(there)
		listener, err := net.Listen("tcp4", "172.30.0.3:0")
		enter(here)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.DialTimeout("tcp4", listener.Addr().String(), 2*time.Second)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		conn.Close()
		listener.Close()
	}
}
