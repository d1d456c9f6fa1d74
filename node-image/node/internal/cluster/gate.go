package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"apple-k8s.dev/node/internal/contract"
)

const apiServerManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"

// gateRetry is the pause between two looks at the API server's port; a port
// that opens raises no event.
const gateRetry = 40 * time.Millisecond

// HoldAPI accepts connections to the API server's stable address before the
// server listens, and passes them on once it does. Everything that needs the
// API at boot (kubelets, controllers, kube-proxy, on any node) would otherwise
// be refused and come back after seconds of growing back-off.
//
// The server listens on every address, this gate on the stable one, which the
// kernel prefers; both allow the other on the same port (SO_REUSEPORT, the API
// server's --permit-port-sharing).
func HoldAPI(ctx context.Context) error {
	state, err := contract.LoadState(contract.StateDir)
	if err != nil || state == nil {
		return err
	}
	shares, err := serverSharesPort()
	if err != nil {
		return err
	}
	if !shares {
		return notifyReady()
	}
	stable := netip.AddrPortFrom(state.Network.Address, apiPort)
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), apiPort)
	if err := notifyReady(); err != nil {
		return err
	}
	// The kubelet of this node must be refused until it has started both: it
	// looks at its node before it gives any pod its volumes, and would wait for
	// the very server that it is about to start.
	if err := awaitProcesses(ctx, "/proc", "etcd", "kube-apiserver"); err != nil {
		return err
	}
	gate, err := newGate(ctx, stable.String(), server.String(), askReadiness(server.String(), stable.Addr().String()))
	if err != nil {
		return err
	}
	return gate.run(ctx)
}

// awaitProcesses waits until processes of these names run. A process that
// starts in another PID namespace raises no event here.
func awaitProcesses(ctx context.Context, proc string, names ...string) error {
	for {
		missing := slices.Clone(names)
		entries, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm"))
		if err != nil {
			return err
		}
		for _, entry := range entries {
			comm, err := os.ReadFile(entry)
			if err != nil {
				continue // it has ended
			}
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == strings.TrimSpace(string(comm)) })
		}
		if len(missing) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(ctx, gateRetry)
	}
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

type gate struct {
	listener net.Listener
	server   string
	// ask gives the HTTP status of the server's readiness, 0 without an answer.
	ask func(context.Context) int
	// open is closed when the server accepts connections.
	open  chan struct{}
	conns sync.WaitGroup
}

func newGate(ctx context.Context, stable, server string, ask func(context.Context) int) (*gate, error) {
	config := net.ListenConfig{Control: sharePort}
	listener, err := config.Listen(ctx, "tcp4", stable)
	if err != nil {
		return nil, fmt.Errorf("hold the API's port: %w", err)
	}
	return &gate{listener: listener, server: server, ask: ask, open: make(chan struct{})}, nil
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

func sharePort(_, _ string, raw syscall.RawConn) error {
	var failure error
	err := raw.Control(func(fd uintptr) {
		failure = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(err, failure)
}

// run serves until the server is up and every held connection has ended.
func (g *gate) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { g.listener.Close() })
	defer stop()
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			conn, err := g.listener.Accept()
			if err != nil {
				return
			}
			g.conns.Go(func() { g.pass(ctx, conn) })
		}
	}()
	err := g.awaitServer(ctx)
	g.listener.Close()
	<-accepting
	if err != nil {
		return err
	}
	close(g.open)
	g.conns.Wait()
	return nil
}

// awaitServer waits until the server says that it is ready. Between its first
// answer and that moment it lacks its own roles and refuses the controllers,
// which then come back a second later.
func (g *gate) awaitServer(ctx context.Context) error {
	var listening time.Time
	for {
		switch answer := g.ask(ctx); {
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

// readyLimit bounds how long a server is held back that answers but does not
// get ready: its clients may be what it waits for.
const readyLimit = 10 * time.Second

// pass holds one connection until the gate opens and joins it to the server.
func (g *gate) pass(ctx context.Context, client net.Conn) {
	defer client.Close()
	select {
	case <-g.open:
	case <-ctx.Done():
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp4", g.server)
	if err != nil {
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		client.Close()
		server.Close()
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { copyHalf(server, client) })
	both.Go(func() { copyHalf(client, server) })
	both.Wait()
}

// copyHalf copies one direction and passes its end on.
func copyHalf(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
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
