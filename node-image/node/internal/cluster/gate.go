package cluster

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"apple-k8s.dev/node/internal/contract"
)

const (
	apiServerName     = "kube-apiserver"
	apiServerManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
)

// gateRetry is the pause between two looks at the API server's port; a port
// that opens raises no event.
const gateRetry = 40 * time.Millisecond

// HoldAPI lets connections to the API server's stable address wait until the
// server is ready. Everything that needs the API at boot (kubelets,
// controllers, kube-proxy, on any node) would otherwise be refused and come
// back after seconds of growing back-off.
func HoldAPI(ctx context.Context) error {
	state, err := contract.LoadState(contract.StateDir)
	if err != nil || state == nil {
		return err
	}
	shares, err := serverSharesPort()
	if err != nil {
		return err
	}
	if err := notifyReady(); err != nil || !shares {
		return err
	}
	// The kubelet of this node must be refused until it has started both: it
	// looks at its node before it gives any pod its volumes, and would wait for
	// the very server that it is about to start.
	if err := awaitProcesses(ctx, "/proc", "etcd", apiServerName); err != nil {
		return err
	}
	gate, err := closeGate(ctx, state.Network.Address, apiPort)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil // the server was first
	}
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "apple-k8s-node: this kernel cannot move waiting connections (Linux 5.14 can): none are held")
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(awaitServer(ctx, state.Network.Address), gate.open(ctx))
}

// serverSharesPort tells whether the API server, if kubeadm has configured it
// already, was told to share its port: else it could not start beside a gate.
func serverSharesPort() (bool, error) {
	manifest, err := os.ReadFile(apiServerManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return strings.Contains(string(manifest), "--permit-port-sharing=true"), err
}

// gate is a socket on the API server's port that accepts nothing: connections
// wait in the kernel. It listens as the server does, in one group with it
// (SO_REUSEPORT, the server's --permit-port-sharing), and a filter gives it all
// that is for the stable address. When it closes, the kernel moves what waits
// to the server. So no byte passes through this program, and nothing of it is
// left when the server is ready.
type gate struct {
	listener net.Listener
	// server is where the API server alone can be reached.
	server netip.AddrPort
	// migrates is the kernel's setting before.
	migrates []byte
}

// migrateSetting lets connections that wait at a socket which closes move to
// another of its group, instead of being reset. Linux has it since 5.14.
const migrateSetting = "/proc/sys/net/ipv4/tcp_migrate_req"

func closeGate(ctx context.Context, stable netip.Addr, port uint16) (*gate, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failure error
		err := raw.Control(func(fd uintptr) {
			failure = errors.Join(sharePort(int(fd)), attract(int(fd), stable))
		})
		return errors.Join(err, failure)
	}}
	// A socket with a filter can't join a group: this fails where the server
	// listens already.
	listener, err := config.Listen(ctx, "tcp", fmt.Sprintf("0.0.0.0:%d", port))
	if err != nil {
		return nil, fmt.Errorf("hold the API's port: %w", err)
	}
	migrates, err := os.ReadFile(migrateSetting)
	if err == nil {
		err = os.WriteFile(migrateSetting, []byte("1"), 0o644)
	}
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("hold the API's port: %w", err)
	}
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	return &gate{listener: listener, server: server, migrates: migrates}, nil
}

func sharePort(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// attract makes the first socket of a group that shares a port, this one, get
// the connections to the stable address, and the second, the server, all
// others. While there is only one socket, it gets all.
func attract(fd int, stable netip.Addr) error {
	const (
		load     = unix.BPF_LD | unix.BPF_ABS
		equal    = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		toSocket = unix.BPF_RET | unix.BPF_K
		// ipHeader is where the filter sees a packet's IP header (SKF_NET_OFF).
		ipHeader    = 0xfff00000
		destination = ipHeader + 16
	)
	address := stable.As4()
	program := []unix.SockFilter{
		{Code: load | unix.BPF_B, K: ipHeader},
		{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 4},
		{Code: equal, K: 4, Jf: 3}, // IPv6: to the second socket
		{Code: load | unix.BPF_W, K: destination},
		{Code: equal, K: binary.BigEndian.Uint32(address[:]), Jf: 1},
		{Code: toSocket, K: 0},
		{Code: toSocket, K: 1},
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// open lets the server have all connections, those that wait first.
func (g *gate) open(ctx context.Context) error {
	err := g.listener.Close()
	// Moved connections do not wake the server; one that comes anew does, and
	// then it takes them all.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if caller, dialErr := (&net.Dialer{}).DialContext(ctx, "tcp4", g.server.String()); dialErr == nil {
		caller.Close()
	}
	return errors.Join(err, os.WriteFile(migrateSetting, g.migrates, 0o644))
}

// readyLimit bounds how long a server is held back that answers but does not
// get ready: its clients may be what it waits for.
const readyLimit = 10 * time.Second

// awaitServer waits until the server says that it is ready. Between its first
// answer and that moment it lacks its own roles and refuses the controllers,
// which then come back a second later.
func awaitServer(ctx context.Context, stable netip.Addr) error {
	ask := askReadiness(fmt.Sprintf("127.0.0.1:%d", apiPort), stable.String())
	return awaitReady(ctx, func(ctx context.Context) int {
		// Before it listens, a question would wait at the gate itself.
		if !listens("/proc", apiServerName, apiPort) {
			return 0
		}
		return ask(ctx)
	})
}

// awaitReady asks for an HTTP status, 0 without an answer.
func awaitReady(ctx context.Context, ask func(context.Context) int) error {
	var listening time.Time
	for {
		switch answer := ask(ctx); {
		case ctx.Err() != nil:
			return ctx.Err()
		case answer == http.StatusOK, answer == http.StatusUnauthorized:
			// Not authorized: nobody may ask without a name here, for good.
			return nil
		case answer != 0 && listening.IsZero():
			listening = time.Now()
		case answer != 0 && time.Since(listening) > readyLimit:
			return nil
		}
		pause(ctx, gateRetry)
	}
}

// askReadiness asks the server whether it is ready, as anyone may. The answer
// decides nothing but when connections are passed on, and nothing is sent, so
// the certificate is not looked at: it may not be written yet.
func askReadiness(server, name string) func(context.Context) int {
	client := &http.Client{
		Timeout:   time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{ServerName: name, InsecureSkipVerify: true}},
	}
	return func(ctx context.Context) int {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+server+"/readyz", nil)
		if err != nil {
			return 0
		}
		response, err := client.Do(request)
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
}

// notifyReady tells systemd that the unit is up.
func notifyReady() error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	conn, err := net.Dial("unixgram", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("READY=1"))
	return err
}
