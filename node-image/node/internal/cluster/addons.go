package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/kube"
	"apple-k8s.dev/node/internal/merge"
)

// manifestsDir holds the image's own add-ons, as templates.
const manifestsDir = contract.StateDir + "/manifests"

// addonManifests gives the objects of all add-ons. kube-proxy's and CoreDNS's
// are kubeadm's own, which it prints without an API server; so that they are
// ready when the server is.
func addonManifests(ctx context.Context, config *contract.Config) ([]map[string]any, error) {
	var manifests []map[string]any
	phases := []string{"coredns"}
	if config.KubeProxyMode != contract.ProxyNone {
		phases = append(phases, "kube-proxy")
	}
	for _, phase := range phases {
		out, err := capture(ctx, contract.CodeKubeadm, "kubeadm", "init", "phase", "addon", phase,
			"--config", kubeadmConfig, "--print-manifest")
		if err != nil {
			return nil, err
		}
		objects, err := printedObjects(out)
		if err != nil {
			return nil, contract.Fail(contract.CodeKubeadm, fmt.Errorf("what kubeadm printed for %s: %w", phase, err), "")
		}
		manifests = append(manifests, objects...)
	}
	tuneDNS(manifests, len(config.Network.Peers) == 0)
	own, err := ownManifests(config)
	return append(manifests, own...), contract.Fail(contract.CodeInternal, err, "")
}

// printedObjects reads what kubeadm prints: remarks, then documents, and in
// one of them a version that only an update may carry.
func printedObjects(out []byte) ([]map[string]any, error) {
	_, stream, _ := strings.Cut("\n"+string(out), "\n---")
	objects, err := merge.Documents([]byte(stream))
	for _, printed := range objects {
		delete(dig(printed, "metadata"), "resourceVersion")
	}
	return objects, err
}

// tuneDNS fits kubeadm's CoreDNS to a node that starts in seconds: it is asked
// every second whether it is ready, not every ten (a startup probe would not
// help: the readiness probe keeps its own time after it); and a single node runs one
// replica, since a second one on the same node protects from nothing.
func tuneDNS(manifests []map[string]any, singleNode bool) {
	for index, manifest := range manifests {
		if manifest["kind"] != "Deployment" || name(manifest) != "coredns" {
			continue
		}
		spec := manifest["spec"].(map[string]any)
		if singleNode {
			spec["replicas"] = 1
		}
		containers := dig(spec, "template", "spec")["containers"].([]any)
		for at, container := range containers {
			containers[at] = merge.Patch(container, object{"readinessProbe": object{"periodSeconds": 1}})
		}
		// kubeadm's manifest carries an empty status, which a client may not set.
		delete(manifest, "status")
		manifests[index] = manifest
	}
}

func dig(from map[string]any, path ...string) map[string]any {
	for _, key := range path {
		from, _ = from[key].(map[string]any)
	}
	return from
}

func name(manifest map[string]any) string {
	text, _ := dig(manifest, "metadata")["name"].(string)
	return text
}

// ownManifests are the pod network and the storage.
func ownManifests(config *contract.Config) ([]map[string]any, error) {
	values := map[string]string{
		"PodSubnet": config.Network.PodSubnet.String(), "ControlPlane": config.Network.Address.String(),
	}
	files := []string{"local-path.yaml"}
	if config.CNI == contract.CNIFlannel {
		files = append(files, "flannel.yaml")
	}
	var manifests []map[string]any
	for _, file := range files {
		objects, err := renderManifest(filepath.Join(manifestsDir, file), values)
		if err != nil {
			return nil, err
		}
		manifests = append(manifests, objects...)
	}
	return manifests, fitFlannel(manifests, config.KubeProxyMode)
}

// fitFlannel lets flannel program what kube-proxy programs: a cluster that was
// asked for without nftables may run on a kernel that has none.
func fitFlannel(manifests []map[string]any, proxyMode string) error {
	for _, manifest := range manifests {
		data := dig(manifest, "data")
		text, found := data["net-conf.json"].(string)
		if !found {
			continue
		}
		var settings map[string]any
		if err := json.Unmarshal([]byte(text), &settings); err != nil {
			return fmt.Errorf("flannel's net-conf.json: %w", err)
		}
		settings["EnableNFTables"] = proxyMode != "iptables" && proxyMode != "ipvs"
		fitted, err := json.Marshal(settings)
		if err != nil {
			return err
		}
		data["net-conf.json"] = string(fitted)
	}
	return nil
}

func renderManifest(path string, values map[string]string) ([]map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New(path).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, values); err != nil {
		return nil, err
	}
	objects, err := merge.Documents(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return objects, nil
}

// kubeProxy selects what belongs to kube-proxy; others gives the rest.
func kubeProxy(manifests []map[string]any) []map[string]any {
	return selectManifests(manifests, isKubeProxy)
}

func others(manifests []map[string]any) []map[string]any {
	return selectManifests(manifests, func(m map[string]any) bool { return !isKubeProxy(m) })
}

func isKubeProxy(manifest map[string]any) bool {
	return name(manifest) == "kube-proxy" || name(manifest) == "kubeadm:node-proxier"
}

func selectManifests(manifests []map[string]any, wanted func(map[string]any) bool) []map[string]any {
	var selected []map[string]any
	for _, manifest := range manifests {
		if wanted(manifest) {
			selected = append(selected, manifest)
		}
	}
	return selected
}

// ensureAll creates objects at the same time, namespaces before the rest.
func ensureAll(ctx context.Context, client *kube.Client, manifests []map[string]any) error {
	isNamespace := func(m map[string]any) bool { return m["kind"] == "Namespace" }
	for _, batch := range [][]map[string]any{
		selectManifests(manifests, isNamespace),
		selectManifests(manifests, func(m map[string]any) bool { return !isNamespace(m) }),
	} {
		work := newGroup(ctx)
		for _, manifest := range batch {
			work.Go(func(ctx context.Context) error {
				if err := ensure(ctx, client, manifest); err != nil {
					err = fmt.Errorf("create %v %s: %w", manifest["kind"], name(manifest), err)
					return contract.Fail(contract.CodeAddons, err, "")
				}
				return nil
			})
		}
		if err := work.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// ensure creates one object. A server that has just begun to answer refuses
// some that it takes a moment later (Services, while it has no address range):
// what failed is tried again when the server says that it is ready.
func ensure(ctx context.Context, client *kube.Client, manifest map[string]any) error {
	if client.Ensure(ctx, manifest) == nil {
		return nil
	}
	for client.Get(ctx, "/readyz", nil) != nil && ctx.Err() == nil {
		pause(ctx, apiRetry)
	}
	return client.Ensure(ctx, manifest)
}
