#!/usr/bin/env bash
# The built-in tracker by hand: add, list, show, edit, close, comment.
. "$(dirname "$0")/lib.sh"
repo

run ganger list
code_is 0 'an empty list works'
out_is '' 'and is empty'
err_like "^hint: .*'ganger add TITLE'" 'and says how to begin'

run ganger add 'the epic'
code_is 0 'add works'
out_is 1 'and prints the id alone'
err_is '' 'and nothing else'
is "$(ganger add 'first' --epic 1)" 2 'the next one has the next number'
is "$(ganger add 'second' --epic 1 --after 2 --label x --label y,z --priority 0)" 3 'with options'
is "$(printf 'line one\n\nline two\n' | ganger add 'third' --epic 1 --after 2,3 --body -)" 4 \
	'with a body from standard input'
db=$(echo "$XDG_STATE_HOME"/ganger/repo-*/issues.db)
is "$(stat -c %a "$db")" 600 'issues.db is for the user alone'

run ganger list 1
out_is '2   ready    first
3   blocked  second  (after 2)
4   blocked  third  (after 2, 3)' 'the list says state, title and what is waited for'
run ganger list
out_like '^1   epic     the epic$' 'the list of all has the epic'
run ganger list 1 --json
is "$(jq -c '[.epic, (.issues[] | [.id, .state, .after])]' <"$T/out")" \
	'["1",["2","ready",[]],["3","blocked",["2"]],["4","blocked",["2","3"]]]' 'list --json says the same'

run ganger show 3
out_like '^3  second$' 'show begins with id and title'
out_like '^after +2$' 'show says what comes before'
out_like '^before +4$' 'and what waits for it'
out_like '^labels +x, y, z$' 'and labels'
run ganger show 4
out_like '^line two$' 'show has the body'
run ganger show 4 --json
is "$(jq -r .body <"$T/out")" "$(printf 'line one\n\nline two\n')" 'so does show --json'

run ganger add 'wrong' --after 2,77
code_is 2 'an unknown id after --after is an error'
err_is "error: there is no issue '77'" 'and it is named'
run ganger add 'wrong' --epic 77
code_is 2 'so is an unknown epic'
err_like "^hint: .*'ganger add TITLE'" 'and how one is made is said'
run ganger add 'wrong' --priority 5
code_is 2 'so is a priority out of range'
run ganger add ''
code_is 2 'so is an empty title'
run ganger show 77
code_is 2 'so is an issue that is not there'
is "$(ganger list | wc -l)" 4 'nothing was made by any of them'

run ganger edit 2 --after 4
code_is 0 'a cycle can be made'
err_like "'2' needs '4' needs" 'and is said with its members'
run ganger edit 2 --after 2
code_is 2 'an issue cannot depend on itself'
run ganger edit 2 --after ''
run ganger edit 2
code_is 2 'an edit without a change is a usage error'
run ganger edit 4 --title 'last' --after '' --priority 1
code_is 0 'edit works'
is "$(ganger show 4 --json | jq -c '[.title, .after, .priority, .body]')" \
	'["last",[],1,"line one\n\nline two\n"]' 'and leaves alone what was not named'

run ganger comment 3 'mind the gap'
code_is 0 'comment works'
echo 'from a pipe' | ganger comment 3 -
run ganger show 3
out_like '^mind the gap$' 'and show has it'
out_like '^from a pipe$' 'also one from standard input'
run ganger comment 77 x
code_is 2 'a comment on nothing is an error'

run ganger close 2 --reason not_planned --comment 'not now'
code_is 0 'close works'
run ganger close 2
code_is 0 'twice as well'
is "$(ganger show 2 --json | jq -c '[.state, .closed_reason]')" '["closed","not_planned"]' 'the first reason stays'
run ganger list 1
out_like '^3   ready    second$' 'what waited for it is ready'
ganger edit 2 --status open
is "$(ganger show 2 --json | jq -r .state)" ready 'it can be opened again'

ganger add $'bell \a and \e[31mred' >/dev/null
run ganger list
unlike "$(cat "$T/out")" $'[\a\e]' 'control bytes do not reach the terminal'

for i in 1 2 3 4 5 6 7 8; do
	ganger add "parallel $i" >"$T/id.$i" &
done
wait
is "$(cat "$T"/id.* | sort -n | uniq | wc -l)" 8 'several processes at once get ids of their own'

yes 'no database' | head -c 20000 >"$db"
cp "$db" "$T/damaged.db"
run ganger list
code_is 4 'a damaged issues.db is an error of the environment'
err_like "^error: could not open '.*issues.db': file is not a database" 'which is said'
err_like '^hint: it was left as it is' 'with what to do'
ok 'and it is left as it is' cmp "$db" "$T/damaged.db"

done_testing
