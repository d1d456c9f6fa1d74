package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"apple-k8s.dev/node/internal/contract"
)

// Image is what the node image says about itself. The images of kubeadm's
// components are in it under kubeadm's own default names.
type Image struct {
	Contract int               `json:"contract"`
	Versions map[string]string `json:"versions"`
}

// imageContract is the version of the contract between the image and this
// program.
const imageContract = 1

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
	if image.Contract != imageContract {
		return nil, fmt.Errorf("%s: contract %d, this program knows %d", path, image.Contract, imageContract)
	}
	if image.kubernetes() == "" {
		return nil, fmt.Errorf("%s names no version of kubernetes", path)
	}
	return image, nil
}

// kubernetes is the version of kubeadm and all it runs, e.g. v1.37.1. kubeadm
// must be told: left alone it asks the internet for the newest.
func (i *Image) kubernetes() string { return i.Versions["kubernetes"] }
