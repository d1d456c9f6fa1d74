package nodenet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From linux/ethtool.h.
const (
	ethtoolSetTSO = 0x0000001f
	ethtoolSetGSO = 0x00000024
)

// ifreq and ethtoolValue mirror the C structures of the ioctl.
type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data uintptr
	_    [16]byte
}

type ethtoolValue struct{ command, data uint32 }

// DisableSegmentationOffload switches TSO and GSO off on a virtual machine's
// network device: with them, traffic between the virtual machines of a Mac
// crawls at kilobytes per second. Elsewhere it does nothing.
func DisableSegmentationOffload(device string) error {
	driver, err := os.Readlink(filepath.Join("/sys/class/net", device, "device", "driver"))
	if err != nil || filepath.Base(driver) != "virtio_net" {
		return nil
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(socket)
	return errors.Join(
		setOffload(socket, device, ethtoolSetTSO),
		setOffload(socket, device, ethtoolSetGSO),
	)
}

func setOffload(socket int, device string, command uint32) error {
	value := &ethtoolValue{command: command, data: 0}
	// The request holds the value's address as a number, so nothing else keeps it in place.
	var pin runtime.Pinner
	pin.Pin(value)
	defer pin.Unpin()
	request := &ifreq{data: uintptr(unsafe.Pointer(value))}
	copy(request.name[:unix.IFNAMSIZ-1], device)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(request)))
	if errno != 0 && errno != unix.EOPNOTSUPP {
		return fmt.Errorf("ethtool %s, command %#x: %w", device, command, errno)
	}
	return nil
}
