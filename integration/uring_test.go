package integration

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

// TestFioOverTheMount: fio, which reads with io_uring and checks what it wrote, finds every
// byte right in a file that is still coming, in one that is here and was read through
// lockerfs, and in one that the kernel reads by itself.
func TestFioOverTheMount(t *testing.T) {
	need(t, "fio", "ffmpeg")
	album := noise(t, 1, 4)
	// What lies beside a track comes along.
	written := filepath.Join(album, "fio.dat")
	common := []string{"--name=x", "--size=8m", "--bs=16k", "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0"}
	if out, err := command(t, "fio", append(common, "--rw=write", "--do_verify=0", "--filename="+written)...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w := newWire(t, link.Options{RTT: 5 * time.Millisecond})
	d := newLocker(t, w.at)
	d.run("import", album)
	file := filepath.Join(d.mnt, "Merzbow/Noise/fio.dat")
	check := func(what string, how ...string) {
		t.Helper()
		args := append(append(common, "--readonly", "--ioengine=io_uring", "--iodepth=8", "--filename="+file), how...)
		if out, err := command(t, "fio", args...); err != nil {
			t.Errorf("%s, %v: %v: %s", what, how, err, out)
		}
	}
	for _, how := range [][]string{{"--rw=read"}, {"--rw=randread"}, {"--rw=read", "--direct=1"}} {
		if err := os.RemoveAll(d.dir + "/cache"); err != nil {
			t.Fatal(err)
		}
		d.mount("--heads", "0")
		held, err := os.Open(file) // while this is open, lockerfs answers
		if err != nil {
			t.Fatal(err)
		}
		check("coming", how...)
		if _, kernel := d.uses(file); kernel != 0 {
			t.Error("the kernel reads what was opened before it was here")
		}
		dropPages(t, file)
		check("here", how...)
		held.Close()
		eventually(t, 20*time.Second, "it to be here", func() bool { return state(t, file) == "local" })
		eventually(t, 20*time.Second, "the handles to end", func() bool { handles, _ := d.uses(file); return handles == 0 })
		dropPages(t, file)
		held, err = os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if handles, kernel := d.uses(file); handles != 1 || kernel != 1 {
			t.Errorf("%d handles, %d of them read by the kernel", handles, kernel)
		}
		check("read by the kernel", how...)
		held.Close()
		d.unmount()
	}
}
