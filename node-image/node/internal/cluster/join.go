package cluster

import (
	"context"
	"fmt"
	"os"
	"strings"

	"apple-k8s.dev/node/internal/await"
	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/kube"
)

const (
	// The join material stays in memory: /run is a tmpfs.
	discoveryFile = "/run/apple-k8s/discovery.conf"
	joinConfig    = "/run/apple-k8s/kubeadm-join.yaml"
	bootstrapConf = "/etc/kubernetes/bootstrap-kubelet.conf"
)

// skippedJoinPhases: preflight looks for things a container cannot have, and
// kubeadm's wait looks every second for what is watched here.
var skippedJoinPhases = []string{"preflight", "kubelet-wait-bootstrap"}

// Join makes this node a worker. All that can be done without the control
// plane is done before the join material is read.
func Join(ctx context.Context, input *contract.Input, events *contract.Events) (string, error) {
	config, err := readConfig(ctx, input, contract.CommandJoin)
	if err != nil {
		return "", err
	}
	if err := events.Run("boot", func() error { _, err := booted(ctx); return err }); err != nil {
		return "", err
	}
	if err := events.Run("network", func() error { return prepare(config) }); err != nil {
		return "", err
	}
	err = events.Run("containerd", func() error {
		if err := patchContainerd(ctx, config.ContainerdConfigPatches); err != nil {
			return err
		}
		if err := startUnits(ctx, config.Role); err != nil {
			return err
		}
		// Blocks until containerd is up; it is a no-op then.
		return program(ctx, contract.CodeContainerd, nil, "systemctl", "start", "containerd.service")
	})
	if err != nil {
		return "", err
	}
	material, err := awaitMaterial(ctx, input, events)
	if err != nil {
		return "", err
	}
	if err := join(ctx, config, material, events); err != nil {
		return "", err
	}
	return "", awaitWorker(ctx, config, events)
}

// join lets kubeadm join the node, unless it has: kubeadm refuses a node that
// the cluster already knows, but a join that was cut short later must go on.
func join(ctx context.Context, config *contract.Config, material *contract.JoinMaterial, events *contract.Events) error {
	if _, err := os.Stat(rotatingCertificate); err == nil {
		return program(ctx, contract.CodeKubeadm, nil, "systemctl", "start", "kubelet.service")
	}
	if err := writeJoinFiles(config, material); err != nil {
		return err
	}
	defer os.Remove(discoveryFile)
	defer os.Remove(joinConfig)
	phases := newKubeadmSteps(events)
	return phases.end(kubeadm(ctx, phases.line, "join", "--config", joinConfig,
		"--skip-phases", strings.Join(skippedJoinPhases, ",")))
}

func awaitMaterial(ctx context.Context, input *contract.Input, events *contract.Events) (*contract.JoinMaterial, error) {
	step := events.Start("wait-for-control-plane")
	line, err := input.Line(ctx)
	if err != nil {
		return nil, step.End(err)
	}
	material, err := contract.ParseJoinMaterial(line)
	return material, step.End(contract.Fail(contract.CodeBadConfig, err, ""))
}

// writeJoinFiles writes kubeadm's configuration and the discovery file: with
// the certificate authority in hand nothing must be discovered by trust.
func writeJoinFiles(config *contract.Config, material *contract.JoinMaterial) error {
	discovery := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: cluster
  cluster:
    server: https://%s:%d
    certificate-authority-data: %s
contexts:
- name: discovery
  context:
    cluster: cluster
    user: nobody
users:
- name: nobody
  user: {}
current-context: discovery
`, config.ControlPlane, apiPort, encoded(material.CACert))
	documents := joinDocuments(config, discoveryFile, material.BootstrapToken)
	content, err := render(documents, config.KubeadmConfigPatches)
	if err != nil {
		return err
	}
	if err := writeSecret(discoveryFile, []byte(discovery)); err != nil {
		return contract.Fail(contract.CodeInternal, err, "")
	}
	return contract.Fail(contract.CodeInternal, writeSecret(joinConfig, content), "")
}

// awaitWorker waits for the kubelet's own credentials, then, with them, until
// its node is registered.
func awaitWorker(ctx context.Context, config *contract.Config, events *contract.Events) error {
	ctx, cancel := context.WithTimeoutCause(ctx, joinTimeout,
		contract.Failf(contract.CodeNotReady, "the node was not registered within %s", joinTimeout))
	defer cancel()
	var client *kube.Client
	err := events.Run("kubelet-credentials", func() (err error) {
		client, err = kubeletClient(ctx)
		return err
	})
	if err != nil {
		return because(ctx, contract.Fail(contract.CodeNotReady, err, ""))
	}
	// The kubelet has its own credentials; the token is no longer needed here.
	if err := os.Remove(bootstrapConf); err != nil && !os.IsNotExist(err) {
		return contract.Fail(contract.CodeInternal, err, "")
	}
	return because(ctx, events.Run("node-registered", func() error {
		_, err := watchNode(ctx, client, config.Node, func(*node) bool { return true })
		return contract.Fail(contract.CodeNotReady, err, "")
	}))
}

// kubeletClient waits for the kubelet's credentials. A worker's kubelet writes
// its kubeconfig, not in one step, and then the certificate that it names: who
// sees the certificate can read the whole kubeconfig.
func kubeletClient(ctx context.Context) (*kube.Client, error) {
	for _, path := range []string{rotatingCertificate, kubeletConf} {
		if err := await.Path(ctx, path); err != nil {
			return nil, err
		}
	}
	return kube.FromKubeconfig(kubeletConf)
}
