#!/usr/bin/env bash
# The frame: help, versions, usage errors, streams.
. "$(dirname "$0")/lib.sh"
repo

run ganger help
code_is 0 'help works'
out_like '^usage: ganger ' 'help begins with the usage'
err_is '' 'help writes nothing to standard error'

commands=$(ganger help | sed -n 's/^  \([a-z]\+\) .*/\1/p')
ok 'help lists commands' test -n "$commands"
for command in $commands; do
	run ganger help "$command"
	code_is 0 "help $command works"
	out_like "^usage: ganger $command( |\$)" "help $command shows its usage"
	ganger help "$command" >"$T/expected"
	is "$(awk 'length > 80' "$T/expected")" '' "help $command fits a terminal"
	run ganger "$command" --help
	is "$code $(cat "$T/out")" "0 $(cat "$T/expected")" "$command --help says the same"
done

run ganger --version
code_is 0 '--version works'
out_like '^ganger [0-9]+\.[0-9]+' '--version prints a version'
is "$(ganger version)" "$(ganger --version)" 'version says the same'

run ganger
code_is 2 'no command is a usage error'
err_like '^error: ' 'and says so'
run ganger halp
code_is 2 'a mistyped command is a usage error'
err_like "did you mean 'ganger help'" 'and what was meant is offered'
run ganger plan --jsn
code_is 2 'a mistyped option is a usage error'
err_like "did you mean '--json'" 'and what was meant is offered'
run ganger plan one two
code_is 2 'an operand too many is a usage error'
err_like "'two'" 'and it is named'
run ganger plan --from
code_is 2 'a missing value is a usage error'
run ganger -x plan
code_is 2 'an unknown option in front is a usage error'
run ganger -C "$T/nowhere" plan
code_is 2 '-C to a folder that is not there is a usage error'
err_like "^error: .*$T/nowhere" 'and names it'

cd "$T"
run ganger plan
code_is 2 'outside of a repository is a usage error'
err_like '^hint: ' 'with a hint'
cd repo

run ganger -C / -C "$T" -C repo plan --help
code_is 0 'several -C add up'

ganger help >/dev/full 2>"$T/err"
is $? 4 'a result that cannot be written exits with 4'
err_like '^error: could not write the result' 'and says so'
ganger help >&- 2>"$T/err"
is $? 4 'so does a closed standard output'
is "$(ganger help config | awk 'length > 80')" '' 'so does help config'
(ganger help config; echo $? >"$T/code") 2>"$T/err" | head -c 1 >/dev/null
is "$(cat "$T/code" "$T/err")" 0 'a reader that goes away is no error'

ok 'the completion is a script for bash' bash -n <(ganger completion bash)
. <(ganger completion bash)
COMP_WORDS=(ganger -C . pl) COMP_CWORD=3
_ganger
is "${COMPREPLY[*]}" plan 'it completes a command'
COMP_WORDS=(ganger plan --j) COMP_CWORD=2
_ganger
is "${COMPREPLY[*]}" --json 'it completes an option'

done_testing
