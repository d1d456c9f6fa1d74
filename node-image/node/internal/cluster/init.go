// Package cluster makes a Kubernetes cluster of prepared nodes. kubeadm builds
// it; this package decides the order, and does itself what kubeadm would do by
// polling.
package cluster

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"apple-k8s.dev/node/internal/boot"
	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/kube"
)

const (
	kubeadmConfig = contract.StateDir + "/kubeadm.yaml"
	adminConf     = "/etc/kubernetes/admin.conf"
	// superAdminConf works before the API server has set up its own roles.
	superAdminConf = "/etc/kubernetes/super-admin.conf"
	kubeletConf    = "/etc/kubernetes/kubelet.conf"
	// rotatingCertificate is where a kubelet keeps its current certificate.
	rotatingCertificate = "/var/lib/kubelet/pki/kubelet-client-current.pem"

	// joinTimeout bounds what follows the start of the API server, until the node
	// is registered. Whether it becomes Ready is for whoever has time to wait: the
	// engine, by a watch.
	joinTimeout = 5 * time.Minute
)

// lateInitPhases need the API server, are replaced by something that does not
// poll (waiting), or would restart the kubelet (finalize; see rotateKubelet).
// The addon phases are skipped only here: kubeadm prints the same add-ons
// below, and its uploaded configuration knows them.
var lateInitPhases = []string{
	"preflight", "wait-control-plane", "upload-config", "upload-certs", "mark-control-plane",
	"bootstrap-token", "kubelet-finalize", "addon", "show-join-command",
}

// Init makes this node the control plane of a new cluster and gives the
// administrator's kubeconfig.
func Init(ctx context.Context, input *contract.Input, events *contract.Events) (string, error) {
	config, err := readConfig(ctx, input, contract.CommandInit)
	if err != nil {
		return "", err
	}
	var report *boot.Report
	if err := events.Run("boot", func() (err error) { report, err = booted(ctx); return err }); err != nil {
		return "", err
	}
	image, err := loadImage()
	if err != nil {
		return "", contract.Fail(contract.CodeEnvironment, err, "")
	}
	if err := events.Run("network", func() error { return prepare(config) }); err != nil {
		return "", err
	}
	if err := writeKubeadmConfig(config, image, report.CgroupV1); err != nil {
		return "", err
	}
	if err := startControlPlane(ctx, config, events); err != nil {
		return "", err
	}
	if err := buildCluster(ctx, config, events); err != nil {
		return "", err
	}
	kubeconfig, err := os.ReadFile(adminConf)
	return string(kubeconfig), contract.Fail(contract.CodeInternal, err, "")
}

func writeKubeadmConfig(config *contract.Config, image *Image, cgroupV1 bool) error {
	content, err := render(initDocuments(config, image, cgroupV1), config.KubeadmConfigPatches)
	if err != nil {
		return err
	}
	// It holds the bootstrap token.
	if err := writeSecret(kubeadmConfig, content); err != nil {
		return contract.Fail(contract.CodeInternal, err, "")
	}
	if err := os.MkdirAll(patchesDir, 0o755); err != nil {
		return contract.Fail(contract.CodeInternal, err, "")
	}
	for name, patch := range staticPodPatches() {
		if err := os.WriteFile(filepath.Join(patchesDir, name), []byte(patch), 0o644); err != nil {
			return contract.Fail(contract.CodeInternal, err, "")
		}
	}
	return nil
}

// startControlPlane lets kubeadm write certificates, kubeconfigs and static
// pods, while systemd and containerd still come up, and starts the kubelet.
func startControlPlane(ctx context.Context, config *contract.Config, events *contract.Events) error {
	work := newGroup(ctx)
	work.Go(func(ctx context.Context) error {
		step := events.Start("containerd")
		if err := patchContainerd(ctx, config.ContainerdConfigPatches); err != nil {
			return step.End(err)
		}
		return step.End(startUnits(ctx, config.Role))
	})
	work.Go(func(ctx context.Context) error {
		phases := newKubeadmSteps(events)
		err := kubeadm(ctx, phases.line, "init", "--config", kubeadmConfig,
			"--skip-phases", strings.Join(lateInitPhases, ","))
		return phases.end(err)
	})
	if err := work.Wait(); err != nil {
		return err
	}
	// kubeadm started the kubelet, unless systemd was not up by then.
	return events.Run("kubelet", func() error {
		return program(ctx, contract.CodeKubeadm, nil, "systemctl", "start", "kubelet.service")
	})
}

// buildCluster does, all at once, what needs the API server.
func buildCluster(ctx context.Context, config *contract.Config, events *contract.Events) error {
	addons := newGroup(ctx)
	var manifests []map[string]any
	addons.Go(func(ctx context.Context) (err error) {
		manifests, err = addonManifests(ctx, config)
		return err
	})
	client, err := awaitAPI(ctx, events)
	if err != nil {
		return err
	}
	if err := addons.Wait(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, joinTimeout,
		contract.Failf(contract.CodeNotReady, "the cluster was not set up within %s", joinTimeout))
	defer cancel()
	if err := ensureFoundation(ctx, client); err != nil {
		return contract.Fail(contract.CodeControlPlane, err, "")
	}
	work := newGroup(ctx)
	work.Go(func(ctx context.Context) error { return openForWorkers(ctx, client, manifests, events) })
	work.Go(func(ctx context.Context) error {
		return events.Run("add-ons", func() error { return ensureAll(ctx, client, others(manifests)) })
	})
	work.Go(func(ctx context.Context) error { return awaitOwnNode(ctx, client, config, events) })
	if err := work.Wait(); err != nil {
		return because(ctx, err)
	}
	return nil
}

