# A front for Meson: 'make' builds ./build/ganger, ./build/ganger-shim and ./build/ganger-sim.
BUILD ?= build
PREFIX ?= /usr/local
MESON_FLAGS ?=

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/install-deps
	@meson setup $(BUILD) --prefix $(PREFIX) $(MESON_FLAGS)

demo: all
	@demo/run.sh $(BUILD)

test: all
	@meson test -C $(BUILD) --print-errorlogs $(TEST_FLAGS)

# The real agent programs, from npm, on a model of our own.
# AGENTS="claude codex" takes some; gemini, opencode, qwen and pi only so. Without a registry there is nothing to be tested.
test-agents: all
	@status=0; test/agents/install.sh $(AGENTS) >/dev/null || status=$$?; \
	if [ $$status = 4 ]; then \
		echo 'skipped: real agents: no npm, or no registry answers'; \
	elif [ $$status != 0 ]; then \
		exit $$status; \
	else \
		meson test -C $(BUILD) --print-errorlogs --suite real $(if $(AGENTS),--suite more) \
			$(foreach a,$(AGENTS),real_$(a)_swarm real_$(a)_run) \
			$(if $(filter copilot,$(AGENTS)),real_copilot_shared); \
	fi

# Every call of GitHub's API, on its stand-in, with everything that can befall it: minutes.
test-github: all
	@ninja -C $(BUILD) test-github

# 8 claimers of one issue, 1,000 times, in every tracker: minutes.
test-claims: all
	@ninja -C $(BUILD) test-claims

# Every test under ASan and UBSan; those of threads under TSan. They take two to ten times as long. The shim,
# static, is without.
sanitize: SANITIZE_FLAGS ?= --no-suite house --no-suite fresh
sanitize:
	@$(MAKE) --no-print-directory test BUILD=$(BUILD)-asan TEST_FLAGS='-t 2 $(SANITIZE_FLAGS)' \
		MESON_FLAGS='$(MESON_FLAGS) -Db_sanitize=address,undefined -Db_lundef=false'

tsan: SANITIZE_FLAGS ?= --suite unit --suite contract --suite cli --suite sim
tsan:
	@$(MAKE) --no-print-directory test BUILD=$(BUILD)-tsan TEST_FLAGS='-t 4 $(SANITIZE_FLAGS)' \
		MESON_FLAGS='$(MESON_FLAGS) -Db_sanitize=thread -Db_lundef=false'

# The scripts of test/cli with ganger under memcheck: make valgrind VALGRIND="t0041 t0301"
valgrind: all
	@nice test/cli/valgrind $(BUILD) $(VALGRIND)

# gcc -fanalyzer and clang-tidy over src: what they find is an error. ANALYSE=gcc: the first alone.
analyse:
	@tools/install-deps
	@nice tools/analyse $(BUILD) $(ANALYSE)

# Kills at random over the real program: make storm N=1000 SEED=7
storm: all
	@nice test/storm/storm --kills $(or $(N),1000) $(if $(SEED),--seed $(SEED)) $(BUILD)/ganger

# Power cuts over the real program, on an ext4 of its own (root): make power N=100 SEED=7
power: all
	@nice test/storm/power --cuts $(or $(N),100) $(if $(SEED),--seed $(SEED)) $(BUILD)/ganger

# Each n-th call of each kind fails, for every n, with each error: two hours. FAULTS="--errors turn" is half.
faults: all
	@nice test/fault/faults --jobs 2 $(if $(wildcard /dev/shm/.),--in /dev/shm) $(FAULTS) $(BUILD)/ganger $(BUILD)/test/fault/fault.so

# The parsers of outside bytes under libFuzzer (clang): make fuzz RUNS=10000000 FUZZ="rows talk"
# With ASan and UBSan; FUZZ_SANITIZE=none is two to ten times faster and sees only what a CHECK or a signal tells.
FUZZ_SANITIZE ?= address,undefined
FUZZ_BUILD = $(BUILD)-fuzz$(if $(filter none,$(FUZZ_SANITIZE)),-none)
fuzz:
	@tools/install-deps
	@CC=clang $(MAKE) --no-print-directory $(FUZZ_BUILD)/build.ninja BUILD=$(FUZZ_BUILD) \
		MESON_FLAGS='$(MESON_FLAGS) -Dfuzz=true -Db_sanitize=$(FUZZ_SANITIZE) -Db_lundef=false'
	@ninja -C $(FUZZ_BUILD) fuzz
	@nice env RUNS=$(or $(RUNS),100000) test/fuzz/run $(FUZZ_BUILD) $(FUZZ)

check: all
	@meson test -C $(BUILD) --print-errorlogs --suite house
	@tools/check-format

bench-%: all
	@ninja -C $(BUILD) $@

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz $(BUILD)-fuzz-none $(BUILD)-analyse $(BUILD)-tidy

.PHONY: all demo test test-agents test-github test-claims sanitize tsan valgrind analyse storm power faults fuzz check install clean
