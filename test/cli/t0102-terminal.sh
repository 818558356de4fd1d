#!/usr/bin/env bash
# Lists on a terminal: no line is wider than it, and nothing that is said is lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
command -v script >/dev/null || skip_all 'there is no script(1), which makes a terminal'

# terminal COMMAND: on one of 50 columns; the list alone in $T/narrow, as in a pipe in $T/out.
terminal()
{
	run ganger $1
	script -qec "stty rows 24 cols 50; '$GANGER' $1" /dev/null </dev/null |
		tr -d '\r' | grep -v '^hint: ' >"$T/narrow"
	is "$(grep -cE '^.{51}' "$T/narrow")" 0 "$1: no line is wider than the terminal"
}

narrow_like()
{
	like "$(cat "$T/narrow")" "$1" "$2"
}

# said PATTERN: what is said, as one line.
said()
{
	is "$(tr -s '\n ' ' ' <"$T/narrow" | grep -oE -- "$1")" "$(tr -s '\n ' ' ' <"$T/out" | grep -oE -- "$1")" "$2"
}

scene
first='A title that no terminal of fifty columns can show'
second='日本語日本語日本語日本語日本語日本語日本語日本語'
task "$first"
task "$second" "$first"
does "$first" 'exit 3'
one=${id[$first]}
go -c limits.attempts=2
code_is 1 'one fails, another is held'

for command in "list $epic" "plan $epic"; do
	terminal "$command"
	narrow_like "^ *$one  .*A title that .*…$" 'a title is cut'
	narrow_like "日本.*…  \\(after $one\\)$" 'so far that what is said of it stands beside'
	out_like "  $second  \\(after $one\\)$" 'in a pipe it is not'
done
is "$(script -qec "stty rows 24 cols 50; '$GANGER' list $epic --json" /dev/null </dev/null | tr -d '\r')" \
	"$(ganger list "$epic" --json)" 'nor as JSON'

terminal "status $epic"
said "\\(attempt 2\\) exit 3" 'why it failed is there'
said "held: needs .*failed( |$)" 'and why another is held'

branch=a-branch-of-a-name-that-is-long
git branch -q "$branch"
ganger submit --epic far "$branch" >/dev/null 2>&1
terminal 'queue far'
said '\(waits for: .*\)' 'what an entry waits for is whole'
out_like "  $branch  \\(waits for: a supervisor\\)$" 'in a pipe it is one line'
done_testing
