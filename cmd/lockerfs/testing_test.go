package main

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// deadline bounds every wait for something that happens in another process.
const deadline = time.Minute

// await polls until done is true.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, deadline)
		}
	}
}

// wavFile gives a stereo WAV of noise with the tags in a LIST INFO chunk.
func wavFile(artist, album, title, track string, size int) []byte {
	chunk := func(id string, body []byte) []byte {
		b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
		b = append(b, body...)
		if len(body)%2 == 1 {
			b = append(b, 0)
		}
		return b
	}
	format := binary.LittleEndian.AppendUint16(nil, 1)
	format = binary.LittleEndian.AppendUint16(format, 2)
	format = binary.LittleEndian.AppendUint32(format, 44100)
	format = binary.LittleEndian.AppendUint32(format, 44100*4)
	format = binary.LittleEndian.AppendUint16(format, 4)
	format = binary.LittleEndian.AppendUint16(format, 16)
	noise := make([]byte, size)
	seed := [32]byte{}
	copy(seed[:], artist+album+title+track)
	_, _ = rand.NewChaCha8(seed).Read(noise) // never fails
	tags := []byte("INFO")
	for _, t := range [][2]string{{"IART", artist}, {"IPRD", album}, {"INAM", title}, {"ITRK", track}} {
		tags = append(tags, chunk(t[0], append([]byte(t[1]), 0))...)
	}
	body := append([]byte("WAVE"), chunk("fmt ", format)...)
	body = append(body, chunk("LIST", tags)...)
	return chunk("RIFF", append(body, chunk("data", noise)...))
}
