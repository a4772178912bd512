# SPDX-License-Identifier: GPL-2.0
#
# For people; the kernel's build reads Kbuild.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
MODULES := drivers/pmem-pks

# The kernel's build splits its arguments at them, and QEMU options at commas
comma := ,
unfit := $(if $(word 2,$(CURDIR)),a space)$(firstword $(foreach x,: % $(comma),$(findstring $x,$(CURDIR))))
fit = $(if $(unfit),$(error neither the kernel's build nor QEMU takes a path with $(unfit) in it: $(CURDIR)))

# The stray writer is for tests: it is built, and never installed, neither from
# here nor by the kernel's own modules_install, which goes by the last run.
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(W),W=$(W)) $(if $(C),C=$(C))

modules:
	$(fit)
	$(if $(wildcard $(KDIR)/Makefile),,$(error no headers of the kernel $(KVER) in $(KDIR): install linux-headers-$(KVER)$(comma) or name another kernel by KVER=))
	$(kbuild) PMEM_PKS_STRAY=m modules
	$(kbuild) modules

modules_install: modules
	install -D -m 644 $(MODULES)/pmem_pks.ko \
		$(INSTALL_MOD_PATH)/lib/modules/$(KVER)/updates/pmem_pks.ko
	PATH=$$PATH:/usr/sbin:/sbin depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KVER)

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

help:
	@echo 'make                   build the modules for the running kernel'
	@echo 'make KVER=<release>    ... for another one; KDIR=<folder> where its headers lie'
	@echo '                       elsewhere; W=1 and C=2 as in a kernel tree'
	@echo 'make modules_install   install pmem_pks.ko for that kernel (the same KVER and KDIR;'
	@echo '                       INSTALL_MOD_PATH=<folder> for another root)'
	@echo 'make demo              see a stray write caught, in a virtual machine'
	@echo '                       (KERNEL=6.1 or 6.12)'
	@echo 'make check             run the tests, on stock kernels in virtual machines'
	@echo '                       (TESTS="name ...", KERNELS="6.12 6.1", JOBS=n)'
	@echo 'make kunit             run the KUnit tests alone, in a debug kernel built for it'
	@echo 'make bench             measure what all of it costs, in instructions (KERNEL=6.1 or'
	@echo '                       6.12, JOBS=n), and write BENCHMARKS.md'
	@echo 'make clean             remove what was built, and the logs of the tests'
	@echo
	@echo 'demo, check, kunit and bench install Debian packages they lack and say which; they'
	@echo 'download kernels into ~/.cache/pmem-pks (or $$PMEM_PKS_CACHE) and install none.'

.PHONY: modules modules_install clean demo check kunit bench help
