# A tiny TAP library for the scripts of this folder. Use:
#
#   . "$(dirname "$0")/lib.sh"
#   repo                          # a repository with one commit, and go into it
#   run ganger plan               # sets $code; output in $T/out, $T/err
#   code_is 0 'plan works'
#   done_testing
#
# Every script has an empty HOME and folders of its own below $T, which go away at the end.
# Tests never sleep: they wait for an event (wait_line, wait_gone), with a deadline.

set -u
: "${GANGER:?the path of the program}"
T=$(mktemp -d "${TMPDIR:-/tmp}/ganger-test.XXXXXX")
export HOME=$T/home XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config XDG_CACHE_HOME=$T/cache
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_CEILING_DIRECTORIES=$T TZ=UTC LC_ALL=C.UTF-8
unset NO_COLOR GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE XDG_RUNTIME_DIR
for variable in ${!GANGER_*} ${!ILOOM_*}; do
	case $variable in
	GANGER_SOURCE | GANGER_BUILD | GANGER_SHIM) ;; # of the build, not of a session around us
	*) unset "$variable" ;;
	esac
done
unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN OPENAI_API_KEY CODEX_API_KEY GH_TOKEN GITHUB_TOKEN
mkdir -p "$HOME" "$T/bin"
# What a sanitizer finds in any process, also in one whose end nobody sees, fails the script.
mkdir "$T/found"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:log_path=$T/found/asan
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-}:log_path=$T/found/ubsan
export TSAN_OPTIONS=${TSAN_OPTIONS:-}:log_path=$T/found/tsan
WAIT_S=${WAIT_S:-30}
n_tests=0 n_failed=0 code=0

git config --global user.name Tester
git config --global user.email tester@example.invalid
git config --global init.defaultBranch main

ganger()
{
	"$GANGER" "$@"
}

at_end()
{
	local status=$?

	cd /
	if cat "$T"/found/* >&2 2>/dev/null; then
		status=1
	fi
	# Set KEEP to look at what a test left.
	if [ "${KEEP:-}" ]; then
		echo "# kept: $T"
	else
		rm -rf "$T"
	fi
	exit "$status"
}
trap at_end EXIT

# repo [NAME]: a repository with one commit, and go into it.
repo()
{
	git init -q "$T/${1:-repo}" && cd "$T/${1:-repo}" || exit 1
	echo hello >README && git add README && git commit -q -m start || exit 1
}

# run COMMAND...: sets $code; output in $T/out and $T/err.
run()
{
	code=0
	"$@" >"$T/out" 2>"$T/err" || code=$?
}

result()
{
	n_tests=$((n_tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n_tests - $2"
		return 0
	fi
	n_failed=$((n_failed + 1))
	echo "not ok $n_tests - $2"
	return 1
}

note()
{
	printf '%s\n' "$@" | sed 's/^/# /'
}

# ok NAME COMMAND...: the command succeeds.
ok()
{
	local name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		result 0 "$name"
	else
		result 1 "$name"
		note "failed: $*"
	fi
}

# not_ok NAME COMMAND...: the command fails.
not_ok()
{
	local name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		result 1 "$name"
		note "did not fail: $*"
	else
		result 0 "$name"
	fi
}

# is ACTUAL EXPECTED NAME
is()
{
	if [ "$1" = "$2" ]; then
		result 0 "$3"
	else
		result 1 "$3"
		note 'expected:' "$2" 'found:' "$1"
	fi
}

# like TEXT PATTERN NAME: a line of the text matches the extended regular expression.
like()
{
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		result 0 "$3"
	else
		result 1 "$3"
		note "nothing matches: $2" 'in:' "$1"
	fi
}

# unlike TEXT PATTERN NAME
unlike()
{
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		result 1 "$3"
		note "it matches: $2" 'in:' "$1"
	else
		result 0 "$3"
	fi
}

# Of the last run:
code_is()
{
	is "$code" "$1" "$2" || note "$(cat "$T/err")"
}

out_is()
{
	is "$(cat "$T/out")" "$1" "$2"
}

out_like()
{
	like "$(cat "$T/out")" "$1" "$2"
}

err_is()
{
	is "$(cat "$T/err")" "$1" "$2"
}

err_like()
{
	like "$(cat "$T/err")" "$1" "$2"
}

# program NAME <<'END' …: an executable script in $T/bin; put $T/bin in front of PATH to use it.
program()
{
	cat >"$T/bin/$1" && chmod +x "$T/bin/$1"
}

# wait_line FIFO [PATTERN]: read lines until one matches; it is printed. Fails at the deadline.
wait_line()
{
	local line end=$((SECONDS + WAIT_S))

	while IFS= read -r -t $((end - SECONDS + 1)) line; do
		if printf '%s\n' "$line" | grep -Eq -- "${2:-.}"; then
			printf '%s\n' "$line"
			return 0
		fi
		[ $SECONDS -lt $end ] || return 1
	done <>"$1"
	return 1
}

# wait_gone PID: until the process has ended, ours or not. Fails at the deadline.
wait_gone()
{
	timeout "$WAIT_S" tail -s 0.05 --pid="$1" -f /dev/null
}

# A test that cannot be made here.
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing()
{
	echo "1..$n_tests"
	[ "$n_failed" = 0 ] || exit 1
	exit 0
}
