# SPDX-License-Identifier: GPL-2.0
#
# Each message that the module can print, and each by which the build refuses a
# kernel or a path, has an entry in Documentation/troubleshooting.md; and each entry
# there is one that the sources still print.
#
# An entry is a heading "### `text`", or an item "- `text`: ...". What the sources put in at run time (a format
# conversion as %s, a variable of make) is <anything> there, in words that say what
# it is; several with nothing between them count as one. Looked for are:
#   drivers/pmem-pks/*.[ch]  the formats of pr_*()
#   main.c, record.c         what reaches pr_err() and pr_warn() by a bare "%s\n"
#   fault.c                  the text of the panic
#   selftest.c               what can be wrong with a hook
#   drill.c                  what can be wrong with a stray write
#   compat.h, include/       #error
#   Makefile                 $(error)

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

# messages TOP: what the sources there can print, "text<tab>file" in each line
messages() {
	# shellcheck disable=SC2016 # perl's
	(cd "$1" && perl -0777 -ne '
		my $string = qr/((?:"(?:[^"\\]|\\.)*"\s*)+)/;
		sub found {
			my ($text) = @_;
			$text =~ s/"\s*"//g;
			$text =~ s/^"|"\s*$//g;
			$text =~ s/\\n$//;
			$text =~ s/\\"/"/g;
			# %s, %lld, %*pE and the like
			$text =~ s/%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:hh?|ll?|z)?(?:pE|[diouxXcsp])/<>/g;
			say_it($text);
		}
		sub say_it {
			my ($text) = @_;
			$text =~ s/<[^<>]*>/<>/g;
			$text =~ s/(?:<>)+/<>/g;
			print "$text\t$ARGV\n";
		}
		if ($ARGV eq "Makefile") {
			while (/\$\(error ([^\n]*)/g) {
				my $text = $1;
				$text =~ s/\)+$//;
				$text =~ s/\$\(comma\)/,/g;
				$text =~ s/\$\([A-Za-z]*\)?/<>/g;
				say_it($text);
			}
			next;
		}
		s/^#define pr_fmt[^\n]*//mg;
		found("\"$1\"") while /^#error "([^\n]*)"$/mg;
		found($1) while /\bpr_\w+\(\s*$string/g;
		if ($ARGV =~ /main\.c$/) {
			found($1) while /static struct choice \w+ = \{[^}]*?,\s*$string\s*\}/g;
		} elsif ($ARGV =~ /record\.c$/) {
			found($1) while /\bscnprintf\(buf, size,\s*$string/g;
		} elsif ($ARGV =~ /fault\.c$/) {
			found($1) while /\bsnprintf\(text, sizeof\(text\), $string/g;
		} elsif ($ARGV =~ /selftest\.c$/) {
			found($1) while /\bwrong = $string/g;
		} elsif ($ARGV =~ /drill\.c$/) {
			found($1) while /("(?:is|was|has) [^"]*")/g;
		}
	' Makefile drivers/pmem-pks/*.[ch] include/linux/*.h)
}

# entries TOP: those of its troubleshooting.md
entries() {
	sed -n -e 's/^### `\(.*\)`$/\1/p' -e 's/^- `\([^`]*\)`: .*/\1/p' \
		"$1/Documentation/troubleshooting.md" |
		sed -E 's/<[^<>]*>/<>/g; s/(<>)+/<>/g'
}

# compare TOP: "undocumented: ...", "gone: ...", and "number: ..." of messages
compare() {
	messages "$1" | cut -f 1 | grep -vx '<>' | sort -u >"$work/messages"
	entries "$1" | sort >"$work/entries"
	comm -23 "$work/messages" <(uniq "$work/entries") | sed 's/^/undocumented: /'
	comm -13 "$work/messages" <(uniq "$work/entries") | sed 's/^/gone: /'
	uniq -d "$work/entries" | sed 's/^/twice: /'
	# What has its text from elsewhere: of these two files it is known
	messages "$1" | grep -P '^<>\t' | grep -vE '/(main|report)\.c$' | cut -f 2 | sed 's/^/bare: /'
	echo "number: $(wc -l <"$work/messages")"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

found=$(compare "$top")
for kind in undocumented gone twice bare; do
	case $kind in
	undocumented) what="each message has its entry" ;;
	gone) what="each entry has its message" ;;
	twice) what="no entry is there twice" ;;
	bare) what="no other message has its text from elsewhere" ;;
	esac
	if grep -q "^$kind: " <<<"$found"; then
		echo "not ok - $what"
		sed -n "s/^$kind: /# /p" <<<"$found"
	else
		echo "ok - $what"
	fi
done
enough messages "${found##*number: }" 55

# Each way of being wrong is seen
copy=$work/copy
mkdir -p "$copy/include" "$copy/drivers" "$copy/Documentation"
cp "$top/Makefile" "$copy/"
cp -r "$top/drivers/pmem-pks" "$copy/drivers/"
cp -r "$top/include/linux" "$copy/include/"
cp "$top/Documentation/troubleshooting.md" "$copy/Documentation/"

# sees WHAT LINE: compare() of the copy has such a line
sees() {
	if grep -qxF "$2" < <(compare "$copy"); then
		echo "ok - $1 is seen"
	else
		echo "not ok - $1 is seen"
	fi
}

# More than one string, a conversion with a width, and no text of its own
cat >"$copy/drivers/pmem-pks/new.c" <<'END'
static void new(void)
{
	pr_warn("no such "
		"message as \"%*pE\" (%5.3llu%%)\n", 1, "x", 2);
	pr_err("%s\n", "elsewhere");
}
END
sees "a message that is new" 'undocumented: no such message as "<>" (<>%%)'
sees "one that has its text from elsewhere" "bare: drivers/pmem-pks/new.c"
rm "$copy/drivers/pmem-pks/new.c"
sed -i 's/this kernel has no %s/this kernel lacks %s/' "$copy/drivers/pmem-pks/symbols.c"
sees "a message that was changed" "undocumented: this kernel lacks <>"
sees "the entry that it had" "gone: this kernel has no <>"
