"""Webhooks: what happened, told to an address, signed as GitHub signs, one after another by a thread.

Who gets them and how is set by POST /_control/hook: 'url', 'secret', and of these any: 'twice' (each is
delivered again under its name), 'forged' (signed by another secret), 'held' (none goes out before
POST /_control/let_go), 'reversed' (then the last comes first). A body tells no more than what it is about.
"""

import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
import uuid

# What an effective write, or a deed of a person, is called: event and action.
EVENTS = {
    'issue': ('issues', 'opened'), 'close': ('issues', 'closed'), 'reopen': ('issues', 'reopened'),
    'edit': ('issues', 'edited'), 'label': ('issues', 'labeled'), 'unlabel': ('issues', 'unlabeled'),
    'transfer': ('issues', 'transferred'), 'delete_issue': ('issues', 'deleted'),
    'comment': ('issue_comment', 'created'), 'edit_comment': ('issue_comment', 'edited'),
    'delete_comment': ('issue_comment', 'deleted'),
    'add_child': ('sub_issues', 'sub_issue_added'), 'remove_child': ('sub_issues', 'sub_issue_removed'),
    'add_blocker': ('issue_dependencies', 'blocked_by_added'),
    'remove_blocker': ('issue_dependencies', 'blocked_by_removed'),
    'pull': ('pull_request', 'opened'), 'edit_pull': ('pull_request', 'edited'),
    'close_pull': ('pull_request', 'closed'), 'reopen_pull': ('pull_request', 'reopened'),
    'ready': ('pull_request', 'ready_for_review'), 'draft': ('pull_request', 'converted_to_draft'),
    'merge': ('pull_request', 'closed'), 'enqueue': ('pull_request', 'enqueued'),
    'review': ('pull_request_review', 'submitted'), 'check': ('check_run', 'completed'),
    'check_run': ('check_run', 'completed'), 'status': ('status', None), 'create_ref': ('create', None),
    'create_branch': ('create', None), 'delete_ref': ('delete', None), 'delete_branch': ('delete', None),
    'move_ref': ('push', None), 'push': ('push', None), 'push_head': ('push', None), 'push_base': ('push', None),
    'rename': ('repository', 'renamed'),
}


class Hooks:
    def __init__(self):
        self.url, self.secret, self.how = None, '', set()
        self.held, self.sent, self.n = [], [], 0
        self.queue = queue.Queue()
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        self.thread = None

    def set(self, url, secret='', **how):
        unknown = set(how) - {'twice', 'forged', 'held', 'reversed'}
        if unknown:
            raise ValueError(unknown)
        self.url, self.secret, self.how = url, secret, {name for name, on in how.items() if on}
        if not self.thread:
            self.thread = threading.Thread(target=self.deliver, daemon=True)
            self.thread.start()

    def happened(self, repo, login, kind, number=None):
        """'repo' as the world has it."""
        if not self.url or kind not in EVENTS:
            return
        event, action = EVENTS[kind]
        self.n += 1
        name = str(uuid.UUID(hashlib.md5(str(self.n).encode()).hexdigest()))
        body = {'repository': {'id': repo['id'], 'full_name': repo['name']}, 'sender': {'login': login}}
        issue = repo['issues'].get(number)
        if action:
            body['action'] = action
        if issue:
            body['pull_request' if issue['pull'] else 'issue'] = {
                key: issue[key] for key in ('id', 'number', 'title', 'body', 'state', 'state_reason')}
        one = {'url': self.url, 'event': event, 'action': action, 'number': number, 'delivery': name,
               'secret': 'not ' + self.secret if 'forged' in self.how else self.secret, 'body': json.dumps(body)}
        self.held += [one] * (2 if 'twice' in self.how else 1)
        if 'held' not in self.how:
            self.let_go()

    def let_go(self):
        for one in reversed(self.held) if 'reversed' in self.how else self.held:
            self.queue.put(one)
        self.held = []

    def deliver(self):
        while True:
            one = self.queue.get()
            raw = one['body'].encode()
            signature = hmac.new(one['secret'].encode(), raw, hashlib.sha256).hexdigest()
            request = urllib.request.Request(one['url'], raw, {
                'Content-Type': 'application/json', 'User-Agent': 'GitHub-Hookshot/fake',
                'X-GitHub-Event': one['event'], 'X-GitHub-Delivery': one['delivery'],
                'X-GitHub-Hook-ID': '1', 'X-Hub-Signature-256': 'sha256=' + signature})
            try:
                status = self.open(request, timeout=10).status
            except urllib.error.HTTPError as e:
                status = e.code
            except OSError:
                status = 0  # nobody is there; GitHub does not try again either
            self.sent.append({key: one[key] for key in ('event', 'action', 'number', 'delivery')} | {'status': status})
            self.queue.task_done()

    def deliveries(self):
        """All so far, and how each was answered; none is under way any more."""
        self.queue.join()
        return self.sent
