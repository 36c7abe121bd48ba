package pending

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lockerfs/lockerfs/fs/catalog"
)

// Device is this device as the locker's commits name it. One state folder is one
// device.
type Device struct {
	// ID is 32 random hex digits.
	ID string `json:"id"`
	// Name is for people: the host's name unless set otherwise.
	Name string `json:"name"`
}

// OpenDevice reads the identity kept in the state folder dir, or draws one.
func OpenDevice(dir string) (Device, error) {
	path := filepath.Join(dir, "device.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return newDevice(path)
	}
	if err != nil {
		return Device{}, err
	}
	var d Device
	if err := json.Unmarshal(b, &d); err != nil || d.ID == "" {
		return Device{}, fmt.Errorf("%s does not hold a device's identity (%v); move it away to begin as a new device", path, err)
	}
	return d, nil
}

func newDevice(path string) (Device, error) {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "device"
	}
	d := Device{ID: catalog.NewCommitID(), Name: name}
	b, err := json.Marshal(d)
	if err != nil {
		return Device{}, err
	}
	return d, writeDurably(path, b)
}

// writeDurably replaces the file at path, so that after a power cut it is the old
// one or the new one, whole.
func writeDurably(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
