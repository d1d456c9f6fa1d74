package main

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// libraryPaths are where Debian's loader looks, for both architectures.
var libraryPaths = []string{
	"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib", "/lib",
}

// closure copies programs with the loader and libraries they need. It reads the
// files only, so it works for an architecture that this machine cannot run. A
// directory among the programs is copied with all files in it and their needs.
func closure(root, to string, programs []string) error {
	c := closing{root: root, to: to, done: map[string]bool{}}
	for _, program := range programs {
		err := filepath.WalkDir(filepath.Join(root, program), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			return c.add("/" + name)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
	}
	return nil
}

type closing struct {
	root, to string
	done     map[string]bool
}

// add copies one file; of a symbolic link, the link and what it leads to.
func (c closing) add(path string) error {
	if c.done[path] {
		return nil
	}
	c.done[path] = true
	source, target := filepath.Join(c.root, path), filepath.Join(c.to, path)
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(source)
		if err != nil {
			return err
		}
		if err := os.Symlink(link, target); err != nil {
			return err
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		return c.add(filepath.Clean(link))
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
		return err
	}
	return c.addNeeds(source)
}

func (c closing) addNeeds(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		// A script or a table: it needs nothing that can be read from it.
		return nil
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, part.Filesz-1)
		if _, err := part.ReadAt(name, 0); err != nil {
			return fmt.Errorf("%s: loader: %w", program, err)
		}
		if err := c.add(filepath.Clean(string(name))); err != nil {
			return err
		}
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: libraries: %w", program, err)
	}
	for _, library := range libraries {
		path, err := c.find(library)
		if err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
		if err := c.add(path); err != nil {
			return err
		}
	}
	return nil
}

func (c closing) find(library string) (string, error) {
	for _, dir := range libraryPaths {
		path := filepath.Join(dir, library)
		if _, err := os.Lstat(filepath.Join(c.root, path)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("library %s is not in %s", library, c.root)
}
