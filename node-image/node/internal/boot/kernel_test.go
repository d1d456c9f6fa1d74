package boot

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSharedKernelIsCovered sees a copy with the value of each setting that
// there is, and mounts nothing over one that this kernel lacks.
func TestSharedKernelIsCovered(t *testing.T) {
	root, copies := t.TempDir(), filepath.Join(t.TempDir(), "copies")
	present := kernelSettings[:len(kernelSettings)-1]
	for _, name := range present {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mounted := map[string]string{}
	err := coverSettings(root, copies, func(source, target string) error {
		mounted[target] = source
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(mounted) != len(present) {
		t.Errorf("mounted %v", mounted)
	}
	for _, name := range present {
		content, err := os.ReadFile(mounted[filepath.Join(root, name)])
		if err != nil || string(content) != name+"\n" {
			t.Errorf("%s is covered by %q, %v", name, content, err)
		}
	}
}
