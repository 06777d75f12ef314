# vlab: set-up, build, tests. `make help` lists what there is to type.

BUILD  ?= build
PREFIX ?= /usr/local
CC     ?= cc
OBJCOPY ?= objcopy
V      ?=
WERROR ?= -Werror

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all run test test-hw test-vtx test-c asan fuzz fuzzers bench picture fidelity tidy fmt fmt-check install uninstall clean distclean help \
        compile_commands.json FORCE

# All processors, unless -j was given. A make below another one shares that one's.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules
Q := $(if $(V),,@)

# ---- set-up ----------------------------------------------------------------------------------
# config.mk holds what was found on this machine. Make remakes an included file before anything
# else and then starts again, so the packages are there before the first compiler runs. Looking is
# cheap (one dpkg query, a few pkg-config), so it is done on every run; the file is replaced only
# when something changed.

# Brought once, shared by every build folder, kept by `make clean`.
DEPS    ?= $(BUILD)/deps
PKGS    := ncursesw capstone jansson libxxhash libzstd
OFFLINE := fmt fmt-check uninstall clean distclean help
GOALS   := $(or $(MAKECMDGOALS),all)

ifneq ($(filter-out $(OFFLINE),$(GOALS)),)
include $(BUILD)/config.mk
endif

SETS := build $(if $(filter test test-hw test-vtx asan fuzz bench tidy compile_commands.json,$(GOALS)),test) \
        $(filter tidy fuzz bench,$(GOALS))

$(BUILD)/config.mk: FORCE
	@mkdir -p $(@D)
	@tools/packages.sh $(SETS)
	@pkg-config --print-errors --exists $(PKGS)
	@tools/unicorn.sh $(DEPS) >$@.new
	@echo "PKG_CFLAGS := $$(pkg-config --cflags $(PKGS))" >>$@.new
	@echo "PKG_LIBS := $$(pkg-config --libs $(PKGS))" >>$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- flags -----------------------------------------------------------------------------------

CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -I. -Iemu $(UNICORN_CFLAGS) $(PKG_CFLAGS)
WARNINGS := -Wall -Wextra $(WERROR)
ALL_CFLAGS = -std=c17 $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -fPIE $(SANITIZE)

# --no-relax: Debian's libunicorn.a has `push sym@GOTPCREL(%rip)` in cputlb.o, which GNU ld 2.40
# relaxes as if it were a call: helper_le_ldq_mmu then calls itself for ever.
ALL_LDFLAGS = $(LDFLAGS) -pie -Wl,--no-relax -Wl,--gc-sections $(SANITIZE) \
              -Wl,--wrap=mmap64,-u,__wrap_mmap64,--wrap=madvise # see emu/backend/unicorn/near.c
LIBS        = $(UNICORN_LIBS) $(PKG_LIBS)
TEST_LIBS   = $(shell pkg-config --libs check vterm)

# ---- the program -----------------------------------------------------------------------------
# Sources are found by folder: a new file needs no line here.

OBJ := $(BUILD)/obj
objects = $(patsubst %.c,$(OBJ)/%.o,$1)

