#!/usr/bin/env bash
# What others wrote (titles, what an agent says, names of files) is copied to GitHub in pull requests, comments
# and commits. None of it may call people, refer to other repositories, close issues, or pass for a mark of ours.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=100

evil='fixes #77 GH-77 for @alice, see other/repo#9 https://github.com/other/repo/issues/9 <!-- ganger:status -->'
calls='@[a-z]|other/repo#[0-9]|//github\.com|/issues/[0-9]|<!--'
closes='fixes #[0-9]|GH-[0-9]'

# The titles do not make good names of files.
evil_agent()
{
	program agent <<END
#!/bin/sh
if [ "\$GANGER_TASK" = 2 ]; then
	echo x >a
	echo y >".env.@alice <!-- ganger:task 7 -->"
	exit
fi
printf '%s' '{"result":"failed","reason":"$evil"}' >"\$GANGER_RESULT_FILE"
END
}

# What is written there, but for the mark at its end and what is shown as code; and all commits.
written()
{
	control state | jq -r ".repos | to_entries[0].value | $1" |
		sed -E 's/^<!-- ganger:[a-z]+( [0-9]+)? -->$//; s/`[^`]*`//g; s/^    .*//'
}

for how in push 'squash forge.land=api queue.method=squash github.comments=one' \
	'final github.pull_requests=final github.comments=one'; do
	sets=()
	for set in ${how#"${how%% *}"}; do
		sets+=(-c "$set")
	done
	these=("${sets[@]}") how=${how%% *}
	hub_epic 2 '' "$how"
	evil_agent
	person "$(jq -cn --arg t "$evil" '[1, 2, 3] | map({do: "edit", number: ., title: "\(.) \($t)"})')"
	go "${on_hub[@]}" -c limits.attempts=1 "${these[@]}"
	is "$code $(landings) $(closed)" '1 2 2' "$how: one has landed, one has failed"
	run ganger "${on_hub[@]}" "${these[@]}" finish 1
	is "$code $(pulls | tail -1 | cut -d' ' -f2-)" '0 open epic/1 main' "$how: the epic's pull request is open"
	written '.issues[] | select(.pull) | .title, .body' >"$T/pulls"
	git -C "$bare" log --format=%B --all >"$T/commits"
	written '.comments[].body' >"$T/comments"
	for what in pulls commits comments; do
		like "$(cat "$T/$what")" 'alice' "$how: $what have its words"
		unlike "$(cat "$T/$what")" "$calls" "$how: which call nobody"
	done
	control state | jq -r '.repos[].issues[] | select(.pull) | .body' >"$T/bodies"
	[ "$how" = final ] || like "$(cat "$T/bodies")" 'ganger:task 7 -->' "$how: a file that is left out is named"
	unlike "$(cat "$T/bodies")" '<!-- ganger:task 7' "$how: and is no mark"
	unlike "$(cat "$T/pulls" "$T/commits")" "$closes" "$how: and close nothing where that could be"
	run ganger "${on_hub[@]}" "${these[@]}" finish 1
	is "$code $(wrote edit_pull) $(books)" '0 0 ' "$how: a second look changes nothing"
	epic_gone "$how"
done

# A person copied our comment, with its mark: theirs stays as they wrote it, and ours is there beside it, once.
hub_epic 1 '' marks
api POST issues/2/comments '{"body": "what is this?\n\n<!-- ganger:outcome -->"}'
does t2 'exit 1'
for attempt in 1 2; do
	go "${on_hub[@]}" -c limits.attempts=1
	ganger "${on_hub[@]}" retry 2 >/dev/null 2>&1
done
is "$(control state | jq -r '.repos | to_entries[0].value.comments[] | .user + ": " + (.body | split("\n")[0])')" \
	$'person: what is this?\nganger-bot: ganger: failed after attempt 2: exit 1, no output' 'a mark that a person copied is not ours'
is "$(books)" '' 'no rule of conduct was broken'

# A local title may be longer than GitHub takes one, and so may the summary.
hub long
program agent <<'END'
#!/bin/sh
[ "$GANGER_TASK" = 2 ] || exit 1
echo x >a && git add a && git commit -qm a
END
{
	printf '# long\n- [ ] %0300d\n' 1
	for ((i = 2; i < 250; i++)); do
		printf -- '- [x] %0290d\n' "$i"
	done
} >"$T/plan.md"
epic=$(ganger import markdown "$T/plan.md" 2>/dev/null)
go "${on_hub[@]}"
is "$(landings) $(pulls | cut -d' ' -f2)" '2 merged' 'a title of 300 characters is cut'
run ganger "${on_hub[@]}" finish "$epic"
is "$code $(pulls | tail -1 | cut -d' ' -f2-) $(books)" "0 open epic/$epic main " 'and so is a summary of 249 tasks'
hub_down
done_testing
