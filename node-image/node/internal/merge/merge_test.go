package merge

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// The table of RFC 7386, appendix A.
func TestPatchIsRFC7386(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		target := decode(t, c[0])
		if got := Patch(target, decode(t, c[1])); !reflect.DeepEqual(got, decode(t, c[2])) {
			t.Errorf("%s patched by %s is %v, want %s", c[0], c[1], got, c[2])
		}
		if !reflect.DeepEqual(target, decode(t, c[0])) {
			t.Errorf("patching changed the target %s", c[0])
		}
	}
}

func TestArgumentsMergeByName(t *testing.T) {
	for _, c := range [][3]string{
		{`[{"name":"a","value":"1"},{"name":"b","value":"2"}]`, `[{"name":"a","value":"3"}]`,
			`[{"name":"a","value":"3"},{"name":"b","value":"2"}]`},
		{`[{"name":"a","value":"1"}]`, `[{"name":"c","value":"3"}]`,
			`[{"name":"a","value":"1"},{"name":"c","value":"3"}]`},
		{`null`, `[{"name":"c","value":"3"}]`, `[{"name":"c","value":"3"}]`},
		{`["a"]`, `["b"]`, `["b"]`},
		{`[{"name":"a","value":"1"}]`, `[{"name":"a","key":"k"}]`, `[{"name":"a","key":"k"}]`},
	} {
		documents := []map[string]any{{"kind": "K", "args": decode(t, c[0])}}
		patch := `{"kind":"K","args":` + c[1] + `}`
		if err := ByKind(documents, []string{patch}); err != nil {
			t.Fatal(err)
		}
		if got := documents[0]["args"]; !reflect.DeepEqual(got, decode(t, c[2])) {
			t.Errorf("%s patched by %s is %v, want %s", c[0], c[1], got, c[2])
		}
	}
}

func documents() []map[string]any {
	return []map[string]any{
		{"kind": "ClusterConfiguration", "apiVersion": "kubeadm.k8s.io/v1beta4", "networking": map[string]any{"podSubnet": "10.244.0.0/16"}},
		{"kind": "InitConfiguration", "apiVersion": "kubeadm.k8s.io/v1beta4"},
	}
}

func TestPatchesFindTheirDocument(t *testing.T) {
	target := documents()
	err := ByKind(target, []string{
		"kind: ClusterConfiguration\nnetworking:\n  dnsDomain: example.org\n",
		"kind: InitConfiguration\nnodeRegistration:\n  name: x\n---\nkind: ClusterConfiguration\napiServer:\n  extraArgs: []\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"podSubnet": "10.244.0.0/16", "dnsDomain": "example.org"}
	if got := target[0]["networking"]; !reflect.DeepEqual(got, want) {
		t.Errorf("networking %v", got)
	}
	if target[0]["apiServer"] == nil || target[1]["nodeRegistration"] == nil {
		t.Errorf("a patch of two documents was lost: %v", target)
	}
}

func TestLostPatchesAreRefused(t *testing.T) {
	for patch, want := range map[string]string{
		"networking: {}":             "no kind",
		"kind: Clusterconfiguration": "no document of kind Clusterconfiguration",
		"kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1": "apiVersion kubeadm.k8s.io/v1",
		"kind: [":                             "patch 1",
		"kind: ClusterConfiguration\nkind: x": "patch 1",
	} {
		err := ByKind(documents(), []string{patch}, "JoinConfiguration")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one about %q", patch, err, want)
		}
	}
	// One list of patches serves all nodes.
	if err := ByKind(documents(), []string{"kind: JoinConfiguration"}, "JoinConfiguration"); err != nil {
		t.Error(err)
	}
}

func TestDocumentsOfKubeadmsPrinting(t *testing.T) {
	// kubeadm prints the marker and the next document on neighbouring lines
	// without a line break of their own.
	got, err := Documents([]byte("---\na: 1\n---\nb: 2\n---\nc: |\n  text\n---d: 4\n---\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || got[3]["d"] != float64(4) {
		t.Errorf("documents %v", got)
	}
}

func TestTOML(t *testing.T) {
	base := `version = 3
[plugins.'io.containerd.cri.v1.runtime'.containerd]
default_runtime_name = 'runc'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = true
`
	out, err := TOML([]byte(base), []string{
		"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nSystemdCgroup = false\n",
		"version = 2\n[plugins.x]\ny = 1\n",
		"version = 3\n[plugins.z]\nlist = ['a']\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	if err := toml.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if err := toml.Unmarshal([]byte(strings.Replace(base, "true", "false", 1)+"[plugins.z]\nlist = ['a']\n"), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s", out)
	}
	again, err := TOML(out, nil)
	if err != nil || string(again) != string(out) {
		t.Error("a second run changes the file, so containerd would restart for nothing")
	}
	if _, err := TOML([]byte(base), []string{"= broken"}); err == nil {
		t.Error("a broken patch was accepted")
	}
}
