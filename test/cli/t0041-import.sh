#!/usr/bin/env bash
# Bringing issues in: import markdown, import beads.
. "$(dirname "$0")/lib.sh"
repo

cat >plan.md <<'END'
# Build it

Why it is built.

- [ ] Parse
  Read line by line.

  after: 3
- [x] Set up
- [ ] Define
  after: Set up
- [ ] Print
  after: 1, "Define"
END
run ganger import markdown plan.md
code_is 0 'import markdown works'
out_is 5 'and prints the id of the epic alone'
err_like "^imported 4 issues \(1 closed\) with 4 dependencies into epic '5'$" 'and says what came'
run ganger list 5
out_is '1   blocked  Parse  (after 3)
2   closed   Set up
3   ready    Define
4   blocked  Print  (after 1, 3)' 'the tasks are there, by their positions'
run ganger plan 5 --json
is "$(jq -c '[.ready, .waves]' <"$T/out")" '[["3"],[["3"],["1"],["4"]]]' 'plan sees them'

printf '# T\n- [ ] a\n- [ ] b\n  after: 1, 9\n' >wrong.md
run ganger import markdown wrong.md
code_is 2 'an unknown reference is an error'
err_is "error: wrong.md:4: there is no task '9' in the plan" 'with its line'
is "$(ganger list | wc -l)" 5 'and nothing is imported'

printf '# C\n- [ ] a\n  after: 2\n- [ ] b\n  after: 1\n' >cycle.md
run ganger import markdown cycle.md --epic round
code_is 0 'a cycle can be imported'
run ganger plan round
code_is 3 'and plan reports it'

cat >issues.jsonl <<'END'
{"id":"E","title":"epic","issue_type":"epic"}
{"id":"a","title":"done","status":"closed","dependencies":[{"depends_on_id":"E","type":"parent-child"}]}
{"id":"b","title":"old","updated_at":"2026-01-01T00:00:00Z"}
not JSON
{"id":"b","title":"new","updated_at":"2026-01-01T00:00:00-01:00","dependencies":[{"depends_on_id":"a","type":"blocks"},{"depends_on_id":"gone","type":"blocks"}]}
{"id":"w","title":"wisp","ephemeral":true}
{"id":"t","title":"dead","status":"tombstone"}
END
run ganger import beads issues.jsonl
code_is 0 'import beads works'
out_is '' 'without an epic there is no result to print'
err_like '^detail: line 4: not JSON$' 'a line that is not JSON is named'
err_like "'b': blocks 'gone', which is not in the file" 'so is a dangling edge'
err_like '^detail: 1 ephemeral: w$' 'so is what must not be started'
err_like '^detail: 1 tombstone: t$' 'and what is left out'
is "$(ganger show b --json | jq -c '[.title, .state]')" '["new","ready"]' 'the newest copy counts'
is "$(ganger show a --json | jq -c '[.state, .epic]')" '["closed","E"]' 'states and parents are kept'
run ganger import beads issues.jsonl --epic all --reopen --json
is "$(jq -c '[.epic, .imported, (.kept | length)]' <"$T/out")" '["all",0,2]' 'again, nothing is changed'

cd "$T" && repo other
run ganger import beads ../repo/issues.jsonl --epic all --reopen
out_is all 'with an epic its id is the result'
run ganger list all
out_is 'a   ready    done
b   blocked  new  (after a)' '--reopen takes work alone, as open'

run ganger import beads nowhere.jsonl
code_is 2 'a file that is not there is an error'
run ganger import beads ../repo/plan.md
code_is 2 'so is one without any issue'
run ganger import csv x
code_is 2 'so is a format that is not known'
run ganger import markdown ../repo/plan.md --reopen
code_is 2 'so is --reopen with markdown'

done_testing
