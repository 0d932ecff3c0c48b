# deroot: build, test, show. Every target is safe to repeat; `make help` lists them.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PREFIX      ?= /usr/local
DESTDIR     ?=
SWIFT       ?= swift
BUILD_FLAGS := -c release --static-swift-stdlib
DEROOT      := .build/release/deroot

# Fetching packages may need a proxy; the tests ask this machine alone, where one has no part.
DIRECT      := env -u http_proxy -u https_proxy -u all_proxy -u no_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u NO_PROXY

DEMO_SOURCE := oci-archive:testdata/demo.oci.tar
DEMO_OUT    := deroot-demo

.PHONY: help deps build demo test test-release test-live test-services test-mirror test-docs pictures corpus \
	crash bombs identity fuzz fuzz-build test-address test-thread package test-package image test-image library \
	test-library api docc instructions lint fmt bench install clean

help: ## Say what the targets do.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 18

deps: ## Install by apt the libraries that are missing (as root or through sudo).
	@scripts/deps.sh build

build: deps ## Build the deroot binary (release, Swift runtime linked in).
	$(SWIFT) build $(BUILD_FLAGS) --product deroot

demo: build ## Convert the bundled image, prove the result, show before and after.
	@rm -rf $(DEMO_OUT) && mkdir -p $(DEMO_OUT)
	$(DEROOT) convert -v $(DEMO_SOURCE) oci:$(DEMO_OUT)/image:nonroot --report $(DEMO_OUT)/report.json
	$(DEROOT) verify $(DEMO_SOURCE) oci:$(DEMO_OUT)/image:nonroot
	@echo "The result is oci:$(DEMO_OUT)/image:nonroot, the full report $(DEMO_OUT)/report.json; next: docs/getting-started.md"

# A debug build: its checks are on, it compiles in parallel with nothing to optimise, and the
# suites need seconds in it. The release binary is judged by demo, test-live and corpus.
test: deps ## Run the Swift tests.
	@scripts/deps.sh test
	$(SWIFT) package resolve
	$(DIRECT) $(SWIFT) test

# The optimiser is a reader of its own: what it makes of the same sources is tested too.
test-release: deps ## Run the Swift tests on an optimised build.
	@scripts/deps.sh test
	$(SWIFT) package --scratch-path .build/optimised resolve
	$(DIRECT) $(SWIFT) test -c release -Xswiftc -enable-testing --scratch-path .build/optimised

test-live: build ## Judge conversions of real images by skopeo, umoci and podman (as root).
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) Tests/live/run.sh

test-services: build ## Run converted services for real; writes docs/compatibility.md (SERVICES="redis nginx").
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) Tests/live/services/matrix.py $(SERVICES)

corpus: build fuzz-build ## Convert a corpus of foreign images: make corpus CORPUS=DIR ORACLE=FILE.
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) scripts/figures.sh corpus Tests/corpus/run.sh "$(CORPUS)" "$(ORACLE)"

test-mirror: build ## Mirror against a real registry, kills, Slurm, deploy/: make test-mirror FORM=long.
	@scripts/deps.sh mirror
	DEROOT=$(abspath $(DEROOT)) MIRROR_COSTS=$(if $(FIGURES),docs/scale.json) \
		scripts/figures.sh mirror Tests/mirror/run.sh $(or $(FORM),short)
	$(if $(FIGURES),scripts/scale.py docs/scale.json docs/scale.md)

# Figures of these are kept in docs/reliability.md where FIGURES=1 asks for it.
crash: build ## Faults at every call, kills, many writers, small disks: KILLS= STRIDE= WRITERS= ROUNDS=.
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) scripts/figures.sh crash Tests/crash/run.sh

bombs: build ## Inputs without measure and their bounds: make bombs FORM=long.
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) scripts/figures.sh bombs python3 Tests/bombs/bombs.py $(or $(FORM),short)

identity: build ## Prove that no engine takes a result's user for root.
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) scripts/figures.sh identity python3 Tests/identity/pairs.py

