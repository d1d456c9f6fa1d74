package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Tests run on other threads than the first, which stands for the process in
// /proc: it must stay where it is.
func init() { runtime.LockOSThread() }

// inNamespace runs the test in a network namespace of its own, on a thread
// that is never used again; addr is an address there.
func inNamespace(t *testing.T, addr string) {
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
	parsed, _ := netlink.ParseAddr(addr + "/32")
	if err := errors.Join(netlink.LinkSetUp(lo), netlink.AddrAdd(lo, parsed)); err != nil {
		t.Fatal(err)
	}
}

// serve answers every connection with what it sent.
func serve(t *testing.T, address string) {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failure error
		err := raw.Control(func(fd uintptr) { failure = sharePort(int(fd)) })
		return errors.Join(err, failure)
	}}
	listener, err := config.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("the server cannot share the port: %v", err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				content, _ := io.ReadAll(conn)
				_, _ = conn.Write(append([]byte("served "), content...))
			}()
		}
	}()
}

// call connects and sends a word.
func call(t *testing.T, address, word string) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTimeout("tcp4", address, 5*time.Second)
	if err != nil {
		t.Fatalf("%s was refused: %v", word, err)
	}
	t.Cleanup(func() { conn.Close() })
	client := conn.(*net.TCPConn)
	if _, err := client.Write([]byte(word)); err != nil {
		t.Fatal(err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return client
}

func answer(t *testing.T, client net.Conn, limit time.Duration) string {
	t.Helper()
	if err := client.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(client)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Clients that come before the server is ready wait and are then served by the
// server itself; those that ask the server elsewhere are served at once.
func TestGateHoldsUntilItOpens(t *testing.T) {
	const stable, elsewhere = "172.30.0.2:6443", "127.0.0.1:6443"
	inNamespace(t, "172.30.0.2")
	held, err := closeGate(t.Context(), netip.MustParseAddr("172.30.0.2"), 6443)
	if err != nil {
		t.Fatal(err)
	}
	early := call(t, stable, "early")
	serve(t, "0.0.0.0:6443")
	// It listens, but is not ready yet.
	const moment, enough = 100 * time.Millisecond, 5 * time.Second
	for range 20 {
		second := call(t, stable, "second")
		if got := answer(t, second, moment/20); got != "" {
			t.Fatalf("answer %q while the gate was closed", got)
		}
		if got := answer(t, call(t, elsewhere, "other"), enough); got != "served other" {
			t.Fatalf("elsewhere: answer %q", got)
		}
	}
	late := call(t, stable, "late")
	if got := answer(t, early, moment); got != "" {
		t.Fatalf("answer %q while the gate was closed", got)
	}
	if err := held.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for client, want := range map[net.Conn]string{early: "served early", late: "served late"} {
		if got := answer(t, client, enough); got != want {
			t.Errorf("answer %q, want %q", got, want)
		}
	}
	for _, address := range []string{stable, elsewhere} {
		if got := answer(t, call(t, address, "after"), enough); got != "served after" {
			t.Errorf("%s after the gate: answer %q", address, got)
		}
	}
	if setting, _ := os.ReadFile(migrateSetting); strings.TrimSpace(string(setting)) != "0" {
		t.Errorf("the kernel's setting is left at %q", setting)
	}
}

// Behind a server that was first a gate would hold what is not its own.
func TestGateThatComesLateStaysAway(t *testing.T) {
	inNamespace(t, "172.30.0.2")
	serve(t, "0.0.0.0:6443")
	_, err := closeGate(t.Context(), netip.MustParseAddr("172.30.0.2"), 6443)
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("a second gate: %v", err)
	}
	for _, address := range []string{"172.30.0.2:6443", "127.0.0.1:6443"} {
		if got := answer(t, call(t, address, "client"), 5*time.Second); got != "served client" {
			t.Errorf("%s: answer %q", address, got)
		}
	}
	if setting, _ := os.ReadFile(migrateSetting); strings.TrimSpace(string(setting)) != "0" {
		t.Errorf("the kernel's setting is left at %q", setting)
	}
}

func TestGateWaitsUntilTheServerIsReady(t *testing.T) {
	answers := []int{0, 0, http.StatusForbidden, http.StatusInternalServerError, http.StatusOK, 0}
	err := awaitReady(t.Context(), func(context.Context) int {
		next := answers[0]
		answers = answers[1:]
		return next
	})
	if err != nil || len(answers) != 1 {
		t.Errorf("ended before %v with %v", answers, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := awaitReady(ctx, func(context.Context) int { return 0 }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that never answers: %v", err)
	}
}

func TestListensFindsTheSocketsOfAProcess(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(listener.Addr().(*net.TCPAddr).Port)
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.TrimSpace(string(comm))
	if !listens("/proc", own, port) {
		t.Errorf("%s does not listen on %d", own, port)
	}
	if listens("/proc", "somebody-else", port) {
		t.Error("somebody else's socket")
	}
	listener.Close()
	if listens("/proc", own, port) {
		t.Error("still listens")
	}
}

func TestGateWaitsForBothProcesses(t *testing.T) {
	proc := t.TempDir()
	start := func(pid, name string) {
		if err := os.MkdirAll(filepath.Join(proc, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "comm"), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	start("7", "kube-apiserver")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := awaitProcesses(ctx, proc, "etcd", "kube-apiserver"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one of two was enough: %v", err)
	}
	start("8", "etcd")
	if err := awaitProcesses(t.Context(), proc, "etcd", "kube-apiserver"); err != nil {
		t.Error(err)
	}
}
