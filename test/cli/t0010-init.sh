#!/usr/bin/env bash
# init: looks around, guesses aloud, writes a file that the program reads.
. "$(dirname "$0")/lib.sh"
# Programs of this machine must not be found: a PATH with what is needed alone.
for tool in git sh cat grep sed mkdir rm env; do
	ln -s "$(command -v $tool)" "$T/bin/$tool"
done

init()
{
	rm -f ganger.yaml
	PATH=$T/bin run ganger init "$@"
}

# The value in force of a key, as written in the file.
value()
{
	sed -n "s/^ *$1: *//p" ganger.yaml | sed 's/  *#.*//' | head -1
}

repo
git status --porcelain >"$T/before"
init
code_is 0 'init works in a bare-bones repository'
err_is '' 'and has nothing to complain of'
ok 'ganger.yaml is there' test -f ganger.yaml
is "$(git status --porcelain)" "$(cat "$T/before"; echo '?? ganger.yaml')" 'nothing else has changed'
is "$(value tracker) $(value forge)" 'local local' 'issues and pull requests stay here'
out_like '^git +2\.' 'it says which git'
out_like '^base +main' 'it says which base'
out_like '^remote +none' 'it says that there is no remote'
out_like '^agent +none on PATH .*agents\.NAME\.command' 'it says that there is no agent, and the key'
out_like '^check +none found: .*untested.*\[queue\.check\]' 'it says that nothing will be tested, and the key'
run ganger plan
err_like 'no open epic' 'the file that it wrote is read'

cp ganger.yaml "$T/first"
echo 'base: other' >>ganger.yaml
cp ganger.yaml "$T/edited"
run ganger init
code_is 0 'a file that is there is no error'
out_like 'is there already' 'it is said'
ok 'and it is left as it is' cmp ganger.yaml "$T/edited"
echo 'nonsense: 1' >>ganger.yaml
run ganger init
code_is 2 'unless it cannot be read'
err_like "'nonsense'" 'which is said'
run ganger -c base=x init
code_is 2 'init takes no -c'

git remote add origin https://example.invalid/a.git
init
out_like '^remote +origin.*nothing is pushed.*\[git\.push\]' 'a remote is named, and that nothing is pushed'

# Agents.
for agent in claude codex il; do
	program $agent <<'END'
#!/bin/sh
echo "an agent was started" >&2
END
done
export ANTHROPIC_API_KEY=sk-secret
init
unset ANTHROPIC_API_KEY
is "$(value agent)" claude 'the first agent found is used'
out_like '^agent +claude' 'and named'
out_like 'or +codex' 'the others are named'
out_like 'iloom.*untested' 'one that was not tried is marked'
out_like 'ANTHROPIC_API_KEY is set but not passed on to claude.*agents\.claude\.env' 'a key that is not passed on is named'
unlike "$(cat ganger.yaml "$T/out")" 'sk-secret' 'and its value appears nowhere'
is "$(grep -c '^    max_concurrent: 3$' ganger.yaml)" 3 'each gets max_concurrent 3'
err_is '' 'no agent was started'
is "$(sed -n 's/^    kind: \([a-z]*\) .*/\1/p' ganger.yaml | paste -sd ' ')" 'claude codex' \
	'what can be talked to is'
out_like "^agent +claude .*talked to by its protocol" 'and it is said'
out_like "'command' +\[agents.claude.kind\]" 'with the key that changes it'
like "$(cat ganger.yaml)" '^    command: exec il spin' 'what cannot is started as it was'
run ganger -c agents.claude.kind=command doctor --agent claude
unlike "$(cat "$T/out" "$T/err")" 'has no command' 'the form that was not chosen has its command too'
for agent in claude codex iloom; do
	PATH=$T/bin:$PATH run ganger -c agents.$agent.probe=true doctor --agent "$agent"
	code_is 0 "the entry of $agent can be used"
	out_like "^ok +agent +$agent" "and its program is found"
done
rm -f "$T"/bin/claude "$T"/bin/codex "$T"/bin/il
for agent in gemini qwen opencode pi aider il; do
	program $agent <<'END'
#!/bin/sh
echo "an agent was started" >&2
END
done
init
like "$(cat ganger.yaml)" '^    kind: acp ' 'one that speaks the Agent Client Protocol is talked to'
PATH=$T/bin:$PATH run ganger -c agents.gemini.probe=true doctor --agent gemini
out_like "^ok +agent +gemini" 'by the command that is known of it'
is "$(grep -B 1 '# untested: ' ganger.yaml | sed -n 's/^  \([a-z]*\):$/\1/p' | paste -sd ' ')" 'aider iloom' \
	'those that were never run are marked, and no other'
