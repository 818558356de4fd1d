#!/usr/bin/env bash
# GitHub itself sends webhooks of what people do, and of what we do: a run that never polls takes in every
# change, once, whether they come twice, late, the last first, forged or not at all.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
export GANGER_WEBHOOK_SECRET="It's a Secret to Everybody"

# hook [OPTIONS]: what GitHub is to tell goes to our server: more of the hook's JSON.
hook()
{
	control hook "$(jq -n --arg url "$url" --arg secret "$GANGER_WEBHOOK_SECRET" \
		"{url: \$url, secret: \$secret} + {${1-}}")" >/dev/null
}

# told: what was delivered since it was asked last.
told()
{
	local all
	all=$(deliveries)
	tail -n +$((n_told + 1)) <<<"$all"
	n_told=$([ "$all" ] && wc -l <<<"$all" || echo 0)
}
n_told=0

hub_epic 4 '3:2 4:2 5:2' hooks
does t2 'flock -s "$T/gate" true; echo x >t2 && git add -A && git commit -qm x'
hold
start "${on_hub[@]}" -c poll=off
wait_lines "$T/ran" 1
mkfifo "$T/url"
"$GANGER" "${on_hub[@]}" serve >"$T/url" 2>"$T/serve.err" 7>&- &
server=$!
url=$(wait_line "$T/url" '^listening on ')
url=${url#listening on }

hook
person '{"do": "close", "number": 3}'
told >"$T/told"
is "$(cat "$T/told")" 'issues closed 3 202' 'GitHub tells of what a person closed, in a signed webhook'
ok 'and the run has it closed' sees '$t["t3"].state == "closed"'

hook 'forged: true'
person '{"do": "close", "number": 4}'
told >"$T/told"
is "$(cat "$T/told")" 'issues closed 4 401' 'one that is signed by somebody else is refused'
is "$(status '$t["t4"].state')" blocked 'and wakes nobody'

hook 'twice: true'
person '{"do": "label", "number": 2, "label": "later"}'
told >"$T/told"
is "$(cat "$T/told")" $'issues labeled 2 202\nissues labeled 2 204' 'delivered again it is no news'
ok 'the look that it made has seen the other, too' sees '$t["t4"].state == "closed"'

hook 'held: true, reversed: true'
person '[{"do": "close", "number": 5}, {"do": "reopen", "number": 4}, {"do": "reopen", "number": 5}]'
is "$(deliveries | tail -n +$((n_told + 1)))" '' 'late ones have not come'

control let_go '{}' >/dev/null
told >"$T/told"
is "$(cat "$T/told")" $'issues reopened 5 202\nissues reopened 4 202\nissues closed 5 202' 'then the last comes first'
ok 'what GitHub has now counts' sees '$t["t4"].state == "blocked" and $t["t5"].state == "blocked"'

# With nobody there the run goes its way. What it does itself is told as well.
kill -TERM "$server"
wait_gone "$server"
hook
person '{"do": "label", "number": 5, "label": "lost"}'
told >"$T/told"
is "$(cat "$T/told")" 'issues labeled 5 0' 'nobody is there to hear it'
release
ended
code_is 0 'the epic is done'
is "$(sorted_landings) $(closed)" '2 4 5 2 3 4 5' 'what was open at the end is done, and nothing else'
told >"$T/told"
is "$(grep -c '^pull_request opened ' "$T/told") $(grep -c '^issues closed ' "$T/told")" '3 3' 'GitHub told of what the run did, too'
is "$(books)" '' 'no rule of conduct was broken'
hub_down
done_testing
