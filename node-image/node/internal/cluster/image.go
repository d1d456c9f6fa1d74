package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"apple-k8s.dev/node/internal/contract"
)

// Image is what the node image says about itself: all that a node runs was
// unpacked into it when it was built.
type Image struct {
	KubernetesVersion string            `json:"kubernetesVersion"`
	Images            map[string]string `json:"images"`
}

func loadImage() (*Image, error) {
	path := filepath.Join(contract.StateDir, "image.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	image := &Image{}
	if err := json.Unmarshal(content, image); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if image.KubernetesVersion == "" {
		return nil, fmt.Errorf("%s names no kubernetesVersion", path)
	}
	return image, nil
}

// repositoryAndTag cuts an image reference as kubeadm wants it: the repository
// without the image's own name, and the tag.
func repositoryAndTag(reference string) (repository, tag string) {
	slash := strings.LastIndexByte(reference, '/')
	if slash < 0 {
		return "", ""
	}
	_, tag, _ = strings.Cut(reference[slash+1:], ":")
	return reference[:slash], tag
}
