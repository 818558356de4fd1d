# For tests against the stand-in for GitHub (test/fake/github); source it after scene.sh.
#
#   hub NAME [SEED]                # a scene with 'origin' there; SEED: more of the repository's JSON
#   hub_epic 3 '3:2 4:2'           # the same, with the epic and its tasks there as well
#   the_epic NAME                  # the same of $children tasks: 3 of which one waits, or layers of ten
#   strike '{"act": "close", "method": "POST", "route": "*/pulls", "after": true}'
#   person '{"do": "push_base"}'   # what a person does
#   books                          # the rules of conduct that were broken; nothing: none was
#   pulls                          # "number state head base" a line
#   deliveries                     # the webhooks that it sent (POST hook in test/fake/github/hooks.py)
#   hub_down
#
# hub_socket, where it is set before: it listens there as well.

python=$(command -v /usr/bin/python3 python3 | head -1)
[ "$python" ] || skip_all 'no python3'
export GITHUB_TOKEN=test-token
hub_pid=

hub()
{
	scene "$1"
	bare=$T/$1.git
	git clone -q --bare . "$bare"
	git remote add origin "$bare"
	git fetch -q origin
	git remote set-head origin main
	hub_up "${2-}"
}

# hub_epic N [EDGES]: issue 1 with sub-issues 2 to N+1 of titles t2, t3, …; an edge: "4:2", 4 waits for 2.
hub_epic()
{
	local n seed
	seed=$(for ((n = 2; n <= $1 + 1; n++)); do echo "$n"; done |
		jq -c -s --arg edges "${2-}" '. as $all | ($edges | split(" ") | map(split(":") | map(tonumber))) as $e |
			[{number: 1, title: "The epic", children: $all}] +
			map(. as $n | {number: $n, title: "t\($n)", body: "Do \($n).",
				blocked_by: [$e[] | select(.[0] == $n) | .[1]]})')
	hub "${3:-hub}" "\"issues\": $seed"
	on_hub+=(-c tracker=github)
	epic=1
	for ((n = 2; n <= $1 + 1; n++)); do
		id[t$n]=$n
	done
}

# What waits for what in an epic of 30, of which the larger ones are the first part.
layers='12:2 13:2 14:3 15:4 16:5 17:6 18:7 19:8 20:9 21:10 22:12 22:13 23:14 24:15 25:16 26:17 27:18 28:19 29:20 30:21 31:22'
children=${CHILDREN:-3}
all=$(seq -s ' ' 2 $((children + 1)))

the_epic()
{
	local edge edges=
	for edge in $layers; do
		[ "${edge%:*}" -gt $((children + 1)) ] || edges+=" $edge"
	done
	hub_epic "$children" "${edges:-4:2}" "$1"
}

# epic_gone NAME: what the_epic made is taken away.
epic_gone()
{
	hub_down
	rm -rf "$T/$1" "$T/$1.git" "$XDG_STATE_HOME/ganger/$1"-*
}

# mine: is it this script's turn? SHARE "2/4": each second of four runs, which four scripts have between them.
n_turns=0
mine()
{
	local share=${SHARE:-1/1}
	n_turns=$((n_turns + 1))
	[ $((n_turns % ${share#*/})) = $((${share%/*} % ${share#*/})) ]
}

# hub_up [SEED]: the server, over $bare.
hub_up()
{
	local line
	hub_down
	printf '{"repos": {"o/r": {"git": "%s"%s}}}' "$bare" "${1:+, $1}" >"$T/seed.json"
	rm -f "$T/port" && mkfifo "$T/port"
	"$python" "$GANGER_SOURCE/test/fake/github" --seed "$T/seed.json" --log "$T/traffic" \
		${hub_socket:+--socket "$hub_socket"} >"$T/port" 2>"$T/hub.err" 7>&- &
	hub_pid=$!
	read -r line <"$T/port" # it stays open
	hub_url=http://127.0.0.1:$(jq -r .port <<<"$line")
	on_hub=(-c forge=github -c github.url="$hub_url" -c github.repository=o/r -c github.write_interval=0)
}

# api METHOD PATH BODY: what a person does on GitHub.
api()
{
	"$python" - "$1" "$hub_url/repos/o/r/$2" "${3-}" <<'END'
import sys, urllib.request
method, url, body = sys.argv[1:]
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
urllib.request.urlopen(urllib.request.Request(url, body.encode() or None, {
    'Authorization': 'Bearer human-token', 'User-Agent': 'person', 'Accept': 'application/vnd.github+json',
    'X-GitHub-Api-Version': '2022-11-28', 'Content-Type': 'application/json'}, method=method)).read()
END
}

# hub_id N: its database id.
hub_id()
{
	control state | jq --arg n "$1" '.repos | to_entries[0].value.issues[$n].id'
}

# Before the server's own end: nothing that it complains of is lost.
hub_down()
{
	[ "$hub_pid" ] || return 0
	kill "$hub_pid" 2>/dev/null
	wait "$hub_pid" 2>/dev/null
	hub_pid=
}

# control WORD [JSON]
control()
{
	"$python" - "$hub_url/_control/$1" "${2-}" <<'END'
import sys, urllib.request
url, body = sys.argv[1:]
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
print(urllib.request.urlopen(url, body.encode() or None).read().decode())
END
}

strike()
{
	control fault "$1" >/dev/null
}

heal()
{
	control heal '{}' >/dev/null
}

# Tell the run twice to end, once the first strike was felt; $took: seconds from the second time.
end_while_struck()
{
	local end=$((SECONDS + WAIT_S)) began

	until control asked | jq -e '.faults[0].done > 0' >/dev/null || [ "$SECONDS" -ge "$end" ]; do :; done
	kill "$supervisor"
	wait_file "$T/run.err" '^Shutting down gracefully'
	kill "$supervisor"
	began=$SECONDS
	ended
	took=$((SECONDS - began))
}

person()
{
	control human "$1" >/dev/null
}

books()
{
	control check | jq -r '.broken[]'
}

# deliveries: of each webhook so far "event action number status" a line.
deliveries()
{
	control deliveries | jq -r '.[] | [.event, .action // "-", .number // "-", .status] | join(" ")'
}

# wrote KIND: how often that was effectively written by us.
wrote()
{
	control journal | jq --arg kind "$1" '[.[] | select(.kind == $kind and .by == "ganger-bot")] | length'
}

# sees CONDITION: until jq says so of what 'ganger status' says. Fails at the deadline.
sees()
{
	local end=$((SECONDS + WAIT_S))
	until [ "$(status "$1")" = true ]; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

issues()
{
	control state | jq -c '.repos | to_entries[0].value.issues | to_entries | map(.value)'
}

# closed: the numbers of the closed issues, in their order.
closed()
{
	issues | jq -r '.[] | select((.pull | not) and .state == "closed") | .number' | paste -sd ' '
}

pulls()
{
	issues | jq -r '.[] | select(.pull) | [.number, if .pull.merged_at then "merged" else .state end, .pull.head, .pull.base] | join(" ")'
}
