package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
)

// TestMain runs where main does, and blocks as the steps of a boot do. Without
// a lock that moves it to another thread sooner or later.
func TestMain(m *testing.M) {
	for range 2000 {
		var busy sync.WaitGroup
		for range 8 {
			busy.Go(func() { _, _ = os.ReadFile("/proc/self/stat") })
		}
		busy.Wait()
		if syscall.Gettid() != os.Getpid() {
			fmt.Fprintln(os.Stderr, "main has left the first thread")
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func TestUnknownCommandsAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"apple-k8s-node"}, {"apple-k8s-node", "inti"}} {
		if status := run(args); status != 64 {
			t.Errorf("run(%q) = %d, want 64", args, status)
		}
	}
}
