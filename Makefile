# Two commands matter: `make run` starts your node, `make test` proves that it works.

export PATH := $(CURDIR)/target/node/node_modules/node/bin:$(HOME)/.cargo/bin:$(PATH):/usr/sbin:/sbin
export CARGO_TERM_COLOR ?= auto

VENV  := target/venv
SEEDS ?= 100000
SECONDS ?= 60
STAGE := tools/stage.sh

.NOTPARALLEL:
.PHONY: help run test bench soak fuzz lint fmt size layers doc setup verify \
	setup-run setup-bench check-fmt clippy typos deny shear shell check-page page page-tests browser screens build tests canaries doctests reader bad-input

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup-run page  ## build Covey, start your node, and show its page and your invite (ARGS="--home DIR" for another home)
	cargo run --locked -p covey -- $(ARGS) run --web 127.0.0.1:0

test: setup lint size layers page page-tests tests browser canaries doctests reader bad-input  ## everything

bench: setup-bench  ## Covey beside libtoxcore, raw quinn and a bare insert: a table, and target/bench.json
	cargo build --locked --release -p covey -p bench
	cargo run --quiet --locked --release -p bench

soak:  ## a hundred thousand years of friends for whom everything goes wrong (SEEDS=N for another number)
	WORLD_SEEDS=$(SEEDS) cargo test --locked -p world --test stories -- --nocapture exactly_once

fuzz:  ## look for bytes that break a reader, SECONDS=60 on each, and keep what reaches further
	tests/fuzz/grow.py $(SECONDS)

lint: check-fmt clippy doc typos deny shear shell check-page  ## all that can be said without running anything

fmt:  ## put every file into the house's shape
	cargo fmt --all

size:  ## lines of code against their budgets, and the thesis
	@$(STAGE) size tools/size.py

layers:  ## who imports whom, and what proto may never see
	@$(STAGE) layers tools/layers.py

doc:  ## the documentation of every crate, private items too
	@RUSTDOCFLAGS="-D warnings" $(STAGE) doc cargo doc --locked --workspace --no-deps --document-private-items

verify:  ## attack the models of the cryptography, where Verifpal is installed (SESSIONS=2 takes minutes)
	@docs/models/run.sh $(SESSIONS)

setup:  ## install what is missing to run and to test
	@$(STAGE) setup tools/setup.sh test

setup-run setup-bench: setup-%:
	@tools/setup.sh $*

check-fmt:
	@$(STAGE) fmt cargo fmt --all --check
clippy:
	@$(STAGE) clippy cargo clippy --locked --workspace --all-targets -- -D warnings
typos:
	@$(STAGE) typos $(VENV)/bin/typos
deny:
	@$(STAGE) deny cargo deny --log-level error check bans licenses sources
shear:
	@$(STAGE) shear cargo shear
shell:
	@$(STAGE) shell shellcheck .ci/run $(wildcard tools/*.sh) $(wildcard tests/*/*/*.sh) docs/models/run.sh

# The page of every shell: checked, built into `ui/dist`, which `covey` takes in, and its model tried.
ui/node_modules: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund --loglevel=error && touch node_modules
check-page: ui/node_modules
	@$(STAGE) check-page npm --prefix ui run --silent check
page: ui/node_modules
	@$(STAGE) page npm --prefix ui run --silent build -- --logLevel warn
page-tests: page
	@$(STAGE) page-tests npm --prefix ui run --silent test

# People in a real browser, on real nodes.
tests/ui/node_modules: tests/ui/package-lock.json
	cd tests/ui && npm ci --no-audit --no-fund --loglevel=error && touch node_modules
browser: build tests/ui/node_modules
	@$(STAGE) browser npm --prefix tests/ui run --silent test
screens: build tests/ui/node_modules  ## a picture of every screen, into docs/screens
	cd tests/ui && SCREENS=../../docs/screens node --test screens.test.js
	pngquant --force --skip-if-larger --ext .png 128 docs/screens/*.png

# One build with one set of features; the lab finds `covey` beside its own executable.
build: page
	@$(STAGE) build cargo build --locked --workspace --bins --tests
tests: build
	@$(STAGE) tests cargo nextest run --locked --workspace
# Rules are broken one by one, and a story must notice each time.
canaries: build
	@$(STAGE) canaries tests/world/canaries/run.sh
doctests:
	@$(STAGE) doctests cargo test --locked --workspace --doc
# What the tests compare to is read once more, in another language.
reader:
	@$(STAGE) reader $(VENV)/bin/python -B tests/reader/read.py core/proto/vectors
bad-input: tests page-tests browser
	@$(STAGE) bad-input tools/ran.py target/nextest/default/junit.xml target/page.xml target/browser.xml
