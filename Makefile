# SPDX-License-Identifier: GPL-2.0
#
# For people; the kernel's build reads Kbuild.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
MODULES := drivers/pmem-pks
PREFIX ?= /usr/local

# The kernel's build splits its arguments at them, and QEMU options at commas
comma := ,
unfit := $(if $(word 2,$(CURDIR)),a space)$(firstword $(foreach x,: % $(comma),$(findstring $x,$(CURDIR))))
fit = $(if $(unfit),$(error neither the kernel's build nor QEMU takes a path with $(unfit) in it: $(CURDIR)))

# The series of the table, as words of a sentence
kernels = $(shell sed -n 's/^\([0-9][^ ]*\) .*/\1/p' tests/kernels | paste -s -d, | sed 's/,/ or /g')

kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(W),W=$(W)) $(if $(C),C=$(C))

modules:
	$(fit)
	$(if $(wildcard $(KDIR)/Makefile),,$(error no headers of the kernel $(KVER) in $(KDIR): install linux-headers-$(KVER)$(comma) or name another kernel by KVER=))
	$(kbuild) modules

modules_install: modules
	install -D -m 644 $(MODULES)/pmem_pks.ko \
		$(INSTALL_MOD_PATH)/lib/modules/$(KVER)/updates/pmem_pks.ko
	PATH=$$PATH:/usr/sbin:/sbin depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KVER)

install:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' packaging/install tool headers system

deb rpm:
	$(fit)
	@packaging/build $@

# Whichever kernel it was built for, and wherever its headers are now
clean:
	find . -name .git -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o \
		-name '.*.cmd' -o -name '*.symvers' -o -name modules.order -o -name 'offsets.[hs]' \) -exec rm -f {} +
	rm -rf build tests/results

demo:
	$(fit)
	@tests/demo/run

check:
	$(fit)
	@tests/bed/check

kunit:
	$(fit)
	@tests/bed/kunit

bench:
	$(fit)
	@tests/bench/run

symbols:
	@scripts/symbols --kver $(KVER) $(if $(SYSTEM_MAP),--system-map $(SYSTEM_MAP)) \
		$(if $(IMAGE),--image $(IMAGE)) $(if $(CONFIG),--config $(CONFIG)) \
		$(if $(MODULES_DIR),--modules $(MODULES_DIR))

help:
	@echo 'make                   build the module for the running kernel'
	@echo 'make KVER=<release>    ... for another one; KDIR=<directory> where its headers lie'
	@echo '                       elsewhere; W=1 and C=2 as in a kernel tree'
	@echo 'make modules_install   install pmem_pks.ko for that kernel (the same KVER and KDIR;'
	@echo '                       INSTALL_MOD_PATH=<directory> for another root)'
	@echo 'make install           install ndctl-pks and its manual pages, the headers for other'
	@echo '                       modules, and units and hooks (PREFIX=$(PREFIX); DESTDIR=<directory>'
	@echo '                       for another root)'
	@echo 'make deb, make rpm     build packages, in build/deb and build/rpm'
	@echo 'make demo              see a stray write caught, in a virtual machine'
	@echo '                       (KERNEL=$(kernels))'
	@echo 'make check             run the tests, on stock kernels in virtual machines'
	@echo '                       (TESTS="name ...", KERNELS="series ...", JOBS=n;'
	@echo '                       QUICK=1 runs a part of them in some minutes, before each'
	@echo '                       commit; LIST=1 prints their names)'
	@echo 'make kunit             run the KUnit tests alone, in a debug kernel built for it'
	@echo 'make bench             measure what all of it costs, in instructions'
	@echo '                       (KERNEL=$(kernels); JOBS=n), and write BENCHMARKS.md'
	@echo 'make symbols KVER=<release>  say whether a kernel that need not run has all that the'
	@echo '                       module relies on (SYSTEM_MAP=, IMAGE=, CONFIG=, MODULES_DIR=: its'
	@echo '                       files, if they are not in /boot and /lib/modules)'
	@echo 'make clean             remove what was built, and the logs of the tests'
	@echo
	@echo 'demo, check, kunit, bench and deb install Debian packages they lack and say which; they'
	@echo 'download kernels into ~/.cache/pmem-pks (or $$PMEM_PKS_CACHE) and install none.'

.PHONY: modules modules_install install deb rpm clean demo check kunit bench symbols help
