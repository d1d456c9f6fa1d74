package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// A client that comes before the server is held, not refused, and then served;
// clients that come later reach the server itself.
func TestGateHoldsUntilTheServerListens(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	// Find a free port, shared by the gate on one address and the server on
	// all, as on a node.
	probe, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(probe.Addr().String())
	probe.Close()
	stable, server := "127.0.0.2:"+port, "127.0.0.1:"+port

	var status atomic.Int64
	held, err := newGate(ctx, stable, server, func(context.Context) int { return int(status.Load()) })
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- held.run(ctx) }()

	early, err := net.Dial("tcp4", stable)
	if err != nil {
		t.Fatalf("refused before the server was up: %v", err)
	}
	defer early.Close()
	if _, err := early.Write([]byte("early")); err != nil {
		t.Fatal(err)
	}

	config := net.ListenConfig{Control: sharePort}
	listener, err := config.Listen(ctx, "tcp4", "0.0.0.0:"+port)
	if err != nil {
		t.Fatalf("the server cannot share the port: %v", err)
	}
	defer listener.Close()
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
	// It listens but lacks its roles: the client is still held.
	status.Store(http.StatusForbidden)
	if err := early.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := early.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("served before the server was ready: %v", err)
	}
	if err := early.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	status.Store(http.StatusOK)
	if err := early.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(early)
	if err != nil || string(answer) != "served early" {
		t.Errorf("answer %q, error %v", answer, err)
	}
	early.Close()
	if err := <-finished; err != nil {
		t.Errorf("the gate ended with %v", err)
	}
	late, err := net.Dial("tcp4", stable)
	if err != nil {
		t.Fatalf("refused after the gate was gone: %v", err)
	}
	late.Close()
}

func TestGateEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	held, err := newGate(ctx, "127.0.0.2:0", "127.0.0.1:1", func(context.Context) int { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- held.run(ctx) }()
	client, err := net.Dial("tcp4", held.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	cancel()
	select {
	case err := <-finished:
		if err == nil {
			t.Error("cancelled without an error")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("still running")
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
