package cluster

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/merge"
)

func testConfig() *contract.Config {
	return &contract.Config{
		Cluster: "demo", Node: "demo-control-plane", Role: contract.RoleControlPlane,
		Network: contract.Network{
			Address: netip.MustParseAddr("172.30.0.2"), Prefix: 24,
			PodSubnet: netip.MustParsePrefix("10.244.0.0/16"), ServiceSubnet: netip.MustParsePrefix("10.96.0.0/12"),
		},
		ControlPlane: "172.30.0.2", CertSANs: []string{"localhost"}, KubeProxyMode: "nftables", CNI: "flannel",
		Labels: map[string]string{"b": "2", "a": "1"}, BootstrapToken: "abcdef.0123456789abcdef",
	}
}

var testImage = &Image{Contract: 1, Versions: map[string]string{"kubernetes": "v1.37.1"}}

func rendered(t *testing.T, config *contract.Config, v1 bool) map[string]map[string]any {
	t.Helper()
	content, err := render(initDocuments(config, testImage, v1), config.KubeadmConfigPatches)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := merge.Documents(content)
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]map[string]any{}
	for _, document := range documents {
		byKind[document["kind"].(string)] = document
	}
	return byKind
}

func TestCgroupV1SettingsStayOnItsHosts(t *testing.T) {
	for _, v1 := range []bool{true, false} {
		kubelet := rendered(t, testConfig(), v1)["KubeletConfiguration"]
		wantDriver := "systemd"
		if v1 {
			wantDriver = "cgroupfs"
		}
		_, hasRoot := kubelet["cgroupRoot"]
		_, hasFail := kubelet["failCgroupV1"]
		if kubelet["cgroupDriver"] != wantDriver || hasRoot != v1 || hasFail != v1 {
			t.Errorf("cgroup v1 %t: %v", v1, kubelet)
		}
	}
}

// Who names only how often a kubelet looks also makes it report as often.
func TestKubeletLooksOftenerThanItReports(t *testing.T) {
	kubelet := rendered(t, testConfig(), false)["KubeletConfiguration"]
	looks, reports := kubelet["nodeStatusUpdateFrequency"], kubelet["nodeStatusReportFrequency"]
	if looks == nil || reports == nil || looks == reports {
		t.Errorf("looks every %v, reports every %v", looks, reports)
	}
}

func TestTaintsOfTheControlPlane(t *testing.T) {
	taints := func(config *contract.Config) string {
		registration := rendered(t, config, false)["InitConfiguration"]["nodeRegistration"].(map[string]any)
		text, _ := json.Marshal(registration["taints"])
		return string(text)
	}
	config := testConfig()
	if got := taints(config); got != `[{"effect":"NoSchedule","key":"node-role.kubernetes.io/control-plane"}]` {
		t.Errorf("taints %s", got)
	}
	config.RemoveControlPlaneTaint = true
	// An absent list would mean kubeadm's default taint.
	if got := taints(config); got != `[]` {
		t.Errorf("taints %s", got)
	}
	config.Taints = []contract.Taint{{Key: "k", Value: "v", Effect: "NoExecute"}}
	if got := taints(config); got != `[{"effect":"NoExecute","key":"k","value":"v"}]` {
		t.Errorf("taints %s", got)
	}
}

func TestDocumentsKnowOnlyTheStableAddress(t *testing.T) {
	byKind := rendered(t, testConfig(), false)
	if got := byKind["ClusterConfiguration"]["controlPlaneEndpoint"]; got != "172.30.0.2:6443" {
		t.Errorf("endpoint %v", got)
	}
	init := byKind["InitConfiguration"]
	if got := dig(init, "localAPIEndpoint")["advertiseAddress"]; got != "172.30.0.2" {
		t.Errorf("advertised %v", got)
	}
	args, _ := json.Marshal(dig(init, "nodeRegistration")["kubeletExtraArgs"])
	if string(args) != `[{"name":"node-ip","value":"172.30.0.2"},{"name":"node-labels","value":"a=1,b=2"}]` {
		t.Errorf("kubelet arguments %s", args)
	}
}

func TestKubeProxyStaysAway(t *testing.T) {
	config := testConfig()
	if proxy := rendered(t, config, false)["ClusterConfiguration"]["proxy"]; proxy != nil {
		t.Errorf("proxy %v", proxy)
	}
	config.KubeProxyMode = contract.ProxyNone
	if proxy := dig(rendered(t, config, false)["ClusterConfiguration"], "proxy"); proxy["disabled"] != true {
		t.Error("an upgrade would install kube-proxy")
	}
}

