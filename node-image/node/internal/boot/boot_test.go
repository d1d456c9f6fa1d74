package boot

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/merge"
)

func testNetwork() contract.Network {
	return contract.Network{
		Address: netip.MustParseAddr("172.30.0.2"), Prefix: 24,
		PodSubnet: netip.MustParsePrefix("10.244.0.0/16"), ServiceSubnet: netip.MustParsePrefix("10.96.0.0/12"),
		Peers: []contract.Peer{{Node: "demo-worker", Address: netip.MustParseAddr("172.30.0.3")}},
	}
}

func TestHostsNamesMeanStableAddresses(t *testing.T) {
	network := testNetwork()
	got := hosts("127.0.0.1 localhost\n10.88.0.5\tdemo-control-plane other # demo-worker\n10.88.0.6 demo-worker\n# note\n\nfe00::0 ip6",
		"demo-control-plane", &network)
	want := "127.0.0.1 localhost\n10.88.0.5\tother\n# note\n\nfe00::0 ip6\n172.30.0.2\tdemo-control-plane\n172.30.0.3\tdemo-worker\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if again := hosts(got, "demo-control-plane", &network); again != got {
		t.Errorf("a second run gives\n%s", again)
	}
}

func TestMachineIDIsOwnAndStays(t *testing.T) {
	state, path := t.TempDir(), filepath.Join(t.TempDir(), "machine-id")
	if err := os.WriteFile(path, []byte("uninitialized\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if err := fixMachineID(path, state); err != nil {
		t.Fatal(err)
	}
	first := read()
	if !machineIDRule.MatchString(strings.TrimSpace(first)) {
		t.Fatalf("machine id %q", first)
	}
	// The next boot, with whatever the image had.
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := fixMachineID(path, state); err != nil {
		t.Fatal(err)
	}
	if read() != first {
		t.Error("the machine id changed at the second boot")
	}
	other := t.TempDir()
	if err := fixMachineID(path, other); err != nil {
		t.Fatal(err)
	}
	if read() == first {
		t.Error("two nodes have one machine id")
	}
}

func TestUUID(t *testing.T) {
	uuid, err := uuidOf("00112233445566778899aabbccddeeff")
	if err != nil || uuid != "00112233-4455-6677-8899-aabbccddeeff" {
		t.Errorf("uuid %q, error %v", uuid, err)
	}
	if _, err := uuidOf("short"); err == nil {
		t.Error("a malformed machine id was accepted")
	}
}

func TestContainerdFitsTheHost(t *testing.T) {
	type options struct {
		Plugins map[string]struct {
			RestrictOOMScoreAdj bool `toml:"restrict_oom_score_adj"`
			Containerd          struct {
				Runtimes map[string]struct {
					Options struct{ SystemdCgroup bool }
				}
			}
		}
	}
	for _, c := range []struct{ v1, mayRaise bool }{{true, false}, {false, true}, {false, false}} {
		text, err := merge.TOML([]byte("version = 3\n"), []string{containerdFit(c.v1, c.mayRaise)})
		if err != nil {
			t.Fatal(err)
		}
		var got options
		if err := toml.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		plugin := got.Plugins["io.containerd.cri.v1.runtime"]
		for _, runtime := range []string{"runc", "test-handler"} {
			if plugin.Containerd.Runtimes[runtime].Options.SystemdCgroup == c.v1 {
				t.Errorf("cgroup v1 %t: %s has SystemdCgroup %t", c.v1, runtime, !c.v1)
			}
		}
		if plugin.RestrictOOMScoreAdj == c.mayRaise {
			t.Errorf("CAP_SYS_RESOURCE %t: restrict_oom_score_adj %t", c.mayRaise, plugin.RestrictOOMScoreAdj)
		}
	}
}

func TestKubeletArgumentsReachOnlyCgroupV1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kubelet")
	if err := fitKubelet(path, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a node with cgroup v2 got settings of cgroup v1")
	}
	if err := fitKubelet(path, true); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "KUBELET_EXTRA_ARGS=\""+kubeletV1+"\"\n" {
		t.Errorf("content %q, error %v", content, err)
	}
	for before, want := range map[string]string{
		"A=1\nKUBELET_EXTRA_ARGS=--v=4\n": "A=1\nKUBELET_EXTRA_ARGS=\"--v=4 --x=1\"\n",
		"KUBELET_EXTRA_ARGS=\"--v=4\"":    "KUBELET_EXTRA_ARGS=\"--v=4 --x=1\"\n",
		"KUBELET_EXTRA_ARGS=\"--x=1\"\n":  "KUBELET_EXTRA_ARGS=\"--x=1\"\n",
	} {
		if got := addKubeletArgs(before, "--x=1"); got != want {
			t.Errorf("%q became %q, want %q", before, got, want)
		}
	}
}

