# SPDX-License-Identifier: GPL-2.0
#
# A root filesystem on /dev/pmem0, with DAX, is protected before it is mounted, by initial
# RAM disks that real dracut and real initramfs-tools make. In the running system the unit
# and the rules of udev keep what is set. What can't be protected boots all the same.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

[ "$(id -u)" = 0 ] || skip "only root can make a filesystem with a Debian in it"
requires_program debootstrap mkfs.ext4 mkfs.xfs python3 unshare
unshare --mount true 2>/dev/null || skip "only root may have mounts of its own here"
requires_guest

scratch_folder "$results/root-on-pmem"
work=$scratch
trap 'rm -rf "$work"' EXIT
release=$(<"$cache/kernel/$series/release")
root=$work/root
export MEMORY=2G SMP=2 PMEM="1G 128M" PACKED=0 TIMEOUT=400

# What is run in the guest: see tests/bed/guest/run
guest_test() {
	cat <<-'END'
	# The module was there before
	remember_hooks() {
		: >/tmp/hooks-before
	}

	strict_by_udev() {
		[ "$(cat $namespaces/namespace1.0/fault_mode)" = strict ]
	}

	# What the units say, and what they leave
	units() {
		mkdir -p /var/lib/prometheus/node-exporter
		systemctl start pmem-pks-selftest.service ndctl-pks-monitor.service ndctl-pks-metrics.timer
		equal "the unit of the selftest has proved that protection works" \
			"$(systemctl show -P Result -P ExecMainStatus pmem-pks-selftest.service | xargs)" "success 0"
		equal "the monitor's unit has said that it is ready" "$(systemctl is-active ndctl-pks-monitor.service)" active
	}

	told_by_units() {
		check "the monitor's unit tells of it" soon 60 monitor_told
		check "the timer's unit counts it" soon 60 grep -qsE '^pmem_pks_namespace_stray_writes_total[{]namespace="namespace0.0".* 1$' \
			/var/lib/prometheus/node-exporter/pmem_pks.prom
		systemctl stop ndctl-pks-monitor.service ndctl-pks-metrics.timer
		equal "the monitor's unit ends well" "$(systemctl show -P Result ndctl-pks-monitor.service)" success
	}

	monitor_told() {
		journalctl -b -u ndctl-pks-monitor.service -o cat | grep -q '"event":"stray-write".*"namespace":"namespace0.0"'
	}

	test() {
		local want=relaxed

		! grep -q rd.pmem_pks.mode=contain /proc/cmdline || want=contain
		matches "the root is on pmem, with DAX" "$(awk '$2 == "/"' /proc/mounts)" '^/dev/pmem0 / (ext4|xfs) .*dax=always'
		equal "before that was mounted it was protected, in its own mode" \
			"$(dmesg | sed -n 's/^.*before the mount: //p')" "contain 1, $want"
		equal "the unit has done its work" "$(systemctl is-active pmem-pks.service)" active
		equal "what is set holds" "$(cat $pks/fault_mode $namespaces/*/fault_mode | xargs)" "$want contain strict"
		dd if=/dev/urandom of=/file bs=1M count=8 conv=fsync status=none
		units
		no_false_alarm "no write of a whole boot is a stray one"
		caught "a stray write after the switch of root is caught" namespace0.0
		told_by_units
		ndctl disable-namespace namespace1.0 >&2
		ndctl enable-namespace namespace1.0 >&2
		udevadm settle
		check "a namespace that comes later has its own mode" strict_by_udev
		systemctl stop pmem-pks.service
		equal "stopping the unit restores what was" "$(ls -d /sys/module/pmem_pks $pks 2>/dev/null || true)" ""
		mv "/lib/modules/$(uname -r)/updates" /away
		depmod
		refuse "without the module for this kernel the unit fails" systemctl start pmem-pks.service
		refuse "so does the unit of the selftest" systemctl start pmem-pks-selftest.service
		matches "and says why" "$(journalctl -b -u pmem-pks.service -o cat | xargs -d '\n')" \
			"could not find module by name='pmem_pks'.*ndctl-pks: the module pmem_pks is not loaded"
	}
	END
}

