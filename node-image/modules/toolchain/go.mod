// The Go release that builds the programs, where no image with Go is in reach.
// It is a module like any other; its checksums stand in go.sum.
module apple-k8s.dev/image/toolchain

go 1.19

require golang.org/toolchain v0.0.1-go1.26.8.linux-amd64
