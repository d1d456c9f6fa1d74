package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	bolt "go.etcd.io/bbolt"
)

const (
	snapshotter = "overlayfs"
	// criNamespace is where Kubernetes keeps its images.
	criNamespace = "k8s.io"
)

// criLabels mark an image as known to Kubernetes, and as one that its image
// garbage collection must leave alone.
var criLabels = map[string]string{
	"io.cri-containerd.image":  "managed",
	"io.cri-containerd.pinned": "pinned",
}

// baking is one run: where the images come from and where they go.
type baking struct {
	root, arch, layers, spec, kubeadm string

	content   content.Store
	snapshots snapshots.Snapshotter
	images    images.Store
}

func (b *baking) run(ctx context.Context) error {
	specs, err := readSpec(b.spec, b.kubeadm)
	if err != nil {
		return err
	}
	if err := b.bakeAll(ctx, specs); err != nil {
		return err
	}
	return settle(b.root)
}

func (b *baking) bakeAll(ctx context.Context, specs []imageSpec) (err error) {
	close, err := b.open(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", b.root, err)
	}
	defer func() { err = errors.Join(err, close()) }()

	ctx = namespaces.WithNamespace(ctx, criNamespace)
	known := map[string]layer{}
	for _, spec := range specs {
		if err := b.bake(ctx, spec, known); err != nil {
			return fmt.Errorf("image %s: %w", spec.Names[0], err)
		}
	}
	return nil
}

// open uses the directories and options that containerd itself uses.
func (b *baking) open(ctx context.Context) (func() error, error) {
	blobs, err := local.NewStore(filepath.Join(b.root, "io.containerd.content.v1.content"))
	if err != nil {
		return nil, err
	}
	layers, err := overlay.NewSnapshotter(filepath.Join(b.root, "io.containerd.snapshotter.v1."+snapshotter))
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.root, "io.containerd.metadata.v1.bolt")
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	file, err := bolt.Open(filepath.Join(dir, "meta.db"), 0o644, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		return nil, err
	}
	db := metadata.NewDB(file, blobs, map[string]snapshots.Snapshotter{snapshotter: layers})
	if err := db.Init(ctx); err != nil {
		return nil, err
	}
	b.content, b.snapshots, b.images = db.ContentStore(), db.Snapshotter(snapshotter), metadata.NewImageStore(db)
	return func() error { return errors.Join(layers.Close(), file.Close()) }, nil
}

func (b *baking) bake(ctx context.Context, spec imageSpec, known map[string]layer) error {
	var used []layer
	for _, name := range spec.Layers {
		if _, ok := known[name]; !ok {
			read, err := readLayer(filepath.Join(b.layers, name))
			if err != nil {
				return err
			}
			known[name] = read
		}
		used = append(used, known[name])
	}
	top, err := b.unpack(ctx, used)
	if err != nil {
		return err
	}
	config, err := b.writeConfig(ctx, spec, used, top)
	if err != nil {
		return err
	}
	manifest, err := b.writeManifest(ctx, config, used)
	if err != nil {
		return err
	}
	return b.name(ctx, spec.Names, config.Digest, manifest)
}

// unpack makes one snapshot per layer and returns the name of the highest.
func (b *baking) unpack(ctx context.Context, layers []layer) (string, error) {
	var chain []digest.Digest
	parent := ""
	for _, layer := range layers {
		chain = append(chain, layer.diffID)
		id := identity.ChainID(chain).String()
		if _, err := b.snapshots.Stat(ctx, id); err == nil {
			parent = id
			continue
		} else if !errdefs.IsNotFound(err) {
			return "", err
		}
		// Not referenced by anything until the configuration names it: kept by
		// the fact that this program never collects garbage.
		key := "bake " + id
		mounts, err := b.snapshots.Prepare(ctx, key, parent)
		if err != nil {
			return "", err
		}
		dir, err := upper(mounts)
		if err != nil {
			return "", err
		}
		if err := layer.apply(dir); err != nil {
			return "", err
		}
		if err := b.snapshots.Commit(ctx, id, key); err != nil {
			return "", err
		}
		parent = id
	}
	return parent, nil
}

// upper is the directory behind a snapshot's mount that receives its files.
func upper(mounts []mount.Mount) (string, error) {
	for _, m := range mounts {
		if m.Type == "bind" {
			return m.Source, nil
		}
		for _, option := range m.Options {
			if dir, ok := strings.CutPrefix(option, "upperdir="); ok {
				return dir, nil
			}
		}
	}
	return "", fmt.Errorf("the snapshotter names no directory for new files: %v", mounts)
}

func (b *baking) writeConfig(ctx context.Context, spec imageSpec, layers []layer, top string) (ocispec.Descriptor, error) {
	image := ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: b.arch},
		Config:   spec.Config,
		RootFS:   ocispec.RootFS{Type: "layers"},
	}
	if image.Config.Env == nil {
		image.Config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	}
	if spec.Version != "" {
		image.Config.Labels = map[string]string{ocispec.AnnotationVersion: spec.Version}
	}
	for _, layer := range layers {
		image.RootFS.DiffIDs = append(image.RootFS.DiffIDs, layer.diffID)
	}
	return b.write(ctx, ocispec.MediaTypeImageConfig, image, map[string]string{
		"containerd.io/gc.ref.snapshot." + snapshotter: top,
	})
}

// writeManifest names the layers as uncompressed tars. Their blobs are not
// kept, as containerd itself does with discard_unpacked_layers.
func (b *baking) writeManifest(ctx context.Context, config ocispec.Descriptor, layers []layer) (ocispec.Descriptor, error) {
	manifest := ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
	}
	for _, layer := range layers {
		manifest.Layers = append(manifest.Layers, ocispec.Descriptor{
			MediaType: ocispec.MediaTypeImageLayer, Digest: layer.diffID, Size: layer.size,
		})
	}
	return b.write(ctx, ocispec.MediaTypeImageManifest, manifest, map[string]string{
		"containerd.io/gc.ref.content.config": config.Digest.String(),
	})
}

// write stores a document with the labels that keep what it refers to alive.
func (b *baking) write(ctx context.Context, mediaType string, document any, labels map[string]string) (ocispec.Descriptor, error) {
	data, err := json.Marshal(document)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	descriptor := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	err = content.WriteBlob(ctx, b.content, descriptor.Digest.String(), bytes.NewReader(data), descriptor, content.WithLabels(labels))
	return descriptor, err
}

// name stores the references, the ones with a digest that Kubernetes reports,
// and the one by identity that its runtime looks an image up by.
func (b *baking) name(ctx context.Context, names []string, config digest.Digest, manifest ocispec.Descriptor) error {
	all := []string{config.String()}
	for _, name := range names {
		repository := name
		if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
			repository = name[:colon]
		}
		all = append(all, name, repository+"@"+manifest.Digest.String())
	}
	for _, name := range all {
		_, err := b.images.Create(ctx, images.Image{Name: name, Target: manifest, Labels: criLabels})
		if err != nil && !errdefs.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}
