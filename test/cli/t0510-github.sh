#!/usr/bin/env bash
# The forge GitHub, by its stand-in: pull requests into the epic branch, landed by push or by the API.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=100

there()
{
	git -C "$bare" rev-parse "epic/$epic"
}

for land in push api; do
	hub "$land"
	task one
	task two one
	go "${on_hub[@]}" -c forge.land=$land
	code_is 0 "$land: the epic is done"
	is "$(pulls)" "1 merged ganger/$epic/${id[one]} epic/$epic
2 merged ganger/$epic/${id[two]} epic/$epic" "$land: each a pull request into the epic branch, merged"
	is "$(landings)" "${id[one]} ${id[two]}" "$land: in order, each with its trailers"
	is "$(there)" "$(git rev-parse "epic/$epic")" "$land: here and there are the same"
	is "$(books)" '' "$land: no rule of conduct was broken"
	unlike "$(issues)" 'Closes #' "$land: the number of a local issue closes nothing there"
	nothing_left "$land: nothing is left"
done
# Before the first run that others see it is said what they will see.
hub_epic 3 '' asked
run ganger "${on_hub[@]}" run 1
code_is 2 'without a terminal it needs --yes'
err_like "pushes to 'origin': the epic's branch, and 3 branches of tasks" 'it says what it will push'
err_like 'opens in o/r: 3 pull requests with the labels of their issues' '… open'
err_like 'comments in o/r: once on each of at most 3 issues, where its task fails' '… comment on'
err_like 'closes in o/r: at most 3 issues' '… and close'
is "$(control asked | jq .writes) $(git -C "$bare" for-each-ref --format='%(refname)')" '0 refs/heads/main' 'nothing was done'
answer()
{
	printf '%s\n' "$1" | script -qec "'$GANGER' -c forge=github -c tracker=github -c github.url=$hub_url -c github.repository=o/r -c github.write_interval=0 run 1" /dev/null >"$T/out" 2>&1
}
answer n
like "$(cat "$T/out")" 'nothing was done' 'on a terminal it asks, and no means no'
is "$(control asked | jq .writes)" 0 'nothing was done'
answer y
is "$(closed)" '2 3 4' 'and yes means yes'
run ganger "${on_hub[@]}" run 1
code_is 0 'the next run asks nothing'

# The way back: a pull request with a summary, opened and not merged; with --merge merged, and proven.
run ganger "${on_hub[@]}" finish 1
code_is 0 'an epic is finished'
out_like "^pull request [0-9]+ brings 'epic/1' into 'main'$" 'by a pull request'
last=$(issues | jq -r '.[-1] | .body')
like "$last" '^Closes #1$' 'that closes the epic'
like "$last" '^- #3 `t3`: closed as [0-9a-f]{12} by #[0-9]+$' 'and names every task'
is "$(pulls | tail -1 | cut -d' ' -f2-)" 'open epic/1 main' 'it is open'
number=$(pulls | tail -1 | cut -d' ' -f1)
api PATCH "issues/$number" "$(jq -n --arg body "$last" '{body: ($body + "\n\nNotes by hand.")}')"
git -C "$T" clone -q "$bare" person
(cd "$T/person" && echo new >news && git add news && git commit -qm news && git push -q origin main)
run ganger "${on_hub[@]}" finish 1 --merge
code_is 0 'the base has moved meanwhile: it is brought in, and merged'
unlike "$(cat "$T/err")" 'untested as it landed' 'what landed is what was tested'
is "$(pulls | tail -1 | cut -d' ' -f2-)" 'merged epic/1 main' 'it is merged'
is "$(git -C "$bare" ls-tree --name-only main | paste -sd ' ')" 'README ganger.yaml news t2 t3 t4' 'with all of both'
is "$(closed)" '1 2 3 4' 'the epic is closed, too'
like "$(issues | jq -r --argjson n "$number" '.[] | select(.number == $n) | .body')" '^Notes by hand\.$' 'what a person wrote below stays'
run ganger "${on_hub[@]}" finish 1 --merge
code_is 0 'finished twice'
out_like "^'main' has all of 'epic/1'" 'does nothing twice'
is "$(wrote pull)" 4 'one pull request in all for it'
is "$(books)" '' 'no rule of conduct was broken'

# tracker.close: base. What landed stays open until the final pull request is merged.
hub_epic 1 '' until-base
go "${on_hub[@]}" -c tracker.close=base
code_is 0 'tracker.close: base'
is "$(closed)" '' 'what is in the epic branch stays open'
# What the base asks for is waited for, and said by name.
person '{"do": "protect", "protection": {"main": {"required_status_checks": [{"context": "ci"}]}}}'
run ganger "${on_hub[@]}" -c tracker.close=base finish 1 --merge
not_ok 'a check that the base asks for is not there yet' test "$code" = 0
err_like "not merged yet: it waits for the check 'ci'" 'it says which'
err_like "finish 1 --merge' asks again" 'and how to go on'
person '{"do": "check", "name": "ci", "conclusion": "failure"}'
run ganger "${on_hub[@]}" -c tracker.close=base finish 1 --merge
err_like "'ci', which failed" 'one that failed is said'
is "$(wrote merge)" 0 'and nothing is merged'
person '{"do": "check", "name": "ci", "conclusion": "success"}'
run ganger "${on_hub[@]}" -c tracker.close=base finish 1 --merge
code_is 0 'it is finished'
is "$(closed)" '1 2' 'and then all is closed'

