// Program images lists the images that kubeadm of this Kubernetes version runs
// a control plane from, as "kubeadm config images list" does. It is a program
// of its own so that the machine that builds can run it whatever architecture
// it builds for.
package main

import (
	"fmt"
	"os"

	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm"
	"k8s.io/kubernetes/cmd/kubeadm/app/images"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: images KUBERNETES-VERSION")
		os.Exit(2)
	}
	for _, image := range images.GetControlPlaneImages(&kubeadm.ClusterConfiguration{
		KubernetesVersion: os.Args[1],
		ImageRepository:   "registry.k8s.io",
		Etcd:              kubeadm.Etcd{Local: &kubeadm.LocalEtcd{}},
	}) {
		fmt.Println(image)
	}
}
