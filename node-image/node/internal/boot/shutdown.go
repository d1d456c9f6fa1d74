package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/rules"
)

const (
	// grace is what containers get to end by themselves, in all: a runtime
	// kills a node some five seconds after it asked it to stop.
	grace = 2 * time.Second
	// databaseGrace is etcd's own, after its clients have gone.
	databaseGrace = 1500 * time.Millisecond
)

// process is a container's process.
type process struct {
	pid  int
	name string
}

// EndContainers ends the node's containers in order: the database last, and
// what they wrote reaches the disk. systemd in a container does not do that,
// and etcd is told not to wait for the disk at each write.
func EndContainers(ctx context.Context) error {
	processes, err := containerProcesses("/proc")
	if err != nil {
		return err
	}
	// Without them the node starts too, only slower.
	rulesErr := rules.Save(ctx, contract.StateDir)
	isDatabase := func(p process) bool { return p.name == "etcd" }
	databases := slices.Collect(filter(processes, isDatabase))
	rest := slices.Collect(filter(processes, func(p process) bool { return !isDatabase(p) }))
	err = errors.Join(rulesErr, end(ctx, rest, grace), end(ctx, databases, databaseGrace))
	unix.Sync()
	return err
}

func filter(processes []process, keep func(process) bool) func(func(process) bool) {
	return func(yield func(process) bool) {
		for _, p := range processes {
			if keep(p) && !yield(p) {
				return
			}
		}
	}
}

// containerProcesses finds the children of containerd's shims: each is the
// first process of a container.
func containerProcesses(proc string) ([]process, error) {
	entries, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return nil, err
	}
	type status struct {
		name   string
		parent int
	}
	all := map[int]status{}
	for _, entry := range entries {
		content, err := os.ReadFile(entry)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if name, parent, ok := parseStat(string(content)); ok {
			all[pid] = status{name, parent}
		}
	}
	var found []process
	for pid, s := range all {
		if strings.HasPrefix(all[s.parent].name, "containerd-shim") {
			found = append(found, process{pid, s.name})
		}
	}
	return found, nil
}

// parseStat reads the name and the parent from /proc/PID/stat; the name stands
// in parentheses and may itself contain some.
func parseStat(content string) (name string, parent int, ok bool) {
	open, closing := strings.IndexByte(content, '('), strings.LastIndexByte(content, ')')
	if open < 0 || closing < open {
		return "", 0, false
	}
	fields := strings.Fields(content[closing+1:])
	if len(fields) < 2 {
		return "", 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return content[open+1 : closing], parent, err == nil
}

// end asks processes to end, waits until they have, and kills the others.
func end(ctx context.Context, processes []process, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var problems []error
	var handles []int
	for _, p := range processes {
		handle, err := unix.PidfdOpen(p.pid, 0)
		if err != nil {
			continue // it has ended
		}
		defer unix.Close(handle)
		if err := unix.PidfdSendSignal(handle, unix.SIGTERM, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			problems = append(problems, fmt.Errorf("end %s: %w", p.name, err))
		}
		handles = append(handles, handle)
	}
	for _, handle := range handles {
		if !ended(ctx, handle) {
			_ = unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0)
		}
	}
	return errors.Join(problems...)
}

// ended waits for the end of the process behind a handle until ctx ends.
func ended(ctx context.Context, handle int) bool {
	for {
		deadline, _ := ctx.Deadline()
		left := max(time.Until(deadline), 0)
		count, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return err == nil && count > 0
	}
}
