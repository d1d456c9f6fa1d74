package cluster

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// named gives the folders in proc of processes with this name.
func named(proc, name string) []string {
	entries, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm"))
	var folders []string
	for _, entry := range entries {
		comm, err := os.ReadFile(entry)
		if err != nil {
			continue // it has ended
		}
		if strings.TrimSpace(string(comm)) == name {
			folders = append(folders, filepath.Dir(entry))
		}
	}
	return folders
}

// awaitProcesses waits until processes of these names run. A process that
// starts in another PID namespace raises no event here.
func awaitProcesses(ctx context.Context, proc string, names ...string) error {
	for {
		names = slices.DeleteFunc(names, func(name string) bool { return len(named(proc, name)) > 0 })
		if len(names) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(ctx, gateRetry)
	}
}

// listens tells whether a process of this name has a socket that listens on
// the port. To connect would tell less: whoever shares the port may answer.
func listens(proc, name string, port uint16) bool {
	for _, folder := range named(proc, name) {
		sockets := listening(folder, port)
		if len(sockets) == 0 {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(folder, "fd", "*"))
		for _, file := range files {
			if target, err := os.Readlink(file); err == nil && slices.Contains(sockets, target) {
				return true
			}
		}
	}
	return false
}

// listening names the sockets that listen on the port in a process's network,
// as the process's open files name them.
func listening(folder string, port uint16) []string {
	const (
		local, state, inode = 1, 3, 9
		listenState         = "0A"
	)
	var sockets []string
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile(filepath.Join(folder, "net", table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) <= inode || fields[state] != listenState {
				continue
			}
			_, text, _ := strings.Cut(fields[local], ":")
			if number, err := strconv.ParseUint(text, 16, 16); err == nil && number == uint64(port) {
				sockets = append(sockets, "socket:["+fields[inode]+"]")
			}
		}
	}
	return sockets
}
