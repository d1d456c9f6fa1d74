// Program bake writes container images into a containerd directory as if the
// node's containerd had pulled and unpacked them: content, metadata and
// snapshots. It needs no mounts and no running containerd, so an image build
// can run it, and a node that boots from the result unpacks nothing.
//
//	bake images   --root DIR --arch ARCH --layers DIR --spec FILE --kubeadm FILE
//	bake closure  --root DIR --to DIR PROGRAM...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bake:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: images or closure")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	switch args[0] {
	case "images":
		var b baking
		flags.StringVar(&b.root, "root", "", "containerd's directory, made when missing")
		flags.StringVar(&b.arch, "arch", "", "architecture of the programs in the images")
		flags.StringVar(&b.layers, "layers", "", "directory with one directory per layer")
		flags.StringVar(&b.spec, "spec", "", "description of the images (JSON)")
		flags.StringVar(&b.kubeadm, "kubeadm", "", "output of kubeadm config images list")
		_ = flags.Parse(args[1:])
		return b.run(ctx)
	case "closure":
		root := flags.String("root", "/", "root file system to take programs and libraries from")
		to := flags.String("to", "", "directory to put them into, under the same paths")
		_ = flags.Parse(args[1:])
		return closure(*root, *to, flags.Args())
	default:
		return fmt.Errorf("%q is neither images nor closure", args[0])
	}
}
