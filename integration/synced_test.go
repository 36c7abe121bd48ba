package integration

import (
	"encoding/json"
	"testing"
	"time"
)

// standing is what `lockerfs --json status` says that tests of writing go by.
type standing struct {
	Safe    bool
	Commit  int64
	Unsafe  []string
	Network string
	Trouble string
	Waiting struct {
		Files       int
		Failed      []struct{ Path, What string }
		Conflicts   []struct{ Path, What string }
		Quarantined []string
		Commit      string
	}
}

func (d *device) standing() (s standing) {
	d.t.Helper()
	if err := json.Unmarshal(d.answer("--json", "status"), &s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// safe waits until everything that was done on the device is in the store, and gives the
// commit that it knows then.
func (d *device) safe() int64 {
	d.t.Helper()
	var s standing
	for deadline := time.Now().Add(time.Minute); ; {
		if s = d.standing(); s.Safe {
			return s.Commit
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("not safe after a minute: %+v\n%s", s, d.out)
		}
	}
}

// settled waits until all devices are safe and know the same commit.
func settled(t *testing.T, devices ...*device) {
	t.Helper()
	eventually(t, time.Minute, "the devices to be safe at the same commit", func() bool {
		first := devices[0].safe()
		for _, d := range devices {
			if d.safe() != first {
				return false
			}
		}
		return true
	})
}
