package s3_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockerfs/lockerfs/remote"
	"github.com/lockerfs/lockerfs/remote/s3"
)

// openServer opens a store at a server that the test plays itself.
func openServer(t *testing.T, handler http.HandlerFunc) *s3.Store {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return openEndpoint(t, server.URL)
}

func openEndpoint(t *testing.T, endpoint string) *s3.Store {
	t.Helper()
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	s, err := s3.Open(t.Context(), s3.Config{Bucket: "b", Prefix: "p", Endpoint: endpoint, Stall: 150 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func read(t *testing.T, s remote.Store, r remote.Range, ifMatch string) (string, error) {
	t.Helper()
	body, _, err := s.Get(t.Context(), "k", r, ifMatch)
	if err != nil {
		return "", err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	return string(text), err
}

// wantKind expects err to be of this kind and no other, and not the context's.
func wantKind(t *testing.T, what string, err, kind error) {
	t.Helper()
	var e *remote.Error
	if !errors.As(err, &e) || e.Kind != kind || !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

func verbs(t *testing.T, s remote.Store) map[string]error {
	t.Helper()
	_, getErr := read(t, s, remote.Range{}, "")
	_, headErr := s.Head(t.Context(), "k")
	_, putErr := s.Put(t.Context(), "k", section("x"), remote.PutOptions{})
	_, listErr := s.List(t.Context(), "", "", 0)
	return map[string]error{"get": getErr, "head": headErr, "put": putErr, "delete": s.Delete(t.Context(), "k"), "list": listErr}
}

func errorXML(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>m</Message></Error>", code)
	}
}

func TestErrorCodes(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
	}{
		{404, "NoSuchBucket", remote.ErrNoStore},
		{403, "AccessDenied", remote.ErrDenied},
		{403, "SignatureDoesNotMatch", remote.ErrDenied},
		{403, "InvalidAccessKeyId", remote.ErrDenied},
		{401, "Unauthorized", remote.ErrDenied},
		{403, "SomethingNew", remote.ErrDenied},
		{429, "TooManyRequests", remote.ErrThrottled},
		{500, "InternalError", remote.ErrThrottled},
		{502, "", remote.ErrThrottled},
		{503, "SlowDown", remote.ErrThrottled},
		{504, "", remote.ErrThrottled},
		{599, "", remote.ErrThrottled},
		{501, "NotImplemented", remote.ErrNotImplemented},
		{507, "XMinioStorageFull", remote.ErrFull},
		{301, "PermanentRedirect", remote.ErrInvalid},
		{302, "", remote.ErrOffline},
		{511, "", remote.ErrOffline},
		{418, "", remote.ErrCorrupt},
	} {
		s := openServer(t, func(w http.ResponseWriter, r *http.Request) { errorXML(w, r, c.status, c.code) })
		for verb, err := range verbs(t, s) {
			wantKind(t, fmt.Sprintf("%s: %d %s", verb, c.status, c.code), err, c.want)
		}
	}
}

func TestErrorCodesWithoutTheirStatus(t *testing.T) {
	for code, want := range map[string]error{
		"ExpiredToken": remote.ErrDenied, "QuotaExceeded": remote.ErrFull, "AuthorizationHeaderMalformed": remote.ErrInvalid,
		"BadDigest": remote.ErrCorrupt, "RequestTimeout": remote.ErrOffline,
	} {
		s := openServer(t, func(w http.ResponseWriter, r *http.Request) { errorXML(w, r, 400, code) })
		_, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{})
		wantKind(t, code, err, want)
	}
}

func TestFailedConditions(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
	}{{412, "PreconditionFailed"}, {412, ""}, {409, "ConditionalRequestConflict"}} {
		s := openServer(t, func(w http.ResponseWriter, r *http.Request) { errorXML(w, r, c.status, c.code) })
		_, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{If: remote.Condition{Absent: true}})
		wantKind(t, "create", err, remote.ErrExists)
		_, err = s.Put(t.Context(), "k", section("x"), remote.PutOptions{If: remote.Condition{ETag: "e"}})
		wantKind(t, "replace", err, remote.ErrPrecondition)
	}
	s := openServer(t, func(w http.ResponseWriter, r *http.Request) { errorXML(w, r, 404, "NoSuchKey") })
	_, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{If: remote.Condition{ETag: "e"}})
	wantKind(t, "replace of nothing", err, remote.ErrPrecondition)
}

