package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/kube"
)

const (
	// usualPatience bounds the start of etcd and the API server, on a slow disk,
	// when the caller does not say how long it waits.
	usualPatience = 3 * time.Minute
	// patienceVariable is how the caller says it, in whole seconds. A variable,
	// because a node program that does not know it ignores it.
	patienceVariable = "APPLE_K8S_WAIT_SECONDS"
	// apiServerName is the name of the API server's container.
	apiServerName = "kube-apiserver"
	// mostExits is how often the API server may end before it answers: once or
	// twice it does when etcd comes late.
	mostExits = 3
	// podLogs is where the kubelet keeps logs: POD/CONTAINER/RESTARTS.log.
	podLogs = "/var/log/pods"
	// lastLines of each container that ended are shown.
	lastLines = 8
)

// patience is how long the caller lets the API server come up.
func patience(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds <= 0 {
		return usualPatience
	}
	return time.Duration(seconds) * time.Second
}

// awaitAPI waits until the API server answers. It does not go through the API
// gate, which opens a moment later, when the server has made its roles: an
// administrator above all roles can begin to create what the cluster needs.
func awaitAPI(ctx context.Context, events *contract.Events) (*kube.Client, error) {
	step := events.Start("api")
	client, err := kube.FromKubeconfig(superAdminConf)
	if err != nil {
		return nil, step.End(contract.Fail(contract.CodeControlPlane, err, ""))
	}
	client = client.At(fmt.Sprintf("https://127.0.0.1:%d", apiPort))
	answers := func(ctx context.Context) error { return client.Get(ctx, "/api/v1", nil) }
	if err := awaitServer(ctx, answers, patience(os.Getenv(patienceVariable)), podLogs); err != nil {
		return nil, step.End(contract.Fail(contract.CodeControlPlane, err, lastWords(podLogs)))
	}
	step.Done("")
	return client, nil
}

// awaitServer asks until there is an answer, time is up, or the server has
// ended too often.
func awaitServer(ctx context.Context, answers func(context.Context) error, limit time.Duration, logs string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	looked := time.Now()
	for {
		err := answers(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the API server did not answer within %s: %w", limit, err)
		}
		if time.Since(looked) > exitsRetry {
			looked = time.Now()
			if ended := exits(logs); ended >= mostExits {
				return fmt.Errorf("the API server ended %d times; what it said last is below", ended)
			}
		}
		pause(ctx, apiRetry)
	}
}

const (
	// apiRetry is the pause between two attempts to reach the API server; a port
	// that opens raises no event.
	apiRetry = 20 * time.Millisecond
	// exitsRetry is the pause between two looks at the server's logs.
	exitsRetry = 500 * time.Millisecond
)

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-time.After(duration):
	case <-ctx.Done():
	}
}

// containerLog is the newest log of a container of the control plane.
type containerLog struct {
	container string
	path      string
	restarts  int
}

// exits is how often the API server has ended: its logs are numbered.
func exits(folder string) int {
	for _, log := range newestLogs(folder) {
		if log.container == apiServerName {
			return log.restarts
		}
	}
	return 0
}

// newestLogs gives the newest log of each container, the API server's first.
func newestLogs(folder string) []containerLog {
	files, _ := filepath.Glob(filepath.Join(folder, "kube-system_*/*/*.log"))
	newest := map[string]containerLog{}
	for _, path := range files {
		restarts, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".log"))
		if err != nil {
			continue
		}
		owner := filepath.Dir(path)
		if known, ok := newest[owner]; !ok || known.restarts < restarts {
			newest[owner] = containerLog{filepath.Base(owner), path, restarts}
		}
	}
	logs := make([]containerLog, 0, len(newest))
	for _, log := range newest {
		logs = append(logs, log)
	}
	sort.Slice(logs, func(a, b int) bool {
		if first := logs[a].container == apiServerName; first != (logs[b].container == apiServerName) {
			return first
		}
		return logs[a].path < logs[b].path
	})
	return logs
}

// lastWords of the control plane's containers that ended; of all when none did.
func lastWords(folder string) string {
	logs := newestLogs(folder)
	var ended []containerLog
	for _, log := range logs {
		if log.restarts > 0 {
			ended = append(ended, log)
		}
	}
	if len(ended) > 0 {
		logs = ended
	}
	var out strings.Builder
	for _, log := range logs {
		content, err := os.ReadFile(log.path)
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(content)), "\n")
		fmt.Fprintf(&out, "%s:\n", log.container)
		for _, line := range lines[max(0, len(lines)-lastLines):] {
			fmt.Fprintf(&out, "  %s\n", words(line))
		}
	}
	return out.String()
}

// words of a line of a log, which begins with time, stream and a tag.
func words(line string) string {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) == 4 && (parts[1] == "stdout" || parts[1] == "stderr") {
		return parts[3]
	}
	return line
}
