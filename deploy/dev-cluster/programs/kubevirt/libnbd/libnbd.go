// Package libnbd stands in for libguestfs.org/libnbd, which no module proxy serves.
// KubeVirt uses it only for pull-mode backups of volumes; every call here fails and says so.
package libnbd

import "errors"

const (
	CONTEXT_BASE_ALLOCATION          = "base:allocation"
	CONTEXT_QEMU_DIRTY_BITMAP        = "qemu:dirty-bitmap:"
	STATE_HOLE                uint32 = 1
	STATE_ZERO                uint32 = 2
	STATE_DIRTY               uint32 = 1
)

var errAbsent = errors.New("pull-mode backups need libnbd, which is not part of this build")

type (
	// Libnbd is the handle of a connection that cannot be opened.
	Libnbd struct{}
	// LibnbdExtent is a range of a disk.
	LibnbdExtent struct{ Length, Flags uint64 }
)

// Create always fails: see the package's comment.
func Create() (*Libnbd, error) { return nil, errAbsent }

func (*Libnbd) Close() error                          { return errAbsent }
func (*Libnbd) AddMetaContext(string) error           { return errAbsent }
func (*Libnbd) CanMetaContext(string) (bool, error)   { return false, errAbsent }
func (*Libnbd) GetSize() (uint64, error)              { return 0, errAbsent }
func (*Libnbd) SetExportName(string) error            { return errAbsent }
func (*Libnbd) ConnectUnix(string) error              { return errAbsent }
func (*Libnbd) Pread(_ []byte, _ uint64, _ any) error { return errAbsent }
func (*Libnbd) BlockStatus64(_, _ uint64, _ func(string, uint64, []LibnbdExtent, *int) int, _ any) error {
	return errAbsent
}
