# The two commands: `make run` shows the main job, `make test` checks everything. Both fetch what they
# need from Debian's packages first (tools/setup); nothing else outside this tree is touched.
BUILD := build
JOBS := $(shell nproc)

.PHONY: help build run test bench law install clean

help:
	@echo 'make run      builds, loads 250,000 routes and changes a policy before your eyes (MRT=FILE)'
	@echo 'make test     runs every test, against FRR, BIRD, GoBGP and ExaBGP too'
	@echo 'make build    leaves build/afreshd, build/afresh and build/bgpfeed'
	@echo 'make bench    compares with FRR, BIRD, OpenBGPD and GoBGP (QUICK=1: a small table)'
	@echo 'make law N=1000000   soft reset equals hard reset, that many random cases (SEED=S)'
	@echo 'make install  (DESTDIR=D)      make clean'

build:
	@tools/setup build
	@tools/build $(BUILD) $(JOBS) programs

run: build
	@tools/run-demo --build $(BUILD) $(if $(MRT),--mrt '$(MRT)')

test:
	@tools/setup build test
	@tools/run-tests --jobs $(JOBS) $(if $(ONLY),--only '$(ONLY)')

bench: build
	@tools/setup bench
	@bench/suite.py --build $(BUILD) $(if $(QUICK),--quick,--doc doc/performance.md) $(BENCH)

law:
	@tools/setup build
	@tools/build $(BUILD) $(JOBS) all
	@tools/run-tests --law $(or $(N),100000) $(if $(SEED),--seed $(SEED))

install:
	@tools/setup build
	@tools/build $(BUILD) $(JOBS) all
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir '$(DESTDIR)')

clean:
	rm -rf build build-asan build-tsan build-fuzz
