package library_test

import (
	"fmt"
	"testing"

	"github.com/lockerfs/lockerfs/fs/library"
)

// BenchmarkPlan plans 10,000 albums of ten tracks and a cover, one after the other as an
// import does.
func BenchmarkPlan(b *testing.B) {
	plain := layout(b, "plain")
	for b.Loop() {
		there := kept{}
		for n := range 10_000 {
			var sources []library.Source
			for track := range 10 {
				in := song(fmt.Sprintf("Artist %d", n%1000), fmt.Sprintf("Album %d", n), track+1, "Song")
				sources = append(sources, audio(fmt.Sprintf("in/%d/%02d.mp3", n, track), in))
			}
			sources = append(sources, other(fmt.Sprintf("in/%d/cover.jpg", n)))
			if _, err := library.Plan(plain, sources, there); err != nil {
				b.Fatal(err)
			}
		}
	}
}
