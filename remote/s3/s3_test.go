package s3_test

import (
	"net/url"
	"testing"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
	"github.com/lockerfs/lockerfs/remote/s3"
)

// openAt opens a store by its URL, with the gateway's keys in the environment.
func openAt(t *testing.T, g *remotetest.Gateway, bucket, prefix string) *s3.Store {
	t.Helper()
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
	return openURL(t, g.URL(bucket, prefix))
}

func openURL(t *testing.T, text string) *s3.Store {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s3.ParseURL(u)
	if err != nil {
		t.Fatal(err)
	}
	s, err := s3.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// isolate keeps this machine's AWS configuration out of the test.
func isolate(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
}

// versitygw 1.8.0 reads an object's ETag and then opens its file, by name both times.
func TestContract(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	for name, prefix := range map[string]string{"bucket": "", "prefix": "some/pre fix é"} {
		t.Run(name, func(t *testing.T) {
			remotetest.Run(t, func(t *testing.T) remote.Store { return openAt(t, g, g.Bucket(t), prefix) }, remotetest.StaleETag)
		})
	}
}

func TestNested(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	bucket := g.Bucket(t)
	remotetest.RunNested(t, openAt(t, g, bucket, ""), openAt(t, g, bucket, "some/prefix"), "some/prefix/")
}
