// Package await waits for what another program does.
package await

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// recheck bounds how long a change can go unseen that inotify does not report:
// a file system mounted over a directory on the way to the path.
const recheck = 500 * time.Millisecond

// Path waits until path exists.
func Path(ctx context.Context, path string) error {
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := change(ctx, path); err != nil {
			return err
		}
	}
}

// change waits until something is created in the nearest directory on the way
// to path that exists.
func change(ctx context.Context, path string) error {
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	events := os.NewFile(uintptr(watch), "inotify")
	defer events.Close()
	for directory := filepath.Dir(path); ; directory = filepath.Dir(directory) {
		_, err := unix.InotifyAddWatch(watch, directory, unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ATTRIB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.ENOENT) || directory == "/" {
			return &fs.PathError{Op: "watch", Path: directory, Err: err}
		}
	}
	// What came before the watch does not raise an event.
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { events.SetReadDeadline(time.Now()) })
	defer stop()
	if err := events.SetReadDeadline(time.Now().Add(recheck)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	buffer := make([]byte, 4096)
	if _, err := events.Read(buffer); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return ctx.Err()
}