EMU_SRC     := $(wildcard emu/*/*.c emu/*/*/*.c)
APP_SRC     := $(wildcard course/*.c exercises/grader/*.c tui/*.c tui/*/*.c cli/*.c)
TEST_SRC    := $(wildcard tests/*/test_*.c)
FUZZ_SRC    := $(wildcard tests/fuzz/fuzz_*.c)
SUPPORT_SRC := $(filter-out $(TEST_SRC) $(FUZZ_SRC),$(wildcard tests/*/*.c))
BENCH_SRC   := $(wildcard bench/*.c)
MEASURE_SRC := $(wildcard bench/support/*.c)
SOURCES     := $(EMU_SRC) $(APP_SRC) $(SUPPORT_SRC) $(TEST_SRC) $(FUZZ_SRC) $(BENCH_SRC) $(MEASURE_SRC)

# Tests link everything but main(): the machine, the rest of the program, and their own helpers.
LIBVLAB    := $(BUILD)/libvlab.a
LIBAPP     := $(BUILD)/libapp.a
LIBSUPPORT := $(BUILD)/libsupport.a
LIBMEASURE := $(BUILD)/libmeasure.a

$(LIBVLAB):    $(call objects,$(EMU_SRC)) $(OBJ)/emu/firmware/bios.o
$(LIBAPP):     $(call objects,$(filter-out cli/main.c,$(APP_SRC)))
$(LIBSUPPORT): $(call objects,$(SUPPORT_SRC))
$(LIBMEASURE): $(call objects,$(MEASURE_SRC))

$(OBJ)/%.o: %.c Makefile $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The firmware: assembled, then bytes for the C compiler.
BIOS := $(BUILD)/emu/firmware/bios

$(BIOS).bin: emu/firmware/bios.asm Makefile
	@mkdir -p $(@D)
	$(if $(V),,@echo "  ASM   $@")
	$(Q)nasm -f bin -w+all -w+error -I $(<D)/ -MD $@.d -MP -MT $@ -o $@ $<

$(BIOS).c: $(BIOS).bin
	@{ echo '#include "firmware/firmware.h"'; echo 'const uint8_t firmware_rom[FIRMWARE_SIZE] = {'; \
	    od -An -v -tx1 $< | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'; echo '};'; } >$@

$(OBJ)/emu/firmware/bios.o: $(BIOS).c $(BUILD)/config.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(BIOS).bin.d $(OBJ)/emu/firmware/bios.d

# Removed first: ar would keep the members of files that are gone.
$(BUILD)/lib%.a:
	@mkdir -p $(@D); rm -f $@
	$(if $(V),,@echo "  AR    $@")
	$(Q)$(AR) rcs $@ $^

define link
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS) $1
endef

$(BUILD)/vlab: $(OBJ)/cli/main.o $(LIBAPP) $(LIBVLAB) $(BUILD)/config.mk
	$(call link)

# Kept, though no rule but a pattern names them.
.SECONDARY: $(call objects,$(SOURCES))
-include $(patsubst %.c,$(OBJ)/%.d,$(SOURCES))

# ---- guests ----------------------------------------------------------------------------------
# The first line of a guest says what it becomes: "; format: bin", "; format: elf32" or
# "; format: elf64". A file without that line is for others to include.

GUEST_SRC := $(wildcard labs/[0-9]*/*.asm tests/guest/*.asm tests/lockstep/*.asm tests/why/*.asm bench/guest/*.asm)
# nasm's own list of dependencies leaves out what it finds through -I.
GUEST_INC := $(wildcard labs/lib/*.inc tests/guest/*.inc)
guests = $(patsubst %.asm,$(BUILD)/%.$2,$(shell awk 'FNR == 1 && /^; format: $1 *$$/ { print FILENAME }' $(GUEST_SRC) /dev/null))

BIN    := $(call guests,bin,bin)
ELF32  := $(call guests,elf32,elf)
ELF64  := $(call guests,elf64,elf)
GUESTS := $(filter-out $(BUILD)/bench/%,$(BIN) $(ELF32) $(ELF64))

define nasm
	@mkdir -p $(@D)
	$(if $(V),,@echo "  ASM   $@")
	$(Q)nasm -f $1 -w+all -w+error -I labs/lib/ -I $(<D)/ -MD $@.d -MP -MT $@ -o $2 $<
endef

$(BIN): $(BUILD)/%.bin: %.asm $(GUEST_INC) Makefile
	$(call nasm,bin,$@)

$(ELF32): FORMAT := elf32
$(ELF32): EMULATION := elf_i386
$(ELF64): FORMAT := elf64
$(ELF64): EMULATION := elf_x86_64
$(ELF32): TARGET := elf32-i386
$(ELF64): TARGET := elf64-x86-64
GUEST_LD := $(LD) -n -z noexecstack -T labs/lib/guest.ld
$(ELF32) $(ELF64): $(BUILD)/%.elf: %.asm $(GUEST_INC) labs/lib/guest.ld Makefile
	$(call nasm,$(FORMAT),$@.o)
	$(Q)$(GUEST_LD) -m $(EMULATION) --oformat $(TARGET) -o $@ $@.o

$(BUILD)/tests/guest/sensitive.elf: labs/02_trap-and-emulate/guest.asm # included

-include $(addsuffix .d,$(BIN) $(ELF32) $(ELF64))

# The guests in C are 64-bit code in a 32-bit ELF file: QEMU's multiboot loader takes no other.
BENCH_ELF    := $(patsubst %.c,$(BUILD)/%.elf,$(wildcard bench/guest/*.c))
BENCH_GUESTS := $(BENCH_ELF) $(filter $(BUILD)/bench/%,$(BIN) $(ELF32))
GUEST_CFLAGS := -std=c17 -m64 -O2 -ffreestanding -fno-pic -fno-stack-protector -mgeneral-regs-only \
                -fcf-protection=none -fno-asynchronous-unwind-tables $(WARNINGS)

$(BUILD)/bench/guest/start.o: bench/guest/start.asm Makefile
	$(call nasm,elf64,$@)

$(BENCH_ELF): $(BUILD)/%.elf: %.c $(BUILD)/bench/guest/start.o labs/lib/guest.ld Makefile
	$(if $(V),,@echo "  CC    $@")
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@.o $<
	$(Q)$(GUEST_LD) -m elf_x86_64 --oformat elf64-x86-64 -o $@64 $(filter %.o,$^) $@.o
	$(Q)$(OBJCOPY) -O elf32-i386 $@64 $@

all: $(BUILD)/vlab $(GUESTS)

run: all
	@$(BUILD)/vlab tui 01

# ---- tests -----------------------------------------------------------------------------------
# `make test ONLY=paging` runs the tests with "paging" in their path.

only = $(if $(ONLY),$(foreach t,$1,$(if $(findstring $(ONLY),$t),$t)),$1)
TESTS_C  := $(call only,$(TEST_SRC:%.c=$(BUILD)/%))
TESTS_SH := $(call only,$(wildcard tests/*/test_*.sh))
TEST_ENV  = TOP=$(CURDIR) BUILD=$(abspath $(BUILD)) VLAB=$(abspath $(BUILD)/vlab)

