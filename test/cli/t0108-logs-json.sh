#!/usr/bin/env bash
# An agent of kind 'command' that tells what it does as JSON: logs shows it as text, as of other kinds.
. "$(dirname "$0")/lib.sh"
repo

cat >"$T/copilot" <<'END'
npm notice {"type":"a.line","data":1}
{"type":"user.message","data":{"content":"do it"},"id":"1","timestamp":"2026-01-01T00:00:00Z"}
{"type":"assistant.usage","data":{"inputTokens":5},"id":"2","timestamp":"2026-01-01T00:00:00Z"}
{"type":"assistant.message","data":{"content":"I look.\nTwice.","toolRequests":[]},"id":"3","timestamp":"2026-01-01T00:00:00Z"}
{"type":"tool.execution_start","data":{"toolName":"bash","arguments":{"command":"ls\npwd","x":1}},"id":"4","timestamp":"2026-01-01T00:00:00Z"}
{"type":"tool.execution_complete","data":{"success":false,"result":{"content":"no \u001b[31mred"}},"id":"5","timestamp":"2026-01-01T00:00:00Z"}
{"type":"session.error","data":{"message":"it broke"},"id":"6","timestamp":"2026-01-01T00:00:00Z"}
{"type":"assistant.message","data":{"content":"its own, without an id"}}
{"level":"info","type":"message","text":"an agent's own"}
{"type":"result","sessionId":"s","exitCode":0}
END
cat >"$T/claude" <<'END'
{"type":"system","subtype":"init","session_id":"s"}
{"type":"assistant","message":{"content":[{"type":"text","text":"Well."},{"type":"tool_use","name":"Read","input":{"file_path":"a.c"}}]},"session_id":"s"}
{"type":"user","message":{"content":[{"type":"tool_result","content":[{"type":"text","text":"int a;"}]}]},"session_id":"s"}
{"type":"result","subtype":"success","is_error":true,"result":"API Error","session_id":"s"}
END
cat >"$T/codex" <<'END'
{"type":"thread.started","thread_id":"t"}
{"type":"turn.started"}
{"type":"item.started","item":{"id":"0","type":"command_execution","command":"make"}}
{"type":"item.completed","item":{"id":"0","type":"command_execution","command":"make","aggregated_output":"ok\n","exit_code":0}}
{"type":"item.completed","item":{"id":"1","type":"agent_message","text":"Done."}}
{"type":"turn.completed","usage":{"input_tokens":1}}
END
cat >"$T/gemini" <<'END'
{"type":"init","timestamp":"2026-01-01T00:00:00Z","session_id":"s","model":"m"}
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"user","content":"do it"}
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"assistant","content":"I lo","delta":true}
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"assistant","content":"ok.\n  Tw","delta":true}
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"assistant","content":"ice. ","delta":true}
{"type":"tool_use","timestamp":"2026-01-01T00:00:00Z","tool_name":"run_shell_command","tool_id":"1","parameters":{"command":"ls"}}
{"type":"tool_result","timestamp":"2026-01-01T00:00:00Z","tool_id":"1","status":"success","output":"a\nb"}
{"type":"tool_result","timestamp":"2026-01-01T00:00:00Z","tool_id":"2","status":"error","error":{"type":"x","message":"no such tool"}}
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"assistant","content":"Then","delta":true}
not of it
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"assistant","content":"a line\n","delta":true}
{"type":"error","timestamp":"2026-01-01T00:00:00Z","severity":"warning","message":"Loop detected"}
{"type":"message","role":"assistant","content":"an agent's own, without a time"}
{"type":"message","timestamp":"2026-01-01T00:00:00Z","role":"assistant","content":"Done","delta":true}
{"type":"result","timestamp":"2026-01-01T00:00:00Z","status":"success","stats":{"total_tokens":5}}
END
printf '{"type":"message"}\n{"data":{}, "type":"x"\0}\nno line' >"$T/plain"
program agent <<'END'
#!/bin/sh
cat "$T/$GANGER_TITLE"
echo x >"$GANGER_TITLE"
END
export T
echo "agents: {it: {kind: command, command: ['$T/bin/agent'], env: {T: '$T'}}}" >ganger.yaml
printf '# Epic\n- [ ] copilot\n- [ ] claude\n- [ ] codex\n- [ ] plain\n- [ ] gemini\n' >plan.md
epic=$(ganger import markdown plan.md 2>/dev/null)
run ganger -c limits.attempts=1 run "$epic"
code_is 1 'two of them say that they failed'

run ganger logs 1
out_is "npm notice {\"type\":\"a.line\",\"data\":1}
I look.
Twice.
* bash: ls ...
  ! no \\x1b[31mred
error: it broke
{\"type\":\"assistant.message\",\"data\":{\"content\":\"its own, without an id\"}}
{\"level\":\"info\",\"type\":\"message\",\"text\":\"an agent's own\"}" "Copilot's"
run ganger logs 2
out_is 'Well.
* Read: a.c
  | int a;
error: API Error' "Claude Code's"
run ganger logs 3
out_is '* shell: make
  | ok
Done.' "Codex's"
run ganger logs 5
out_is 'I look.
  Twice. 
* run_shell_command: ls
  | a
  | b
  ! no such tool
Then
not of it
a line
error: Loop detected
{"type":"message","role":"assistant","content":"an agent'"'"'s own, without a time"}
Done' "Gemini's, whose messages come in pieces"
for n in 1:copilot 4:plain 5:gemini; do
	ganger logs "${n%:*}" $([ "$n" = 4:plain ] || echo --raw) >"$T/got"
	ok "byte for byte: ${n#*:}" cmp "$T/got" "$T/${n#*:}"
done
done_testing
