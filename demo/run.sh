#!/bin/bash
# The demo: an epic of 16 tasks brought home by agents that make mistakes, with a crash in the
# middle. Offline; all of it below one temporary folder, which goes at the end (KEEP=1: stays).
#
#   make demo                      the demo's own agent, demo/agent.sh
#   make demo AGENT='claude -p …'  three tasks with a real agent instead, which may cost money;
#                                  it gets its prompt on standard input and must not ask
#   make demo AGENT=claude         the same with the flags that ganger knows for it
#
# demo/run.sh [BUILD]: ganger is found there, or in build/.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../build}" && pwd) || exit
began=$SECONDS
top=$(mktemp -d "${TMPDIR:-/tmp}/ganger-demo.XXXXXX")
supervisor=
bold='' plain='' terminal=''
[ -t 1 ] && bold=$'\e[1m' plain=$'\e[0m'
[ -t 0 ] && [ -t 1 ] && terminal=$(stty -g)

# ---- how it speaks ----

part()
{
	printf '\n%s== %s%s\n' "$bold" "$1" "$plain"
}

say()
{
	echo
	printf '%s\n' "$@"
}

die()
{
	say "The demo went wrong: $*" "Everything is in $top." >&2
	exit 1
}

# run COMMAND: show it, then do it.
run()
{
	printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
	eval "$1"
}

# must CODE COMMAND: the same, and the exit code is that one.
must()
{
	run "$2"
	local code=$?
	[ "$code" = "$1" ] || die "'$2' ended with $code, not $1"
}

# ---- what it needs ----

at_exit()
{
	local code=$?
	[ -n "$terminal" ] && stty "$terminal"
	if [ -n "$supervisor" ]; then # twice: the agents are ended too
		kill -TERM "$supervisor" && kill -TERM "$supervisor" && wait "$supervisor"
	fi 2>/dev/null
	# What went wrong can be looked at; 130 is a person's Ctrl-C.
	case $code in
	0 | 130) [ -n "${KEEP-}" ] || rm -rf "$top" ;;
	esac
}
trap at_exit EXIT
trap 'exit 130' INT TERM

# From here on nothing of the user's is found: neither settings nor state.
own_home()
{
	unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME "${!GIT_@}"
	export HOME=$top/home
	mkdir "$HOME"
	git config --global user.name 'Demo'
	git config --global user.email 'demo@example.invalid'
	git config --global advice.detachedHead false
}

# start EPIC: the supervisor in the background of this script.
start()
{
	printf '\n%s$ ganger run %s &%s\n' "$bold" "$1" "$plain"
	ganger run "$1" &
	supervisor=$!
}

# finish CODE: it ends with that exit code.
finish()
{
	wait "$supervisor"
	local code=$?
	supervisor=
	[ "$code" = "$1" ] || die "'ganger run' ended with $code, not $1"
	say "(It ended with exit code $code.)"
}

landed()
{
	git rev-list --count --first-parent "main..epic/$1" -- 2>/dev/null || echo 0
}

# The agents at work, from the journal: lines 'task pid'.
agents()
{
	ganger status "$1" --json | tr '{' '\n' |
		sed -n 's/.*"id": *"\([^"]*\)".*"state": *"working".*"pid": *\([0-9][0-9]*\).*/\1 \2/p'
}

# until_true SECONDS COMMAND...
until_true()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || die "waited too long for: $*"
		sleep 0.1
	done
}

# ---- the parts ----

crash()
{
	local pids same
	part 'The run, and a crash'
	say 'A supervisor starts an agent for every task that is ready, four at once.' \
		'When 40 % have landed, it is killed as a crash would.'
	start stats
	until_true 60 enough_landed
	pids=$(agents stats | cut -d' ' -f2 | paste -sd,)
	must 0 "kill -9 $supervisor"
	wait "$supervisor" 2>/dev/null
	supervisor=
	[ -n "$terminal" ] && stty "$terminal"
	say "$(landed stats) of 16 have landed, the supervisor is dead, and its agents go on:"
	must 0 "ps -o pid,ppid,etime,args -p $pids"

	part 'It is started again'
	start stats
	until_true 20 is_back
	same=$(agents stats | cut -d' ' -f2 | grep -Fxf <(tr , '\n' <<<"$pids"))
	[ -n "$same" ] || die "none of the agents $pids was adopted"
	finish 3
	say "Adopted by the second supervisor, not started anew: $(paste -sd' ' <<<"$same")."
	say 'Those that had to try again were told why, and said it in their logs:'
	must 0 "grep -h 'did not land' ../state/ganger/abacus-*/stats/agent-logs/*.2.log"
}

