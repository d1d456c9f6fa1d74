# The two commands of the README, and the parts they are made of.

CACHE ?= $(HOME)/.cache/apple-k8s
export CARGO_TARGET_DIR ?= $(CACHE)/target
# `container` is Apple's on a Mac, ours elsewhere.
ifeq ($(shell uname -s),Darwin)
CONTAINER_UNDER_TEST ?= $(shell command -v container)
else
TWIN := --package linux-container
CONTAINER_UNDER_TEST ?= $(CARGO_TARGET_DIR)/debug/container
endif
# What the user's own shell finds, for advice that works in it.
export APPLE_K8S_USER_PATH := $(PATH)
# The Go there is what set-up fetches where the host's is too old, or missing.
export PATH := $(CARGO_TARGET_DIR)/debug:$(CACHE)/tools/go/bin:$(PATH)

.PHONY: run app test bench bench-app install bundle release deb setup setup-app setup-bench setup-test build pages build-app lint unit ui darwin darwin-build image image-arm64 system

# A cluster with a sample web app. Run again, it changes nothing.
run: setup build
	xtask run

# The menu-bar app, over whatever clusters there are.
app: setup-app build build-app
	apple-k8s-app

# Everything: style, unit tests, the windows' pages in a browser, real clusters, the real app.
test: setup-test lint build build-app unit ui darwin system
# What cargo compiles depends on the packages it is asked for: tests ask for all, each time.
test: BUILD := --workspace
REAL_NODES := --workspace --features system-tests/real-nodes,app-tests/real-nodes

# Side by side with kind.
bench: setup-bench build
	xtask bench

# The app by itself: start to icon, and what it takes while nobody looks.
bench-app: setup-test build build-app image
	xtask bench app

# The command line: for all users when called by root, else for this one.
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)
install: setup
	cargo build --locked --release --package cli $(TWIN)
	install -d $(PREFIX)/bin
	install $(CARGO_TARGET_DIR)/release/apple-k8s $(if $(TWIN),$(CARGO_TARGET_DIR)/release/container) $(PREFIX)/bin

# The app for a Mac: signed (ad hoc, or as the environment says), read back, packed.
bundle: setup-app pages
	cargo xtask bundle
	cargo xtask verify-bundle

# All that is published for Macs, from source to checksums; keys come from the environment, and what
# there is no key for is left out and named.
release: setup-app pages
	cargo xtask release

# Packages for Debian, as they are shipped.
deb: setup-app pages
	cargo xtask deb --out $(CACHE)/packages

setup:
	crates/xtask/setup.sh
setup-app:
	crates/xtask/setup.sh app
setup-bench:
	crates/xtask/setup.sh bench
setup-test:
	crates/xtask/setup.sh test

# Licences, sources and banned crates; its version stands here alone.
DENY := $(CACHE)/tools/bin/cargo-deny
$(DENY):
	cargo install --locked --quiet --root $(CACHE)/tools --target-dir $(CACHE)/tools-target cargo-deny@0.20.2

build: $(if $(filter test,$(MAKECMDGOALS)),pages)
	cargo build --locked $(BUILD) --bins

# The pages of the app's windows; what npm fetched is kept while the lock file is the same.
ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund --loglevel=error
pages: ui/node_modules/.package-lock.json
	cd ui && npm run --silent build

build-app: pages
	cargo build --locked $(or $(BUILD),--package apple-k8s-app --package distribution) --bins

lint: $(DENY) ui/node_modules/.package-lock.json
	cargo fmt --all --check
	cargo clippy --locked $(REAL_NODES) --all-targets -- --deny warnings
	$(DENY) check bans licenses sources
	cd node-image/node && test -z "$$(gofmt -l .)" && go vet ./...
	cd ui && npm run --silent check
	shellcheck --severity=warning crates/xtask/setup.sh .ci/run node-image/scripts/*

unit: build
	xtask tools
	cargo test --locked --workspace
	CONTAINER_UNDER_TEST=$(CONTAINER_UNDER_TEST) cargo test --locked --workspace --test real -- --ignored
	cd node-image/node && go test ./...
	cd node-image/modules/containerd && go test ./bake
	cd node-image/modules/flannel && go test .

# The windows' pages: their logic, and every view in a browser.
ui: pages
	cd ui && npm test --silent && npm run --silent browser

# App and CLI as a Mac would compile them; the symbols that linking them takes for granted.
darwin: build
	xtask darwin check
	cargo test --locked --workspace --test darwin promises -- --ignored

# App and CLI linked for a Mac as they are shipped, and read back by LLVM's tools; the bundle of them, made,
# signed ad hoc, read back, and changed byte by byte. After a change this takes some minutes, the first time
# a quarter of an hour.
darwin-build: setup-test build pages
	cargo test --locked --workspace --test darwin -- --ignored

# The node image, where it is not there already.
image: build
	container system start --enable-kernel-install
	apple-k8s build node-image

# The node image of a Mac, built on any machine, and looked at: everything in it is for arm64, and runs
# by emulation; it and the one of this machine have the same digests when both are built again. The first
# build takes half an hour, that again as long, and 30 GB until it ends.
image-arm64: build
	crates/xtask/setup.sh arm64
	container system start --enable-kernel-install
	apple-k8s build node-image --arch arm64
	APPLE_K8S_TEST_FOREIGN=1 APPLE_K8S_TEST_AGAIN=1 cargo test --locked --package system-tests --features real-nodes --test node_image -- --nocapture

# One suite or some: make system SUITES="--test cluster"
SUITES := $(patsubst %.rs,--test %,$(notdir $(wildcard tests/suites/*.rs tests/app/suites/*.rs)))
# Real clusters. Each suite is one test, and suites come one after another. Then the real app.
system: image build-app
	cargo test --locked $(REAL_NODES) $(SUITES) -- --nocapture
