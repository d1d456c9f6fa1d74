package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheCallerSaysHowLongItWaits(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": usualPatience, "x": usualPatience, "0": usualPatience, "30": 30 * time.Second, "600": 10 * time.Minute,
	} {
		if got := patience(value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func writeLog(t *testing.T, folder, pod, container, name, content string) {
	t.Helper()
	path := filepath.Join(folder, "kube-system_"+pod+"_0", container)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

var errSilent = errors.New("it does not listen")

func silent(context.Context) error { return errSilent }

func TestAServerThatKeepsEndingIsGivenUp(t *testing.T) {
	logs := t.TempDir()
	writeLog(t, logs, "kube-apiserver-a", "kube-apiserver", "2.log", "")
	writeLog(t, logs, "etcd-a", "etcd", "7.log", "")
	began := time.Now()
	err := awaitServer(context.Background(), silent, time.Second, logs)
	if err == nil || !strings.Contains(err.Error(), "did not answer within 1s") || time.Since(began) < time.Second {
		t.Errorf("two ends are not too many, and others' do not count: %v", err)
	}
	writeLog(t, logs, "kube-apiserver-a", "kube-apiserver", "3.log", "")
	began = time.Now()
	err = awaitServer(context.Background(), silent, time.Minute, logs)
	if err == nil || !strings.Contains(err.Error(), "ended 3 times") || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	if err := awaitServer(context.Background(), func(context.Context) error { return nil }, time.Minute, logs); err != nil {
		t.Errorf("it answers: %v", err)
	}
}

func TestLastWordsAreThoseOfContainersThatEnded(t *testing.T) {
	logs := t.TempDir()
	line := "2026-01-01T00:00:00Z stderr F "
	writeLog(t, logs, "etcd-a", "etcd", "0.log", line+"etcd is fine\n")
	writeLog(t, logs, "kube-apiserver-a", "kube-apiserver", "0.log", line+"the first try\n")
	if got := lastWords(logs); !strings.HasPrefix(got, "kube-apiserver:\n  the first try\n") || !strings.Contains(got, "etcd is fine") {
		t.Errorf("none ended, so all are shown:\n%s", got)
	}
	writeLog(t, logs, "a-controller", "kube-controller-manager", "1.log", line+"no API\n")
	writeLog(t, logs, "kube-apiserver-a", "kube-apiserver", "2.log", line+"Error: unknown flag: --nope\n")
	want := "kube-apiserver:\n  Error: unknown flag: --nope\nkube-controller-manager:\n  no API\n"
	if got := lastWords(logs); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
