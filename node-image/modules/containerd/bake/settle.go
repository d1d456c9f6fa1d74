package main

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// databaseOptions are containerd's own, and what makes a file the same wherever
// it is written.
var databaseOptions = bolt.Options{NoFreelistSync: true, NoSync: true, PageSize: 4096}

// settle makes containerd's databases the same for the same images, whenever
// and on whatever file system they were baked: times become SOURCE_DATE_EPOCH,
// sizes those of the files, and each file is written anew in the order of its keys.
func settle(root string) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		seconds = 0
	}
	moment, err := time.Unix(seconds, 0).UTC().MarshalBinary()
	if err != nil {
		return err
	}
	overlay := filepath.Join(root, "io.containerd.snapshotter.v1."+snapshotter)
	times := func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, bucket *bolt.Bucket) error { return setTimes(bucket, moment) })
	}
	if err := rewrite(filepath.Join(root, "io.containerd.metadata.v1.bolt", "meta.db"), times); err != nil {
		return err
	}
	return rewrite(filepath.Join(overlay, "metadata.db"), func(tx *bolt.Tx) error {
		if err := times(tx); err != nil {
			return err
		}
		return setSizes(tx, filepath.Join(overlay, "snapshots"))
	})
}

// rewrite changes a database and copies it key by key. One transaction a key:
// within one, the database visits its buckets in no order.
func rewrite(path string, change func(*bolt.Tx) error) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	options := databaseOptions
	from, err := bolt.Open(path, info.Mode().Perm(), &options)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer from.Close()
	if err := from.Update(change); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fresh := path + ".new"
	to, err := bolt.Open(fresh, info.Mode().Perm(), &options)
	if err != nil {
		return fmt.Errorf("%s: %w", fresh, err)
	}
	if err := bolt.Compact(to, from, 1); err != nil {
		return fmt.Errorf("%s: %w", fresh, err)
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("%s: %w", fresh, err)
	}
	return os.Rename(fresh, path)
}

func setTimes(bucket *bolt.Bucket, moment []byte) error {
	var keys [][]byte
	err := bucket.ForEach(func(key, value []byte) error {
		if value == nil {
			return setTimes(bucket.Bucket(key), moment)
		}
		if name := string(key); name == "createdat" || name == "updatedat" {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := bucket.Put(key, moment); err != nil {
			return err
		}
	}
	return nil
}

// setSizes replaces the snapshots' sizes in blocks of the file system that they
// were baked on.
func setSizes(tx *bolt.Tx, folder string) error {
	version := tx.Bucket([]byte("v1"))
	if version == nil {
		return fmt.Errorf("the snapshotter's database has another form than expected")
	}
	snapshots := version.Bucket([]byte("snapshots"))
	if snapshots == nil {
		return fmt.Errorf("the snapshotter's database names no snapshots")
	}
	return snapshots.ForEachBucket(func(key []byte) error {
		snapshot := snapshots.Bucket(key)
		id, _ := binary.Uvarint(snapshot.Get([]byte("id")))
		inodes, size, err := measure(filepath.Join(folder, strconv.FormatUint(id, 10), "fs"))
		if err != nil {
			return err
		}
		for name, value := range map[string]int64{"inodes": inodes, "size": size} {
			if err := snapshot.Put([]byte(name), binary.AppendVarint(nil, value)); err != nil {
				return err
			}
		}
		return nil
	})
}

// measure counts files, each once, and their sizes in full blocks.
func measure(folder string) (inodes, size int64, err error) {
	const block = 4096
	seen := map[uint64]bool{}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			if seen[stat.Ino] {
				return nil
			}
			seen[stat.Ino] = true
		}
		inodes++
		if info.IsDir() {
			size += block
		} else if info.Mode().IsRegular() {
			size += (info.Size() + block - 1) / block * block
		}
		return nil
	})
	return inodes, size, err
}