// because prefers the reason for which ctx ended.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil && cause != ctx.Err() {
		return cause
	}
	return err
}

// ensureFoundation makes what the API server would make a moment later, and
// what kubeadm makes first, so that nothing needs to wait for it.
func ensureFoundation(ctx context.Context, client *kube.Client) error {
	foundation := []map[string]any{{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
		"metadata": object{"name": "kubeadm:cluster-admins"},
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
		"subjects": []any{object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "kubeadm:cluster-admins"}},
	}}
	for _, name := range []string{"kube-system", "kube-public"} {
		foundation = append(foundation, map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name},
		})
	}
	return ensureAll(ctx, client, foundation)
}

// openForWorkers uploads what a joining node reads, then says so.
func openForWorkers(ctx context.Context, client *kube.Client, manifests []map[string]any, events *contract.Events) error {
	step := events.Start("open-for-workers")
	work := newGroup(ctx)
	for _, phase := range [][]string{{"upload-config", "all"}, {"bootstrap-token"}} {
		work.Go(func(ctx context.Context) error {
			args := append([]string{"init", "phase"}, phase...)
			return kubeadm(ctx, nil, append(args, "--config", kubeadmConfig, "--kubeconfig", superAdminConf)...)
		})
	}
	// A joining node reads kube-proxy's configuration too.
	work.Go(func(ctx context.Context) error { return ensureAll(ctx, client, kubeProxy(manifests)) })
	if err := work.Wait(); err != nil {
		return step.End(err)
	}
	authority, err := os.ReadFile("/etc/kubernetes/pki/ca.crt")
	if err != nil {
		return step.End(contract.Fail(contract.CodeInternal, err, ""))
	}
	step.Done("")
	events.Joinable(string(authority))
	return nil
}

// node is the part of a Node object that matters here.
type node struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
}

// watchNode waits until the node named name meets the condition.
func watchNode(ctx context.Context, client *kube.Client, name string, condition func(*node) bool) (*node, error) {
	found := &node{}
	err := client.WatchUntil(ctx, "/api/v1/nodes", "metadata.name="+name, func(raw json.RawMessage) (bool, error) {
		*found = node{}
		if err := json.Unmarshal(raw, found); err != nil {
			return false, err
		}
		return condition(found), nil
	})
	return found, err
}

// awaitOwnNode marks the control plane as soon as it is registered.
func awaitOwnNode(ctx context.Context, client *kube.Client, config *contract.Config, events *contract.Events) error {
	step := events.Start("node-registered")
	_, err := watchNode(ctx, client, config.Node, func(*node) bool { return true })
	if step.End(contract.Fail(contract.CodeNotReady, err, "")) != nil {
		return err
	}
	work := newGroup(ctx)
	work.Go(func(ctx context.Context) error { return markControlPlane(ctx, client, config) })
	// The kubelet is registered, so it has stored its certificate.
	work.Go(func(context.Context) error { return contract.Fail(contract.CodeInternal, rotateKubelet(), "") })
	return work.Wait()
}

func markControlPlane(ctx context.Context, client *kube.Client, config *contract.Config) error {
	if err := kubeadm(ctx, nil, "init", "phase", "mark-control-plane", "--config", kubeadmConfig); err != nil {
		return err
	}
	if !config.RemoveControlPlaneTaint {
		return nil
	}
	// The control plane runs the users' pods, so load balancers must find it.
	return client.MergePatch(ctx, "/api/v1/nodes/"+config.Node, object{"metadata": object{"labels": object{
		"node.kubernetes.io/exclude-from-external-load-balancers": nil,
	}}})
}

// rotateKubelet does what kubeadm's phase kubelet-finalize does: the kubelet's
// kubeconfig names the rotating certificate instead of holding the first one.
// kubeadm would restart the kubelet for it; the running one rotates its
// certificate anyway, and the next one reads the file.
func rotateKubelet() error {
	if _, err := os.Stat(rotatingCertificate); err != nil {
		return err
	}
	content, err := os.ReadFile(kubeletConf)
	if err != nil {
		return err
	}
	rotated, err := nameCertificate(content, rotatingCertificate)
	if err != nil {
		return fmt.Errorf("%s: %w", kubeletConf, err)
	}
	return writeSecret(kubeletConf, rotated)
}

func nameCertificate(kubeconfig []byte, path string) ([]byte, error) {
	var document map[string]any
	if err := yaml.Unmarshal(kubeconfig, &document); err != nil {
		return nil, err
	}
	users, _ := document["users"].([]any)
	for _, entry := range users {
		named, _ := entry.(map[string]any)
		user, _ := named["user"].(map[string]any)
		if user == nil {
			continue
		}
		delete(user, "client-certificate-data")
		delete(user, "client-key-data")
		user["client-certificate"], user["client-key"] = path, path
	}
	return yaml.Marshal(document)
}

func encoded(pem string) string { return base64.StdEncoding.EncodeToString([]byte(pem)) }