const emptyListing = `<?xml version="1.0"?><ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>`

// A 404 that does not say what is missing is absence only if the bucket can be listed.
func TestBare404(t *testing.T) {
	for name, c := range map[string]struct {
		listing http.HandlerFunc
		want    error
	}{
		"bucket is there": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, emptyListing) }, remote.ErrNotFound},
		"bucket is gone":  {func(w http.ResponseWriter, r *http.Request) { errorXML(w, r, 404, "NoSuchBucket") }, remote.ErrNoStore},
		"no S3 at all":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>404</html>", 404) }, remote.ErrNoStore},
		"no right":        {func(w http.ResponseWriter, r *http.Request) { errorXML(w, r, 403, "AccessDenied") }, remote.ErrDenied},
		"portal's way":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://portal/", http.StatusFound) }, remote.ErrOffline},
		"portal":          {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html/>") }, remote.ErrCorrupt},
		"other XML":       {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `<?xml version="1.0"?><Other/>`) }, remote.ErrCorrupt},
	} {
		s := openServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("list-type") == "2" {
				c.listing(w, r)
				return
			}
			http.Error(w, "<html>404 page not found</html>", http.StatusNotFound)
		})
		_, err := s.Head(t.Context(), "k")
		wantKind(t, name+": head", err, c.want)
		_, err = read(t, s, remote.Range{}, "")
		wantKind(t, name+": get", err, c.want)
		switch err := s.Delete(t.Context(), "k"); {
		case c.want != remote.ErrNotFound:
			wantKind(t, name+": delete", err, c.want)
		case err != nil:
			t.Errorf("%s: delete: %v", name, err)
		}
	}
}

// answer plays a server that gives one answer to every request.
type answer struct {
	status int
	header map[string]string
	body   string
}

func (a answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
	if _, fixed := a.header["Content-Length"]; !fixed {
		w.(http.Flusher).Flush() // no length, then
	}
}

func TestWrongAnswersToGet(t *testing.T) {
	r := remote.Range{Offset: 2, Length: 4}
	good := map[string]string{"ETag": `"e"`, "Content-Length": "4", "Content-Range": "bytes 2-5/10"}
	with := func(changes ...string) map[string]string {
		h := map[string]string{}
		for k, v := range good {
			h[k] = v
		}
		for i := 0; i < len(changes); i += 2 {
			if h[changes[i]] = changes[i+1]; changes[i+1] == "" {
				delete(h, changes[i])
			}
		}
		return h
	}
	for name, c := range map[string]struct {
		a    answer
		want error
	}{
		"good":            {answer{206, good, "2345"}, nil},
		"whole":           {answer{200, with("Content-Range", "", "Content-Length", "10"), "0123456789"}, remote.ErrCorrupt},
		"200":             {answer{200, good, "2345"}, remote.ErrCorrupt},
		"other start":     {answer{206, with("Content-Range", "bytes 3-6/10"), "3456"}, remote.ErrCorrupt},
		"too little":      {answer{206, with("Content-Range", "bytes 2-4/10", "Content-Length", "3"), "234"}, remote.ErrCorrupt},
		"too much":        {answer{206, with("Content-Range", "bytes 2-6/10", "Content-Length", "5"), "23456"}, remote.ErrCorrupt},
		"lengths differ":  {answer{206, with("Content-Length", "5"), "23456"}, remote.ErrCorrupt},
		"no length":       {answer{206, with("Content-Length", ""), "2345"}, remote.ErrCorrupt},
		"no range":        {answer{206, with("Content-Range", ""), "2345"}, remote.ErrCorrupt},
		"unknown size":    {answer{206, with("Content-Range", "bytes 2-5/*"), "2345"}, remote.ErrCorrupt},
		"no ETag":         {answer{206, with("ETag", ""), "2345"}, remote.ErrCorrupt},
		"another version": {answer{206, with("ETag", `"f"`), "2345"}, remote.ErrPrecondition},
		"a web page":      {answer{200, map[string]string{"Content-Type": "text/html"}, "<html>"}, remote.ErrOffline},
		"a short body":    {answer{206, good, "234"}, remote.ErrOffline},
	} {
		s := openServer(t, c.a.ServeHTTP)
		got, err := read(t, s, r, "e")
		if c.want == nil {
			if got != "2345" || err != nil {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
			continue
		}
		wantKind(t, name, err, c.want)
	}
}

func TestWrongAnswersToList(t *testing.T) {
	content := func(key string) string {
		return "<Contents><Key>" + key + `</Key><ETag>"e"</ETag><Size>1</Size><LastModified>2026-11-20T00:00:00Z</LastModified></Contents>`
	}
	listing := func(truncated bool, contents ...string) string {
		return fmt.Sprintf("<ListBucketResult><IsTruncated>%t</IsTruncated>%s</ListBucketResult>", truncated, strings.Join(contents, ""))
	}
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"good":             {listing(false, content("p/a"), content("p/b")), nil},
		"folder markers":   {listing(false, content("p/"), content("p//x"), content("p/a"), content("p/b")), nil},
		"not in order":     {listing(false, content("p/b"), content("p/a")), remote.ErrCorrupt},
		"twice":            {listing(false, content("p/a"), content("p/a")), remote.ErrCorrupt},
		"outside":          {listing(false, content("q/a")), remote.ErrCorrupt},
		"no ETag":          {listing(false, "<Contents><Key>p/a</Key><Size>1</Size></Contents>"), remote.ErrCorrupt},
		"no size":          {listing(false, `<Contents><Key>p/a</Key><ETag>"e"</ETag></Contents>`), remote.ErrCorrupt},
		"goes on for ever": {listing(true), remote.ErrCorrupt},
		"a web page":       {"<html><body>Please log in</body></html>", remote.ErrCorrupt},
		"nothing":          {"", remote.ErrCorrupt},
		"cut short":        {listing(false, content("p/a"))[:60], remote.ErrCorrupt},
	} {
		s := openServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			io.WriteString(w, c.body)
		})
		page, err := s.List(t.Context(), "", "", 0)
		if c.want == nil {
			if err != nil || len(page.Objects) != 2 || page.Objects[0].Key != "a" || page.Objects[1].Key != "b" {
				t.Errorf("%s: got %+v, %v", name, page, err)
			}
			continue
		}
		wantKind(t, name, err, c.want)
	}
}

