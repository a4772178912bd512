# SPDX-License-Identifier: GPL-2.0
#
# ndctl-pks report --html makes valid HTML of whatever the kernel and users say, with no
# script in it and nothing from elsewhere, that Chromium shows in light, in dark and in
# print.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

requires_program meson ninja unshare python3 tidy
unshare --mount true 2>/dev/null || skip "only root may have a /sys of its own here"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile_sane_tool "$work/tree" "$top/tools/ndctl-plugin"
export PATH=$work/tree:$PATH

# report COUNT FILES OPTION...: FILES is shell that changes the fake files first
report() {
	local count=$1 files=$2

	shift 2
	"$bed/fake-sys" "$count" bash -c 'cd /sys/kernel && eval "$0" && exec ndctl-pks report "$@"' \
		"$files" "$@" 2>"$work/err"
}

# records COUNT: of that many functions, over an hour and over the namespaces
records() {
	local i

	for ((i = 0; i < $1; i++)); do
		printf '{"time":"2026-11-22T00:%02d:40.1Z","first":"2026-11-22T00:%02d:10.5Z","count":%d,"namespace":"namespace0.%d",' \
			$((i * 7 % 60)) $((i * 7 % 60 / 2)) $((i * i % 50 + 1)) $((i % 3 / 2))
		printf '"offset":%d,"page_index":5,"access":"write","width":8,"bytes":8,"data":"5354524159000000",' \
			$((i * 7654321 % 67108864))
		printf '"function":"%s_%d+0x1c/0x60 [driver]","comm":"kworker/%d:1","pid":%d,"cpu":1,"context":"%s","mode":"%s",' \
			store_to_a_wild_pointer $i $i $((i + 100)) softirq "$([ $((i % 2)) = 0 ] && echo relaxed || echo contain)"
		printf '"outcome":"%s","no_shield_from":"","stack":["store_%d+0x1c/0x60 [driver]","tasklet_action_common+0xc0/0x230","ret_from_fork+0x34/0x50"]}\n' \
			"$([ $((i % 2)) = 0 ] && echo let through || echo dropped)" $i
	done
}

records 6 >"$work/six"
records 256 >"$work/many"
evil='<script>document.body.remove()</script><img src=x onerror=alert(1)>\"&#39;&amp;]]></pre></style><!--'
cat >"$work/hostile" <<END
{"time":"2026-11-22T00:42:40.1Z","first":"2026-11-22T00:42:40.1Z","count":3,"namespace":"namespace0.0","offset":4096,"access":"write","width":8,"bytes":8,"function":"$evil+0x1/0x2 [m]","comm":"$evil","pid":1,"cpu":0,"context":"$evil","mode":"$evil","outcome":"$evil","stack":["$evil","\u0007\u001b[2J\u202e"]}
{"time":"$evil","count":"$evil","namespace":"$evil","offset":"$evil","function":{"$evil":1},"stack":{}}
{"time":null,"count":null,"namespace":null,"function":null,"offset":null,"stack":[null]}
{"time":"9999-99-99T99:99:99Z","count":18446744073709551615,"offset":99999999999999999999999,"namespace":"namespace0.0"}
{"time":"2026-11-22T00:00:00Z","first":"2026-11-23T00:00:00Z","count":-1,"offset":-1,"namespace":"namespace0.0","access":"jump"}
END
printf 'no JSON <b>\n\377\376\n{"comm":"\377\033[2J","namespace":"namespace0.1","function":"\300\200"}\n' >>"$work/hostile"

# sound WHAT FILE STATUS: the page is
sound() {
	local what=$1 page=$2

	same "$what: it is made" "$3 $(head -n 3 "$work/err")" "0 "
	same "$what: tidy has nothing to say" "$(tidy -e -q "$page" 2>&1)" ""
	same "$what: only printable ASCII" "$(LC_ALL=C grep -nP '[^\n -~]' "$page" | head -n 3)" ""
	same "$what: no element and no attribute of others, no script, nothing from elsewhere" \
		"$(python3 - "$page" <<-'END'
	import html.parser, re, sys

	elements = set("""html head meta title style body main h1 h2 h3 p div dl dt dd figure svg rect line text circle
	    table thead tbody tr th td pre details summary br""".split())
	attributes = set("""lang charset http-equiv content name class viewbox role aria-label x y x1 x2 y1 y2 cx cy r width
	    height text-anchor""".split())

	class Page(html.parser.HTMLParser):
	    def handle_starttag(self, tag, found):
	        if tag not in elements:
	            print("element", tag)
	        for name, value in found:
	            if name not in attributes or re.search("script:|//", value or ""):
	                print("attribute", name, value)
	    def handle_comment(self, data):
	        print("comment", data)

	page = open(sys.argv[1], encoding="ascii").read()
	Page().feed(page)
	if re.search("@import|url[(]", page):
	    print("something from elsewhere")
	END
	)" ""
}