func TestProxyReachesUnitsButNotTheCluster(t *testing.T) {
	none := func(string) string { return "" }
	if got := proxySettings(none, nil); got != "" {
		t.Errorf("without a proxy: %q", got)
	}
	env := map[string]string{"HTTPS_PROXY": `http://u:p%20"@proxy:3128`, "NO_PROXY": "corp"}
	got := proxySettings(func(name string) string { return env[name] }, &contract.State{Network: testNetwork()})
	for _, want := range []string{
		`"HTTPS_PROXY=http://u:p%%20\"@proxy:3128"`,
		`"NO_PROXY=corp,localhost,127.0.0.1,.svc,.svc.cluster.local,172.30.0.0/24,10.244.0.0/16,10.96.0.0/12"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "http_proxy=") {
		t.Error("a proxy that is not set was passed on")
	}
}

func TestLimitsAreRaisedNeverLowered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limit")
	for before, want := range map[string]string{"128\n": "8192", "9000\n": "9000\n"} {
		if err := os.WriteFile(path, []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := raise(path, 8192); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != want {
			t.Errorf("%q became %q", before, got)
		}
	}
}

func TestMountTable(t *testing.T) {
	table := "29 1 0:5 / / rw - overlay overlay rw\n36 29 254:0 /d /var/lib/container-disk rw - ext4 /dev/vda rw\n"
	if !mountTableHas(table, "/var/lib/container-disk") || mountTableHas(table, "/var/lib/container") {
		t.Error("mount points are matched in part")
	}
}

func TestBakedSnapshotsAreLinkedNotCopied(t *testing.T) {
	image, disk := t.TempDir(), filepath.Join(t.TempDir(), "snapshotter")
	for _, id := range []string{"1", "27"} {
		if err := os.MkdirAll(filepath.Join(image, "snapshots", id, "fs"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(image, "metadata.db"), []byte("db"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A boot that was cut short left this behind.
	if err := os.MkdirAll(filepath.Join(disk+".partial", "snapshots", "9"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := prepareSnapshots(disk, image, "/run/baked"); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(filepath.Join(disk, "snapshots", "27")); err != nil || target != "/run/baked/snapshots/27" {
		t.Errorf("link to %q, error %v", target, err)
	}
	if content, err := os.ReadFile(filepath.Join(disk, "metadata.db")); err != nil || string(content) != "db" {
		t.Errorf("metadata %q, error %v", content, err)
	}
	if entries, _ := os.ReadDir(filepath.Join(disk, "snapshots")); len(entries) != 2 {
		t.Errorf("%d snapshots, want 2", len(entries))
	}
}

func TestUnitsOnlyOnNodesOfOurs(t *testing.T) {
	for role, want := range map[string]int{"": 0, contract.RoleWorker: 2, contract.RoleControlPlane: 3} {
		directory := t.TempDir()
		var state *contract.State
		if role != "" {
			state = &contract.State{Role: role}
		}
		for range 2 { // a reboot without a new /run
			if err := writeUnits(directory, state); err != nil {
				t.Fatal(err)
			}
		}
		wanted, _ := filepath.Glob(filepath.Join(directory, "multi-user.target.wants", "*"))
		if len(wanted) != want {
			t.Errorf("role %q starts %v", role, wanted)
		}
		for _, link := range wanted {
			if _, err := os.Stat(link); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestContainerProcessesAreChildrenOfShims(t *testing.T) {
	proc := t.TempDir()
	for pid, stat := range map[string]string{
		"1":  "1 (systemd) S 0 1 1",
		"70": "70 (containerd-shim) S 1 70 70",
		"80": "80 (etcd) S 70 80 80",
		"81": "81 (a) b (c) S 70 81 81",
		"90": "90 (helper) S 80 80 80",
		"95": "95 (kubelet) S 1 95 95",
	} {
		if err := os.MkdirAll(filepath.Join(proc, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := containerProcesses(proc)
	if err != nil {
		t.Fatal(err)
	}
	names := map[int]string{}
	for _, p := range found {
		names[p.pid] = p.name
	}
	if len(names) != 2 || names[80] != "etcd" || names[81] != "a) b (c" {
		t.Errorf("found %v", names)
	}
}

func TestHostCgroupsAreLeft(t *testing.T) {
	own := "406 357 0:37 / /sys/fs/cgroup/systemd rw shared:52 - cgroup systemd rw,name=systemd\n"
	host := "414 406 0:37 /../.. /sys/fs/cgroup/systemd rw shared:60 - cgroup cgroup rw,name=systemd\n"
	agent := "180 414 0:93 /null /sys/fs/cgroup/systemd/release_agent rw - tmpfs tmpfs rw\n"
	memory := "380 357 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	if target, found := foreignCgroup(memory + own + host + agent); !found || target != "/sys/fs/cgroup/systemd" {
		t.Errorf("found %t %q", found, target)
	}
	for name, table := range map[string]string{
		"only the container's own": memory + own,
		// Nothing of the container's own is below: systemd would have no hierarchy.
		"only the host's":     memory + host,
		"own mount is on top": host + own,
		"cgroup v2":           "30 29 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
	} {
		if target, found := foreignCgroup(table); found {
			t.Errorf("%s: would unmount %s", name, target)
		}
	}
}

func TestKindsNodeFollowsItsAddress(t *testing.T) {
	root := t.TempDir()
	write := func(path, content string) {
		t.Helper()
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path string) string {
		content, _ := os.ReadFile(filepath.Join(root, path))
		return string(content)
	}
	readdress := func(now string, want bool) {
		t.Helper()
		certificates, err := readdressKind(root, netip.MustParseAddr(now))
		if err != nil || certificates != want {
			t.Fatalf("to %s: certificates %t, error %v", now, certificates, err)
		}
	}
	// First boot: kind has not written anything yet.
	write("kind/version", "v1.37.1")
	readdress("10.89.0.5", false)
	write(kindOldIP, "10.89.0.5\n")
	write(kindConfig, "advertiseAddress: 10.89.0.5\n")
	write("etc/kubernetes/admin.conf", "server: https://10.89.0.5:6443\n")
	write("etc/kubernetes/manifests/etcd.yaml", "- --listen=https://10.89.0.5:2379,https://10.89.0.50:1\n")
	write("var/lib/kubelet/kubeadm-flags.env", "--node-ip=10.89.0.5")
	for _, name := range []string{"apiserver.crt", "apiserver.key", "etcd/peer.crt", "ca.crt", "ca.key"} {
		write("etc/kubernetes/pki/"+name, "x")
	}
	readdress("10.89.0.5", false) // the same address: nothing to do
	readdress("10.89.0.9", true)
	readdress("10.89.0.9", true) // the first time was cut short
	for path, want := range map[string]string{
		kindConfig:                           "advertiseAddress: 10.89.0.9\n",
		"etc/kubernetes/admin.conf":          "server: https://10.89.0.9:6443\n",
		"etc/kubernetes/manifests/etcd.yaml": "- --listen=https://10.89.0.9:2379,https://10.89.0.50:1\n",
		"var/lib/kubelet/kubeadm-flags.env":  "--node-ip=10.89.0.9",
		"etc/kubernetes/pki/apiserver.crt":   "",
		"etc/kubernetes/pki/ca.crt":          "x",
	} {
		if got := read(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestProcessesMakeRoomForControllers(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"cgroup.controllers": "cpu memory\n", "cgroup.procs": "1\n0\n42\n", "cgroup.subtree_control": "",
		"init.scope/cgroup.procs": "",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := openCgroups(root); err != nil {
		t.Fatal(err)
	}
	// Plain files keep the last write.
	if moved, _ := os.ReadFile(filepath.Join(root, "init.scope", "cgroup.procs")); string(moved) != "42" {
		t.Errorf("moved %q", moved)
	}
	if enabled, _ := os.ReadFile(filepath.Join(root, "cgroup.subtree_control")); string(enabled) != "+memory" {
		t.Errorf("enabled %q", enabled)
	}
}

func TestNewClusterIsNotBehindTheProxy(t *testing.T) {
	network := testNetwork()
	path := filepath.Join(t.TempDir(), "kubelet")
	for _, name := range proxyVariables {
		t.Setenv(name, "")
	}
	if err := keepInside(path, &network); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("without a proxy the kubelet's environment was written")
	}
	t.Setenv("https_proxy", "http://proxy:3128")
	t.Setenv("NO_PROXY", "corp")
	t.Setenv("no_proxy", "")
	if err := os.WriteFile(path, []byte("KUBELET_EXTRA_ARGS=\"--v=2\"\nNO_PROXY=old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := keepInside(path, &network); err != nil {
		t.Fatal(err)
	}
	inside := "localhost,127.0.0.1,.svc,.svc.cluster.local,172.30.0.0/24,10.244.0.0/16,10.96.0.0/12"
	want := "KUBELET_EXTRA_ARGS=\"--v=2\"\nNO_PROXY=\"corp," + inside + "\"\nno_proxy=\"" + inside + "\"\n"
	if content, _ := os.ReadFile(path); string(content) != want {
		t.Errorf("kubelet's environment is\n%s\nwant\n%s", content, want)
	}
	// kubeadm, which passes its environment on to the control plane, inherits it.
	if got := os.Getenv("no_proxy"); got != inside {
		t.Errorf("no_proxy is %q", got)
	}
}
