# The only build file. `make help` lists the targets; V=1 shows the commands; SAN=address,undefined builds with sanitizers
# into a tree of its own.
comma := ,
B     := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
LIBS  := libcurl libcjson yaml-0.1 openssl libuv libmicrohttpd gnutls uuid libzmq
WARN  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror

CFLAGS            ?= -O2 -g
override CFLAGS   += -std=gnu17 $(WARN) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
override CPPFLAGS += -I. -D_GNU_SOURCE -MMD -MP $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
# A program needs at run time only what it uses.
LDLIBS            := -Wl,--as-needed $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm
PYTEST            := /usr/bin/python3 -m pytest -q
VERSION           := $(shell cat VERSION)
override CPPFLAGS += -DAMKO_VERSION='"$(VERSION)"'

COMMON   := $(patsubst %.c,$(B)/%.o,$(wildcard common/*/*.c proto/*.c))
LEADER   := $(patsubst %.c,$(B)/%.o,$(filter-out leader/main.c,$(wildcard leader/*.c leader/*/*.c)))
CTL      := $(patsubst %.c,$(B)/%.o,$(filter-out ctl/main.c,$(wildcard ctl/*.c)))
FOLLOWER := $(patsubst %.c,$(B)/%.o,$(filter-out follower/main.c,$(wildcard follower/*.c)))
KEEPER   := $(patsubst %.c,$(B)/%.o,$(filter-out keeper/main.c,$(wildcard keeper/*.c)))
PURE     := protocol ask ballot candidate lead mind promotion
MODEL    := $(PURE:%=$(B)/model/keeper/%.o) $(patsubst %,$(B)/model/common/%.o,leadership/claim leadership/term base/base base/buf \
	    base/slice base/err) $(patsubst tests/model/%.c,$(B)/model/tests/model/%.o,$(wildcard tests/model/*.c))
AVISIM   := $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/avisim/*.c tests/sim/common/*.c))
KUBESIM  := $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/kubesim/*.c tests/sim/common/*.c))
UNIT     := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))
UNITLIB  := $(patsubst %.c,$(B)/%.o,$(filter-out %_test.c,$(wildcard tests/unit/*.c)))
FUZZ     := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

Q := $(if $(V),,@)
.DEFAULT_GOAL := all
.PHONY: model all programs list-programs help deps test unit check layers integration e2e-sim e2e conformance conformance-sim faults takeover deps-takeover demo playground bench soak outage golden format clean
.SECONDARY:

# Of tests/e2e: what needs no real API server.
SIM_TOO    := lease lease_api leadership failover controllers drills upgrade bad_input
PROGRAMS   := amko amko-leader amko-follower kubectl-amko
SIMULATORS := avisim kubesim
all: programs $(SIMULATORS:%=$(B)/%)  ## the programs and the simulators, into build/

programs: $(PROGRAMS:%=$(B)/%)  ## what is installed

list-programs:
	@echo $(PROGRAMS:%=$(B)/%)

help:                     ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

deps:                     ## install the Debian packages that are missing (apt, root)
	$(Q)./deploy/deps.sh

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/common.a: $(COMMON)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/leader.a: $(LEADER)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/ctl.a: $(CTL)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/keeper.a: $(KEEPER)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/follower.a: $(FOLLOWER)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/unit.a: $(UNITLIB)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/amko: $(B)/keeper/main.o $(B)/keeper.a $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(B)/amko-leader: $(B)/leader/main.o $(B)/leader.a $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(B)/amko-follower: $(B)/follower/main.o $(B)/follower.a $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(B)/kubectl-amko: $(B)/ctl/main.o $(B)/ctl.a $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(B)/avisim: $(AVISIM) $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(B)/kubesim: $(KUBESIM) $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

# A simulator's parts belong to its own tests only: their names are nobody else's business.
$(B)/unit/avisim_test: $(filter-out %/main.o,$(AVISIM))
$(B)/unit/kubesim_test $(B)/unit/kubesim_columns_test $(B)/unit/copier_test: $(filter-out %/main.o,$(KUBESIM))
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/unit.a $(B)/leader.a $(B)/follower.a $(B)/keeper.a $(B)/ctl.a $(B)/common.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) -lcmocka

# The product's own protocol, with smaller limits and with rules that can be left out.
$(B)/model/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $< (model)"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -O3 -include tests/model/limits.h -c -o $@ $<

$(B)/model/model: $(MODEL)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

model: $(B)/model/model   ## every way leadership can go, within bounds; MODEL_ARGS=--deep for wider ones
	$(Q)./tests/model/run.sh $(B)/model/model $(MODEL_ARGS)

unit: $(UNIT)             ## unit tests only
	$(Q)./tests/run-unit.sh $(UNIT)

golden: $(B)/unit/orders_test $(B)/unit/ctl_show_test  ## accept what the golden tests give now; review the difference
	$(Q)AMKO_WRITE_GOLDEN=1 ./tests/run-unit.sh $^

layers:                   ## lower folders never include upper ones
	$(Q)./tests/layers.sh

check: layers unit        ## what needs no server: layers, unit and golden tests

integration: all          ## the programs against simulators
	$(Q)BUILD=$(B) $(PYTEST) tests/integration --ground=sim

conformance-sim: all      ## the conformance cases on simulated clusters
	$(Q)BUILD=$(B) $(PYTEST) tests/conformance --ground=sim

e2e-sim: all              ## what of e2e needs no real API server
	$(Q)BUILD=$(B) $(PYTEST) $(addprefix tests/e2e/test_,$(SIM_TOO:=.py)) --ground=sim

test: deps                ## unit tests and what needs no API server
	$(Q)$(MAKE) --no-print-directory all check integration conformance-sim e2e-sim

e2e: all                  ## real API servers (needs Go 1.25 or newer)
	$(Q)BUILD=$(B) ./tests/e2e/run.sh tests/conformance tests/e2e

conformance: all          ## the conformance cases alone; CASES=dir for other ones
	$(Q)BUILD=$(B) ./tests/e2e/run.sh tests/conformance

$(B)/oracle: $(B)/tests/faults/oracle.o $(B)/leader.a $(B)/common.a
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

faults: all $(B)/oracle   ## random changes, faults and restarts: SEEDS=200, FIRST=1, JOBS=32; SEED=17 for one, told in full
	$(Q)BUILD=$(B) $(PYTEST) tests/faults/test_judge.py tests/faults/test_matrix.py
	$(Q)BUILD=$(B) /usr/bin/python3 tests/faults/run.py $(if $(SEED),--seed $(SEED),$(if $(FIRST),--first $(FIRST)) $(if $(SEEDS),--seeds $(SEEDS))) $(if $(JOBS),--jobs $(JOBS))

$(B)/alarms.so: tests/takeover/alarms.c
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(WARN) -O2 -shared -fPIC -o $@ $<

takeover: deps-takeover all $(B)/alarms.so  ## several instances, one leads, under faults: SEEDS=200, FIRST=1, JOBS=24; SEED=17 or ROW="part of a name" for one
	$(Q)BUILD=$(B) $(PYTEST) tests/takeover
	$(Q)BUILD=$(B) /usr/bin/python3 tests/takeover/takeover.py $(if $(ROW),--row "$(ROW)",$(if $(SEED),--seed $(SEED),$(if $(FIRST),--first $(FIRST)) $(if $(SEEDS),--seeds $(SEEDS)))) $(if $(JOBS),--jobs $(JOBS))

deps-takeover:
	$(Q)./deploy/deps.sh takeover

# clang's libFuzzer wants its own instrumentation in everything: a tree of its own.
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/fuzz.o $(B)/leader.a $(B)/follower.a $(B)/keeper.a $(B)/ctl.a $(B)/common.a
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

fuzz-targets: $(FUZZ)

fuzz:                     ## decoders of foreign bytes against made-up input, FUZZ_SECONDS (20) each, all cores; TARGETS="json yaml" for some
	$(Q)./deploy/deps.sh fuzz
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) B=build-fuzz SAN=fuzzer-no-link,address,undefined CC=clang CFLAGS="-O1 -g" fuzz-targets
	$(Q)./tests/fuzz/run.sh build-fuzz $(patsubst %,build-fuzz/fuzz/fuzz_%,$(or $(TARGETS),$(patsubst fuzz_%,%,$(notdir $(FUZZ)))))

demo: deps                ## builds, and shows what amko does, in seconds
	$(Q)$(MAKE) --no-print-directory all
	$(Q)exec env BUILD=$(B) /usr/bin/python3 tests/e2e/demo.py

playground: deps          ## two clusters and a controller to try things on, until Ctrl-C; GROUND=real: real API servers
	$(Q)$(MAKE) --no-print-directory all
ifeq ($(GROUND),real)
	$(Q)./deploy/deps.sh e2e
	$(Q)exec env AMKO_APISERVER=$$(./tests/e2e/build-apiserver.sh) BUILD=$(B) /usr/bin/python3 tests/e2e/playground.py --ground real
else
	$(Q)exec env BUILD=$(B) /usr/bin/python3 tests/e2e/playground.py
endif

$(B)/bench/replay: tests/bench/replay.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) -O2 -std=gnu17 $(WARN) -o $@ $< -lcurl -lpthread

bench: all $(B)/bench/replay  ## cold sync, latency, memory beside a raw replay; BENCH="--help" for its options
	$(Q)./deploy/deps.sh $(if $(findstring real,$(BENCH)),e2e)
	$(Q)exec env BUILD=$(B) /usr/bin/python3 tests/bench/bench.py $(BENCH)

soak: all                 ## amko-leader killed at random moments with 10000 names: KILLS=50, SERVICES=10000, SEED=1
	$(Q)exec env BUILD=$(B) /usr/bin/python3 tests/faults/soak.py $(if $(KILLS),--kills $(KILLS)) $(if $(SERVICES),--services $(SERVICES)) $(if $(SEED),--seed $(SEED))

outage: all $(B)/bench/replay  ## the controller away for a minute while 5000 names change; OUTAGE="--help" for its options
	$(Q)exec env BUILD=$(B) /usr/bin/python3 tests/faults/outage.py $(OUTAGE)

format:                   ## clang-format over all C (advice, not a gate)
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build build-*

-include $(shell find $(B) -name '*.d' 2>/dev/null)
