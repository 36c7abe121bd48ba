package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// stepTime bounds each step on the way to the store.
	stepTime = 5 * time.Second
	// skewSmall and skewRefused are how wrong a clock may be: the second is S3's limit.
	skewSmall, skewRefused = time.Minute, 15 * time.Minute
)

// checkNetwork goes the way to the server step by step, and gives false where it ends.
func (x *examination) checkNetwork(ctx context.Context, address *url.URL) bool {
	target := address
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: address})
	if err != nil {
		x.fail(exitUsage, "proxy", "correct HTTPS_PROXY", "the proxy of the environment cannot be understood: %v", err)
		return false
	}
	if proxy != nil {
		x.ok("proxy", "requests go through %s", proxy.Host)
		target = proxy
	}
	host, port := target.Hostname(), first(target.Port(), map[string]string{"http": "80", "https": "443"}[target.Scheme])
	if !x.checkName(ctx, host) || !x.checkPort(ctx, net.JoinHostPort(host, port)) {
		return false
	}
	if target.Scheme == "https" && !x.checkTLS(ctx, net.JoinHostPort(host, port), host) {
		return false
	}
	return x.checkClock(ctx, address)
}

func (x *examination) checkName(ctx context.Context, host string) bool {
	if net.ParseIP(host) != nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	began := time.Now()
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		x.fail(exitUnreachable, "DNS", "check the network and the name in the endpoint", "%s has no address: %v", host, err)
		return false
	}
	x.ok("DNS", "%s is %s (%s)", host, strings.Join(found[:min(len(found), 2)], ", "), milliseconds(time.Since(began)))
	return true
}

func (x *examination) checkPort(ctx context.Context, at string) bool {
	d := net.Dialer{Timeout: stepTime}
	began := time.Now()
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		x.fail(exitUnreachable, "TCP", "check the network, the firewall and the port of the endpoint", "%s cannot be reached: %v", at, err)
		return false
	}
	conn.Close()
	x.ok("TCP", "%s answers (%s)", at, milliseconds(time.Since(began)))
	return true
}

func (x *examination) checkTLS(ctx context.Context, at, host string) bool {
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: stepTime}, Config: &tls.Config{ServerName: host}}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		next := "check the endpoint: http:// where the server has no TLS"
		var wrong *tls.CertificateVerificationError
		if errors.As(err, &wrong) {
			next = "check the clock (date), and whether something on the way pretends to be " + host + "; a certificate of your own needs AWS_CA_BUNDLE"
		}
		x.fail(exitUnreachable, "TLS", next, "%s: %v", host, err)
		return false
	}
	conn.Close()
	x.ok("TLS", "the certificate is %s's", host)
	return true
}

// checkClock compares this machine's clock with the server's, and sees whether it is the
// server that answers. It asks without a name or a signature, so any answer will do.
func (x *examination) checkClock(ctx context.Context, address *url.URL) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*stepTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		x.failed("HTTP", err)
		return false
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	began := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		x.fail(exitUnreachable, "HTTP", "check the endpoint, its port, and whether it wants http:// or https://", "the server does not answer: %v", err)
		return false
	}
	answer.Body.Close()
	took := time.Since(began)
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && answer.Header.Get("x-amz-request-id") == "" {
		x.warn("HTTP", "log in to the network if it asks for it (a browser shows it), and check the endpoint", "a web page answers with %d, which may not be the store", answer.StatusCode)
	}
	x.compareClock(answer.Header.Get("Date"), began.Add(took/2))
	return true
}

// compareClock compares what the server said with the time here when it did.
func (x *examination) compareClock(header string, here time.Time) {
	date, err := http.ParseTime(header)
	if err != nil {
		x.warn("clock", "", "the server does not tell the time")
		return
	}
	// It tells whole seconds, and was asked for half of the way there and back.
	skew := here.Sub(date.Add(time.Second / 2)).Round(time.Second)
	side := "ahead"
	if skew < 0 {
		side = "behind"
	}
	const mend = "set the clock: timedatectl set-ntp true"
	switch off := fmt.Sprintf("this machine's clock is %v %s", skew.Abs(), side); {
	case skew.Abs() >= skewRefused:
		x.fail(exitDenied, "clock", mend, "%s: S3 refuses requests that are 15 minutes off", off)
	case skew.Abs() >= skewSmall:
		x.warn("clock", mend, "%s", off)
	default:
		x.ok("clock", "agrees with the server's")
	}
}

func milliseconds(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
