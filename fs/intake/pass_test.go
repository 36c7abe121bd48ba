package intake

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockerfs/lockerfs/fs/tag"
)

// TestPassAnswersFromWhatItRead: whatever is asked for after it, the answer is what the
// file has, and the hash is the file's.
func TestPassAnswersFromWhatItRead(t *testing.T) {
	content := make([]byte, passHead+5*passPiece+321)
	for i := range content {
		content[i] = byte(i * 7 / 5)
	}
	ps := passes{head: passHead}
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.SampledFrom([]int{0, 1, passPiece, passHead, passHead + passPiece, passHead + 2*passPiece, len(content)}).Draw(t, "edge")
		size := min(max(edge+rapid.IntRange(-2, 2).Draw(t, "more"), 0), len(content))
		p := ps.begin(bytes.NewReader(content[:size]))
		defer ps.end(p)
		h, err := p.sum(t.Context(), int64(size))
		if err != nil || h != sha256.Sum256(content[:size]) {
			t.Fatalf("%d bytes: %v, %s", size, err, h)
		}
		for range 8 {
			from := rapid.IntRange(0, size).Draw(t, "from")
			b := make([]byte, rapid.IntRange(0, min(size-from, 3*passPiece)).Draw(t, "length"))
			if n, err := p.ReadAt(b, int64(from)); n != len(b) || err != nil || !bytes.Equal(b, content[from:from+len(b)]) {
				t.Fatalf("%d bytes at %d of %d: %d, %v", len(b), from, size, n, err)
			}
		}
	})
}

func TestPassSeesAnotherSize(t *testing.T) {
	ps := passes{head: passHead}
	for _, size := range []int{1, passPiece, passHead, passHead + passPiece + 5} {
		p := ps.begin(bytes.NewReader(make([]byte, size)))
		for _, told := range []int64{int64(size) - 1, int64(size) + 1} {
			if _, err := p.sum(t.Context(), told); !errors.Is(err, errChanged) {
				t.Errorf("%d bytes of %d: %v", size, told, err)
			}
		}
		ps.end(p)
	}
}

// TestSoundIsOfTheRecording: other tags change nothing, another recording does, and what
// is no recording has none.
func TestSoundIsOfTheRecording(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	of := func(head int, body []byte, change func(*tag.Info)) sound {
		t.Helper()
		info := tag.Info{Container: "flac", Codec: "flac", Payload: tag.Span{Offset: int64(head), Length: int64(len(body))}}
		if change != nil {
			change(&info)
		}
		s, err := soundOf(bytes.NewReader(append(make([]byte, head), body...)), &info)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	was := of(10, body, nil)
	if was != of(5000, body, func(i *tag.Info) { i.Title = "New" }) {
		t.Error("other tags make another sound")
	}
	last := bytes.Clone(body)
	last[len(last)-1]++
	for name, s := range map[string]sound{"longer": of(10, append(bytes.Clone(body), 0), nil), "its end": of(10, last, nil), "its start": of(10, append([]byte{1}, body[1:]...), nil)} {
		if s == was {
			t.Errorf("%s differs, the sound does not", name)
		}
	}
	if none := of(10, body, func(i *tag.Info) { i.Codec = "" }); none != (sound{}) {
		t.Error("what is no sound has one")
	}
	// The pages of an Ogg file change with its tags; its length does not.
	ogg := func(i *tag.Info) { i.Container, i.Duration = "ogg", 1234567 }
	if of(10, body, ogg) != of(10, last, ogg) || of(10, body, ogg) == of(10, body, func(i *tag.Info) { i.Container, i.Duration = "ogg", 1234568 }) {
		t.Error("an Ogg file is not known by its length")
	}
}
