#!/bin/sh
# Installs the real agent programs for 'make test-agents', in pinned versions, into a cache
# outside the repository, and prints the folder of their commands. Needs npm, and the network
# the first time. usage: install.sh [claude] [codex] [copilot] [acp]; without names all of them
set -eu

cache=${GANGER_CACHE:-$HOME/.cache/ganger-test}/npm

package()
{
	case $1 in
	claude) echo @anthropic-ai/claude-code@2.1.197 ;;
	codex) echo @openai/codex@0.169.0 ;;
	copilot) echo @github/copilot@1.0.102 ;;
	acp) echo @agentclientprotocol/claude-agent-acp@0.49.0 ;;
	*)
		echo "error: there is no agent '$1' to install" >&2
		exit 2
		;;
	esac
}

[ $# -gt 0 ] || set -- claude codex copilot acp
if ! command -v npm >/dev/null; then
	echo 'error: could not install agents: there is no npm' >&2
	exit 4
fi
mkdir -p "$cache"
[ -e "$cache/package.json" ] || echo '{"private":true}' >"$cache/package.json"
for name; do
	wanted=$(package "$name")
	if [ "$(cat "$cache/$name.installed" 2>/dev/null)" != "$wanted" ]; then
		echo "installing $wanted" >&2
		npm install --prefix "$cache" --save-exact --no-audit --no-fund --ignore-scripts \
			"$wanted" >&2
		# The programs come as packages of their own; only this one has to be put in place.
		[ "$name" != claude ] || (cd "$cache/node_modules/${wanted%@*}" && node install.cjs) >&2
		echo "$wanted" >"$cache/$name.installed"
	fi
done
echo "$cache/node_modules/.bin"