func TestPatchesOfAllNodesSuitEachRole(t *testing.T) {
	config := testConfig()
	config.KubeadmConfigPatches = []string{
		"kind: JoinConfiguration\nnodeRegistration:\n  imagePullPolicy: Never\n",
		"kind: KubeProxyConfiguration\nmetricsBindAddress: 0.0.0.0\n",
		"kind: ClusterConfiguration\napiServer:\n  certSANs: [a, b]\n",
	}
	byKind := rendered(t, config, false)
	if byKind["KubeProxyConfiguration"]["metricsBindAddress"] != "0.0.0.0" {
		t.Error("kube-proxy's patch was lost")
	}
	content, err := render(joinDocuments(config, discoveryFile, config.BootstrapToken), config.KubeadmConfigPatches)
	if err != nil || !bytes.Contains(content, []byte("imagePullPolicy: Never")) {
		t.Errorf("error %v in\n%s", err, content)
	}
}

func TestWhatKubeadmPrints(t *testing.T) {
	objects, err := printedObjects([]byte("[patches] Reading patches from path \"/x\"\n---apiVersion: v1\nkind: A\n" +
		"---\nkind: B\nmetadata:\n  name: b\n  resourceVersion: \"0\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(objects)
	if string(text) != `[{"apiVersion":"v1","kind":"A"},{"kind":"B","metadata":{"name":"b"}}]` {
		t.Errorf("objects %s", text)
	}
}

func TestDNSIsTunedNotReplaced(t *testing.T) {
	manifests := []map[string]any{
		{"kind": "Service", "metadata": object{"name": "kube-dns"}},
		{"kind": "Deployment", "metadata": object{"name": "coredns"}, "status": object{}, "spec": object{
			"replicas": 2.0,
			"template": object{"spec": object{"containers": []any{
				object{"name": "coredns", "readinessProbe": object{"httpGet": object{"path": "/ready"}}},
			}}},
		}},
	}
	tuneDNS(manifests, true)
	text, _ := json.Marshal(manifests[1])
	want := `{"kind":"Deployment","metadata":{"name":"coredns"},"spec":{"replicas":1,"template":{"spec":{"containers":[` +
		`{"name":"coredns","readinessProbe":{"httpGet":{"path":"/ready"},"periodSeconds":1}}]}}}}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
}

func TestKubeletsCertificateRotates(t *testing.T) {
	out, err := nameCertificate([]byte(`apiVersion: v1
kind: Config
current-context: c
users:
- name: system:node:n
  user:
    client-certificate-data: AAAA
    client-key-data: BBBB
`), "/pki/current.pem")
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	if strings.Contains(text, "-data") || strings.Count(text, "/pki/current.pem") != 2 || !strings.Contains(text, "current-context: c") {
		t.Errorf("got\n%s", text)
	}
}

func TestEndOfATransaction(t *testing.T) {
	message := func(kind uint16, payload int) []byte {
		length := unix.SizeofNlMsghdr + payload
		b := make([]byte, (length+3)&^3)
		binary.NativeEndian.PutUint32(b, uint32(length))
		binary.NativeEndian.PutUint16(b[4:], kind)
		return b
	}
	const rule, generation = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWRULE, unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN
	if newGeneration(message(rule, 21)) {
		t.Error("a rule in the middle of a transaction counts as its end")
	}
	if !newGeneration(append(message(rule, 21), message(generation, 8)...)) {
		t.Error("the end behind another message was missed")
	}
	if newGeneration([]byte{1, 0, 0}) || newGeneration(nil) {
		t.Error("a short message counts as the end")
	}
}

func TestStepsOfKubeadm(t *testing.T) {
	var out bytes.Buffer
	steps := newKubeadmSteps(contract.NewEvents(&out))
	for _, line := range []string{
		"[init] Using Kubernetes version: v1.37.1", "[certs] Using certificateDir", "[certs] Generating \"ca\"",
		"[kubeconfig] Writing", "etcd] not a phase", "W1123 warning",
	} {
		steps.line(line)
	}
	_ = steps.end(nil)
	var got []string
	for line := range strings.Lines(out.String()) {
		var event struct{ Phase, State string }
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		got = append(got, event.Phase+" "+event.State)
	}
	want := "certificates started,certificates done,kubeconfigs started,kubeconfigs done"
	if strings.Join(got, ",") != want {
		t.Errorf("got %v", got)
	}
}

func TestFlannelProgramsWhatKubeProxyPrograms(t *testing.T) {
	for mode, want := range map[string]string{
		"nftables": `{"Backend":{"Type":"host-gw"},"EnableNFTables":true}`,
		"none":     `{"Backend":{"Type":"host-gw"},"EnableNFTables":true}`,
		"iptables": `{"Backend":{"Type":"host-gw"},"EnableNFTables":false}`,
	} {
		manifests := []map[string]any{
			{"kind": "Namespace"},
			{"kind": "ConfigMap", "data": object{"net-conf.json": `{"EnableNFTables": true, "Backend": {"Type": "host-gw"}}`}},
		}
		if err := fitFlannel(manifests, mode); err != nil {
			t.Fatal(err)
		}
		if got := dig(manifests[1], "data")["net-conf.json"]; got != want {
			t.Errorf("%s: %v", mode, got)
		}
	}
}