# Says what is in force, as the last thing before the mount. With systemd in it, dracut's
# image may run its hooks before the disk is there, so there it is a unit.
seen() {
	cat <<-'END'
	#!/bin/sh
	[ "${1:-}" != prereqs ] || { echo pmem-pks; exit 0; }
	cd /sys/kernel/pmem_pks 2>/dev/null || { echo "before the mount: nothing" >/dev/kmsg; return 0 2>/dev/null || exit 0; }
	echo "before the mount: $(cat namespaces/namespace0.0/fault_mode) $(cat namespaces/namespace0.0/protect), $(cat fault_mode)" >/dev/kmsg
	cd /
	END
}

# Where packaging's directories go
install_packaging() {
	local part

	for part in udev:lib/udev/rules.d systemd:lib/systemd/system modprobe.d:lib/modprobe.d \
		dracut:lib/dracut/modules.d initramfs-tools:share/initramfs-tools; do
		mkdir -p "$root/usr/${part#*:}"
		cp -r "$top/packaging/${part%%:*}/." "$root/usr/${part#*:}/"
	done
	ln -s /lib/systemd/system/pmem-pks.service "$root/etc/systemd/system/sysinit.target.wants/"
}

make_root() {
	local debian

	debian=$("$bed/debian-root") || return
	mkdir -p "$root"
	cp -a "$debian/." "$root/"
	cp "$("$bed/tools")" "$root/usr/bin/"
	sed "s|^ExecStart=[^ ]*|ExecStart=/usr/bin/ndctl-pks|" "$build/tools/ndctl-pks-monitor.service" \
		>"$root/usr/lib/systemd/system/ndctl-pks-monitor.service"
	install_packaging
	mkdir -p "$root/etc/pmem-pks.conf.d" "$root/lib/modules/$release/updates" "$root/bed"
	printf '%s\n' "[namespace $one]" "mode = contain" "[namespace $two]" "mode = strict" \
		>"$root/etc/pmem-pks.conf.d/10-test.conf"
	cp -r "$cache/kernel/$series/lib/modules/$release/." "$root/lib/modules/$release/"
	cp "$cache/kernel/$series/boot/config-$release" "$root/boot/"
	cp "$build/$series/module/drivers/pmem-pks/pmem_pks.ko" "$root/lib/modules/$release/updates/"
	depmod -b "$root" "$release"
	cp "$bed/guest/"{run,checks,pmem,module,monitor} "$build/$series/consumers/tests/modules/"*.ko "$root/bed/"
	guest_test >"$root/bed/test"
	echo test >"$root/bed/entry"
	printf '%s\n' '#!/bin/bash' 'exec </dev/null >/dev/ttyS1 2>/dev/ttyS2' \
		'for port in 1 2; do stty -F /dev/ttyS$port raw; done' \
		'[ $$ != 1 ] || { mountpoint -q /proc || mount -t proc none /proc; }' \
		'if grep -q " bed_short" /proc/cmdline; then echo "ok - it boots"; echo end' \
		'else bash /bed/run; fi' 'sync' 'reboot -f' >"$root/bed/start"
	chmod 755 "$root/bed/start"
	printf '%s\n' '[Unit]' 'After=sysinit.target local-fs.target' '[Service]' 'Type=oneshot' \
		'ExecStart=/bed/start' >"$root/etc/systemd/system/bed.service"
	seen >"$root/bed/seen"
	mkdir -p "$root/bed/initrd/bed" "$root/bed/initrd/usr/lib/systemd/system/sysroot.mount.requires"
	cp "$root/bed/seen" "$root/bed/initrd/bed/"
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' 'Requires=dev-pmem0.device' 'After=dev-pmem0.device' \
		'Before=sysroot.mount' '[Service]' 'Type=oneshot' 'RemainAfterExit=yes' \
		'ExecStart=/bin/sh /bed/seen' >"$root/bed/initrd/usr/lib/systemd/system/bed-seen.service"
	ln -s ../bed-seen.service "$root/bed/initrd/usr/lib/systemd/system/sysroot.mount.requires/"
	mkdir -p "$root/etc/initramfs-tools/scripts/local-premount"
	install -m 755 "$root/bed/seen" "$root/etc/initramfs-tools/scripts/local-premount/"
}

