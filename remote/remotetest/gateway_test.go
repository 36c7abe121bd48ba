package remotetest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockerfs/lockerfs/remote/remotetest"
)

func TestGatewayStopsAndStartsOnOnePort(t *testing.T) {
	g := remotetest.StartVersityGW(t)
	endpoint := g.Endpoint
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 2 {
		response, err := client.Get(endpoint + "/health")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		g.Stop()
		g.Stop()
		if _, err := client.Get(endpoint + "/health"); err == nil {
			t.Fatal("a stopped gateway answers")
		}
		if err := g.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := g.URL("bucket", "some prefix"), "s3://bucket/some%20prefix?endpoint="; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s…", got, want)
	}
}

func TestGatewayBrokenBinary(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "versitygw")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho no such luck; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := remotetest.RunGateway(t.Context(), remotetest.GatewayOptions{Binary: binary, Folder: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("got %v, want what the process said", err)
	}
}

func TestFindVersityGW(t *testing.T) {
	t.Setenv("LOCKERFS_VERSITYGW", "/some/where")
	if got, err := remotetest.FindVersityGW(); got != "/some/where" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("LOCKERFS_VERSITYGW", "")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("go.mod", []byte("module x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := remotetest.FindVersityGW(); err == nil || !strings.Contains(err.Error(), "make tools") {
		t.Errorf("got %v, want it to name `make tools`", err)
	}
}
