package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// imageSpec describes one image to bake.
type imageSpec struct {
	// Names are references under which the image is stored. An image that
	// kubeadm asks for is also stored under the name kubeadm uses.
	Names []string `json:"names"`
	// Kubeadm is the last part of the name that kubeadm uses, if it does.
	Kubeadm string `json:"kubeadm"`
	// Version of the program inside, kept as the image's version label.
	Version string `json:"version"`
	// Layers from the lowest to the highest. Layers that images share must be
	// lowest in each, or containerd would hold them once per image.
	Layers []string            `json:"layers"`
	Config ocispec.ImageConfig `json:"config"`
}

// readSpec reads the images and gives those of kubeadm their names.
func readSpec(specFile, kubeadmFile string) ([]imageSpec, error) {
	data, err := os.ReadFile(specFile)
	if err != nil {
		return nil, err
	}
	var images []imageSpec
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&images); err != nil {
		return nil, fmt.Errorf("%s: %w", specFile, err)
	}
	wanted, err := os.ReadFile(kubeadmFile)
	if err != nil {
		return nil, err
	}
	return images, nameForKubeadm(images, string(wanted))
}

// nameForKubeadm adds each reference of kubeadm's list to the image it means.
// A reference without an image is an error: a node would have to pull it.
func nameForKubeadm(images []imageSpec, list string) error {
	lines := bufio.NewScanner(strings.NewReader(list))
	for lines.Scan() {
		reference := strings.TrimSpace(lines.Text())
		if reference == "" {
			continue
		}
		name, _, _ := strings.Cut(path.Base(reference), ":")
		found := false
		for i := range images {
			if images[i].Kubeadm == name {
				images[i].Names = append(images[i].Names, reference)
				found = true
			}
		}
		if !found {
			return fmt.Errorf("kubeadm wants %s, and no image in the description is for it", reference)
		}
	}
	for _, image := range images {
		if len(image.Names) == 0 {
			return fmt.Errorf("kubeadm does not ask for %q, and it has no other name", image.Kubeadm)
		}
	}
	return nil
}
