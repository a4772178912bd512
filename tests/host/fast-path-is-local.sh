# SPDX-License-Identifier: GPL-2.0
#
# A map, the end of one, and a wrapped writer take no lock, write nothing that
# another CPU looks at (only what is found by %gs, and the stack), and call no
# function but their own: so no page table is walked, and no TLB flushed.
#
# All that they call is looked at, except what stands here, with the reason:
#	grant_close_rest	ends what was lost
#	grant_brief_close	ends a window of pinned writes
#	grant_lose_span		there was no room for a map over an edge
#	trace_key_granted, _revoked somebody listens to the tracepoint
#	kmap_complain, _printk	there was no map
#	__SCT__preempt_schedule	the end of preempt_disable(), if it is due
rare="grant_close_rest grant_brief_close grant_lose_span trace_key_granted trace_key_revoked kmap_complain _printk __SCT__preempt_schedule __x86_return_thunk"
roots="pmem_pks_map pmem_pks_map_range pmem_pks_unmap pmem_pks_unmap_last writer_enter_block writer_enter_dax writer_exit_dst"

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"

# look FUNCTION...: a line for each thing in them, or in what they call, that is
# not as promised, and "seen N" at the end, of N functions
look() {
	for object in kmap grant domain writers; do
		objdump -dr --no-show-raw-insn "$build/$series/module/drivers/pmem-pks/$object.o"
	done | awk -v rare="$rare" -v roots="$*" '
	# The registers that point to what is this CPU'\''s
	function full(reg) {
		sub(/^%[er]?/, "", reg)
		sub(/[dwb]$/, "", reg)
		return reg
	}
	# GCC gives copies of a function a name of their own
	function plain(symbol) {
		sub(/\.(constprop|isra|part)\..*$/, "", symbol)
		return symbol
	}
	function defined(reg, is_own) {
		if (is_own)
			own[full(reg)] = 1
		else
			delete own[full(reg)]
	}
	function number(hex,  value, i) {
		for (i = 1; i <= length(hex); i++)
			value = value * 16 + index("123456789abcdef", substr(hex, i, 1))
		return value + 0
	}
	# What is called stands in the line of the instruction, or in a relocation below it
	function called() {
		if (target != "")
			calls[name] = calls[name] " " target
		target = ""
	}
	# The function that has a place of a section: of the part that GCC splits off, say
	function at_place(place,  i, part, best) {
		split(place, part, "@")
		for (i = 1; i <= starts; i++)
			if (of[i] == part[1] && section[i] == part[2] && start[i] <= part[3])
				best = i
		return best ? called_so[best] : place
	}
	function bad(what) {
		wrong[name] = wrong[name] "# " name ": " what ": " text "\n"
	}
	/:     file format / { called(); object = $1; next }
	/^Disassembly of section / { called(); current = substr($4, 1, length($4) - 1); next }
	/^[0-9a-f]+ <.*>:$/ {
		called()
		name = $2
		gsub(/[<>:]/, "", name)
		name = plain(name)
		of[++starts] = object
		section[starts] = current
		start[starts] = number($1)
		called_so[starts] = name
		delete own
		own["sp"] = 1
		jumped = 0
		known[name] = 1
		next
	}
	/R_X86_64_P(LT|C)32/ {
		if (is_call) {
			target = $NF
			offset = 4
			if (match(target, /[-+]0x[0-9a-f]+$/)) {
				offset += (substr(target, RSTART, 1) "1") * number(substr(target, RSTART + 3))
				target = substr(target, 1, RSTART - 1)
			}
			# A place is relative to the next instruction, 4 bytes on
			target = target ~ /^\./ ? object "@" target "@" offset : plain(target)
			called()
		}
		next
	}
	!/^ +[0-9a-f]+:\t/ { next }
	{
		called()
		text = $0
		sub(/^[^\t]*\t/, "", text)
		sub(/ *#.*$/, "", text)
		opcode = operands = text
		sub(/ .*$/, "", opcode)
		sub(/^[^ ]+ */, "", operands)
		# Behind a jump it goes on for who jumped there, with what he had
		if (jumped) {
			at = $1
			sub(/:$/, "", at)
			delete own
			own["sp"] = 1
			for (reg in had)
				if (index(came[name, at], " " reg " "))
					own[reg] = 1
		}
		jumped = opcode ~ /^(jmp|ret|ud)/
		if (opcode ~ /^j/) {
			at = operands
			sub(/ .*$/, "", at)
			for (reg in own) {
				had[reg] = 1
				came[name, at] = came[name, at] " " reg " "
			}
		}
		is_call = opcode ~ /^(call|j)/
		if (is_call) {
			if (match(operands, /<[^+>]*>/))
				target = plain(substr(operands, RSTART + 1, RLENGTH - 2))
			next
		}
		if (opcode ~ /^(lock|xchg|cmpxchg)/ && (operands ~ /\(/ || opcode == "lock"))
			bad("is locked")
		if (opcode ~ /^(cmp|test|nop|data16|cs|push|pop|ret|endbr|wrmsr)/ || operands == "")
			next
		# The last operand is where the result goes
		last = operands
		while (match(last, /^([^(),]|\([^()]*\))*,/))
			last = substr(last, RLENGTH + 1)
		first = substr(operands, 1, length(operands) - length(last) - 1)
		if (last !~ /\(/) {
			is_own = first ~ /^%gs:/
			if (opcode ~ /^(add|sub|lea)/) {
				is_own = is_own || (opcode !~ /^lea/ && full(last) in own)
				parts = split(first, part, /[^%a-z0-9]+/)
				for (; parts; parts--)
					if (full(part[parts]) in own)
						is_own = 1
			} else if (opcode ~ /^mov/ && first ~ /^%[a-z0-9]+$/) {
				is_own = full(first) in own
			}
			defined(last, is_own)
			next
		}
		if (last ~ /^%gs:/)
			next
		base = last
		gsub(/^.*\(|[,)].*$/, "", base)
		if (!(full(base) in own))
			bad("writes elsewhere")
	}
	END {
		called()
		n = split(rare, word, " ")
		for (i = 1; i <= n; i++)
			done[word[i]] = 1
		n = split(roots, queue, " ")
		for (i = 1; i <= n; i++) {
			if (done[queue[i]]++)
				continue
			if (!known[queue[i]]) {
				print "# " queue[i] " is not one of ours"
				continue
			}
			seen++
			printf "%s", wrong[queue[i]]
			m = split(calls[queue[i]], word, " ")
			for (; m; m--)
				queue[++n] = word[m] ~ /@/ ? at_place(word[m]) : word[m]
		}
		print "seen " seen + 0
	}'
}

for series in $kernels; do
	[ -e "$build/$series/module/drivers/pmem-pks/kmap.o" ] || continue
	for root in $roots; do
		found=$(look "$root")
		if [[ $found = "seen "[1-9]* ]]; then
			echo "ok - $series: $root takes no lock, and keeps to its CPU"
		else
			echo "not ok - $series: $root takes no lock, and keeps to its CPU"
			echo "$found"
		fi
	done
	# Who sees nothing sees nothing here, either
	for what in "_raw_spin_lock_irqsave is not one of ours" \
		    "grant_lose_these is locked" \
		    "grant_exit writes elsewhere"; do
		found=$(rare="" look grant_switch grant_lose_these grant_exit)
		if grep -q "^# ${what%% *}:\? ${what#* }" <<<"$found"; then
			echo "ok - $series: it is seen that $what"
		else
			echo "not ok - $series: it is seen that $what"
			echo "$found"
		fi
	done
done
