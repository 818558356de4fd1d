# What the scripts with real agents share; source it. Sets $agents from the arguments, or else
# from $AGENTS; without either all of them.
#
# install.sh brings the programs the first time. The model (test/fake) does what the lines
# that begin with '%%' in a prompt say. Nothing here needs an account or reaches one.
here=$(cd "$(dirname "$0")" && pwd)
cache=${GANGER_CACHE:-$HOME/.cache/ganger-test}
[ $# -gt 0 ] || set -- ${AGENTS:-$("$here/install.sh" --list)}
agents=("$@")
bin=$("$here/install.sh" "${agents[@]}")
status=$?
if [ $status = 4 ]; then
	echo '1..0 # SKIP no npm, or no registry answers'
	exit 0
fi
[ $status = 0 ] || exit $status
# Not below /tmp: codex may write there whatever its sandbox says, and keeps no home there.
mkdir -p "$cache/run" "$cache/xdg" && TMPDIR=$cache/run
. "$here/../cli/lib.sh"
unset TMPDIR
export PATH=$bin:$PATH XDG_CACHE_HOME=$cache/xdg

mkfifo "$T/model.out"
node "$here/../fake/fake-model.mjs" --port 0 --log "$T/model.log" >"$T/model.out" &
model=$!
end_model()
{
	local status=$?

	kill "$model"
	end_left # of a script that was ended itself, a whole swarm
	(exit "$status")
	at_end
}
trap end_model EXIT
read -r line <"$T/model.out"
url=http://127.0.0.1:${line##* }

# options NAME: sets $options, how to have the agent talk to our model.
options()
{
	case $1 in
	claude | claude-acp)
		export CLAUDE_CONFIG_DIR=$T/claude
		options=(-e "ANTHROPIC_BASE_URL=$url" -e ANTHROPIC_API_KEY=dummy
			-e CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 -e DISABLE_AUTOUPDATER=1
			-e CLAUDE_CODE_MAX_RETRIES=1)
		;;
	codex | codex-acp)
		export CODEX_HOME=$T/codex
		options=(-e LOOP_KEY=dummy)
		mkdir -p "$CODEX_HOME"
		sed "s|URL|$url|" >"$CODEX_HOME/config.toml" <<-'END'
			model = "fake-model"
			model_provider = "loop"
			approval_policy = "never"
			[model_providers.loop]
			name = "loopback"
			base_url = "URL/v1"
			wire_api = "responses"
			env_key = "LOOP_KEY"
			request_max_retries = 1
			stream_max_retries = 1
			[analytics]
			enabled = false
		END
		;;
	copilot | copilot-acp)
		export COPILOT_HOME=$T/copilot
		options=(-e COPILOT_OFFLINE=true -e "COPILOT_PROVIDER_BASE_URL=$url/v1"
			-e COPILOT_MODEL=fake-model)
		;;
	esac
	case $1 in
	codex-acp) # it asks, and may write what a commit needs
		sed -i -e 's/^approval_policy.*/approval_policy = "untrusted"/' \
			-e 's/^model = .*/model = "gpt-5-codex"/' "$CODEX_HOME/config.toml"
		printf '[sandbox_workspace_write]\nwritable_roots = ["%s"]\n' "$T" >>"$CODEX_HOME/config.toml"
		;;
	opencode)
		export XDG_DATA_HOME=$T/data XDG_CONFIG_HOME=$T/config
		options=(-e "OPENCODE_CONFIG=$T/opencode.json" -e OPENCODE_DISABLE_AUTOUPDATE=1
			-e OPENCODE_DISABLE_MODELS_FETCH=1)
		jq -n --arg url "$url/v1" '{model: "loop/fake-model", small_model: "loop/fake-model",
			provider: {loop: {npm: "@ai-sdk/openai-compatible", name: "loopback",
				options: {baseURL: $url, apiKey: "dummy"},
				models: {"fake-model": {name: "fake", cost: {input: 1, output: 2},
					limit: {context: 100000, output: 1000}}}}}}' >"$T/opencode.json"
		;;
	qwen)
		options=(-e OPENAI_API_KEY=dummy -e "OPENAI_BASE_URL=$url/v1" -e OPENAI_MODEL=fake-model)
		mkdir -p "$HOME/.qwen"
		printf '{"security":{"auth":{"selectedType":"openai"}},"model":{"generationConfig":{"maxRetries":1}}}' \
			>"$HOME/.qwen/settings.json"
		;;
	pi)
		options=(-e PI_OFFLINE=1)
		mkdir -p "$HOME/.pi/agent"
		printf '{"defaultProvider":"loop","defaultModel":"fake-model"}' >"$HOME/.pi/agent/settings.json"
		jq -n --arg url "$url/v1" '{providers: {loop: {baseUrl: $url, api: "openai-completions",
			apiKey: "dummy", models: [{id: "fake-model"}]}}}' >"$HOME/.pi/agent/models.json"
		;;
	gemini)
		options=(-e GEMINI_API_KEY=dummy -e "GOOGLE_GEMINI_BASE_URL=$url"
			-e GEMINI_MODEL=gemini-2.5-pro -e GEMINI_CLI_TRUST_WORKSPACE=true)
		mkdir -p "$HOME/.gemini"
		printf '{"security":{"auth":{"selectedType":"gemini-api-key"}}}' >"$HOME/.gemini/settings.json"
		;;
	esac
}

# talk_kind NAME: of agent, for what is talked to.
talk_kind()
{
	case $1 in
	claude | codex | copilot) echo "$1" ;;
	pi) ;; # it is not
	*) echo acp ;;
	esac
}

# acp_command NAME: what speaks the Agent Client Protocol, where no preset says so; else nothing.
acp_command()
{
	case $1 in
	claude-acp) echo claude-agent-acp ;;
	codex-acp) echo codex-acp ;;
	copilot-acp) echo copilot --acp --no-auto-update ;;
	esac
}

# A supervisor may start others until it is ended itself.
end_left()
{
	local p

	for _ in 1 2 3; do
		for p in /proc/[0-9]*; do
			case $(readlink "$p/cwd" 2>/dev/null) in
			"$T"/*) [ "${p#/proc/}" = $$ ] || [ "${p#/proc/}" = "$BASHPID" ] ||
				kill -9 "${p#/proc/}" 2>/dev/null ;;
			esac
		done
	done
}

# The processes that have their folder below $T, but for our own.
left_running()
{
	local p

	for p in /proc/[0-9]*; do
		case $(readlink "$p/cwd" 2>/dev/null) in
		"$T"/*) [ "${p#/proc/}" = "$model" ] || [ "${p#/proc/}" = $$ ] ||
			[ "${p#/proc/}" = "$BASHPID" ] ||
			tr '\0' ' ' <"$p/cmdline" ;;
		esac
	done
}