# GitHub Enterprise: all paths are below another, GraphQL beside it.
hub_epic 2 '3:2' enterprise
go "${on_hub[@]}" -c github.url="$hub_url/api/v3" -c github.draft=true -c forge.land=api
is "$code $(closed) $(wrote ready) $(books)" '0 2 3 2 ' 'a server of its own: as elsewhere'

# Pull requests for the epic alone.
hub_epic 2 '' final
run ganger "${on_hub[@]}" -c github.pull_requests=final run 1
unlike "$(cat "$T/err")" 'opens in|branches of tasks' 'github.pull_requests: final: it says that it opens none'
go "${on_hub[@]}" -c github.pull_requests=final
code_is 0 'and it runs'
is "$(pulls)|$(closed)|$(git -C "$bare" for-each-ref --format='%(refname:short)' | paste -sd ' ')" '|2 3|epic/1 main' 'without branches or pull requests of tasks'
run ganger "${on_hub[@]}" -c github.pull_requests=final -c github.draft=true finish 1
out_like '^it is merged there only with its draft made ready for review$' "that it is a draft is said"
run ganger "${on_hub[@]}" -c github.pull_requests=final finish 1
out_like '^it is merged there only with its draft made ready for review$' 'also of one that is there'
is "$(pulls | cut -d' ' -f2-)" 'open epic/1 main' 'until it is finished'
go "${on_hub[@]}" -c github.pull_requests=final -c forge.land=api
code_is 2 'the API cannot land what has no pull request'

# So it is before issues are dispatched.
hub dispatched
id[alone]=$(ganger add alone)
run ganger "${on_hub[@]}" dispatch "${id[alone]}"
code_is 2 'dispatch asks as well'
err_like 'opens in o/r: 1 pull request, into the base' 'and says what it will open'
is "$(control asked | jq .writes) $(git -C "$bare" for-each-ref --format='%(refname)')" '0 refs/heads/main' 'nothing was done'
run ganger "${on_hub[@]}" dispatch --yes "${id[alone]}"
code_is 0 'with --yes it does'
is "$(pulls)" "1 open ganger/dispatch-1/${id[alone]} main" 'a pull request into the base'

# What somebody added by hand goes into the base with the rest, and is not called tested.
hub_epic 1 '' by-hand
go "${on_hub[@]}" -c queue.check=true
run ganger "${on_hub[@]}" finish 1
like "$(issues | jq -r '.[-1] | .body')" '^1 of 1 tasks are in, each tested as it landed$' 'that all was tested is said where others see it'
git update-ref refs/heads/epic/1 "$(git commit-tree 'epic/1^{tree}' -p epic/1 -m 'by hand')"
run ganger "${on_hub[@]}" finish 1
like "$(issues | jq -r '.[-1] | .body')" "as it landed; untested: somebody moved 'epic/1' on since the last landing$" 'and that something was not'

# An epic of 30 sub-issues, in layers that wait for each other.
hub_epic 30 "$layers" epic
WAIT_S=$((4 * WAIT_S)) # 90 starts of git and agents, also where much else runs
go "${on_hub[@]}"
code_is 0 'an epic of 30 sub-issues'
is "$(sorted_landings)" "$(seq 2 31 | paste -sd ' ')" 'each landed once'
is "$(pulls | cut -d' ' -f2 | sort | uniq -c | xargs)" '30 merged' 'each by a pull request'
is "$(closed)" "$(seq 2 31 | paste -sd ' ')" 'each is closed, and the epic is not'
is "$(books)" '' 'no rule of conduct was broken'
is "$(git -C "$bare" for-each-ref --format='%(refname)' refs/ganger)" '' 'no claim is left'
order=" $(landings | sed "s/ /  /g") " # two spaces: neighbours share none
for edge in $layers; do
	[[ $order == *" ${edge#*:} "*" ${edge%:*} "* ]] || result 1 "${edge%:*} landed before ${edge#*:}"
done
writes=$(control asked | jq .writes)
ok "at most 8 writes a task: $writes" test "$writes" -le 240
most=$(control journal | jq '[.[] | select(.by == "ganger-bot") | .number // (.ref // "" | split("/") | .[-1] | tonumber? // 0)]
	| group_by(.) | map(select(.[0] > 1) | length) | max')
ok "and no issue or pull request has more of them: $most" test "$most" -le 8
# What is asked before the run begins has a client of its own, which remembers nothing for the next.
vain=$(control asked | jq '[.again[]] | add // 0')
read=$(control asked | jq '[.unconditional[]] | add')
ok "of $read objects that GitHub sent none had been sent before as it was, but at the start: $vain" test "$vain" -le 3

# With all that may be written of a task switched on; and, the other time, with the answers of API version
# 2026-03-10, which leaves fields out. The commit of the claims is the run's, and so is the
# question whether there are asynchronous merges.
for async in false true; do
	hub_epic 3 '4:2' "most-$async"
	control conf "{\"async\": $async, \"new_shape\": $async}" >/dev/null
	person '[{"do": "label", "number": 2, "label": "x"}, {"do": "label", "number": 3, "label": "x"}, {"do": "label", "number": 4, "label": "x"}]'
	go "${on_hub[@]}" -c github.comments=one -c github.draft=true -c forge.land=api
	is "$code $(control asked | jq ".writes <= 8 * 3 + 2") $(control journal | jq -r '[.[] | select(.by == "ganger-bot" and .kind != "merge_asked") | .kind] | group_by(.) | map(.[0] + " \(length)") | join(", ")')" \
		'0 true close 3, comment 3, commit 1, create_ref 3, delete_ref 3, label 3, merge 3, pull 3, ready 3' \
		"8 writes a task at most, each of its own kind (async: $async)"
	is "$(books)" '' 'no rule of conduct was broken'
done
done_testing
