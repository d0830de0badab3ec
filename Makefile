# abide in a few words. Meson and Ninja do the work; every target first sees to its packages.
#
#   make            build/abide, optimised and hardened      make DEBUG=1     build-debug/abide
#   make run        shows the main job, nothing else needed  make SANITIZE=1  build-sanitize/abide
#   make test       all checks and tests                     make test-long   with the long ones
#   make conformance   what SMTP asks for, abide beside Postfix and Exim, in one table
#   make bench      compares with other servers              make fuzz        a short run of every fuzzer
#   make replies-score   how well replies are read: the open part, then the locked one (figures only)
#   make install    PREFIX=/usr/local, DESTDIR=              make format, make clean

PREFIX = /usr/local
BUILD = build
SETUP = --prefix="$(PREFIX)"
ifdef DEBUG
BUILD = build-debug
SETUP += -Dbuildtype=debug
endif
ifdef SANITIZE
BUILD = build-sanitize
SETUP += -Dbuildtype=debug -Db_sanitize=address,undefined
endif

build: packages
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) $(SETUP)
	@ninja -C $(BUILD)

run: build
	@ABIDE_BUILD=$(BUILD) tools/run

test:
	@tools/setup test
	@tools/test

test-long:
	@tools/setup test
	@ABIDE_LONG=1 tools/test

bench: build
	@tools/setup bench
	@bench/bench

conformance: build
	@tools/setup test
	@cd tests && ABIDE_BUILD="$(CURDIR)/$(BUILD)" /usr/bin/python3 -m conformance

replies-score: build
	@tools/replies-score
	@tools/replies-score --locked

fuzz:
	@tools/setup test
	@tools/fuzz

install: build
	@meson configure $(BUILD) $(SETUP)
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD)

format:
	@tools/setup test
	@git ls-files '*.c' '*.h' | xargs -d '\n' clang-format -i

clean:
	rm -rf build build-*

packages:
	@tools/setup build

.PHONY: build run test test-long conformance bench replies-score fuzz install format clean packages
.DEFAULT_GOAL = build
