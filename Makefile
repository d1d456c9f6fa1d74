# The two commands of the README, and the parts they are made of.

CACHE ?= $(HOME)/.cache/apple-k8s
export CARGO_TARGET_DIR ?= $(CACHE)/target
export PATH := $(CARGO_TARGET_DIR)/debug:$(PATH)

.PHONY: run test bench setup build lint unit image system

# A cluster with a sample web app. Run again, it changes nothing.
run: setup build
	xtask run

# Everything: style, unit tests, real clusters.
test: setup lint build unit system

# Side by side with kind.
bench: setup build
	xtask bench

setup:
	crates/xtask/setup.sh

# Licences, sources and banned crates; its version stands here alone.
DENY := $(CACHE)/tools/bin/cargo-deny
$(DENY):
	cargo install --locked --quiet --root $(CACHE)/tools --target-dir $(CACHE)/tools-target cargo-deny@0.20.2

build:
	cargo build --locked --workspace --bins

lint: $(DENY)
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	cargo clippy --locked --package system-tests --all-targets --features real-nodes -- --deny warnings
	$(DENY) check bans licenses sources
	cd node-image/node && test -z "$$(gofmt -l .)" && go vet ./...
	shellcheck --severity=warning crates/xtask/setup.sh .ci/run node-image/scripts/*

unit: build
	xtask tools
	cargo test --locked --workspace
	cd node-image/node && go test ./...
	cd node-image/modules/containerd && go test ./bake

# The node image, where it is not there already.
image: build
	container system start --enable-kernel-install
	apple-k8s build node-image

# Real clusters. Each suite is one test, and suites come one after another.
system: image
	cargo test --locked --package system-tests --features real-nodes -- --nocapture
