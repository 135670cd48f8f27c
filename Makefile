# Osler. `make` shows what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build model demo serve test test-fast test-api test-ui ui lint deny bench bench-service eval clean-demo

# Weights live in models/ (not committed). An operator's own folder: make OSLER_MODELS=/srv/models ...
export OSLER_MODELS ?= $(CURDIR)/models
DEMO_DATA ?= $(CURDIR)/demo-data
OSLER := target/release/osler
MANIFEST ?= ../shared/corpus/dev/manifest.jsonl

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: ## Install what the build needs (apt), or say what is missing
	@scripts/setup.sh

build: setup ## Build the program (release)
	cargo build --release --locked

model: build ## Fetch the default model
	$(OSLER) models fetch base

demo: model ## Transcribe two recordings, sign and file them in a sample practice, show the record
	$(OSLER) demo --data $(DEMO_DATA)
	@echo "Here that is: make serve"

serve: build ## Show the sample practice in a browser (after make demo)
	$(OSLER) serve --data $(DEMO_DATA)

test: setup ## Run every test, with a real model
	cargo run --quiet --locked -- models fetch tiny.en
	cargo test --locked -- --include-ignored
	$(MAKE) test-ui

test-fast: ## Run the tests that need no model
	cargo test --locked

test-api: setup ## Ask a running service all that its OpenAPI document allows, and what it does not, as each role
	cargo build --locked
	target/debug/osler models fetch tiny.en
	python3 tests/api/run.py

test-ui: setup ## Run the tests of the web application: its models, and its pages in Chromium
	npm ci --prefix tests/ui --silent --no-audit --no-fund
	node --test tests/ui/*.test.mjs

UI ?= target/ui
ui: setup ## Write screenshots of every page at three sizes, light and dark, to a folder (UI=...)
	npm ci --prefix tests/ui --silent --no-audit --no-fund
	node tests/ui/shots.mjs $(UI)
	@echo "Screenshots: $(UI)"

lint: setup ## Formatting and clippy, warnings denied
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

deny: setup ## Licences, bans and sources of all dependencies
	scripts/deny.sh

bench: model bench-service ## Time the service; time Osler beside whisper.cpp and faster-whisper, and its live text (BENCH="--corpus ... --resume")
	cargo bench --locked --bench dictionary
	python3 scripts/bench.py --live $(BENCH)

bench-service: setup ## Time the service with 100,000 dictations, and without encryption (SERVICE="--rate 400")
	cargo build --release --locked --no-default-features --target-dir target/plain
	cargo bench --locked --bench service -- --plain target/plain/release/osler $(SERVICE)

eval: model ## Score the pipeline on a corpus (MANIFEST=...)
	$(OSLER) eval $(MANIFEST)

clean-demo: ## Remove the sample practice
	rm -rf $(DEMO_DATA) $(DEMO_DATA).key
