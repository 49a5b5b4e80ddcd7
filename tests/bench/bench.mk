# bench.mk -- `make bench': what a record costs, beside the peers; `make
# bench-readers': how fast they are read; `make bench-stat': what shmstat takes.
#
# The program is linked as users link the library.  A peer that needs a library
# is a plugin, bench-NAME.so, made only where the compiler finds it.

BENCH_PLUGINS = lttng pcp
BENCH_LIBS_lttng = -llttng-ust
BENCH_LIBS_pcp = -lpcp_mmv -lpcp
BENCH_SRCS = $(filter-out $(BENCH_PLUGINS:%=tests/bench/peer_%.c),$(call src,tests/bench))

$(B)/obj/tests/bench/%.o: tests/bench/%.c Makefile tests/bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIE -c -o $@ $<

# message.h's functions are no part of the library's interface
$(B)/bench: $(call obj,$(BENCH_SRCS)) $(B)/libshmlog.a $(B)/libcommon.a
	$(CC) $(PIE_LDFLAGS) -rdynamic -o $@ $^ -ldl -lm

$(B)/bench-%.so: tests/bench/peer_%.c Makefile tests/bench/bench.mk
	@mkdir -p $(@D)
	@rm -f $@
	@! $(CC) $(ALL_CFLAGS) -E -o $(B)/obj/bench-$*.i $< 2>/dev/null || \
	    $(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $< $(BENCH_LIBS_$*)

bench-program: $(PROGRAMS) $(B)/bench $(BENCH_PLUGINS:%=$(B)/bench-%.so)

# BENCH="-e 'text*' -n 3": options; tests/bench/bench.c has them
bench: $(B)/.deps-build ## what a record costs, beside the peers, in a few minutes
	@$(MAKE) --no-print-directory -s bench-program
	@BUILD=$(B) tests/bench/run $(BENCH)

bench-readers-programs: $(PROGRAMS) $(B)/httpd $(B)/tool-bare $(B)/tool-delay $(B)/tool-spent

# BENCH="-e 'query*' -n 3": options; tests/bench/readers.sh has them
bench-readers: $(B)/.deps-bench-readers ## how fast records are read, beside varnishlog and a bare loop
	@$(MAKE) --no-print-directory -s bench-readers-programs
	@BUILD=$(abspath $(B)) tests/bench/readers.sh $(BENCH)

bench-stat-programs: $(PROGRAMS) $(B)/tool-often $(B)/tool-passes $(B)/tool-sets

# BENCH="-e 'once*' -n 3": options; tests/bench/stat.sh has them
bench-stat: $(B)/.deps-bench-stat ## what shmstat takes to show counters, beside varnishstat
	@$(MAKE) --no-print-directory -s bench-stat-programs
	@BUILD=$(abspath $(B)) tests/bench/stat.sh $(BENCH)

bench-deps: $(B)/.deps-bench ## installs the peers that make bench, bench-readers and bench-stat measure

-include $(wildcard $(B)/bench-*.d)

.PHONY: bench bench-program bench-readers bench-readers-programs bench-stat \
	bench-stat-programs bench-deps