$(TEST_SRC:%.c=$(BUILD)/%): $(BUILD)/%: $(OBJ)/%.o $(LIBSUPPORT) $(LIBAPP) $(LIBVLAB) $(BUILD)/config.mk
	$(call link,$(TEST_LIBS))

test: all $(TESTS_C)
	@$(TEST_ENV) tools/run-tests.sh $(abspath $(TESTS_C)) $(TESTS_SH)

# The tests of /dev/kvm on hardware that is emulated: AMD-V in QEMU.
test-hw: all $(BUILD)/tests/unit/test_kvm
	@$(TEST_ENV) tools/run-tests.sh tests/hw/test_svm.sh

# The same on VT-x in Bochs. Takes minutes.
test-vtx: all $(BUILD)/tests/unit/test_kvm
	@tools/packages.sh vtx
	@$(TEST_ENV) TEST_SECONDS=3600 tools/run-tests.sh tests/hw/vtx.sh

test-c: all $(TESTS_C)
	@$(TEST_ENV) tools/run-tests.sh $(abspath $(TESTS_C))

# The C tests again, in a build folder of their own, under the address, leak and undefined
# behaviour sanitizers.
asan:
	@ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
	$(MAKE) test-c BUILD=$(BUILD)/asan DEPS=$(DEPS) CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all'

# What looks for faults by chance. The fuzz entries are built by clang, which brings libFuzzer; the
# hostile guests run under the sanitizers.
FUZZ_SEQUENCES ?= 10000
FUZZ_GUESTS    ?= 10000
FUZZ_SECONDS   ?= 60
FUZZERS := $(FUZZ_SRC:%.c=$(BUILD)/%)
FUZZERS_BUILT = $(FUZZ_SRC:%.c=$(abspath $(BUILD))/fuzz/%)
ASAN_FLAGS = DEPS=$(DEPS) CFLAGS='-O1 -g -fno-omit-frame-pointer'

$(FUZZERS): $(BUILD)/%: $(OBJ)/%.o $(LIBAPP) $(LIBVLAB) $(BUILD)/config.mk
	$(call link,-fsanitize=fuzzer)

fuzzers: $(FUZZERS)

fuzz: all $(BUILD)/tests/lockstep/test_lockstep
	@$(MAKE) $(BUILD)/asan/tests/fuzz/test_hostile BUILD=$(BUILD)/asan $(ASAN_FLAGS) \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all'
	@$(MAKE) fuzzers BUILD=$(BUILD)/fuzz CC=clang $(ASAN_FLAGS) \
	    SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
	@$(TEST_ENV) FUZZ_SEQUENCES=$(FUZZ_SEQUENCES) FUZZ_GUESTS=$(FUZZ_GUESTS) FUZZ_SECONDS=$(FUZZ_SECONDS) \
	    tools/fuzz.sh $(abspath $(BUILD))/tests/lockstep/test_lockstep \
	    $(abspath $(BUILD))/asan/tests/fuzz/test_hostile $(FUZZERS_BUILT)

# ---- measurements ----------------------------------------------------------------------------

BENCHES := $(BENCH_SRC:%.c=$(BUILD)/%)

