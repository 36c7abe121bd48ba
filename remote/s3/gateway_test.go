package s3_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/remotetest"
	"github.com/lockerfs/lockerfs/remote/s3"
)

// proxy stands before a gateway, keeps what was asked, and lets a test interfere.
type proxy struct {
	*httptest.Server
	mu       sync.Mutex // guards requests
	requests []*http.Request
	// refuse answers in the server's place if it gives true.
	refuse func(http.ResponseWriter, *http.Request) bool
	// lose drops the server's answer, after it has done what was asked.
	lose func(*http.Request) bool
}

func startProxy(t *testing.T, g *remotetest.Gateway) *proxy {
	t.Helper()
	target, err := url.Parse(g.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	never := func(*http.Request) bool { return false }
	p := &proxy{refuse: func(http.ResponseWriter, *http.Request) bool { return false }, lose: never}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if p.lose(r.Request) {
				return errors.New("lost")
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests = append(p.requests, r.Clone(t.Context()))
		p.mu.Unlock()
		if !p.refuse(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// asked gives the requests so far of one method and with one query parameter ("" for
// those that have no upload id).
func (p *proxy) asked(method, parameter string) []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []*http.Request
	for _, r := range p.requests {
		has := r.URL.Query().Has(parameter)
		if parameter == "" {
			has = !r.URL.Query().Has("uploadId") && !r.URL.Query().Has("uploads")
		}
		if r.Method == method && has {
			found = append(found, r)
		}
	}
	return found
}

// openThrough opens a store in a new bucket of g behind p.
func openThrough(t *testing.T, g *remotetest.Gateway, p *proxy) *s3.Store {
	t.Helper()
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", g.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", g.SecretKey)
	return openURL(t, "s3://"+g.Bucket(t)+"/p?endpoint="+url.QueryEscape(p.URL))
}

// once gives true the first time only.
func once(when func(*http.Request) bool) func(*http.Request) bool {
	var mu sync.Mutex
	done := false
	return func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if done || !when(r) {
			return false
		}
		done = true
		return true
	}
}

func TestWire(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	p := startProxy(t, g)
	s := openThrough(t, g, p)
	if _, err := s.Put(t.Context(), "Sigur Rós/( ).flac", section("x"), remote.PutOptions{ContentType: "audio/flac"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "large", section(strings.Repeat("x", 17<<20)), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "", "", 0); err != nil {
		t.Fatal(err)
	}
	puts, parts := p.asked(http.MethodPut, ""), p.asked(http.MethodPut, "partNumber")
	if len(puts) != 1 || len(parts) != 3 {
		t.Errorf("got %d puts and %d parts, want 1 and 3", len(puts), len(parts))
	}
	for _, r := range append(puts, parts...) {
		if r.Header.Get("Content-MD5") == "" {
			t.Errorf("%s %s has no Content-MD5", r.Method, r.URL)
		}
		if r.ContentLength < 0 || r.Header.Get("X-Amz-Trailer") != "" {
			t.Errorf("%s %s is sent in chunks", r.Method, r.URL)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		for name := range r.Header {
			if strings.HasPrefix(name, "X-Amz-Checksum") || name == "X-Amz-Sdk-Checksum-Algorithm" {
				t.Errorf("%s %s has %s", r.Method, r.URL, name)
			}
		}
		if r.ProtoMajor != 1 || r.Header.Get("Accept-Encoding") == "gzip" {
			t.Errorf("%s %s is %s and accepts %q", r.Method, r.URL, r.Proto, r.Header.Get("Accept-Encoding"))
		}
	}
}

func TestConnectionsAreReused(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	p := startProxy(t, g)
	s := openThrough(t, g, p)
	for range 20 {
		if _, err := s.Put(t.Context(), "k", section("0123456789"), remote.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, err := read(t, s, remote.Range{Offset: 2, Length: 3}, ""); got != "234" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		_, _ = s.Head(t.Context(), "none")
		if _, err := s.List(t.Context(), "", "", 0); err != nil {
			t.Fatal(err)
		}
	}
	from := map[string]bool{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		from[r.RemoteAddr] = true
	}
	if got := len(from); got > 2 {
		t.Errorf("%d calls in a row took %d connections", len(p.requests), got)
	}
}

func TestFailedUploadIsAborted(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	p := startProxy(t, g)
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		refuse := r.URL.Query().Get("partNumber") == "2"
		if refuse {
			errorXML(w, r, http.StatusForbidden, "AccessDenied")
		}
		return refuse
	}
	s := openThrough(t, g, p)
	_, err := s.Put(t.Context(), "k", section(strings.Repeat("x", 20<<20)), remote.PutOptions{})
	wantKind(t, "put", err, remote.ErrDenied)
	if len(p.asked(http.MethodDelete, "uploadId")) == 0 {
		t.Error("the upload was not aborted")
	}
	_, err = s.Head(t.Context(), "k")
	wantKind(t, "head", err, remote.ErrNotFound)
}

// A large upload that the network breaks off goes on where it was: also in another process,
// and parts of other bytes are sent anew.
func TestBrokenUploadGoesOn(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	p := startProxy(t, g)
	s := openThrough(t, g, p)
	var parts []byte
	for n := range 5 {
		parts = append(parts, bytes.Repeat([]byte{byte('a' + n)}, 8<<20)...)
	}
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		refuse := r.URL.Query().Get("partNumber") == "5"
		if refuse {
			errorXML(w, r, http.StatusServiceUnavailable, "SlowDown")
		}
		return refuse
	}
	opts := remote.PutOptions{Resume: true, Metadata: map[string]string{"path": "x"}}
	// A server that refuses while a body is still coming may look like one that is away.
	if _, err := s.Put(t.Context(), "k", section(string(parts)), opts); !remote.Temporary(err) {
		t.Fatalf("got %v", err)
	}
	if len(p.asked(http.MethodDelete, "uploadId")) > 0 {
		t.Error("the upload was aborted")
	}
	list, err := s.ListUploads(t.Context(), "")
	if err != nil || len(list) != 1 || list[0].Key != "k" || list[0].ID == "" || time.Since(list[0].Begun).Abs() > time.Hour {
		t.Errorf("unfinished: %+v, %v", list, err)
	}
	p.refuse = func(http.ResponseWriter, *http.Request) bool { return false }
	before := len(p.asked(http.MethodPut, "partNumber"))
	parts[0] = 'z' // the first part has other bytes by now
	if _, err := s.Put(t.Context(), "k", section(string(parts)), opts); err != nil {
		t.Fatal(err)
	}
	if sent := len(p.asked(http.MethodPut, "partNumber")) - before; sent < 2 || sent > 4 {
		// The refusal may have cut one or two that were on their way.
		t.Errorf("%d parts were sent the second time, want those that changed or are missing", sent)
	}
	got, err := read(t, s, remote.Range{}, "")
	if err != nil || got != string(parts) {
		t.Errorf("what is there is something else: %d bytes, %v", len(got), err)
	}
}

// The upload was completed, the answer lost, and the second try finds no upload.
func TestLostCompletion(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	p := startProxy(t, g)
	p.lose = once(func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") })
	s := openThrough(t, g, p)
	object, err := s.Put(t.Context(), "k", section(strings.Repeat("x", 20<<20)), remote.PutOptions{Metadata: map[string]string{"path": "é"}})
	if err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context(), "k"); err != nil || head.ETag != object.ETag || object.Size != 20<<20 || head.Metadata["path"] != "é" {
		t.Errorf("got %+v and %+v, %v", object, head, err)
	}
}

// What remote.Putter warns of: the write won, and the second try says that it lost.
func TestLostConditionalPut(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	p := startProxy(t, g)
	s := openThrough(t, g, p)
	p.lose = once(func(r *http.Request) bool { return r.Method == http.MethodPut })
	_, err := s.Put(t.Context(), "k", section("mine"), remote.PutOptions{If: remote.Condition{Absent: true}})
	wantKind(t, "create", err, remote.ErrExists)
	if got, err := read(t, s, remote.Range{}, ""); got != "mine" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	// And the probe is not fooled by it.
	p.lose = once(func(r *http.Request) bool { return r.Method == http.MethodPut })
	found, err := remote.Probe(t.Context(), s, ".lockerfs/probe/")
	if err != nil || !found.Shareable() || found.Replace != remote.Enforced {
		t.Errorf("got %+v, %v", found, err)
	}
}

func TestOutage(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	s := openAt(t, g, g.Bucket(t), "p")
	if _, err := s.Put(t.Context(), "k", section("content"), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	g.Stop()
	for verb, err := range verbs(t, s) {
		wantKind(t, verb, err, remote.ErrOffline)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for verb, err := range verbs(t, s) {
		if err != nil {
			t.Errorf("%s after the outage: %v", verb, err)
		}
	}
}

func TestVanishedBucket(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	bucket := g.Bucket(t)
	s := openAt(t, g, bucket, "p")
	if _, err := s.Put(t.Context(), "k", section("content"), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(g.BucketFolder(bucket)); err != nil {
		t.Fatal(err)
	}
	for verb, err := range verbs(t, s) {
		wantKind(t, verb, err, remote.ErrNoStore)
	}
	large := section(strings.Repeat("x", 17<<20))
	_, err := s.Put(t.Context(), "large", large, remote.PutOptions{})
	wantKind(t, "large put", err, remote.ErrNoStore)
	for _, c := range []remote.Condition{{Absent: true}, {ETag: "e"}} {
		_, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{If: c})
		wantKind(t, "conditional put", err, remote.ErrNoStore)
	}
	_, err = remote.Probe(t.Context(), s, ".lockerfs/probe/")
	if !errors.Is(err, remote.ErrNoStore) {
		t.Errorf("probe: got %v, want ErrNoStore", err)
	}
}

func TestWrongCredentials(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	bucket := g.Bucket(t)
	for name, wrong := range map[string]func(*remotetest.Gateway){
		"secret": func(w *remotetest.Gateway) { w.SecretKey = "wrong" },
		"key":    func(w *remotetest.Gateway) { w.AccessKey = "wrong" },
	} {
		account := &remotetest.Gateway{Endpoint: g.Endpoint, Region: g.Region, AccessKey: g.AccessKey, SecretKey: g.SecretKey}
		wrong(account)
		for verb, err := range verbs(t, openAt(t, account, bucket, "p")) {
			wantKind(t, "wrong "+name+": "+verb, err, remote.ErrDenied)
		}
	}
}

func TestProfileAndFile(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	bucket := g.Bucket(t)
	file := writeKeys(t, 0o600, "[home]\naws_access_key_id = "+g.AccessKey+"\naws_secret_access_key = "+g.SecretKey+"\n")
	isolate(t)
	use := func(s *s3.Store) {
		t.Helper()
		if _, err := s.Put(t.Context(), "k", section("content"), remote.PutOptions{}); err != nil {
			t.Error(err)
		}
	}
	// A file named in the URL wins over keys in the environment.
	t.Setenv("AWS_ACCESS_KEY_ID", "wrong")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	use(openURL(t, g.URL(bucket, "p")+"&profile=home&credentials="+url.QueryEscape(file)))
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	use(openURL(t, g.URL(bucket, "p")+"&profile=home"))
	t.Setenv("AWS_PROFILE", "home")
	use(openURL(t, g.URL(bucket, "p")))
}

func TestObjectsArePlainFiles(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	bucket := g.Bucket(t)
	s := openAt(t, g, bucket, "home")
	key := "Music/Sigur Rós/( )/01 Untitled.0123456789ab.flac"
	if _, err := s.Put(t.Context(), key, section("content"), remote.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(g.BucketFolder(bucket) + "/home/" + key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); string(text) != "content" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}