# in_root COMMAND...: there, with what the makers of initial RAM disks look at
# shellcheck disable=SC2016 # for the inner shell
in_root() {
	unshare --mount --propagation private bash -c '
		mount -t proc none "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs none "$1/run" &&
		root=$1 && shift && exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		bash "$root" "$@"
}

dracut_image() {
	in_root "${@:2}" dracut --force --quiet --no-hostonly --no-compress --kver "$release" \
		--omit "network network-manager iscsi nfs" \
		--include /bed/initrd / "$1"
}

# host_image DIRECTORY: for a host with that in /sys. It finds no root there, which it says.
# shellcheck disable=SC2016 # for the inner shell
host_image() {
	in_root bash -c 'mount -t tmpfs none /sys && mkdir -p "/sys/$1" && exec dracut --force --quiet --hostonly \
		--no-compress --kver "$2" --omit "network network-manager iscsi nfs" /host.img' bash "$1" "$release"
}

initramfs_image() {
	in_root "${@:2}" mkinitramfs -c zstd -l 1 -o "$1" "$release"
}

# has IMAGE: what in it loads the module. Scripts of initramfs-tools are in each image.
has() {
	in_root lsinitramfs "$1" 2>/dev/null | grep -E 'hooks/.*pmem-pks|rules.d/.*pmem-pks|bin/ndctl-pks' | xargs -n 1 basename | sort -u | xargs
}

# Two namespaces. Prints their uuids, and where in the NVDIMM the data of the first begins,
# and how many sectors that is.
prepare() {
	local folder=$work/prepare

	mkdir -p "$folder/guest/bed"
	cp "$bed/guest/init" "$folder/guest/"
	cat >"$folder/guest/bed/run" <<-'END'
	ndctl create-namespace -f -e namespace0.0 -m fsdax >&2
	ndctl create-namespace -f -e namespace1.0 -m fsdax >&2
	ndctl list -n namespace0.0 | jq -r '.[].uuid'
	ndctl list -n namespace1.0 | jq -r '.[].uuid'
	echo $(($(cat /sys/block/pmem0/device/resource) - $(cat /sys/bus/nd/devices/region0/resource)))
	cat /sys/block/pmem0/size
	END
	NVDIMM_FOLDER=$work "$bed/boot" "$series" "$folder" && tr -d '\r' <"$folder/said" | xargs
}

# A list of all files, as mkfs.xfs wants it
protofile() {
	python3 - "$root" <<-'END'
	import os, stat, sys
	def line(path, name, depth):
	    s = os.lstat(path)
	    kind = {stat.S_IFDIR: "d", stat.S_IFREG: "-", stat.S_IFLNK: "l"}.get(stat.S_IFMT(s.st_mode))
	    if not kind or " " in name:
	        return
	    mode = kind + ("u" if s.st_mode & 0o4000 else "-") + ("g" if s.st_mode & 0o2000 else "-")
	    mode += "%03o %d %d" % (s.st_mode & 0o777, s.st_uid, s.st_gid)
	    what = {"-": path, "l": os.readlink(path) if kind == "l" else "", "d": ""}[kind]
	    print("\t" * depth + (name + " " if depth else "") + mode, what)
	    if kind == "d":
	        for entry in sorted(os.listdir(path)):
	            line(os.path.join(path, entry), entry, depth + 1)
	        print("\t" * (depth + 1) + "$")
	print("/none\n0 0")
	line(sys.argv[1], "", 0)
	END
}

# on_nvdimm FILESYSTEM: a copy of the NVDIMMs with the root on the first
on_nvdimm() {
	local image=$work/$1

	mkdir -p "$work/on-$1"
	cp --sparse=always "$work/"nvdimm[01] "$work/on-$1/"
	truncate -s $((sectors * 512)) "$image"
	case $1 in
	ext4) mkfs.ext4 -q -b 4096 -d "$root" "$image" ;;
	xfs) protofile >"$work/protofile" && mkfs.xfs -q -m reflink=0 -p "$work/protofile" "$image" >"$work/mkfs" ;;
	esac && dd if="$image" of="$work/on-$1/nvdimm0" bs=64k seek=$((offset / 65536)) conv=notrunc,sparse status=none
	rm -f "$image"
}

