package contract

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestEventsAreTheContractsLines(t *testing.T) {
	var out bytes.Buffer
	events := NewEvents(&out)
	clock := time.Unix(0, 0)
	events.now = func() time.Time { clock = clock.Add(12 * time.Millisecond); return clock }
	_ = events.Run("certificates", func() error { return nil })
	_ = events.Run("network", func() error { return errors.New("no device") })
	events.Joinable("PEM")
	events.Done("")
	events.Failed(Fail(CodeKubeadm, errors.New("kubeadm init: exit status 1"), "last words"))
	events.Failed(errors.New("else"))
	want := `{"event":"step","phase":"certificates","state":"started"}
{"event":"step","phase":"certificates","state":"done","elapsedMs":12}
{"event":"step","phase":"network","state":"started"}
{"event":"step","phase":"network","state":"failed","elapsedMs":12,"detail":"no device"}
{"event":"joinable","caCert":"PEM"}
{"event":"done"}
{"event":"error","detail":"last words","code":"kubeadm","message":"kubeadm init: exit status 1"}
{"event":"error","code":"internal","message":"else"}
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestEndOfInputIsACancellation(t *testing.T) {
	ctx := t.Context()
	input := NewInput(ctx, strings.NewReader("first\n"))
	line, err := input.Line(ctx)
	if err != nil || string(line) != "first" {
		t.Fatalf("line %q, error %v", line, err)
	}
	_, err = input.Line(ctx)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Code != CodeCancelled {
		t.Errorf("error %v", err)
	}
}

func TestLineEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	input := NewInput(ctx, blocked{})
	cancel()
	if _, err := input.Line(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

type blocked struct{}

func (blocked) Read([]byte) (int, error) { select {} }
