package remotetest

import (
	"crypto/rand"
	"strings"
	"testing"
)

// StartVersityGW starts a gateway in a temporary folder; it ends with the test. A
// missing binary fails the test, so that no run passes without a real server.
func StartVersityGW(t testing.TB) *Gateway {
	t.Helper()
	g, err := RunGateway(t.Context(), GatewayOptions{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	return g
}

// Bucket makes an empty bucket with a new name.
func (g *Gateway) Bucket(t testing.TB) string {
	t.Helper()
	name := "test-" + strings.ToLower(rand.Text()[:12])
	if err := g.MakeBucket(name); err != nil {
		t.Fatal(err)
	}
	return name
}