# Those of the screen draw its models, and read what programs write by libvterm.
$(BUILD)/bench/screen_%: BENCH_LIBS = $(shell pkg-config --libs vterm)
$(BENCHES): $(BUILD)/%: $(OBJ)/%.o $(LIBMEASURE) $(LIBSUPPORT) $(LIBAPP) $(LIBVLAB) $(BUILD)/config.mk
	$(call link,$(BENCH_LIBS))

bench: all $(BENCHES) $(BENCH_GUESTS)
	@$(TEST_ENV) tools/bench.sh bench/RESULTS.md

# The pictures in README.md: lab 01 where it reads beyond its memory, and at its last exit.
picture: all
	@mkdir -p docs
	@$(BUILD)/vlab render step --lab 01 --at 59 --size 110x32 --format svg >docs/step.svg.new
	@mv docs/step.svg.new docs/step.svg
	@$(BUILD)/vlab render devices --lab 01 --at 62 --size 110x32 --keys '2Gk' --format svg >docs/devices.svg.new
	@mv docs/devices.svg.new docs/devices.svg

# The page of what the CPU does otherwise, from the program's table.
fidelity: all
	@VLAB=$(BUILD)/vlab tools/fidelity.sh >docs/FIDELITY.md.new
	@mv docs/FIDELITY.md.new docs/FIDELITY.md

# ---- checks of the text ----------------------------------------------------------------------

FORMATTED = $(shell find emu course exercises/grader tui cli tests bench -name '*.[ch]' 2>/dev/null)

compile_commands.json: $(BUILD)/config.mk
	@sep='['; for f in $(SOURCES); do \
	    printf '%s\n{"directory": "%s", "file": "%s", "command": "%s -c %s"}' \
	        "$$sep" '$(CURDIR)' $$f '$(CC) $(ALL_CFLAGS)' $$f; sep=,; \
	done >$@; echo ']' >>$@

tidy: compile_commands.json
	@printf '%s\n' $(SOURCES) | xargs -P $$(nproc) -n 1 clang-tidy --quiet -p .

fmt:
	@tools/packages.sh fmt
	@clang-format -i $(FORMATTED)

fmt-check:
	@tools/packages.sh fmt
	@clang-format --dry-run -Werror $(FORMATTED)

# ---- installation ----------------------------------------------------------------------------
# Sources and built images lie side by side in share/vlab: vlab looks there, relative to itself.

SHARE       = $(DESTDIR)$(PREFIX)/share/vlab
SHARE_FILES = $(shell find labs exercises -type f ! -path 'exercises/grader/*') $(filter $(BUILD)/labs/%,$(GUESTS))

install: all
	@install -D -m 755 $(BUILD)/vlab $(DESTDIR)$(PREFIX)/bin/vlab
	@for f in $(SHARE_FILES); do install -D -m 644 $$f $(SHARE)/$${f#$(BUILD)/} || exit; done

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/vlab $(SHARE)

# ----------------------------------------------------------------------------------------------

clean:
	@[ ! -d $(BUILD) ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -path $(DEPS) -exec rm -rf {} +
	@rm -f compile_commands.json

distclean:
	rm -rf $(BUILD) compile_commands.json

help:
	@echo 'make run        set up what is missing, build, open the screen on lab 01'
	@echo 'make            the same without the screen: builds $(BUILD)/vlab and the guests'
	@echo 'make test       every test; ONLY=word: those with the word in their path'
	@echo 'make test-hw    those of /dev/kvm with AMD-V, which QEMU emulates; needs no hardware for it'
	@echo 'make test-vtx   the same with VT-x, which Bochs emulates; takes minutes'
	@echo 'make asan       the C tests under the sanitizers'
	@echo 'make fuzz       lock-step with QEMU, hostile guests and libFuzzer, for long; bounded by'
	@echo '                FUZZ_SEQUENCES=, FUZZ_GUESTS= (10000) and FUZZ_SECONDS= (60, each fuzzer)'
	@echo 'make bench      the measurements, into bench/RESULTS.md'
	@echo 'make picture    docs/step.svg and docs/devices.svg, the pictures in README.md'
	@echo 'make fidelity   docs/FIDELITY.md, where the CPU differs from a real one'
	@echo 'make tidy       clang-tidy; make fmt, make fmt-check: clang-format'
	@echo 'make compile_commands.json   for editors and tools'
	@echo 'make install    to PREFIX ($(PREFIX)), below DESTDIR; make uninstall'
	@echo 'make clean      all that was built; make distclean: what was fetched, too'
	@echo
	@echo 'CC=clang, V=1 (show commands), BUILD=folder, WERROR= (warnings do not stop the build),'
	@echo 'VLAB_UNICORN=system|debian|source (where Unicorn comes from)'
