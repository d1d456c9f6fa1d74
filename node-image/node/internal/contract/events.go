package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// States of a step.
const (
	stateStarted = "started"
	stateDone    = "done"
	stateFailed  = "failed"
)

type event struct {
	Event      string `json:"event"`
	Phase      string `json:"phase,omitempty"`
	State      string `json:"state,omitempty"`
	ElapsedMS  *int64 `json:"elapsedMs,omitempty"`
	Detail     string `json:"detail,omitempty"`
	CACert     string `json:"caCert,omitempty"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Code       string `json:"code,omitempty"`
	Message    string `json:"message,omitempty"`
}

// Events writes the node's JSON lines. It is safe for concurrent use.
type Events struct {
	mu  sync.Mutex
	out io.Writer
	now func() time.Time
}

// NewEvents writes events to out.
func NewEvents(out io.Writer) *Events {
	return &Events{out: out, now: time.Now}
}

func (e *Events) emit(ev event) {
	line, err := json.Marshal(ev)
	if err != nil { // only strings and numbers: cannot happen
		panic(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	// A reader that went away cannot be told; the exit status still counts.
	_, _ = e.out.Write(append(line, '\n'))
}

// Step is a running step; end it with Done or Fail.
type Step struct {
	events *Events
	phase  string
	begun  time.Time
}

// Start reports that phase has begun.
func (e *Events) Start(phase string) *Step {
	e.emit(event{Event: "step", Phase: phase, State: stateStarted})
	return &Step{events: e, phase: phase, begun: e.now()}
}

func (s *Step) end(state, detail string) {
	elapsed := s.events.now().Sub(s.begun).Milliseconds()
	s.events.emit(event{Event: "step", Phase: s.phase, State: state, ElapsedMS: &elapsed, Detail: detail})
}

// Done reports success; detail may be empty.
func (s *Step) Done(detail string) { s.end(stateDone, detail) }

// Fail reports failure.
func (s *Step) Fail(err error) { s.end(stateFailed, err.Error()) }

// End reports success or failure and hands the error back.
func (s *Step) End(err error) error {
	if err != nil {
		s.Fail(err)
		return err
	}
	s.Done("")
	return nil
}

// Run reports phase around work.
func (e *Events) Run(phase string, work func() error) error {
	return e.Start(phase).End(work())
}

// Joinable reports that workers may join now.
func (e *Events) Joinable(caCert string) { e.emit(event{Event: "joinable", CACert: caCert}) }

// Done is the last line of a success; kubeconfig is empty but for init.
func (e *Events) Done(kubeconfig string) { e.emit(event{Event: "done", Kubeconfig: kubeconfig}) }

// Failed is the last line of a failure.
func (e *Events) Failed(err error) {
	ev := event{Event: "error", Code: CodeInternal, Message: err.Error()}
	var failure *Failure
	if errors.As(err, &failure) {
		ev.Code, ev.Detail = failure.Code, failure.Detail
	}
	e.emit(ev)
}

// Error codes of the node, stable for the engine.
const (
	CodeBadConfig    = "bad-config"
	CodeCancelled    = "cancelled"
	CodeEnvironment  = "environment"
	CodeNetwork      = "node-network"
	CodeContainerd   = "containerd"
	CodeKubeadm      = "kubeadm"
	CodeControlPlane = "control-plane"
	CodeAddons       = "add-ons"
	CodeNotReady     = "node-not-ready"
	CodeInternal     = "internal"
)

// Failure is an error with a code and the last lines of what failed.
type Failure struct {
	Code   string
	Err    error
	Detail string
}

// Fail wraps err with a code; detail may be empty.
func Fail(code string, err error, detail string) error {
	if err == nil {
		return nil
	}
	return &Failure{Code: code, Err: err, Detail: detail}
}

// Failf makes a Failure of a message.
func Failf(code, format string, args ...any) error {
	return &Failure{Code: code, Err: fmt.Errorf(format, args...)}
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }
