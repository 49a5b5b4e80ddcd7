# Makefile -- builds, tests, checks and installs shmlog.  GNU make.
#
# Sources are found by wildcard: a new .c file in common/, worker/, daemon/ or
# readers/ is built without a line here.  A target's comment after `##' is what
# `make help' prints.  Whatever needs more than a few lines of shell is a script
# in contrib/ or tests/.

MAKEFLAGS += -rR # no rules but these

VERSION = 0.1.0
SONAME = libshmlog.so.0

PREFIX = /usr/local
DESTDIR =

# SAN=address,undefined or SAN=thread builds apart, beside build/.
SAN =
comma := ,
BUILD_address$(comma)undefined = build-asan
BUILD_thread = build-tsan
B = $(if $(SAN),$(or $(BUILD_$(SAN)),build-$(subst $(comma),-,$(SAN))),build)

CC = cc
AR = ar
LD = ld
OBJCOPY = objcopy
PKG_CONFIG = pkg-config

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith
OPT = -O2 -g
ifeq ($(SAN),)
HARDEN = -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
HARDEN = -fsanitize=$(SAN) -fno-omit-frame-pointer \
	$(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined) \
	$(if $(findstring thread,$(SAN)),-DSHMLOG_TSAN -Wno-tsan)
endif

# -fno-strict-aliasing: shared memory is accessed as words and as structs.
CFLAGS = $(OPT) $(WARN)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -DSHMLOG_VERSION='"$(VERSION)"' \
	-fno-strict-aliasing -pthread -MMD -MP $(HARDEN) $(CFLAGS)
LDFLAGS =
ALL_LDFLAGS = -pthread -Wl,--as-needed -Wl,-z,relro,-z,now $(HARDEN) $(LDFLAGS)
PIE_LDFLAGS = -pie $(ALL_LDFLAGS)

# Asked when a recipe runs, not before: `make deps' may have to install it.
cflags = $$($(PKG_CONFIG) --cflags $(1))
libs = $$($(PKG_CONFIG) --libs $(1))

PKGS_daemon = libevent_core libbsd-overlay
PKGS_readers = libbsd-overlay libpcre2-8 libxxhash ncursesw libevent_core libevent_extra zlib
PKGS_examples = libevent
PKGS_tests = check libevent libbsd-overlay libpcre2-8 libxxhash ncursesw zlib

# common/ and worker/ stand on libc alone.
CFLAGS_daemon = $(call cflags,$(PKGS_daemon))
CFLAGS_readers = $(call cflags,$(PKGS_readers))
CFLAGS_examples = -Iworker $(if $(filter-out hello,$*),$(call cflags,$(PKGS_examples)))
CFLAGS_tests = $(call cflags,$(PKGS_tests))

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
pic = $(patsubst %.c,$(B)/pic/%.o,$(1))
have = $(if $(wildcard $(1)),$(2))

READER_MAINS = readers/shmtail.c readers/shmtop.c readers/shmhist.c readers/shmstat.c \
	readers/shmput.c readers/shmctl.c

COMMON_OBJS = $(call obj,$(call src,common))
# a library installs no signal handlers
COMMON_PICS = $(call pic,$(filter-out common/guard.c,$(call src,common)))
WORKER_PICS = $(call pic,$(call src,worker))
DAEMON_OBJS = $(call obj,$(filter-out daemon/main.c,$(call src,daemon)))
READER_OBJS = $(call obj,$(filter-out $(READER_MAINS),$(call src,readers)))

# Not made are programs whose main is not there.
PROGRAMS = $(call have,daemon/main.c,$(B)/shmlogd) \
	$(patsubst readers/%.c,$(B)/%,$(wildcard $(READER_MAINS)))
LIBRARIES = $(if $(WORKER_PICS),$(B)/libshmlog.a $(B)/$(SONAME) $(B)/shmlog.pc)
EXAMPLES = $(if $(WORKER_PICS),$(patsubst examples/%.c,$(B)/%, \
	$(filter-out examples/httpd_%,$(call src,examples))))

UNIT_TESTS = $(patsubst tests/unit/test_%.c,$(B)/test-%,$(wildcard tests/unit/test_*.c))
UNIT_HELPERS = $(call obj,$(filter-out tests/unit/test_%,$(call src,tests/unit)))
TORTURES = $(patsubst tests/torture/%.c,$(B)/torture-%,$(call src,tests/torture))
# Those that can play a machine of weak memory order are built for that, too.
ifeq ($(SAN),)
TORTURES += $(patsubst tests/torture/%.c,$(B)/torture-%-weak, \
	$(shell grep -l TORTURE_WEAK tests/torture/*.c 2>/dev/null))
endif
TOOLS = $(patsubst tests/tools/%.c,$(B)/tool-%,$(call src,tests/tools)) \
	$(patsubst tests/e2e/%.c,$(B)/e2e-%,$(call src,tests/e2e))

# What tests link to: everything, internal functions included.
ALL_LIBS = $(B)/libdaemon.a $(B)/libreaders.a $(B)/libworker.a $(B)/libcommon.a

all: $(LIBRARIES) $(PROGRAMS) $(EXAMPLES) ## library, programs and examples (the default)

tests: $(UNIT_TESTS) $(TORTURES) $(TOOLS) $(B)/bench ## the test programs

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' $(filter-out %.d,$(MAKEFILE_LIST)) | expand -t 20
	@echo 'variables: SAN=address,undefined SAN=thread TESTS="NAME..." JOBS=N BENCH="OPTION..." PREFIX= SYSCONFDIR= DESTDIR= CC='

# Objects.  $(@D) of build/obj/daemon/x.o names the folder, and so its flags.
$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIE $(CFLAGS_$(firstword $(subst /, ,$(<D)))) -c -o $@ $<

# The library's: hidden is all that shmlog.h does not declare.
$(B)/pic/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -c -o $@ $<

# whole or not there, also after a kill
archive = rm -f $@.tmp && $(AR) rcs $@.tmp $^ && mv $@.tmp $@

$(B)/libcommon.a: $(COMMON_OBJS)
	$(archive)
$(B)/libdaemon.a: $(DAEMON_OBJS)
	@mkdir -p $(@D)
	$(archive)
$(B)/libreaders.a: $(READER_OBJS)
	@mkdir -p $(@D)
	$(archive)
$(B)/libworker.a: $(WORKER_PICS)
	@mkdir -p $(@D)
	$(archive)
$(B)/pic/libcommon.a: $(COMMON_PICS)
	$(archive)

# One object in the archive, so that what is hidden can be made local.
$(B)/pic/shmlog.o: $(WORKER_PICS) $(B)/pic/libcommon.a
	$(LD) -r -o $@.tmp $^
	$(OBJCOPY) --localize-hidden $@.tmp $@
	@rm -f $@.tmp
$(B)/libshmlog.a: $(B)/pic/shmlog.o
	$(archive)

$(B)/$(SONAME): $(WORKER_PICS) $(B)/pic/libcommon.a worker/libshmlog.map
	$(CC) -shared $(ALL_LDFLAGS) $(if $(SAN),,-Wl,-z,defs) -Wl,-soname,$(SONAME) \
	    -Wl,--version-script=worker/libshmlog.map -o $@ $(WORKER_PICS) $(B)/pic/libcommon.a
	ln -sf $(SONAME) $(B)/libshmlog.so

$(B)/shmlog.pc: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$${prefix}/lib' \
	    'includedir=$${prefix}/include' '' 'Name: shmlog' \
	    'Description: log and count into shared memory' \
	    'Version: $(VERSION)' 'Libs: -L$${libdir} -lshmlog' \
	    'Libs.private: -pthread' 'Cflags: -I$${includedir}' >$@

$(B)/shmlogd: $(B)/obj/daemon/main.o $(B)/libdaemon.a $(B)/libcommon.a
	$(CC) $(PIE_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_daemon))

# The few functions of libbsd, and what shmstat's screen alone needs, are linked
# in where that can be: to load them would take as long as shmstat -1 does for
# hundreds of counters.  What --listen speaks to strangers with (libevent, libz)
# is not, so that the system's updates reach it; that costs shmstat -1, which has
# no use for it, some 0.2 ms.
static = $$(for l in $(1); do $(CC) -print-file-name=$$l.a; done | grep /)
static_libs = $(call static,libncursesw libtinfo libbsd libmd)

# but for shmput, which is a worker with a command line
READERS = $(patsubst readers/%.c,$(B)/%,$(filter-out readers/shmput.c,$(READER_MAINS)))

$(READERS): $(B)/%: $(B)/obj/readers/%.o $(B)/libreaders.a $(B)/libcommon.a
	$(CC) $(PIE_LDFLAGS) -o $@ $^ $(static_libs) $(call libs,$(PKGS_readers)) -lm

$(B)/shmput: $(B)/obj/readers/shmput.o $(B)/libreaders.a $(B)/libshmlog.a $(B)/libcommon.a
	$(CC) $(PIE_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_readers)) -lm

$(B)/httpd: $(call obj,$(wildcard examples/httpd_*.c))
$(EXAMPLES): $(B)/%: $(B)/obj/examples/%.o $(B)/libshmlog.a
	$(CC) $(PIE_LDFLAGS) -o $@ $^ $(if $(filter-out hello,$*),$(call libs,$(PKGS_examples)))

test_link = $(CC) $(PIE_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_tests)) -lm

# A test of a module of common/ (NAME or NAME_...) stands on common/ alone.
.SECONDEXPANSION:
test_libs = $(if $(wildcard common/$(firstword $(subst _, ,$(1))).c),$(B)/libcommon.a,$(ALL_LIBS))

$(B)/libunit.a: $(UNIT_HELPERS)
	$(archive)

$(B)/test-%: $(B)/obj/tests/unit/test_%.o $(B)/libunit.a $$(call test_libs,$$*)
	$(test_link)
$(B)/torture-%: $(B)/obj/tests/torture/%.o $(ALL_LIBS)
	$(test_link)
$(B)/obj/tests/torture/%-weak.o: tests/torture/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIE $(CFLAGS_tests) -DTORTURE_WEAK -c -o $@ $<
$(B)/tool-%: $(B)/obj/tests/tools/%.o $(ALL_LIBS)
	$(test_link)
$(B)/e2e-%: $(B)/obj/tests/e2e/%.o $(ALL_LIBS)
	$(test_link)

# Builds as much at once as there are CPUs, unless make was told how much.
build = @$(MAKE) --no-print-directory -s \
	$(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# What is missing is installed; the stamps keep the question from being asked
# again.
$(B)/.deps-%: contrib/deps.sh
	@mkdir -p $(@D)
	@contrib/deps.sh $*
	@touch $@

deps: $(B)/.deps-build $(B)/.deps-check $(B)/.deps-lint ## installs what is missing (apt-get, root or sudo)

check: $(B)/.deps-check ## installs what is missing, builds, runs every test
	+$(build) all tests
	@SAN=$(SAN) tests/run $(B) $(TESTS)

torture: $(B)/.deps-check ## the same, with the long runs whole
	+$(build) all tests
	@SAN=$(SAN) TORTURE=1 tests/run $(B) $(TESTS)

demo: $(B)/.deps-demo ## installs what is missing, builds, shows it at work
	+$(build) all
	@BUILD=$(B) examples/demo.sh

lint: $(B)/.deps-lint ## formatters and checkers: not a line if all is well
	@tests/lint

include tests/bench/bench.mk

install: all ## into DESTDIR and PREFIX
	@BUILD=$(B) VERSION=$(VERSION) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) \
	    contrib/install.sh install

uninstall: ## what install put there
	@BUILD=$(B) VERSION=$(VERSION) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) \
	    contrib/install.sh uninstall

clean: ## removes build/ and its sisters
	rm -rf build build-*/

-include $(wildcard $(B)/obj/*/*.d $(B)/obj/tests/*/*.d $(B)/pic/*/*.d)

# keep what implicit rules made
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all tests help deps check torture demo lint install uninstall clean
