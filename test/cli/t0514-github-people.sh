#!/usr/bin/env bash
# What people change on GitHub during a run takes effect without a restart.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
waits='flock -s "$T/gate" true; echo x >"$GANGER_TITLE" && git add -A && git commit -qm x'

# A person takes a sub-issue out of the epic: NUMBER.
takes_out()
{
	"$python" - "$hub_url/repos/o/r/issues/1/sub_issue" "$(issues | jq ".[] | select(.number == $1) | .id")" <<'END'
import sys, urllib.request
url, child = sys.argv[1:]
request = urllib.request.Request(url, b'{"sub_issue_id": %s}' % child.encode(), method='DELETE', headers={
    'Authorization': 'Bearer human-token', 'Accept': 'application/vnd.github+json', 'User-Agent': 'x',
    'X-GitHub-Api-Version': '2022-11-28'})
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
END
}
# One slot: t2, for which most waits; the others are not begun.
hub_epic 6 '4:3 5:2 6:2 7:2' people
echo 'labels: {never: [hold]}' >>ganger.yaml
does t2 "$waits"
hold
start "${on_hub[@]}" -c poll=1s -c limits.max_concurrent=1
wait_lines "$T/ran" 1
person '{"do": "close", "number": 3}'
person '{"do": "label", "number": 5, "label": "hold"}'
ok 'what a person closed is closed, what they labelled is held' \
	sees '$t["t3"].state == "closed" and ([.hidden[].id] == ["5"])'
takes_out 7
ok 'what they took out of the epic is none of ours' \
	sees '[.hidden[] | select(.why | test("no longer in the epic")).id] == ["7"]'
person '{"do": "reopen", "number": 3}'
ok 'what a person reopened is open again, and what needs it waits again' \
	sees '$t["t3"].state == "ready" and $t["t4"].state == "blocked"'
release
wait_file "$T/ran" '^t4 '
ended
is "$(sorted_landings)" '2 3 4 6' 'all but what is held landed'
is "$(closed)" '2 3 4 6' 'and is closed there'
is "$(books)" '' 'no rule of conduct was broken'
hub_down
done_testing
