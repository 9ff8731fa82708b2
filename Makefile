# What people type. On a fresh machine with Go, `make demo` shows it and `make test` proves it.

# How long each fuzz target runs.
FUZZTIME ?= $(if $(filter true,$(CI)),3s,30s)

# How many sessions make scale puts into each engine.
SESSIONS ?= 1000000

# How many mutants make mutate tries.
MUTANTS ?= 150

# Which benchmarks run, how often and how long each time, beside which commit, and what had another name there: OLD=NEW,OLD=NEW.
BENCH          ?= .
COUNT          ?= 10
BENCHTIME      ?= 0.5s
COATCHECK_BASE ?=
RENAMED        ?=

# Every package of the modules of go.work.
ALL := coatcheck.dev/...

# The program is shipped without cgo, so it is built and checked without. Only the race detector needs it.
export CGO_ENABLED := 0

# Test builds are not stamped with a revision: that would ask for git, and for a checkout of the same owner.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

.DEFAULT_GOAL := test
.PHONY: demo release test fips row lint bench bench-gate scale torture deps fuzz mutate

# A shop to sign in to, on http://localhost:8080, with its console on http://localhost:8081.
demo:
	go run ./cmd/coatcheck demo

# What is shipped, for every system, with sums and lists of what is in it: dist.
release:
	.ci/release

# All that must hold, with the inputs that fuzzing has found before; CI looks for new ones afterwards. The tests run anew
# each time: what they start is not among what Go's test cache watches. Vet has looked at everything in lint.
test: deps lint
	CGO_ENABLED=1 go test -race -count=1 -vet=off -timeout=15m $(ALL)
	$(MAKE) fips
	$(if $(filter true,$(CI)),.ci/fuzz $(FUZZTIME))

# What signs and encrypts, in the FIPS 140-3 module as it was validated, with everything refused that is not approved.
fips:
	GOFIPS140=v1.0.0 GODEBUG=fips140=only go test -count=1 ./seal ./token ./bound

# The tests that prove one row of docs/security.md: make row ROW=A15
row:
	CGO_ENABLED=1 go run ./internal/checklist/row "$(ROW)"

# The program without cgo, layout, vet, staticcheck. The rules about the tree itself are tests: internal/archtest.
lint:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: not formatted:"; echo "$$unformatted"; exit 1; }
	go build -o /dev/null ./cmd/coatcheck
	go vet $(ALL)
	go tool staticcheck $(ALL)

# Small mutations of sessions, stores and guards, MUTANTS of them, and whether a test notices each. Half an hour.
mutate:
	go run ./test/mutate -n $(MUTANTS)

# Each fuzz target, for FUZZTIME. A finding is written to the package's testdata/fuzz: commit it, it stays a test.
fuzz:
	.ci/fuzz $(FUZZTIME)

# Side by side with what people use today, and with the least work that anyone could do; with COATCHECK_BASE=COMMIT also
# with an earlier build, in turn. All rows make docs/performance.md, unless a run fails; those of BENCH are only shown.
bench:
	cd bench && go run ./rounds -base='$(COATCHECK_BASE)' -bench='$(BENCH)' -count=$(COUNT) -benchtime=$(BENCHTIME) \
		-renamed='$(RENAMED)' > bench.out
	cd bench && go run ./table $(if $(filter-out .,$(BENCH)),-part) < bench.out > performance.out
	$(if $(filter-out .,$(BENCH)),cat bench/performance.out,mkdir -p docs && mv bench/performance.out docs/performance.md)
	$(if $(filter-out .,$(BENCH)),,$(MAKE) bench-gate)

# What the gate takes beside a bare reverse proxy and oauth2-proxy: a section of docs/performance.md. Three minutes; a
# quiet machine, and Linux, which says what a process has taken.
bench-gate:
	cd bench && go run ./gate -update ../docs/performance.md

# What a million sessions take on each engine, and the document that is made of it. Half an hour, and a few GB of disk for a while.
scale: deps
	COATCHECK_SCALE=$(SESSIONS) go test -count=1 -timeout=3h coatcheck.dev/test/scale -update
	go test -count=1 coatcheck.dev/test/scale/simulate -update
	COATCHECK_SCALE=$(SESSIONS) go test -count=1 -timeout=1h -v -run=TestScale coatcheck.dev/cmd/coatcheck/internal/index coatcheck.dev/cmd/coatcheck/internal/ending

# The same faults as in `make test`, for hours: a thousand rounds where that takes twenty-five.
torture:
	COATCHECK_TORTURE=1 go test -count=1 -timeout=3h coatcheck.dev/test/... coatcheck.dev/cmd/coatcheck/internal/index

# The programs that tests start, on Debian and its like. Only what is missing is installed.
deps:
	.ci/deps
