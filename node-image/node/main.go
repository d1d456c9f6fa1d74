// Command apple-k8s-node turns a container of the node image into a
// Kubernetes node. See README.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"apple-k8s.dev/node/internal/boot"
	"apple-k8s.dev/node/internal/cluster"
	"apple-k8s.dev/node/internal/contract"
)

const usage = "usage: apple-k8s-node entrypoint PROGRAM [ARGUMENT…] | init | join | network | preflight | pod-network | api-gate | shutdown"

// main stays on the process's first thread, since the entrypoint becomes
// systemd: executed by another thread, the first one is a zombie for a moment,
// and runtimes take the whole container for a stopped one.
func init() {
	runtime.LockOSThread()
}

func main() {
	os.Exit(run(os.Args))
}

func run(args []string) int {
	if filepath.Base(args[0]) == "entrypoint" {
		return report(boot.Run(args[1:]))
	}
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		return 64
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch args[1] {
	case "entrypoint":
		return report(boot.Run(args[2:]))
	case "init":
		return tell(ctx, cluster.Init)
	case "join":
		return tell(ctx, cluster.Join)
	case "network":
		return tell(ctx, cluster.Network)
	case "preflight":
		return report(boot.Preflight(os.Stdout))
	case "pod-network":
		return report(cluster.OpenPodNetwork(ctx))
	case "api-gate":
		return report(cluster.HoldAPI(ctx))
	case "shutdown":
		return report(boot.EndContainers(ctx))
	default:
		fmt.Fprintln(os.Stderr, usage)
		return 64
	}
}

// tell runs a command that speaks in events.
func tell(ctx context.Context, command func(context.Context, *contract.Input, *contract.Events) (string, error)) int {
	events := contract.NewEvents(os.Stdout)
	kubeconfig, err := command(ctx, contract.NewInput(ctx, os.Stdin), events)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apple-k8s-node:", err)
		events.Failed(err)
		return 1
	}
	events.Done(kubeconfig)
	return 0
}

func report(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "apple-k8s-node:", err)
		return 1
	}
	return 0
}