func TestWrongAnswersToPut(t *testing.T) {
	s := openServer(t, answer{200, map[string]string{"Content-Type": "text/html"}, "<html>Please log in</html>"}.ServeHTTP)
	for verb, err := range verbs(t, s) {
		wantKind(t, verb, err, remote.ErrOffline)
	}
	s = openServer(t, answer{200, map[string]string{"Content-Length": "0"}, ""}.ServeHTTP)
	_, err := s.Put(t.Context(), "k", section("x"), remote.PutOptions{})
	wantKind(t, "no ETag", err, remote.ErrCorrupt)
}

func TestStalls(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := openServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("ETag", `"e"`)
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "01234")
			w.(http.Flusher).Flush()
		}
		<-release // and an upload is not read
	})
	start := time.Now()
	got, err := read(t, s, remote.Range{}, "")
	wantKind(t, "get", err, remote.ErrOffline)
	if got != "01234" {
		t.Errorf("got %q before the stall", got)
	}
	large := make([]byte, 12<<20)
	_, err = s.Put(t.Context(), "k", section(string(large)), remote.PutOptions{})
	wantKind(t, "put", err, remote.ErrOffline)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v to notice", took)
	}
}

// A slow reader of a healthy connection is no stall.
func TestSlowReaderIsNoStall(t *testing.T) {
	s := openServer(t, answer{200, map[string]string{"ETag": `"e"`, "Content-Length": "4"}, "0123"}.ServeHTTP)
	body, _, err := s.Get(t.Context(), "k", remote.Range{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	<-time.After(400 * time.Millisecond) // longer than the stall: this is the thing under test
	if text, err := io.ReadAll(body); string(text) != "0123" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, endpoint := range []string{"http://" + l.Addr().String(), "http://no-such-host.invalid"} {
		start := time.Now()
		for verb, err := range verbs(t, openEndpoint(t, endpoint)) {
			wantKind(t, verb, err, remote.ErrOffline)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: five calls took %v", endpoint, took)
		}
	}
}

func TestLostConnectionsAreRetried(t *testing.T) {
	var requests atomic.Int32
	s := openServer(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) < 4 {
			panic(http.ErrAbortHandler)
		}
		answer{200, map[string]string{"ETag": `"e"`, "Content-Length": "4"}, "0123"}.ServeHTTP(w, r)
	})
	start := time.Now()
	if got, err := read(t, s, remote.Range{}, ""); got != "0123" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("three tries more took %v", took)
	}
}
