package s3

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	idlePerHost   = 64
	dialTimeout   = 5 * time.Second
	headerTimeout = 10 * time.Second
	// bulkTimeout is the wait for the answer to a large body: on a thin link what
	// the kernel has taken from us is still on its way for many seconds, and a
	// server that joins parts answers when it has done so.
	bulkTimeout  = 2 * time.Minute
	defaultStall = 10 * time.Second

	attempts  = 4
	retryBase = 30 * time.Millisecond
	retryCap  = time.Second
)

// newTransport gives a transport of HTTP/1.1 only: on HTTP/2 one lost packet stalls
// every stream. The SDK's builder is used because it takes a CA bundle from the
// environment, where a plain client makes loading the configuration fail.
func newTransport() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = 2 * idlePerHost
			t.MaxIdleConnsPerHost = idlePerHost
			t.ResponseHeaderTimeout = headerTimeout
			t.DisableCompression = true
			t.Proxy = http.ProxyFromEnvironment
			t.ForceAttemptHTTP2 = false
			t.Protocols = new(http.Protocols)
			t.Protocols.SetHTTP1(true)
		})
}

// newRetryer tries again at once and often, without the SDK's token bucket: that is
// shared by all calls and is empty after a short outage, and then nothing is retried.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = retryCap
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(backoff)
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(notAgain)}, o.Retryables...)
	})
}

func backoff(attempt int, _ error) (time.Duration, error) {
	d := min(retryBase<<min(max(attempt-1, 0), 10), retryCap)
	return d*2/3 + rand.N(d*2/3), nil
}

// notAgain keeps errors from being retried that another try cannot change, or that
// have waited long enough already.
func notAgain(err error) aws.Ternary {
	var credential *credentialError
	if errors.As(err, &credential) || errors.Is(err, errNotS3) || errors.Is(err, errStalled) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

var (
	errStalled = errors.New("the connection made no progress")
	errNotS3   = errors.New("the answer is a web page, not S3's (a captive portal or proxy?)")
)

// watchdog ends requests whose bodies, either way, make no progress, and refuses the
// web pages that captive portals put in the place of answers.
type watchdog struct {
	next  aws.HTTPClient
	stall time.Duration
	// answer is how long next waits for the answer after the request's body.
	answer time.Duration
}

// Do implements the SDK's client.
func (w *watchdog) Do(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	p := &progress{cancel: cancel}
	request = request.WithContext(ctx)
	if request.Body != nil && request.Body != http.NoBody {
		paced := remote.Paced(ctx, request.Body)
		request.Body = &watchedBody{ReadCloser: request.Body, paced: paced, p: p, stall: w.stall, rest: w.stall + w.answer}
	}
	response, err := w.next.Do(request)
	p.answer()
	if err == nil && webPage(response) {
		response.Body.Close()
		response, err = nil, errNotS3
	}
	if err != nil {
		err = p.explain(err)
		cancel(nil)
		return nil, err
	}
	response.Body = &watchedAnswer{ReadCloser: response.Body, p: p, stall: w.stall}
	return response, nil
}

// webPage tells an answer that leads to a web page, as S3's redirects do not, or is one.
func webPage(r *http.Response) bool {
	if r.StatusCode == http.StatusFound || r.StatusCode == http.StatusSeeOther {
		return true
	}
	return r.StatusCode/100 == 2 && r.Header.Get("ETag") == "" && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
}

// progress cancels a request whose timer nobody stops or restarts in time.
type progress struct {
	cancel  context.CancelCauseFunc
	stalled atomic.Bool

	mu       sync.Mutex // guards all below
	timer    *time.Timer
	answered bool
}

// start gives the request's body d for its next step, until there is an answer.
func (p *progress) start(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.answered {
		p.arm(d)
	}
}

// answer ends the part of the request; from now on only expect starts the timer.
func (p *progress) answer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = true
	p.disarm()
}

// expect gives the answer's body d for its next bytes.
func (p *progress) expect(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arm(d)
}

func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.disarm()
}

// arm and disarm need p.mu.
func (p *progress) arm(d time.Duration) {
	if p.timer != nil {
		p.timer.Reset(d)
		return
	}
	p.timer = time.AfterFunc(d, func() {
		p.stalled.Store(true)
		p.cancel(errStalled)
	})
}

func (p *progress) disarm() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// explain gives the stall as the cause of the error it made.
func (p *progress) explain(err error) error {
	if err != nil && err != io.EOF && p.stalled.Load() {
		return errStalled
	}
	return err
}

// watchedBody expects the transport to come back for more, and at the end to have an
// answer in time.
type watchedBody struct {
	io.ReadCloser
	paced       io.Reader // of the same bytes
	p           *progress
	stall, rest time.Duration
}

func (b *watchedBody) Read(data []byte) (int, error) {
	b.p.stop()
	n, err := b.paced.Read(data)
	if err != nil {
		b.p.start(b.rest)
	} else {
		b.p.start(b.stall)
	}
	return n, err
}

// watchedAnswer expects bytes while someone is reading; a slow reader is no stall.
type watchedAnswer struct {
	io.ReadCloser
	p     *progress
	stall time.Duration
}

func (b *watchedAnswer) Read(data []byte) (int, error) {
	b.p.expect(b.stall)
	n, err := b.ReadCloser.Read(data)
	b.p.stop()
	return n, b.p.explain(err)
}

func (b *watchedAnswer) Close() error {
	b.p.stop()
	// Cancelling first keeps Close from reading on: a body given up in the middle
	// costs its connection, not the rest of the download.
	b.p.cancel(nil)
	return b.ReadCloser.Close()
}