log=debug/pmem_pks/log.json
named="printf '%s\n' '<script>alert(1)</script>\"' >/sys/devices/platform/fake/ndbus0/region0/namespace0.0/alt_name"
for case in "none 0 :" "empty 2 :" "six 3 cat $work/six >$log" "many 3 cat $work/many >$log" \
	"hostile 2 $named; cat $work/hostile >$log" "unloaded 1 rm -r pmem_pks debug" \
	"sizeless 2 cat $work/six >$log; rm pmem_pks/namespaces/*/range"; do
	read -r name count files <<<"$case"
	status=0
	report "$count" "$files" --html "$work/$name.html" || status=$?
	sound "$name" "$work/$name.html" $status
	report "$count" "$files" >"$work/$name.txt" || true
	same "$name: the text, too, has only printable ASCII" "$(LC_ALL=C grep -nP '[^\n -~]' "$work/$name.txt" | head -n 3)" ""
done
same "what others say is there, escaped" "$(grep -c '&lt;script&gt;alert(1)&lt;/script&gt;&quot;' "$work/hostile.html")" 1
same "a mark for each record of a namespace that is there" "$(grep -c '<circle' "$work/six.html")" 12
same "the filled ones are those whose bytes are there" "$(grep -c '<circle class="hit"' "$work/six.html")" 6
same "a map of each namespace that was hit" "$(grep -c 'Map of the namespace' "$work/six.html")" 2
same "none where the size is not known" "$(grep -c 'Map of the namespace' "$work/sizeless.html")" 0
same "and a stack for each function" "$(grep -c '<pre>store_' "$work/six.html")" 6
same "many functions are not all drawn, and that is told" \
	"$(grep -c '216 more functions are not drawn' "$work/many.html")" 1

[ -e "$(command -v chromium)" ] || skip "there is no program chromium to open the reports with"
export HOME=$work
browser=(chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run
	--user-data-dir="$work/profile" "--window-size=1100,1400" --hide-scrollbars)

# colours PNG: how many there are, and whether most of the picture is light or dark
colours() {
	python3 - "$1" <<-'END'
	import collections, struct, sys, zlib

	png = open(sys.argv[1], "rb").read()
	assert png[:8] == b"\x89PNG\r\n\x1a\n"
	at, data = 8, b""
	while at < len(png):
	    size, kind = struct.unpack(">I4s", png[at:at + 8])
	    body = png[at + 8:at + 8 + size]
	    if kind == b"IHDR":
	        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
	    if kind == b"IDAT":
	        data += body
	    at += size + 12
	assert depth == 8 and colour in (2, 6)
	step = 3 if colour == 2 else 4
	data, line, counted, at = zlib.decompress(data), bytearray(width * step), collections.Counter(), 0
	for y in range(height):
	    how, last, line = data[at], line, bytearray(data[at + 1:at + 1 + width * step])
	    at += 1 + width * step
	    for x in range(len(line)):
	        a = line[x - step] if x >= step else 0
	        b = last[x]
	        c = last[x - step] if x >= step else 0
	        if how == 1:
	            line[x] = line[x] + a & 255
	        elif how == 2:
	            line[x] = line[x] + b & 255
	        elif how == 3:
	            line[x] = line[x] + (a + b) // 2 & 255
	        elif how == 4:
	            p = a + b - c
	            near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
	            line[x] = line[x] + near & 255
	    counted.update(bytes(line[x:x + 3]) for x in range(0, len(line), step * 3))
	(most, _), = counted.most_common(1)
	print("many" if len(counted) >= 50 else len(counted), "light" if sum(most) > 600 else "dark" if sum(most) < 150 else most)
	END
}

# shown NAME OPTION...: a picture of it, in NAME.png
shown() {
	local name=$1

	shift
	timeout 120 "${browser[@]}" "$@" --screenshot="$work/shot.png" "file://$work/$name.html" \
		>"$work/said" 2>&1 && colours "$work/shot.png" && mv "$work/shot.png" "$work/$name${1:+-dark}.png"
}

# With PMEM_PKS_PICTURES=DIRECTORY all of it stays there, to be looked at.
# What a blank page is to "colours":
echo '<!DOCTYPE html><title>blank</title>' >"$work/blank.html"
same "a page that is blank is seen to be" "$(shown blank)" "1 light"
for name in six many hostile; do
	same "$name: light, Chromium shows it" "$(shown $name)" "many light"
	same "$name: dark, Chromium shows it" "$(shown $name --blink-settings=preferredColorScheme=0)" "many dark"
	timeout 120 "${browser[@]}" --no-pdf-header-footer --print-to-pdf="$work/$name.pdf" \
		"file://$work/$name.html" >"$work/said" 2>&1
	same "$name: printed, it has its words" "$(pdftotext "$work/$name.pdf" - 2>&1 | tr -d '\f' | grep -xE 'Where|By whom|When|The records' | sort -u | wc -l)" 4
done
if [ -n "${PMEM_PKS_PICTURES:-}" ]; then
	cp "$work"/*.{png,pdf,html,txt} "$PMEM_PKS_PICTURES"
fi
