package main

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
)

// layer is a directory that becomes one layer of images.
type layer struct {
	dir    string
	diffID digest.Digest
	size   int64
}

// readLayer makes the layer's tar stream and keeps only its digest and length:
// that is what an image names a layer by, also when its blob is not kept.
func readLayer(dir string) (layer, error) {
	sum, count := sha256.New(), new(counter)
	if err := writeTar(io.MultiWriter(sum, count), dir); err != nil {
		return layer{}, fmt.Errorf("layer %s: %w", dir, err)
	}
	return layer{dir: dir, diffID: digest.NewDigest(digest.SHA256, sum), size: int64(*count)}, nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// writeTar is the same for the same files, whenever and by whom they were made.
func writeTar(w io.Writer, dir string) error {
	out := tar.NewWriter(w)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var link string
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		header, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		header.Name = name
		if info.IsDir() {
			header.Name += "/"
		}
		header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
		header.ModTime = time.Unix(0, 0)
		header.AccessTime, header.ChangeTime = time.Time{}, time.Time{}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		return copyInto(out, path)
	})
	if err != nil {
		return err
	}
	return out.Close()
}

func copyInto(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w, file)
	return err
}

// apply puts the layer's files into a snapshot directory. Files are linked, not
// copied: several snapshots and the node itself then share one file, on the
// disk and in memory. Layers never remove files of a lower one, so there are no
// white-outs to write.
func (l layer) apply(to string) error {
	return filepath.WalkDir(l.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == l.dir {
			return err
		}
		name, err := filepath.Rel(l.dir, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(filepath.Base(name), ".wh.") {
			return fmt.Errorf("%s: a layer cannot remove files", name)
		}
		target := filepath.Join(to, name)
		if !entry.IsDir() {
			return os.Link(path, target)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := os.Mkdir(target, 0o755); err != nil {
			return err
		}
		return os.Chmod(target, info.Mode())
	})
}