rm -f "$T"/bin/gemini "$T"/bin/qwen "$T"/bin/opencode "$T"/bin/pi "$T"/bin/aider "$T"/bin/il

# Checks and set-up.
guesses()
{
	local name=$1 check=$2 setup=$3
	init
	is "$(value check)|$(value setup)" "$check|$setup" "$name"
	git clean -qfdx
}

printf 'CFLAGS = -O\ntest: all\n\ttrue\n' >Makefile
guesses 'a Makefile with test' 'make test' ''
printf 'check:\n\ttrue\ntest := 1\n' >Makefile
guesses 'a Makefile with check' 'make check' ''
printf 'all:\n\ttrue\ntest = 1\ntests:\n' >Makefile
guesses 'a Makefile with neither' '' ''
echo '{"scripts":{"test":"node --test"}}' >package.json
guesses 'package.json with a test' 'npm test' ''
echo '{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}' >package.json
guesses "npm's placeholder is no test" '' ''
echo '{"scripts":{"test":"jest"},"devDependencies":{"jest":"1"}}' >package.json
touch package-lock.json
guesses "npm's lockfile" 'npm test' 'npm ci'
echo '{"scripts":{"test":"jest"}}' >package.json
touch pnpm-lock.yaml
guesses "pnpm's lockfile" 'pnpm test' 'pnpm install --frozen-lockfile'
echo '{"scripts":{"test":"jest"}}' >package.json
touch yarn.lock
guesses "yarn's lockfile" 'yarn test' 'yarn install --frozen-lockfile'
echo '{"scripts":{"test":"jest"}}' >package.json
touch yarn.lock .yarnrc.yml
guesses "yarn's lockfile, from version 2 on" 'yarn test' 'yarn install --immutable'
echo '{"scripts":{"test":"jest"}}' >package.json
touch bun.lock
guesses "bun's lockfile" 'bun run test' 'bun install --frozen-lockfile'
echo 'not JSON' >package.json
guesses 'a package.json that cannot be read' '' ''
touch Cargo.toml
guesses 'Cargo.toml' 'cargo test' ''
touch go.mod
guesses 'go.mod' 'go test ./...' ''
echo '[tool.pytest.ini_options]' >pyproject.toml
guesses 'pyproject.toml with pytest' 'python3 -m pytest' ''
echo '[tool.pytest.ini_options]' >pyproject.toml
touch uv.lock
guesses 'uv.lock' 'uv run pytest' 'uv sync --frozen'
touch tox.ini
guesses 'tox.ini' 'tox' ''
touch meson.build
guesses 'meson.build' '"{ test -d build || meson setup build; } && meson test -C build"' ''
touch CMakeLists.txt
guesses 'CMakeLists.txt' 'cmake -B build && cmake --build build && ctest --test-dir build' ''
touch go.mod
printf 'test:\n' >Makefile
init
out_like '^check +go test' 'of two checks the first is used'
out_like 'or +make test' 'and the other named'
git clean -qfdx
mkfifo package.json
init
code_is 0 'a pipe that is called package.json is not waited for'
git clean -qfdx

# GitHub.
init --github
code_is 0 'init --github works'
is "$(value tracker) $(value forge)" 'github github' 'and sets tracker and forge'
out_like 'others see' 'it says what that means'
out_like 'not known: set it +\[github.repository\]' 'and that no remote says where'
rm -f ganger.yaml
was=$(git remote get-url origin)
git remote set-url origin git@github.com:some/where.git
init --github
is "$(value repository)" some/where 'the repository is the one that the remote names'
out_like 'some/where +\[github.repository\]' 'and is said'
rm -f ganger.yaml
git remote set-url origin https://example.org/some/where.git
init --github
out_like 'not known: set it' 'a remote elsewhere says nothing'
git remote set-url origin "$was"

# Below the root, and where nothing can be written.
rm -f ganger.yaml
mkdir -p sub && cd sub
PATH=$T/bin run ganger init
ok 'the file goes into the root' test -f ../ganger.yaml
cd ..
if [ "$(id -u)" != 0 ]; then
	rm -f ganger.yaml && chmod 500 .
	run ganger init
	chmod 700 .
	code_is 4 'a folder that cannot be written exits with 4'
fi

done_testing
