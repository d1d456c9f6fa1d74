package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"apple-k8s.dev/node/internal/address"
	"apple-k8s.dev/node/internal/boot"
	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/rules"
)

// OpenPodNetwork lets pods with a network of their own start on this node:
// once it is known which addresses they get, and Services are programmed. The
// node is not Ready before. A pod that started earlier would find no Service,
// and DNS would begin with minutes of back-off.
func OpenPodNetwork(ctx context.Context) error {
	state, err := contract.LoadState(contract.StateDir)
	if err != nil {
		return err
	}
	if state == nil || state.CNI != contract.CNIFlannel {
		return nil
	}
	subnet, err := podSubnet(ctx, state)
	if err != nil {
		return fmt.Errorf("pod subnet of this node: %w", err)
	}
	if err := awaitServices(ctx, state); err != nil {
		return fmt.Errorf("wait for Services: %w", err)
	}
	if err := boot.WriteCNI(state, subnet); err != nil {
		return err
	}
	if state.KubeProxyMode != "nftables" {
		return nil
	}
	return rules.Save(ctx, contract.StateDir)
}

// podSubnet reads the saved subnet, or waits until the cluster gave this node
// one.
func podSubnet(ctx context.Context, state *contract.State) (netip.Prefix, error) {
	subnet, err := boot.PodSubnet()
	if err != nil || subnet.IsValid() {
		return subnet, err
	}
	client, err := kubeletClient(ctx)
	if err != nil {
		return netip.Prefix{}, err
	}
	found, err := watchNode(ctx, client, state.Node, func(n *node) bool { return n.Spec.PodCIDR != "" })
	if err != nil {
		return netip.Prefix{}, err
	}
	subnet, err = netip.ParsePrefix(found.Spec.PodCIDR)
	if err != nil {
		return netip.Prefix{}, err
	}
	return subnet, boot.SavePodSubnet(subnet)
}

// awaitServices waits until kube-proxy has programmed the Service of the API.
func awaitServices(ctx context.Context, state *contract.State) error {
	switch state.KubeProxyMode {
	case contract.ProxyNone:
		return nil
	case "nftables":
		return awaitNFTables(ctx, state.Network.APIService())
	default:
		return awaitProxyHealth(ctx)
	}
}

// awaitNFTables listens to the kernel's own announcements of rule changes.
func awaitNFTables(ctx context.Context, service netip.Addr) error {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	announcements := os.NewFile(uintptr(socket), "nftables")
	defer announcements.Close()
	if err := unix.Bind(socket, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (unix.NFNLGRP_NFTABLES - 1)}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	stop := context.AfterFunc(ctx, func() { announcements.SetReadDeadline(time.Now()) })
	defer stop()
	buffer := make([]byte, 64<<10)
	for {
		if servicesHave(ctx, service) {
			return nil
		}
		for {
			count, err := announcements.Read(buffer)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			// Announcements were lost: look.
			if errors.Is(err, unix.ENOBUFS) {
				break
			}
			if err != nil {
				return err
			}
			if newGeneration(buffer[:count]) {
				break
			}
		}
	}
}

// newGeneration tells whether the message ends a transaction.
func newGeneration(message []byte) bool {
	const header = unix.SizeofNlMsghdr
	for len(message) >= header {
		length := int(nativeUint32(message))
		kind := nativeUint16(message[4:])
		if kind == unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWGEN {
			return true
		}
		length = (length + 3) &^ 3
		if length < header || length > len(message) {
			return false
		}
		message = message[length:]
	}
	return false
}

// servicesHave looks for the Service's address in kube-proxy's table.
func servicesHave(ctx context.Context, service netip.Addr) bool {
	out, err := exec.CommandContext(ctx, "nft", "list", "table", "ip", "kube-proxy").Output()
	return err == nil && address.Contains(string(out), service.String())
}

// awaitProxyHealth asks kube-proxy itself, in the modes that leave no trace to
// wait for; a port that is not open raises no event.
func awaitProxyHealth(ctx context.Context) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:10256/healthz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(ctx, proxyRetry)
	}
}

const proxyRetry = 200 * time.Millisecond
