PREFIX = /usr/local

# The version contains the commit, if there is one, regardless of GOFLAGS.
VCS := $(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 && echo -buildvcs=true)

# make demo HOLD=1 keeps the demo running.
HOLD ?=

.PHONY: help
help: ## list the targets (the default)
	@sed -n 's/^\([a-z]*\):[^#]*## /\1	/p' Makefile | awk -F '\t' '{ printf "make %-8s %s\n", $$1, $$2 }'

.PHONY: build
build: ## build bin/emanagement and bin/emanagementd
	@CGO_ENABLED=0 go build -trimpath $(VCS) -o bin/ ./cmd/emanagement ./cmd/emanagement-client ./cmd/emanagementd

.PHONY: demo
demo: ## show the component at work with a private ejabberd
	@scripts/setup ejabberd
	@$(MAKE) --no-print-directory build
	@HOLD='$(HOLD)' go run ./internal/demo

# Most tests wait for servers, so more of them run at once than there are cores.
.PHONY: test
test: ## run all tests, with the race detector
	@scripts/setup
	@CGO_ENABLED=1 go test -race -shuffle=on -parallel 4 -timeout 20m ./...

.PHONY: bench
bench: ## compare the verbs with other ways, and write docs/performance.md (a quarter of an hour)
	@scripts/setup ejabberd
	@$(MAKE) --no-print-directory build
	@go run ./internal/bench -write docs/performance.md
	@go test -run '^$$' -bench Journal -benchtime 2s ./e2e ./store

.PHONY: soak
soak: ## measure the verbs for whole hosts with 200,000 items (ten minutes)
	@scripts/setup ejabberd sqlite
	@go test -tags soak -run '^TestSoak$$' -v -timeout 180m ./e2e

.PHONY: faults
faults: ## have each fault strike 20 times under load, and print a table (half an hour)
	@scripts/setup ejabberd
	@go test -tags faults -run '^TestFaultRounds$$' -v -parallel 4 -timeout 120m ./e2e

# make fuzz TIME=10m runs each target for longer.
TIME ?= 1m

.PHONY: fuzz
fuzz: ## run each fuzz target for a minute
	@scripts/fuzz '$(TIME)'

.PHONY: load
load: ## measure the program under more load than it takes (ten minutes)
	@scripts/setup ejabberd
	@go test -tags load -run '^TestLoad$$' -v -timeout 60m ./e2e

.PHONY: lint
lint: ## check formatting, code, dependencies and generated files
	@scripts/lint

.PHONY: check
check: lint test ## lint and test

.PHONY: setup
setup: ## install the dependencies of the tests and the demo (as root, on Debian)
	@scripts/setup

.PHONY: install
install: build ## install the programs, their manual pages and completions in $(DESTDIR)$(PREFIX)
	@install -d '$(DESTDIR)$(PREFIX)/bin'
	@install -m 755 bin/emanagement bin/emanagement-client bin/emanagementd '$(DESTDIR)$(PREFIX)/bin'
	@for shell in bash:bash-completion/completions/emanagement zsh:zsh/site-functions/_emanagement fish:fish/vendor_completions.d/emanagement.fish; do \
		install -d "$$(dirname '$(DESTDIR)$(PREFIX)/share/'$${shell#*:})" && \
		bin/emanagement completion $${shell%%:*} >'$(DESTDIR)$(PREFIX)/share/'$${shell#*:} || exit 1; \
	done
	@go run ./cmd/docs man '$(DESTDIR)$(PREFIX)/share/man'

.PHONY: clean
clean: ## remove the built programs
	@rm -rf bin
