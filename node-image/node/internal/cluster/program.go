package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"apple-k8s.dev/node/internal/contract"
)

// tailLines of a failing program go into the error's detail.
const tailLines = 25

// secrets that programs print although they were not asked to.
var secrets = regexp.MustCompile(`\b[a-z0-9]{6}\.[a-z0-9]{16}\b`)

// tail keeps the last lines that a program wrote, and passes all of them on.
type tail struct {
	mu    sync.Mutex
	lines []string
	log   io.Writer
	line  func(string)
}

func (t *tail) follow(in io.Reader) {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		text := secrets.ReplaceAllString(scanner.Text(), "[token]")
		fmt.Fprintln(t.log, text)
		t.mu.Lock()
		t.lines = append(t.lines, text)
		if len(t.lines) > tailLines {
			t.lines = t.lines[1:]
		}
		t.mu.Unlock()
		if t.line != nil {
			t.line(text)
		}
	}
}

// kubeadm runs the real kubeadm; line, when given, sees every line it prints.
func kubeadm(ctx context.Context, line func(string), args ...string) error {
	return program(ctx, contract.CodeKubeadm, line, "kubeadm", args...)
}

func program(ctx context.Context, code string, line func(string), name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		writer.Close()
		return contract.Fail(code, fmt.Errorf("start %s: %w", name, err), "")
	}
	writer.Close()
	output := &tail{log: os.Stderr, line: line}
	output.follow(reader)
	if err := command.Wait(); err != nil {
		what := strings.Join(append([]string{name}, args...), " ")
		return contract.Fail(code, fmt.Errorf("%s: %w", what, err), strings.Join(output.lines, "\n"))
	}
	return nil
}

// capture runs a program for its output.
func capture(ctx context.Context, code, name string, args ...string) ([]byte, error) {
	var out, problems bytes.Buffer
	command := exec.CommandContext(ctx, name, args...)
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		detail := secrets.ReplaceAllString(problems.String(), "[token]")
		return nil, contract.Fail(code, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err), detail)
	}
	return out.Bytes(), nil
}
