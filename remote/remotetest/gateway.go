package remotetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	gatewayReady  = 15 * time.Second
	gatewayRegion = "us-east-1"
	gatewayHealth = "/health"
	gatewayLog    = "gateway.log"
)

// GatewayOptions say how a gateway is run.
type GatewayOptions struct {
	// Folder holds the buckets and the gateway's log; it must exist and be on a
	// file system with user extended attributes.
	Folder string
	// Binary is versitygw; empty looks where [FindVersityGW] does.
	Binary string
	// AccessKey and SecretKey are the one account; empty makes random ones.
	AccessKey, SecretKey string
	// Port on the loopback address; 0 takes a free one.
	Port int
}

// Gateway is a versitygw process that serves a folder as S3 on the loopback address.
type Gateway struct {
	// Endpoint is the URL of the server, without a path.
	Endpoint             string
	AccessKey, SecretKey string
	Region               string

	options GatewayOptions
	address string

	mu      sync.Mutex // guards process; not held while waiting
	process *gatewayProcess
}

type gatewayProcess struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has been waited for
}

// FindVersityGW gives the server's binary: what the environment variable
// LOCKERFS_VERSITYGW names, else .bin/versitygw of the module the process runs in.
func FindVersityGW() (string, error) {
	if binary := os.Getenv("LOCKERFS_VERSITYGW"); binary != "" {
		return binary, nil
	}
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			binary := filepath.Join(dir, ".bin", "versitygw")
			if _, err := os.Stat(binary); err != nil {
				return "", fmt.Errorf("versitygw is missing, run `make tools`: %w", err)
			}
			return binary, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no module above %s: set LOCKERFS_VERSITYGW to the path of versitygw", start)
		}
	}
}

// RunGateway starts a gateway and waits until it answers. It runs until Stop.
func RunGateway(ctx context.Context, o GatewayOptions) (*Gateway, error) {
	if o.Binary == "" {
		binary, err := FindVersityGW()
		if err != nil {
			return nil, err
		}
		o.Binary = binary
	}
	if err := os.MkdirAll(filepath.Join(o.Folder, "buckets"), 0o755); err != nil {
		return nil, err
	}
	if o.AccessKey == "" {
		o.AccessKey, o.SecretKey = rand.Text(), rand.Text()
	}
	if o.Port == 0 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		o.Port = port
	}
	address := fmt.Sprintf("127.0.0.1:%d", o.Port)
	g := &Gateway{
		Endpoint: "http://" + address, AccessKey: o.AccessKey, SecretKey: o.SecretKey, Region: gatewayRegion,
		options: o, address: address,
	}
	return g, g.Start(ctx)
}

// Start starts the process again after Stop, on the same port and folder, and waits
// until it answers.
func (g *Gateway) Start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(g.options.Folder, gatewayLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	// Not bound to ctx, which only bounds the start. The keys are in the environment,
	// where other users cannot see them.
	cmd := exec.Command(g.options.Binary, "--port", g.address, "--region", g.Region, "--health", gatewayHealth,
		"--keep-alive", "--quiet", "posix", filepath.Join(g.options.Folder, "buckets"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.AccessKey, "ROOT_SECRET_KEY="+g.SecretKey)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &gatewayProcess{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // how it ended is in its log
	}()
	g.mu.Lock()
	g.process = p
	g.mu.Unlock()
	if err := g.await(ctx, p); err != nil {
		g.Stop()
		return err
	}
	return nil
}

// await polls until the server answers, ends, or takes too long.
func (g *Gateway) await(ctx context.Context, p *gatewayProcess) error {
	ctx, cancel := context.WithTimeout(ctx, gatewayReady)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.Endpoint+gatewayHealth, nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return fmt.Errorf("versitygw ended: %s", g.logTail())
		case <-ctx.Done():
			return fmt.Errorf("versitygw does not answer at %s: %w: %s", g.Endpoint, ctx.Err(), g.logTail())
		case <-tick.C:
		}
	}
}

// Stop kills the process and waits until it has gone; stopping twice is no error.
// Objects acknowledged before are kept: they are in the page cache, not in it.
func (g *Gateway) Stop() {
	g.mu.Lock()
	p := g.process
	g.process = nil
	g.mu.Unlock()
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

// MakeBucket makes a bucket; one that is there is kept. A bucket of this server is
// a folder, so it can be made while the server is stopped.
func (g *Gateway) MakeBucket(name string) error {
	err := os.Mkdir(g.BucketFolder(name), 0o755)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// BucketFolder gives the folder that holds a bucket's objects as plain files.
func (g *Gateway) BucketFolder(name string) string {
	return filepath.Join(g.options.Folder, "buckets", name)
}

// URL gives the store URL of a prefix in a bucket, without credentials.
func (g *Gateway) URL(bucket, prefix string) string {
	u := url.URL{Scheme: "s3", Host: bucket, Path: "/" + strings.TrimPrefix(prefix, "/")}
	u.RawQuery = url.Values{"endpoint": {g.Endpoint}, "region": {g.Region}}.Encode()
	return u.String()
}

// Env gives the credentials as environment variables of the AWS credential chain.
func (g *Gateway) Env() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + g.AccessKey, "AWS_SECRET_ACCESS_KEY=" + g.SecretKey}
}

func (g *Gateway) logTail() string {
	text, err := os.ReadFile(filepath.Join(g.options.Folder, gatewayLog))
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-2000):]))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
