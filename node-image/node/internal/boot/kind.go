package boot

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"apple-k8s.dev/node/internal/address"
	"apple-k8s.dev/node/internal/contract"
	"apple-k8s.dev/node/internal/nodenet"
)

const (
	kindConfig = "kind/kubeadm.conf"
	kindOldIP  = "kind/old-ipv4"
)

// kindFiles hold a node's address in a cluster that kind made: there the
// address of the container is the node's, and it changes when the container
// starts again.
var kindFiles = []string{
	kindConfig, "etc/kubernetes/*.conf", "etc/kubernetes/manifests/*.yaml", "var/lib/kubelet/kubeadm-flags.env",
}

// kindCertificates name the address, so they are made anew.
var kindCertificates = map[string]string{
	"apiserver": "apiserver", "etcd-server": "etcd/server", "etcd-peer": "etcd/peer",
}

// healKind follows the node's address in a cluster that kind made.
func healKind(state *contract.State) error {
	if state != nil {
		return nil
	}
	if _, err := os.Stat("/kind"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	underlay, err := nodenet.FindUnderlay()
	if err != nil {
		return err
	}
	certificates, err := readdressKind("/", underlay.Address)
	if err != nil {
		return err
	}
	if certificates {
		for phase := range kindCertificates {
			command := exec.Command("kubeadm", "init", "phase", "certs", phase, "--config", "/"+kindConfig)
			if out, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", command, err, bytes.TrimSpace(out))
			}
		}
	}
	// Last: a boot that is cut short before is simply done again.
	return os.WriteFile("/"+kindOldIP, []byte(underlay.Address.String()+"\n"), 0o644)
}

// readdressKind replaces the node's former address by now in the files below
// root, and tells whether certificates must be made anew.
func readdressKind(root string, now netip.Addr) (certificates bool, err error) {
	content, err := os.ReadFile(filepath.Join(root, kindOldIP))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	former := strings.TrimSpace(string(content))
	if former == now.String() {
		return false, nil
	}
	_, err = os.Stat(filepath.Join(root, kindConfig))
	if former == "" || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := replaceIn(root, former, now.String()); err != nil {
		return false, err
	}
	return removeCertificates(filepath.Join(root, "etc/kubernetes/pki"))
}

func replaceIn(root, former, now string) error {
	for _, pattern := range kindFiles {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			replaced := address.Replace(string(content), former, now)
			if replaced == string(content) {
				continue
			}
			if err := contract.WriteFile(path, []byte(replaced), info.Mode().Perm()); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeCertificates removes the certificates that name the address, and tells
// whether this is a control plane, which needs them again.
func removeCertificates(directory string) (controlPlane bool, err error) {
	_, err = os.Stat(filepath.Join(directory, "ca.key"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, name := range kindCertificates {
		for _, suffix := range []string{".crt", ".key"} {
			if err := os.Remove(filepath.Join(directory, name+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, err
			}
		}
	}
	return true, nil
}
