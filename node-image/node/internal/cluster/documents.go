package cluster

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/merge"
)

type object = map[string]any

const (
	kubeadmAPI = "kubeadm.k8s.io/v1beta4"
	criSocket  = "unix:///run/containerd/containerd.sock"
	apiPort    = 6443
	// patchesDir holds our patches of kubeadm's static pods; `kubeadm upgrade`
	// can be pointed at it as well.
	patchesDir = contract.StateDir + "/kubeadm-patches"
)

// kinds of kubeadm documents that a patch may name although this node's role
// does not use them: one list of patches serves all nodes.
var kinds = []string{
	"InitConfiguration", "ClusterConfiguration", "JoinConfiguration", "KubeletConfiguration", "KubeProxyConfiguration",
}

// initDocuments is kubeadm's configuration of a control plane.
func initDocuments(c *contract.Config, image *Image, cgroupV1 bool) []map[string]any {
	return []map[string]any{
		{
			"apiVersion": kubeadmAPI, "kind": "InitConfiguration",
			"bootstrapTokens": []any{object{
				// For the nodes that join now; a later one gets a token of its own.
				"token": c.BootstrapToken, "ttl": "1h0m0s", "usages": []any{"signing", "authentication"},
				"groups": []any{"system:bootstrappers:kubeadm:default-node-token"},
			}},
			"localAPIEndpoint": object{"advertiseAddress": c.Network.Address.String(), "bindPort": apiPort},
			"nodeRegistration": nodeRegistration(c, controlPlaneTaints(c)),
			"patches":          object{"directory": patchesDir},
		},
		clusterConfiguration(c, image),
		kubeletConfiguration(cgroupV1),
		kubeProxyConfiguration(c),
	}
}

func clusterConfiguration(c *contract.Config, image *Image) object {
	// One control plane: an election only makes a restarted node wait until
	// the lease of its former self runs out.
	noElection := arg("leader-elect", "false")
	cluster := object{
		"apiVersion": kubeadmAPI, "kind": "ClusterConfiguration",
		"clusterName":          c.Cluster,
		"kubernetesVersion":    image.kubernetes(),
		"controlPlaneEndpoint": endpoint(c.Network.Address),
		"encryptionAlgorithm":  "ECDSA-P256",
		"networking":           object{"podSubnet": c.Network.PodSubnet.String(), "serviceSubnet": c.Network.ServiceSubnet.String()},
		"apiServer": object{
			"certSANs": stringList(c.CertSANs),
			// The API gate listens on the same port while the server starts.
			"extraArgs": []any{arg("permit-port-sharing", "true")},
		},
		"controllerManager": object{"extraArgs": []any{
			noElection,
			// It asks for a token per controller when it starts, some hundred
			// requests; with the default it spends five seconds waiting for
			// its own limit.
			arg("kube-api-qps", "200"), arg("kube-api-burst", "400"),
		}},
		"etcd": object{"local": object{"extraArgs": []any{
			// A single member elects itself; the default, made for networks
			// between members, only makes it wait a second first. Shorter
			// heartbeats would gain a little more and cost power for ever.
			arg("election-timeout", "500"),
		}}},
		"scheduler": object{"extraArgs": []any{noElection}},
	}
	if c.KubeProxyMode == contract.ProxyNone {
		// Else an upgrade would install it.
		cluster["proxy"] = object{"disabled": true}
	}
	return cluster
}

// kubeletConfiguration differs from kubeadm's defaults where a node is a
// container: its disk is shared, so that pressure on it is not the pods'
// doing, and swap is the host's affair.
func kubeletConfiguration(cgroupV1 bool) object {
	kubelet := object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"cgroupDriver":                "systemd",
		"failSwapOn":                  false,
		"imageGCHighThresholdPercent": 100,
		"evictionHard":                object{"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
		// A kubelet that starts again finds its node Ready, from before, and so
		// leaves out its quick looks; if it has to say that it is not ready yet,
		// it would take ten seconds to say that it is. A look costs next to
		// nothing: what has not changed is not sent.
		"nodeStatusUpdateFrequency": "1s",
		"nodeStatusReportFrequency": "5m",
	}
	if cgroupV1 {
		kubelet["cgroupDriver"] = "cgroupfs"
		kubelet["cgroupRoot"] = "/"
		kubelet["failCgroupV1"] = false
	}
	return kubelet
}

func kubeProxyConfiguration(c *contract.Config) object {
	proxy := object{
		"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
		// The host reaches a node at an address that Kubernetes does not know.
		"nodePortAddresses": []any{"0.0.0.0/0"},
		// Connection tracking belongs to the kernel's owner.
		"conntrack": object{"maxPerCore": 0},
	}
	if c.KubeProxyMode != contract.ProxyNone {
		proxy["mode"] = c.KubeProxyMode
	}
	return proxy
}

// joinDocuments is kubeadm's configuration of a worker. The kubelet's own
// configuration comes from the cluster.
func joinDocuments(c *contract.Config, discoveryFile, token string) []map[string]any {
	return []map[string]any{{
		"apiVersion": kubeadmAPI, "kind": "JoinConfiguration",
		"discovery":        object{"file": object{"kubeConfigPath": discoveryFile}, "tlsBootstrapToken": token},
		"nodeRegistration": nodeRegistration(c, taintList(c.Taints)),
	}}
}

func nodeRegistration(c *contract.Config, taints []any) object {
	args := []any{arg("node-ip", c.Network.Address.String())}
	if len(c.Labels) > 0 {
		args = append(args, arg("node-labels", labelList(c.Labels)))
	}
	return object{"name": c.Node, "criSocket": criSocket, "taints": taints, "kubeletExtraArgs": args}
}

func labelList(labels map[string]string) string {
	var pairs []string
	for key, value := range labels {
		pairs = append(pairs, key+"="+value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

func controlPlaneTaints(c *contract.Config) []any {
	taints := taintList(c.Taints)
	if !c.RemoveControlPlaneTaint {
		taints = append(taints, object{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"})
	}
	return taints
}

// taintList is never nil: no taints is something else to kubeadm than the
// default taints.
func taintList(taints []contract.Taint) []any {
	list := []any{}
	for _, taint := range taints {
		entry := object{"key": taint.Key, "effect": taint.Effect}
		if taint.Value != "" {
			entry["value"] = taint.Value
		}
		list = append(list, entry)
	}
	return list
}

func arg(name, value string) object { return object{"name": name, "value": value} }

func stringList(values []string) []any {
	list := []any{}
	for _, value := range values {
		list = append(list, value)
	}
	return list
}

func endpoint(address netip.Addr) string {
	return netip.AddrPortFrom(address, apiPort).String()
}

// render applies the users' patches and writes kubeadm's configuration file.
func render(documents []map[string]any, patches []string) ([]byte, error) {
	if err := merge.ByKind(documents, patches, kinds...); err != nil {
		return nil, contract.Fail(contract.CodeBadConfig, err, "")
	}
	var out bytes.Buffer
	if err := merge.WriteDocuments(&out, documents); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// staticPodPatches let the kubelet look at the control plane from its first
// second on: with kubeadm's probes a server that answers at once is Ready only
// after ten seconds.
func staticPodPatches() map[string]string {
	patches := map[string]string{}
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"} {
		patches[name+"+strategic.yaml"] = `spec:
  containers:
  - name: ` + name + `
    startupProbe:
      initialDelaySeconds: 0
      periodSeconds: 1
      failureThreshold: 240
`
	}
	return patches
}
