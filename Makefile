# The two commands of the README, and the parts they are made of.

CACHE ?= $(HOME)/.cache/apple-k8s
export CARGO_TARGET_DIR ?= $(CACHE)/target
export PATH := $(CARGO_TARGET_DIR)/debug:$(PATH)

.PHONY: run test bench setup build lint unit system

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

build:
	cargo build --locked --workspace --bins

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings

unit:
	cargo test --locked --workspace

# Real clusters. Each suite is one test, and suites come one after another.
system: build
	cargo test --locked --package system-tests --features real-nodes -- --nocapture