# boots NAME IMAGE FILESYSTEM WORDS [ENVIRONMENT...]: and print what it found
boots() {
	local logs=$work/logs-$1

	mkdir -p "$logs"
	echo "# $1"
	env "${@:5}" INITRD="$work/$2" NVDIMM_FOLDER="$work/on-$3" \
		CMDLINE="root=/dev/pmem0 rootfstype=$3 rootflags=dax=always rw $4" "$bed/boot" "$series" "$logs" ||
		echo "not ok - $1: the guest ends (exit $?)"
	tr -d '\r' <"$logs/said" | grep -E '^(ok|not ok|skip|#)' | sed "s/ok - /&$1: /"
	grep -q '^end' "$logs/said" || {
		echo "not ok - $1: it comes to its end"
		tail -n 30 "$logs/console.log" | tr -d '\r' | cut -c1-200 | sed 's/^/# /'
	}
	"$bed/judge" "$logs/console.log"
}

# told NAME WHAT: how many lines of its console have that
told() {
	grep -acF "$2" "$work/logs-$1/console.log"
}

read -r one two offset sectors < <(prepare)
enough "sectors of a namespace" "${sectors:-0}" 1000000
make_root >"$work/said" 2>&1
same "a Debian is made" "$?$([ -x "$root/usr/bin/dracut" ] || tail -n 20 "$work/said")" 0
dracut_image /dracut.img >"$work/said" 2>&1
same "dracut makes an image" $? 0
initramfs_image /initramfs.img >"$work/said" 2>&1
same "initramfs-tools makes one" $? 0
for image in dracut initramfs; do
	enough "files that load the module in $image.img" "$(has /$image.img | wc -w)" 2
done
# One for a host alone has it if that has pmem
for have in 0 1; do
	host_image "$(echo bus bus/nd/devices/namespace0.0 | cut -d' ' -f$((have + 1)))" >/dev/null 2>&1
	same "for a host with $have namespaces dracut has what loads it" \
		"$([ "$(has /host.img | wc -w)" -ge 2 ] && echo 1 || echo 0)" $have
	rm -f "$root/host.img"
done
dracut_image /kdump.img IN_KDUMP=1 >/dev/null 2>&1
same "for a dump dracut leaves out what loads it" "$(has /kdump.img)" ""
mkdir -p "$root/var/lib/kdump" && cp -r "$root/etc/initramfs-tools" "$root/var/lib/kdump/"
in_root mkinitramfs -d /var/lib/kdump/initramfs-tools -c zstd -l 1 -o /kdump.img "$release" >/dev/null 2>&1
same "initramfs-tools, too" "$(has /kdump.img)" ""
rm -rf "$root"/var/lib/kdump "$root"/kdump.img
mv "$root/"*.img "$work/"
find "$root/lib/modules/$release/kernel" -name '*.ko*' ! -path '*/nvdimm/*' -delete

on_nvdimm ext4 >"$work/said" 2>&1
same "ext4 is on it" "$?$(cat "$work/said")" 0
on_nvdimm xfs >"$work/said" 2>&1
same "and xfs on another" "$?$(cat "$work/said")" 0

boots dracut dracut.img ext4 "systemd.unit=bed.service"
boots initramfs-tools initramfs.img xfs "systemd.unit=bed.service rd.pmem_pks.mode=contain"
short="init=/bed/start bed_short"
for image in dracut initramfs; do
	boots "$image-without-PKS" $image.img ext4 "$short" CPU=qemu64
	same "$image: that is said once" "$(told "$image-without-PKS" 'pmem-pks: the module is not loaded')" 1
done
boots nopmem_pks dracut.img ext4 "$short nopmem_pks"
same "nopmem_pks: it is not loaded" "$(told nopmem_pks 'before the mount: nothing') $(told nopmem_pks 'pmem_pks: stray')" "1 0"
boots rd.pmem_pks=0 initramfs.img xfs "$short rd.pmem_pks=0"
same "rd.pmem_pks=0: it is not loaded" "$(told rd.pmem_pks=0 'before the mount: nothing') $(told rd.pmem_pks=0 'pmem_pks: stray')" "1 0"
