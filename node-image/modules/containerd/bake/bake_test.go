package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/platforms"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// What is baked must be what containerd takes for pulled and unpacked.
func TestBakedImagesAreUnpackedImages(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/layers/shared/bin/program", "shared")
	write(t, dir+"/layers/tools/bin/tool", "tool")
	write(t, dir+"/spec.json", `[
		{"kubeadm": "one", "layers": ["shared"], "config": {"Entrypoint": ["one"]}},
		{"kubeadm": "two", "layers": ["shared", "tools"]},
		{"names": ["example.org/three:v3"], "layers": ["tools"], "version": "v3"}]`)
	write(t, dir+"/kubeadm", "registry.example/one:v1\nregistry.example/sub/two:v2\n")
	root := dir + "/containerd"
	b := baking{root: root, arch: "arm64", layers: dir + "/layers", spec: dir + "/spec.json", kubeadm: dir + "/kubeadm"}
	if err := b.run(context.Background()); err != nil {
		t.Fatal(err)
	}

	ctx := namespaces.WithNamespace(context.Background(), "k8s.io")
	read := baking{root: root}
	end, err := read.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	arm := platforms.Only(ocispec.Platform{OS: "linux", Architecture: "arm64"})
	for name, layers := range map[string]int{"registry.example/one:v1": 1, "registry.example/sub/two:v2": 2, "example.org/three:v3": 1} {
		image, err := read.images.Get(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if image.Labels["io.cri-containerd.pinned"] != "pinned" {
			t.Errorf("%s: labels %v", name, image.Labels)
		}
		if ready, _, _, _, err := images.Check(ctx, read.content, image.Target, arm); err != nil || !ready {
			t.Errorf("%s: not ready: %v", name, err)
		}
		diffIDs, err := image.RootFS(ctx, read.content, arm)
		if err != nil || len(diffIDs) != layers {
			t.Errorf("%s: layers %v, %v", name, diffIDs, err)
		}
		if _, err := read.snapshots.Stat(ctx, identity.ChainID(diffIDs).String()); err != nil {
			t.Errorf("%s: not unpacked: %v", name, err)
		}
		config, err := image.Config(ctx, read.content, arm)
		if err != nil {
			t.Fatal(err)
		}
		if byID, err := read.images.Get(ctx, config.Digest.String()); err != nil || byID.Target.Digest != image.Target.Digest {
			t.Errorf("%s: cannot be found by its id: %v", name, err)
		}
	}

	var kept int
	err = read.snapshots.Walk(ctx, func(_ context.Context, info snapshots.Info) error {
		kept++
		if info.Kind != snapshots.KindCommitted {
			t.Errorf("snapshot %s is not finished", info.Name)
		}
		return nil
	})
	// shared; tools over shared; tools alone.
	if err != nil || kept != 3 {
		t.Errorf("%d snapshots, %v", kept, err)
	}
	// One file, however many snapshots hold it.
	original, _ := os.Stat(dir + "/layers/tools/bin/tool")
	copies, _ := filepath.Glob(root + "/*overlayfs/snapshots/*/fs/bin/tool")
	if len(copies) != 2 {
		t.Fatal(copies)
	}
	for _, path := range copies {
		if info, err := os.Stat(path); err != nil || !os.SameFile(original, info) {
			t.Errorf("%s is a copy", path)
		}
	}
}

// The same files give the same containerd directory, to the byte, whenever they
// are baked and whatever else lay in the folder that they came from.
func TestBakingTwiceGivesTheSameFiles(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	baked := func(age time.Duration) map[string]string {
		dir := t.TempDir()
		var images []string
		for i := range 12 {
			name := fmt.Sprintf("layer%02d", i)
			write(t, dir+"/layers/"+name+"/bin/"+name, strings.Repeat(name, i*1000))
			images = append(images, fmt.Sprintf(`{"names": ["example.org/%s:v1"], "layers": ["layer00", "%s"]}`, name, name))
		}
		past := time.Now().Add(-age)
		if err := os.Chtimes(dir+"/layers/layer00/bin/layer00", past, past); err != nil {
			t.Fatal(err)
		}
		write(t, dir+"/spec.json", "["+strings.Join(images[1:], ",")+"]")
		write(t, dir+"/kubeadm", "")
		b := baking{root: dir + "/containerd", arch: "arm64", layers: dir + "/layers", spec: dir + "/spec.json", kubeadm: dir + "/kubeadm"}
		if err := b.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		err := filepath.WalkDir(b.root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			files[strings.TrimPrefix(path, b.root)] = string(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	first, second := baked(0), baked(48*time.Hour)
	if len(first) != len(second) || len(first) < 30 {
		t.Errorf("%d and %d files", len(first), len(second))
	}
	for path, content := range first {
		if second[path] != content {
			t.Errorf("%s differs", path)
		}
	}
}

func TestImagesAndKubeadmHaveToAgree(t *testing.T) {
	for _, test := range []struct{ images, list, want string }{
		{"a", "registry.example/b:v1\n", "registry.example/b:v1"},
		{"a b", "registry.example/a:v1\n", `does not ask for "b"`},
		{"a", "registry.example:5000/sub/a:v1\n\n", ""},
	} {
		var specs []imageSpec
		for _, name := range strings.Fields(test.images) {
			specs = append(specs, imageSpec{Kubeadm: name})
		}
		err := nameForKubeadm(specs, test.list)
		if test.want == "" {
			if err != nil || specs[0].Names[0] != "registry.example:5000/sub/a:v1" {
				t.Errorf("%v: %v %v", test, err, specs)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test, err)
		}
	}
}

// The same files give the same image, whenever they were written.
func TestLayerDoesNotDependOnTime(t *testing.T) {
	var digests []string
	for _, age := range []time.Duration{0, 48 * time.Hour} {
		dir := t.TempDir()
		write(t, dir+"/bin/program", "x")
		if err := os.Symlink("program", dir+"/bin/other"); err != nil {
			t.Fatal(err)
		}
		past := time.Now().Add(-age)
		if err := os.Chtimes(dir+"/bin/program", past, past); err != nil {
			t.Fatal(err)
		}
		l, err := readLayer(dir)
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, l.diffID.String())
	}
	if digests[0] != digests[1] {
		t.Error(digests)
	}
}

func TestLayerCannotRemoveFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/bin/.wh.program", "")
	if err := (layer{dir: dir}).apply(t.TempDir()); err == nil || !strings.Contains(err.Error(), "bin/.wh.program") {
		t.Error(err)
	}
}

// The closure of a program of this machine runs in an empty root.
func TestClosureHasLoaderAndLibraries(t *testing.T) {
	to := t.TempDir()
	if err := closure("/", to, []string{"/usr/bin/env"}); err != nil {
		t.Fatal(err)
	}
	libraries, _ := filepath.Glob(to + "/usr/lib/*/libc.so.6")
	loaders, _ := filepath.Glob(to + "/lib*/ld-linux-*")
	if len(libraries) != 1 || len(loaders) != 1 {
		t.Fatalf("libraries %v, loaders %v", libraries, loaders)
	}
	if _, err := filepath.EvalSymlinks(loaders[0]); err != nil {
		// An absolute link leads out of the copy here, but not in a container.
		link, _ := os.Readlink(loaders[0])
		if _, err := os.Stat(filepath.Join(to, link)); err != nil {
			t.Errorf("loader %s leads nowhere: %v", loaders[0], err)
		}
	}
	if err := closure("/", t.TempDir(), []string{"/no/such/program"}); err == nil {
		t.Error("a missing program is no error")
	}
}
