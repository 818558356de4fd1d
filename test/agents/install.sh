#!/bin/sh
# Installs what tests need of npm, in pinned versions, into a cache outside the repository, and
# prints the folder of its commands. Needs npm, and the network the first time; exit 4 where one of
# them is not there. usage: install.sh [--list] [NAME]...; for 'make test-agents' the real agent
# programs, without names all of them; for 'make test-github' openapi, ajv, octokit and webhooks.
set -eu

cache=${GANGER_CACHE:-$HOME/.cache/ganger-test}/npm
all='claude codex copilot claude-acp copilot-acp codex-acp' # and others, when they are named

package()
{
	case $1 in
	claude) echo @anthropic-ai/claude-code@2.1.197 ;;
	codex) echo @openai/codex@0.169.0 ;;
	copilot | copilot-acp) echo @github/copilot@1.0.102 ;;
	copilot-sdk) echo @github/copilot-sdk@1.0.14 ;;
	claude-acp) echo @agentclientprotocol/claude-agent-acp@0.49.0 ;;
	codex-acp) echo @zed-industries/codex-acp@0.16.0 ;;
	gemini) echo @google/gemini-cli@0.61.0 ;;
	opencode) echo opencode-ai@1.18.33 ;;
	qwen) echo @qwen-code/qwen-code@0.15.10 ;;
	pi) echo @mariozechner/pi-coding-agent@0.73.1 ;;
	openapi) echo @octokit/openapi@23.0.2 ;;
	ajv) echo ajv@8.17.1 ;;
	octokit) echo @octokit/rest@22.0.1 ;;
	webhooks) echo @octokit/webhooks-examples@7.6.1 ;;
	*)
		echo "error: there is nothing called '$1' to install" >&2
		exit 2
		;;
	esac
}

# What is not there to be asked is no fault of ours; everything else is.
failed()
{
	cat "$cache/npm.out" >&2
	if grep -Eq 'code (EAI_AGAIN|ENOTFOUND|ECONN[A-Z]*|ETIMEDOUT|E(HOST|NET)UNREACH|EIDLETIMEOUT|ERR_SOCKET_TIMEOUT)' \
		"$cache/npm.out"; then
		echo 'error: could not install agents: no registry answers' >&2
		exit 4
	fi
	exit 1
}

if [ "${1:-}" = --list ]; then
	echo "$all"
	exit
fi
[ $# -gt 0 ] || set -- $all
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	echo 'error: could not install agents: there is no npm' >&2
	exit 4
fi
mkdir -p "$cache"
exec 9>"$cache/lock" && flock 9
[ -e "$cache/package.json" ] || echo '{"private":true}' >"$cache/package.json"
for name; do
	wanted=$(package "$name")
	if [ "$(cat "$cache/$name.installed" 2>/dev/null)" != "$wanted" ]; then
		echo "installing $wanted" >&2
		npm install --prefix "$cache" --save-exact --no-audit --no-fund --ignore-scripts \
			--fetch-retries 1 --fetch-timeout 60000 "$wanted" >"$cache/npm.out" 2>&1 9>&- ||
			failed
		# The programs come as packages of their own; only these have to be put in place.
		case $name in
		claude) (cd "$cache/node_modules/${wanted%@*}" && node install.cjs) >&2 ;;
		opencode) (cd "$cache/node_modules/${wanted%@*}" && node postinstall.mjs) >&2 ;;
		esac
		echo "$wanted" >"$cache/$name.installed"
	fi
done
echo "$cache/node_modules/.bin"
