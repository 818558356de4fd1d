# For tests of whole runs; source it after lib.sh. What an agent does is a shell script by the
# title of its task, run in its worktree; where there is none it commits a file of that name.
#
#   scene                          # a repository, its settings, an epic
#   task one                       # a task; its id is ${id[one]}
#   task two one                   # one that needs 'one'
#   does two 'touch x; exit 3'     # what its agent does
#   go                             # run the epic to its end; as 'run'
#   is "$(state two)" failed 'two has failed'
#
# Each start of an agent is a line of $T/ran: title, attempt, pid, slot.

declare -A id
supervisor=

scene()
{
	repo "$@"
	id=()
	rm -rf "$T/do" && mkdir -p "$T/do" "$T/bin"
	the_agent
	: >"$T/ran"
	settings '{}'
	git add ganger.yaml && git commit -q -m settings || exit 1
	epic=$(ganger add 'An epic')
}

# settings [AGENT]: ganger.yaml anew; standard input is added to it, where it is a file.
settings()
{
	cat >ganger.yaml <<END
agents: {it: {kind: command, command: ["$T/bin/agent"], env: {T: "$T"}}}
retry: {delay: 10ms}
END
}

# The agent of a scene; a test may put another in its place.
the_agent()
{
	program agent <<'END'
#!/bin/sh
echo "$GANGER_TITLE $GANGER_ATTEMPT $$ $GANGER_SLOT" >>"$T/ran"
if [ -e "$T/do/$GANGER_TITLE" ]; then
	. "$T/do/$GANGER_TITLE"
else
	echo "$GANGER_TITLE" >"$GANGER_TITLE" && git add -A && git commit -q -m "Do $GANGER_TITLE"
fi
END
}

# task TITLE [NEEDED TITLE]...
task()
{
	local title=$1 after=
	shift
	for needed; do
		after=$after${after:+,}${id[$needed]}
	done
	id[$title]=$(ganger add "$title" --epic "$epic" ${after:+--after "$after"})
}

# does TITLE SCRIPT
does()
{
	printf '%s\n' "$2" >"$T/do/$1"
}

# go [-c KEY=VALUE]... [OPTION]...: run the epic to its end.
go()
{
	split "$@"
	run timeout -k 5 "$WAIT_S" "$GANGER" "${sets[@]}" run "$epic" --yes "${options[@]}"
}

# -c goes before the command.
split()
{
	sets=() options=()
	while [ $# -gt 0 ]; do
		if [ "$1" = -c ]; then
			sets+=(-c "$2")
			shift
		else
			options+=("$1")
		fi
		shift
	done
}

# start [-c KEY=VALUE]... [OPTION]...: the same in the background: $supervisor; output in $T/run.out, $T/run.err.
start()
{
	split "$@"
	"$GANGER" "${sets[@]}" run "$epic" --yes "${options[@]}" >"$T/run.out" 2>"$T/run.err" 7>&- &
	supervisor=$!
}

# ended: until the started one has; sets $code, output as of 'run'.
ended()
{
	wait_gone "$supervisor" || kill -9 "$supervisor"
	code=0
	wait "$supervisor" 2>/dev/null || code=$?
	cp "$T/run.out" "$T/out"
	cp "$T/run.err" "$T/err"
}

# killed: kill -9 the started one.
killed()
{
	kill -9 "$supervisor" && wait "$supervisor" 2>/dev/null
}

# Agents that do 'flock -s "$T/gate" true' wait between hold and release.
hold()
{
	exec 7>"$T/gate"
	flock 7
}

release()
{
	flock -u 7
}

# wait_file FILE PATTERN: until a line of a file that grows matches. Fails at the deadline.
wait_file()
{
	growing "$1" grep -q -m 1 -E -- "$2"
}

# wait_lines FILE N: until it has N lines.
wait_lines()
{
	growing "$1" read_lines "$2"
}

read_lines()
{
	local n line
	for ((n = 0; n < $1; n++)); do
		read -r line || return 1
	done
}

# wait_json FILE PATTERN: as wait_file, for a file that is renamed into place and has no line's end.
wait_json()
{
	growing "$1" read_parts "$2"
}

read_parts()
{
	local part
	while IFS= read -r -d '}' part; do
		[[ $part =~ $1 ]] && return 0
	done
	return 1
}

growing()
{
	local file=$1 pid found=0
	shift
	exec 8< <(exec timeout "$WAIT_S" tail -s 0.02 -n +1 -F "$file" 2>/dev/null)
	pid=$!
	"$@" <&8 || found=1
	exec 8<&-
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return $found
}

# status FILTER: jq on what 'ganger status --json' says; $t is an object of the tasks by title.
status()
{
	ganger status "$epic" --json |
		jq -r '(.tasks | map({(.title): .}) | add) as $t | '"$1"
}

# state TITLE: its state; why TITLE: the reason.
state()
{
	status '$t["'"$1"'"].state'
}

why()
{
	status '$t["'"$1"'"] | .error // .reason // ""'
}

# ran TITLE: how often its agent was started.
ran()
{
	grep -c "^$1 " "$T/ran"
}

# tree: the names in the epic branch; has NAME.
tree()
{
	git ls-tree -r -z --name-only "epic/$epic" | tr '\0' '\n'
}

has()
{
	tree | grep -qx -- "$1"
}

# landings: the tasks of the epic branch's first-parent line, in their order.
landings()
{
	git log --reverse --first-parent --format='%(trailers:key=Ganger-Task,valueonly,separator=)' \
		"${1:-main}..epic/$epic" | paste -sd ' '
}

# sorted_landings: each task once is "1 2 3 …".
sorted_landings()
{
	landings "$@" | tr ' ' '\n' | sort -n | paste -sd ' '
}

epic_dir()
{
	echo "$XDG_STATE_HOME/ganger/$(basename "$PWD")"-*/"$epic"
}

# alive PID: it runs; one that only waits for somebody to ask how it ended does not.
alive()
{
	[ -e "/proc/$1/stat" ] && ! sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | grep -q '^[ZX]'
}

# of_us: processes of this test's runs, by their environment: "pid name" a line.
of_us()
{
	local file
	grep -lzsx "HOME=$HOME" /proc/[0-9]*/environ | while read -r file; do
		file=${file%/environ}
		case $(cat "$file/comm" 2>/dev/null) in
		ganger*) echo "${file#/proc/} supervisor or shim" ;;
		*)
			grep -qzs '^GANGER_TASK=' "$file/environ" &&
				echo "${file#/proc/} $(tr '\0' ' ' <"$file/cmdline")"
			;;
		esac
	done
	return 0
}

# nothing_left NAME: no process, no worktree but the user's, no lock that is held.
nothing_left()
{
	local left
	left=$(
		of_us
		git worktree list --porcelain | sed -n 's/^worktree //p' | tail -n +2
		flock -n "$(git rev-parse --git-common-dir)/ganger/$epic.lock" true || echo 'the lock'
	)
	is "$left" '' "$1"
}

# checkout: all bytes that are the user's: files, index, config, HEAD and the base.
checkout()
{
	(
		find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
		sha256sum .git/index .git/config .git/HEAD .git/refs/heads/main
	) | sha256sum
}
