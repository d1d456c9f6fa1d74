// Program flanneld runs flannel's network for one node: flannel's own subnet
// manager, back ends and traffic rules, without the back ends of cloud
// providers. Once routes and rules stand it writes the CNI configuration
// itself, so that a node turns Ready when pods really can be connected; or,
// told not to, only flannel's subnet file, for who opens the pod network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os/signal"
	"sync"
	"syscall"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"
	_ "github.com/flannel-io/flannel/pkg/backend/wireguard"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/lease"
	"github.com/flannel-io/flannel/pkg/subnet"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
	"github.com/flannel-io/flannel/pkg/trafficmngr/nftables"
	"k8s.io/klog/v2"
)

// resyncSeconds is how often flannel's iptables rules are looked after.
const resyncSeconds = 30

type options struct {
	iface         string
	networkConfig string
	cniConfig     string
	subnetFile    string
}

func main() {
	var o options
	flag.StringVar(&o.iface, "iface", "", "device between the nodes; where it does not exist, the one of the default route")
	flag.StringVar(&o.networkConfig, "net-config-path", "/etc/kube-flannel/net-conf.json", "flannel's network configuration")
	flag.StringVar(&o.cniConfig, "cni-config", "/etc/cni/net.d/10-flannel.conflist", "CNI configuration to write when the network stands; empty: none")
	flag.StringVar(&o.subnetFile, "subnet-file", "/run/flannel/subnet.env", "flannel's description of this node's subnet")
	klog.InitFlags(nil)
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil && !errors.Is(err, context.Canceled) {
		klog.ErrorS(err, "the pod network of this node cannot be set up")
		klog.FlushAndExit(klog.ExitFlushTimeout, 1)
	}
}

func run(ctx context.Context, o options) error {
	manager, err := kube.NewSubnetManager(ctx, "", "", "flannel.alpha.coreos.com", o.networkConfig, false)
	if err != nil {
		return err
	}
	config, err := manager.GetNetworkConfig(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", o.networkConfig, err)
	}
	network, wait, err := register(ctx, manager, config, o.iface)
	if err != nil {
		return err
	}
	defer wait()
	if err := program(ctx, config, network.Lease()); err != nil {
		return err
	}

	own := network.Lease()
	if err := manager.HandleSubnetFile(o.subnetFile, config, true, own.Subnet, own.IPv6Subnet, network.MTU()); err != nil {
		return fmt.Errorf("%s: %w", o.subnetFile, err)
	}
	if o.cniConfig != "" {
		if err := writeCNI(o.cniConfig, config, own, network.MTU()); err != nil {
			return fmt.Errorf("%s: %w", o.cniConfig, err)
		}
	}
	klog.InfoS("the pod network stands", "subnet", own.Subnet, "backend", config.BackendType, "mtu", network.MTU())
	network.Run(ctx)
	return nil
}

// register starts the configured back end on the device. The returned function
// waits for what the back end left running; it returns once ctx has ended.
func register(ctx context.Context, manager subnet.Manager, config *subnet.Config, iface string) (backend.Network, func(), error) {
	family, err := ipmatch.GetIPFamily(config.EnableIPv4, config.EnableIPv6)
	if err != nil {
		return nil, nil, err
	}
	if _, err := net.InterfaceByName(iface); err != nil {
		iface = ""
	}
	device, err := ipmatch.LookupExtIface(iface, "", "", family, ipmatch.PublicIPOpts{})
	if err != nil {
		return nil, nil, fmt.Errorf("device %q: %w", iface, err)
	}
	driver, err := backend.NewManager(ctx, manager, device).GetBackend(config.BackendType)
	if err != nil {
		return nil, nil, err
	}
	var running sync.WaitGroup
	network, err := driver.RegisterNetwork(ctx, &running, config)
	if err != nil {
		return nil, nil, fmt.Errorf("backend %s: %w", config.BackendType, err)
	}
	return network, running.Wait, nil
}

// program lets pod traffic be forwarded, and masquerades what leaves the pod
// network. A kernel without nftables gets the same through iptables.
func program(ctx context.Context, config *subnet.Config, own *lease.Lease) error {
	var traffic trafficmngr.TrafficManager = &iptables.IPTablesManager{}
	if config.EnableNFTables {
		nft := &nftables.NFTablesManager{}
		if err := nft.Init(ctx); err != nil {
			klog.InfoS("this kernel has no nftables: using iptables", "reason", err)
		} else {
			return rules(ctx, nft, config, own)
		}
	}
	if err := traffic.Init(ctx); err != nil {
		return fmt.Errorf("traffic rules: %w", err)
	}
	return rules(ctx, traffic, config, own)
}

func rules(ctx context.Context, traffic trafficmngr.TrafficManager, config *subnet.Config, own *lease.Lease) error {
	none4, none6 := ip.IP4Net{}, ip.IP6Net{IP: new(ip.IP6)}
	err := traffic.SetupAndEnsureMasqRules(ctx,
		config.Network, none4, none4,
		config.IPv6Network, none6, none6,
		own, resyncSeconds, false)
	if err != nil {
		return fmt.Errorf("masquerading: %w", err)
	}
	traffic.SetupAndEnsureForwardRules(ctx, config.Network, config.IPv6Network, resyncSeconds)
	return nil
}
