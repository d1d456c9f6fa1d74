package await

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPathThatExists(t *testing.T) {
	if err := Path(t.Context(), t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestPathIsSeenWhenItAppears(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not", "yet", "file")
	done := make(chan error, 1)
	go func() { done <- Path(t.Context(), path) }()
	select {
	case err := <-done:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("not seen")
	}
}

func TestPathEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := Path(ctx, filepath.Join(t.TempDir(), "never")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
