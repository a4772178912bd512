# SPDX-License-Identifier: GPL-2.0
#
# No shell script gives shellcheck anything to say, whatever its name.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

# Those that say so in their first lines, and those that end in .sh
scripts() {
	find .ci packaging tests tools -type f ! -path 'tests/results/*' | sort | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*) ! grep -qaE '^#!/bin/(ba)?sh$|^# shellcheck shell=' < <(head -n 3 "$file") || echo "$file" ;;
		esac
	done
}

complaints() {
	shellcheck -f gcc "$1" 2>&1
}

cd "$top" || exit 1
scripts | silent complaints 100
printf '#!/bin/bash\necho $(ls *\n' | finds shellcheck complaints .sh
