package contract

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

const initLine = `{"cluster":"demo","node":"demo-control-plane","role":"control-plane",
"network":{"address":"172.30.0.2","prefix":24,"podSubnet":"10.244.0.0/16","serviceSubnet":"10.96.0.0/12",
"peers":[{"node":"demo-worker","address":"172.30.0.3","underlay":"10.88.0.7"}]},
"controlPlane":"172.30.0.2","certSANs":["localhost","127.0.0.1"],
"kubeProxyMode":"nftables","cni":"flannel","labels":{"a":"b"},"taints":[{"key":"k","value":"v","effect":"NoSchedule"}],
"removeControlPlaneTaint":true,"bootstrapToken":"abcdef.0123456789abcdef",
"kubeadmConfigPatches":["kind: ClusterConfiguration"],"containerdConfigPatches":["x = 1"]}`

func TestParseConfigTakesTheContractsExample(t *testing.T) {
	config, err := ParseConfig([]byte(initLine), CommandInit)
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Network.Peers[0].Underlay.String(); got != "10.88.0.7" {
		t.Errorf("underlay %s", got)
	}
	if got := config.Network.APIService().String(); got != "10.96.0.1" {
		t.Errorf("API Service %s", got)
	}
	if got := config.Network.Prefixed().String(); got != "172.30.0.0/24" {
		t.Errorf("node network %s", got)
	}
}

// set changes one field of the example, by a path of keys.
func set(t *testing.T, value any, path ...string) []byte {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal([]byte(initLine), &config); err != nil {
		t.Fatal(err)
	}
	at := config
	for _, key := range path[:len(path)-1] {
		at = at[key].(map[string]any)
	}
	at[path[len(path)-1]] = value
	line, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestParseConfigRefuses(t *testing.T) {
	peers := func(fields map[string]any) []any {
		peer := map[string]any{"node": "w", "address": "172.30.0.3"}
		maps.Copy(peer, fields)
		return []any{peer}
	}
	cases := map[string]struct {
		line []byte
		want string
	}{
		"unknown field":           {set(t, 1, "surprise"), "surprise"},
		"unknown nested field":    {set(t, 1, "network", "surprise"), "surprise"},
		"bad cluster name":        {set(t, "Demo_", "cluster"), "cluster"},
		"worker on init":          {set(t, "worker", "role"), "init needs role"},
		"unknown role":            {set(t, "boss", "role"), "boss"},
		"bad token":               {set(t, "secret-token", "bootstrapToken"), "abcdef.0123456789abcdef"},
		"IPv6 address":            {set(t, "fd00::2", "network", "address"), "IPv4"},
		"prefix":                  {set(t, 31, "network", "prefix"), "prefix"},
		"overlapping subnets":     {set(t, "10.96.0.0/16", "network", "podSubnet"), "overlaps"},
		"subnet over node net":    {set(t, "172.30.0.0/16", "network", "serviceSubnet"), "overlaps the node network"},
		"peer outside":            {set(t, peers(map[string]any{"address": "10.0.0.1"}), "network", "peers"), "not in the node network"},
		"peer with own address":   {set(t, peers(map[string]any{"address": "172.30.0.2"}), "network", "peers"), "belongs to this node"},
		"other control plane":     {set(t, "172.30.0.9", "controlPlane"), "is not this node's address"},
		"unknown cni":             {set(t, "weave", "cni"), "weave"},
		"unknown proxy mode":      {set(t, "ebpf", "kubeProxyMode"), "ebpf"},
		"label of Kubernetes":     {set(t, map[string]any{"node-role.kubernetes.io/worker": ""}, "labels"), "does not let a node"},
		"taint without effect":    {set(t, []any{map[string]any{"key": "k"}}, "taints"), "effect"},
		"taint without key":       {set(t, []any{map[string]any{"effect": "NoExecute"}}, "taints"), "no key"},
		"trailing data":           {append(set(t, "demo", "cluster"), []byte(" {}")...), "more than one"},
		"peer underlay malformed": {set(t, peers(map[string]any{"underlay": "nowhere"}), "network", "peers"), "nowhere"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig(c.line, CommandInit)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not name %q", err, c.want)
			}
		})
	}
}

func TestBadTokenIsNotRepeated(t *testing.T) {
	_, err := ParseConfig(set(t, "abcdef.0123456789abcdeX", "bootstrapToken"), CommandInit)
	if err == nil || strings.Contains(err.Error(), "abcdeX") {
		t.Errorf("error %v", err)
	}
	_, err = ParseJoinMaterial([]byte(`{"caCert":"-----BEGIN CERTIFICATE-----","bootstrapToken":"geheim"}`))
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("error %v", err)
	}
}

func TestParseConfigForNetworkNeedsOnlyTheNetwork(t *testing.T) {
	line := `{"cluster":"demo","node":"demo-worker","role":"worker","network":{"address":"172.30.0.3","prefix":24,
	"podSubnet":"10.244.0.0/16","serviceSubnet":"10.96.0.0/12","peers":[{"node":"demo-control-plane","address":"172.30.0.2"}]}}`
	config, err := ParseConfig([]byte(line), CommandNetwork)
	if err != nil {
		t.Fatal(err)
	}
	if config.Network.Peers[0].Underlay.IsValid() {
		t.Error("an absent underlay address must stay unknown")
	}
	if _, err := ParseConfig([]byte(line), CommandJoin); err == nil {
		t.Error("join without controlPlane was accepted")
	}
}

func TestJoinMaterial(t *testing.T) {
	good := `{"caCert":"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n","bootstrapToken":"abcdef.0123456789abcdef"}`
	if _, err := ParseJoinMaterial([]byte(good)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		`{"caCert":"x","bootstrapToken":"abcdef.0123456789abcdef"}`,
		`{"caCert":"-----BEGIN CERTIFICATE-----","bootstrapToken":"abcdef.0123456789abcdef","extra":1}`,
		``, `[]`,
	} {
		if _, err := ParseJoinMaterial([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestStateSurvivesABoot(t *testing.T) {
	config, err := ParseConfig([]byte(initLine), CommandInit)
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	if state, err := LoadState(directory); state != nil || err != nil {
		t.Fatalf("a new node has state %v, error %v", state, err)
	}
	if err := StateOf(config).Save(directory); err != nil {
		t.Fatal(err)
	}
	state, err := LoadState(directory)
	if err != nil {
		t.Fatal(err)
	}
	if state.Network.Peers[0] != config.Network.Peers[0] || state.Network.Address != config.Network.Address {
		t.Errorf("loaded %+v", state)
	}
	content, _ := json.Marshal(state)
	if strings.Contains(string(content), "0123456789abcdef") {
		t.Error("the saved state holds the token")
	}
}