# How many agents have only just begun, and will be there a second later.
young()
{
	agents stats | cut -d' ' -f2 | paste -sd, | xargs -r ps -o etimes= -p | grep -c '^ *[0-2]$'
}

enough_landed()
{
	kill -0 "$supervisor" 2>/dev/null || die 'it ended before it was killed'
	local n
	n=$(landed stats)
	[ "$n" -ge 6 ] && { [ "$(young)" -ge 2 ] || { [ "$n" -ge 9 ] && [ "$(young)" -ge 1 ]; }; }
}

is_back()
{
	ganger status stats --json | tr -d ' \n' | grep -q "\"pid\":$supervisor,\"alive\":true"
}

person()
{
	local line where
	part 'A person is needed'
	must 0 'ganger report stats'
	say 'What the report says under "Needs you" is done now, word by word.'
	ganger report stats | sed -n '/^## Needs you/,/^## [^N]/s/^      //p' >"$top/fix"
	[ -s "$top/fix" ] || die 'the report names no commands'
	while read -r line <&3; do
		case $line in
		'#'*)
			say "$line"
			where=${line#*conflicts in } where=${where%%,*}
			run "git -C $where diff"
			run "sed -i '/^<<<<<<</,/^>>>>>>>/c static const char usage[] = \"usage: abacus --version | COMMAND [FILE]\";' $where/src/main.c"
			;;
		*' merge '*) must 1 "$line" ;; # that is the conflict
		*) must 0 "$line" ;;
		esac
	done 3<"$top/fix"
	must 0 'ganger run stats'
}

own_agent()
{
	own_home
	part 'A project and a plan'
	must 0 'cp -r demo/project abacus && cd abacus'
	must 0 'git init -q -b main && git add -A && git commit -q -m Start'
	must 0 'make test'
	must 0 'cat ganger.yaml'
	must 0 'ganger import markdown ../demo/plan.md --epic stats'
	must 0 'ganger plan stats'
	cp -a . "$top/before"
	crash
	person
	part 'What came of it'
	must 0 'git log --oneline --first-parent epic/stats'
	audit stats plan.md
}

# A login is the user's, so HOME stays what it is; everything else is ours.
real_agent()
{
	local name=${AGENT%%[[:space:]]*} set code
	name=$(basename "$name" | tr -c 'A-Za-z0-9\n' _)
	set="-c agent=$name -c agents.$name.kind=command"
	case $AGENT in
	claude | codex | copilot | aider) ;;
	*) set+=" -c agents.$name.command=\"\$AGENT\"" ;;
	esac
	part "Three tasks with a real agent: $AGENT"
	must 0 'cp -r demo/project abacus && cp demo/real.yaml abacus/ganger.yaml && cd abacus'
	must 0 'git init -q -b main && git add -A && git commit -q -m Start'
	must 0 'cat ganger.yaml'
	must 0 'ganger import markdown ../demo/real.md --epic real'
	must 0 "ganger $set plan real"
	say 'The last line is the ceiling: more than that it will not start. What it costs, its' \
		'provider says.'
	cp -a . "$top/before"
	run "ganger $set run real"
	code=$?
	run 'ganger report real'
	[ "$code" = 0 ] || die "'ganger run' ended with $code: the report says what to do"
	part 'What came of it'
	must 0 'git log --oneline --first-parent epic/real'
	audit real real.md
}

audit()
{
	part 'The audit, with git, make and ps alone'
	must 0 "env -i PATH=\$PATH ../demo/audit.sh $1 ../demo/$2 ../before"
}

cd "$top" && ln -s "$here" demo || exit 1
export PATH=$here:$build:$PATH XDG_STATE_HOME=$top/state
unset MAKEFLAGS MAKELEVEL MFLAGS
if [ -n "${AGENT-}" ]; then
	real_agent
else
	own_agent
fi
say "The demo took $((SECONDS - began)) s, and everything it made was in $top."