fuzz: fuzz-build ## Fuzz the parsers and whole images: make fuzz SECONDS=600 TARGETS="tar image".
	SECONDS_EACH=$(or $(SECONDS),20) scripts/figures.sh fuzz Fuzz/run.sh $(TARGETS)

fuzz-build: deps
	$(SWIFT) build --package-path Fuzz -c release --sanitize fuzzer --sanitize address

test-address: deps ## Run the Swift tests with the address sanitizer.
	@scripts/deps.sh test
	$(SWIFT) package --scratch-path .build/address resolve
	$(DIRECT) SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 scripts/figures.sh address \
		$(SWIFT) test --sanitize address --scratch-path .build/address $(if $(FILTER),--filter "$(FILTER)")

test-thread: deps ## Run the Swift tests with the thread sanitizer.
	@scripts/deps.sh test
	@rm -f .build/thread-reports.*
	$(SWIFT) package --scratch-path .build/thread resolve
	$(DIRECT) SWIFT_BACKTRACE=enable=no TSAN_OPTIONS=log_path=$(CURDIR)/.build/thread-reports scripts/figures.sh thread \
		$(SWIFT) test --sanitize thread --scratch-path .build/thread $(if $(FILTER),--filter "$(FILTER)") \
		|| { cat .build/thread-reports.* 2>/dev/null; exit 1; }

package: build ## Make dist/: a Debian package and a tarball, with man pages and completions.
	@scripts/deps.sh package
	scripts/package.sh $(DEROOT) dist

test-package: package ## Use the package in a fresh Debian root without a toolchain (as root).
	Tests/package/run.sh dist

# The manual's commands are run against registries on this machine, in namespaces of their own.
test-docs: build ## Run what README and docs show, and the building blocks of ci/ (as root).
	@scripts/deps.sh docs
	DEROOT=$(abspath $(DEROOT)) Tests/docs/run.py

pictures: build ## Take the pictures of docs/reports.md anew.
	@scripts/deps.sh docs
	scripts/screenshots.sh $(DEROOT)

image: package ## Make deroot's own container image, dist/deroot-VERSION-linux-ARCH.oci.tar.
	scripts/image.sh dist

test-image: image ## Judge that image and use it under podman and runc (as root).
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) Tests/image/run.sh dist

library: deps ## Build the library that other packages import.
	$(SWIFT) build $(BUILD_FLAGS) --target Deroot

test-library: build library ## Build and run Examples, make the library's documentation, compare its API.
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) Tests/library/run.sh $(BUILD_FLAGS)

api: library ## Write docs/api.txt: the library's public surface, as it is now.
	scripts/symbols.sh .build/release .build/symbols && cp .build/symbols/api.txt docs/api.txt

docc: library ## Make dist/Deroot.doccarchive, the library's documentation.
	scripts/symbols.sh .build/release .build/symbols && mkdir -p dist
	docc convert Sources/Deroot/Deroot.docc --warnings-as-errors --additional-symbol-graph-dir .build/symbols \
		--fallback-display-name Deroot --fallback-bundle-identifier dev.deroot.library --output-path dist/Deroot.doccarchive

lint: ## Check formatting and the house rules.
	$(SWIFT) format lint --strict -r Sources Tests Package.swift Examples/Sources Examples/Package.swift Fuzz/Package.swift Fuzz/Sources/Fuzz
	@scripts/lint.sh

fmt: ## Format the Swift sources.
	$(SWIFT) format -i -r Sources Tests Package.swift Examples/Sources Examples/Package.swift Fuzz/Package.swift Fuzz/Sources/Fuzz

bench: build ## Measure against the peers; writes docs/performance.md and its picture.
	@scripts/deps.sh live
	DEROOT=$(abspath $(DEROOT)) Benchmarks/run.sh

instructions: build ## Count the instructions of the hot code; fails where they grew.
	@scripts/deps.sh live
	Benchmarks/instructions.py $(DEROOT)

install: build ## Install the binary below DESTDIR/PREFIX.
	install -D -m 0755 $(DEROOT) $(DESTDIR)$(PREFIX)/bin/deroot

clean: ## Remove what the build and the demo made.
	rm -rf .build Fuzz/.build Fuzz/.work dist $(DEMO_OUT)
