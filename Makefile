# lockerfs: `make demo` shows it, `make test` proves it. Both set up what they need.
SHELL := /bin/bash
BIN := $(CURDIR)/.bin
GO ?= go
# Where test binaries put their temporary folders must be an ordinary file system.
export TMPDIR ?= /tmp
export CGO_ENABLED ?= 1
# Properties are tried with the same draws in every run, so that a change is judged by what
# it changed; RAPID_SEED=0 draws others.
export RAPID_SEED ?= 20261121
VERSITYGW := v1.8.0

.PHONY: build screenshots demo link test unit mount lint cross bench fuzz fuzz-tags setup tools clean help

build: ## build .bin/lockerfs
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -ldflags "-s -w" -o $(BIN)/lockerfs ./cmd/lockerfs

demo: setup-demo build $(if $(TOUR),tools link) ## a small locker, mounted at ~/lockerfs-demo/Music until Ctrl-C; PLAY=1 plays from it; TOUR=1 shows all in a minute
	@LOCKERFS=$(BIN)/lockerfs bash integration/scripts/$(if $(TOUR),tour,demo).sh

# Where properties are, the units run twice: with -race, which makes SQLite, compiled to Go,
# five times as slow, -short lets them draw a fifth.
test: setup tools build ## everything: units, contracts on real S3, real mounts, real players
	$(GO) test -race -short -timeout 20m $$($(GO) list ./... | grep -v /integration)
	$(GO) test -timeout 20m ./cache/... ./fs/... ./prefetch
	$(GO) test -timeout 20m -count=1 ./integration/...

unit: ## what needs no mount, no player and no S3 server
	$(GO) test ./remote ./remote/dir ./fs/tag ./fs/library ./fs/catalog ./fs/pending ./fs/intake ./cache/...

lint: setup ## gofmt, go vet, staticcheck, and the import table of the design
	@out=$$(gofmt -l .); test -z "$$out" || { echo "gofmt wants: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test -count=1 -run TestImportTable ./integration

cross: ## compile for the other platforms
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./cmd/lockerfs
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./cmd/lockerfs
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) vet ./cmd/... ./fs/... ./cache/... ./remote/...

BENCH ?=
bench: setup tools build ## times, in one run, as a table; BENCH="-only start,gap" chooses, with rclone on PATH beside it
	$(GO) run ./integration/bench -lockerfs $(BIN)/lockerfs -versitygw $(BIN)/versitygw $(BENCH)

FUZZTIME ?= 60s
fuzz: ## every fuzz target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) bash integration/scripts/fuzz.sh

fuzz-tags: ## those of the parsers of audio files
	@FUZZTIME=$(FUZZTIME) bash integration/scripts/fuzz.sh ./fs/tag

setup: ## programs the tests use, from Debian (as root; else it says what to run)
	@bash integration/scripts/setup.sh test

screenshots: build ## the pictures of the README, docs/thunar*.png
	@bash integration/scripts/setup.sh screenshots
	@LOCKERFS=$(BIN)/lockerfs bash integration/scripts/screenshots.sh docs

setup-demo:
	@bash integration/scripts/setup.sh demo

link: # the way to the S3 server in the tour
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/link ./integration/scripts/link

tools: $(BIN)/versitygw ## the S3 server of the tests

$(BIN)/versitygw:
	CGO_ENABLED=0 GOBIN=$(BIN) $(GO) install -trimpath github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)

clean:
	rm -rf $(BIN)

help:
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12
