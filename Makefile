# Tocsin. `make help` names the targets. Everything that is made goes below $(BUILD).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BUILD ?= build
CC := gcc
PREFIX ?= /usr/local
SITE ?=
SOUND ?=
BENCH ?=
V ?=
Q := $(if $(V),,@)

# Debian 12 packages: to build and run, to test, to compare with, to lint.
PACKAGES := build-essential pkg-config libmodbus-dev libasound2-dev libsndfile1-dev flite1-dev libconfig-dev libuv1-dev \
    libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev libjansson-dev libexpat1-dev libsqlite3-dev libssl-dev libsoxr-dev \
    libebur128-dev libespeak-ng-dev espeak-ng-data libcmocka-dev python3 valgrind
BENCH_PACKAGES := mbpoll
LINT_PACKAGES := clang-format clang-tidy cppcheck

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Werror
OPTIMISE ?= -O2 -g
SANITIZE ?=
CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I.
CFLAGS = -std=c17 $(OPTIMISE) $(WARNINGS) -fPIC -pthread -fstack-protector-strong $(SANITIZE)
LDFLAGS = -pthread $(SANITIZE)

FOLDERS := codecs hardware audio config controller
# X_main.c is a program, pacing_*.c the ALSA plug-in; the rest of a folder is its library.
SOURCES := $(foreach f,$(FOLDERS),$(filter-out %_main.c audio/pacing_%.c,$(wildcard $(f)/*.c)))
LIBRARIES := $(FOLDERS:%=$(BUILD)/%.a)
MAINS := tocsind:controller/tocsind_main tocsin:controller/tocsin_main tocsin-voice:audio/voice_main tocsin-village:hardware/village_main
PROGRAMS := $(foreach m,$(MAINS),$(if $(wildcard $(lastword $(subst :, ,$(m))).c),$(BUILD)/$(firstword $(subst :, ,$(m)))))
PLUGIN := $(if $(wildcard audio/pacing_pcm.c),$(BUILD)/libasound_module_pcm_tocsin.so)
UNIT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/test_*.c))
BENCH_PROGRAMS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/*.c))

ORDERED := $(BUILD)/controller.a $(BUILD)/config.a $(BUILD)/hardware.a $(BUILD)/audio.a $(BUILD)/codecs.a
FLITE := -lflite_cmu_us_kal16 -lflite_cmu_us_slt -lflite_usenglish -lflite_cmulex -lflite
LIBS := -lmodbus -lasound -lsndfile -lconfig -luv -lmicrohttpd -lcurl -ljansson -lexpat -lsqlite3 -lcrypto -lsoxr -lebur128 -lm

.PHONY: help deps lint-deps all check demo run bench lint check-layers sanitize fuzz mutations torture install clean format valgrind

all: $(PROGRAMS) $(PLUGIN) data

help:
	@printf '%s\n' 'make demo    build all, run a simulated township, send a warning, prove it at every loudspeaker' \
	    'make check   build all, run every test' 'make run     like demo, and leave the township running' \
	    'make all | bench | lint | check-layers | sanitize | valgrind | fuzz | mutations | torture | install | clean | deps'

# What is missing is installed; nothing is asked of the network when nothing is.
deps:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    echo "installing:" $$missing; sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	fi

lint-deps: deps
	@$(MAKE) --no-print-directory deps PACKAGES='$(LINT_PACKAGES)'

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/config/config.o: CPPFLAGS += -DTOCSIN_DATA='"$(PREFIX)/share/tocsin"'

define library
$(BUILD)/$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(filter $(1)/%,$(SOURCES)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call library,$(f))))

define program
$(BUILD)/$(1): $(BUILD)/$(2).o $(LIBRARIES)
	@echo '  LD $$@'
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$< $(ORDERED) $(3) $(LIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program,$(firstword $(subst :, ,$(m))),$(lastword $(subst :, ,$(m))),$(if $(findstring voice,$(m)),$(FLITE) -lespeak-ng))))

$(BUILD)/libasound_module_pcm_tocsin.so: $(BUILD)/audio/pacing_pcm.o $(BUILD)/audio/pacing_out.o
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -shared -o $@ $^ -lasound -lm

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARIES)
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(ORDERED) -lcmocka $(LIBS)

# It is preloaded: without sanitizers, which want to come first.
$(BUILD)/tests/system/stalls.so: tests/system/stalls.c
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(CPPFLAGS) -std=c17 -O2 $(WARNINGS) -fPIC -shared -o $@ $<

# The daemon that the torture kills (tests/torture): what has fault points is compiled once more with them, and SQLite writes
# through a disk that forgets. The rest is the daemon's own.
FAULTY := $(shell grep -l '"codecs/fault_point.h"' $(SOURCES))
TORTURE := $(BUILD)/torture
TORTURE_PROGRAMS := $(TORTURE)/tocsind $(TORTURE)/notes

$(TORTURE)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC $< (fault points)'
	$(Q)$(CC) $(CPPFLAGS) -DTOCSIN_FAULT_POINTS $(CFLAGS) -MMD -MP -c -o $@ $<

$(TORTURE)/tocsind: $(BUILD)/controller/tocsind_main.o $(FAULTY:%.c=$(TORTURE)/%.o) \
    $(TORTURE)/tests/torture/fault_points.o $(TORTURE)/tests/torture/power_vfs.o $(LIBRARIES)
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(ORDERED) $(LIBS)

$(TORTURE)/notes: $(TORTURE)/tests/torture/notes.o
	@echo '  LD $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lm

# The data folder as it is installed: hazards, texts, profiles, and the recordings that sound where no voice is left. Those are made
# once, here, and need no voice when they are played.
DATA := $(patsubst config/%,$(BUILD)/share/tocsin/%,config/hazards.cfg config/texts.cfg $(wildcard config/profiles/*.cfg)) \
    $(patsubst audio/%.txt,$(BUILD)/share/tocsin/%.wav,$(wildcard audio/fallback-*.txt))

.PHONY: data
data: $(DATA)

$(BUILD)/share/tocsin/%.cfg: config/%.cfg
	@mkdir -p $(@D)
	@cp $< $@

$(BUILD)/share/tocsin/fallback-%.wav: audio/fallback-%.txt $(BUILD)/tocsin-voice
	@mkdir -p $(@D)
	$(Q)$(BUILD)/tocsin-voice --say $(lastword $(subst -, ,$*)) "$$(cat $<)" --out $@

check:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(BUILD)/.tests
	@BUILD=$(BUILD) tests/run

.PHONY: $(BUILD)/.tests
$(BUILD)/.tests: $(UNIT_TESTS) $(BENCH_PROGRAMS) $(BUILD)/tests/system/stalls.so $(TORTURE_PROGRAMS)

demo:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) SOUND='$(SOUND)' config/demo/demo.sh

run:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) SOUND='$(SOUND)' config/demo/demo.sh --keep

bench:
	@$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGES) $(BENCH_PACKAGES)'
	@$(MAKE) --no-print-directory all $(BENCH_PROGRAMS)
	@BUILD=$(BUILD) BENCH='$(BENCH)' python3 -B tests/bench/bench.py

# The system tests with the daemon under valgrind: a leak or a bad access fails them.
valgrind:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(BENCH_PROGRAMS)
	@TOCSIN_VALGRIND='valgrind -q --leak-check=full --errors-for-leak-kinds=definite,possible --error-exitcode=99' \
	    TESTS=tests/system TOCSIN_TEST_PATIENCE=180 JOBS=3 BUILD=$(BUILD) tests/run

# The daemon is killed at its fault points and at random instants: about 40 minutes on two cores. ONE=... repeats one run.
POINTS ?= some
KILLS ?= 1000
SEED ?= 1
JOBS ?= 12
AT_MOST ?= 100000
ONE ?=
torture:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all $(TORTURE_PROGRAMS)
	@BUILD=$(BUILD) python3 -B tests/torture/torture.py --points '$(POINTS)' --kills $(KILLS) --seed '$(SEED)' --jobs $(JOBS) --at-most '$(AT_MOST)' --one '$(ONE)'

TIME ?= 120
FUZZED := cap texts frame ebm json csv geojson
fuzz:
	@$(MAKE) --no-print-directory deps PACKAGES='clang libclang-rt-14-dev libexpat1-dev libjansson-dev libssl-dev'
	@for f in $(FUZZED); do mkdir -p $(BUILD)/fuzz/$$f; echo "fuzz $$f, $(TIME) s"; \
	    clang -std=c17 $(CPPFLAGS) -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	        -o $(BUILD)/fuzz/fuzz_$$f tests/fuzz/fuzz_$$f.c codecs/*.c hardware/frame.c hardware/profile.c -lexpat -ljansson -lcrypto -lm; \
	    dict=; [ ! -e tests/fuzz/$$f.dict ] || dict=-dict=tests/fuzz/$$f.dict; \
	    $(BUILD)/fuzz/fuzz_$$f -max_total_time=$(TIME) -max_len=16384 -rss_limit_mb=1024 -timeout=10 $$dict \
	        -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$$f tests/fuzz/corpus/$$f; \
	done

# Replies with a good CRC that are wrong otherwise, under sanitizers: the number and the time are printed.
MUTATIONS ?= 10000000
MUTATIONS_WIRE ?= 20000
mutations:
	@$(MAKE) --no-print-directory deps
	@mkdir -p $(BUILD)/fuzz
	@$(CC) $(CPPFLAGS) -std=c17 -O2 -g -pthread -fsanitize=address,undefined -fno-sanitize-recover=all -o $(BUILD)/fuzz/mutate_replies \
	    tests/fuzz/test_mutate_replies.c $(filter codecs/% hardware/%,$(SOURCES)) -lcmocka $(LIBS)
	@MUTATIONS=$(MUTATIONS) MUTATIONS_WIRE=$(MUTATIONS_WIRE) $(BUILD)/fuzz/mutate_replies

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/tocsin/profiles \
	    $(DESTDIR)$(PREFIX)/share/doc/tocsin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(BUILD)/tocsind $(BUILD)/tocsin $(BUILD)/tocsin-voice $(BUILD)/tocsin-village $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/share/tocsin/*.cfg $(BUILD)/share/tocsin/*.wav $(DESTDIR)$(PREFIX)/share/tocsin/
	install -m 644 $(BUILD)/share/tocsin/profiles/*.cfg $(DESTDIR)$(PREFIX)/share/tocsin/profiles/
	install -m 644 config/example/site.cfg $(DESTDIR)$(PREFIX)/share/doc/tocsin/example-site.cfg
	install -m 644 config/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 config/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8/

check-layers:
	@tests/check-layers

lint:
	@$(MAKE) --no-print-directory lint-deps
	clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	    --suppress=missingIncludeSystem --library=tests/cppcheck.cfg -I. $(FOLDERS)
	git ls-files '*.c' | grep -v '^tests/' | xargs -P 2 -n 1 sh -c 'clang-tidy --quiet "$$@" -- -std=c17 $(CPPFLAGS) 2>/dev/null' lint

sanitize:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory check BUILD=$(BUILD)/sanitize OPTIMISE='-O1 -g -fno-omit-frame-pointer' \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all'

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
