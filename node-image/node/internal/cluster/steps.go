package cluster

import (
	"strings"

	"apple-k8s.dev/node/internal/contract"
)

// kubeadmSteps turns kubeadm's output into steps: a line begins with the name
// of its phase in brackets.
type kubeadmSteps struct {
	events *contract.Events
	phase  string
	step   *contract.Step
}

// phases that kubeadm's output names, as our events call them.
var phaseNames = map[string]string{
	"certs": "certificates", "kubeconfig": "kubeconfigs", "etcd": "etcd-manifest",
	"control-plane": "control-plane-manifests", "kubelet-start": "kubelet-start",
	"preflight": "join-preflight", "discovery": "discovery",
}

func newKubeadmSteps(events *contract.Events) *kubeadmSteps {
	return &kubeadmSteps{events: events}
}

func (k *kubeadmSteps) line(text string) {
	name, _, found := strings.Cut(strings.TrimPrefix(text, "["), "]")
	phase, known := phaseNames[name]
	if !found || !known || phase == k.phase || !strings.HasPrefix(text, "[") {
		return
	}
	_ = k.end(nil)
	k.phase, k.step = phase, k.events.Start(phase)
}

func (k *kubeadmSteps) end(err error) error {
	if k.step == nil {
		return err
	}
	step := k.step
	k.step = nil
	return step.End(err)
}
