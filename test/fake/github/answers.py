"""What a request is answered with, and the texts of refusals: one table, with where each was seen."""

import json

# [doc] docs.github.com, REST reference; [seen] public threads named in the comment.
NOT_FOUND = 'Not Found'  # [doc]
BAD_CREDENTIALS = 'Bad credentials'  # [doc]
NEEDS_LOGIN = 'Requires authentication'  # [doc]
NO_AGENT = 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header'  # [doc]
FAILED = 'Validation Failed'  # [doc]
GONE = 'This issue was deleted'  # [doc]
MOVED = 'Moved Permanently'  # [doc]
LOCKED = 'Unable to create comment because issue is locked.'  # [seen] github/docs
REF_EXISTS = 'Reference already exists'  # [seen] cli/cli#1801
REF_MISSING = 'Reference does not exist'  # [seen] google/go-github#1441
OBJECT_MISSING = 'Object does not exist'  # [seen] octokit
NOT_FORWARD = 'Update is not a fast forward'  # [seen] octokit
LABEL_MISSING = 'Label does not exist'  # [seen] octokit
PULL_EXISTS = 'A pull request already exists for %s.'  # [seen] google/go-github#1441
NO_COMMITS = 'No commits between %s and %s'  # [seen] cli/cli#2219
BASE_MODIFIED = 'Base branch was modified. Review and try the merge again.'  # [seen] bors-ng#1092
NOT_MERGEABLE = 'Pull Request is not mergeable'  # [seen] octokit
HEAD_MODIFIED = 'Head branch was modified. Review and try the merge again.'  # [doc]
IS_DRAFT = 'Pull Request is still a draft'  # [seen] octokit
IS_CLOSED = 'Pull Request is closed'  # [seen] octokit
CHECK_EXPECTED = 'Required status check "%s" is expected.'  # [seen] renovate#5833
CHECK_FAILING = 'Required status check "%s" is failing.'  # [seen] renovate#5833
REVIEW_REQUIRED = 'At least %d approving review is required by reviewers with write access.'  # [seen] renovate#5833
QUEUE_REQUIRED = 'Changes must be made through the merge queue'  # [seen] community#51483
QUEUED_ALREADY = 'The pull request is already in the merge queue'  # our reading
ASYNC_TAKEN = 'Merge request enqueued.'  # [doc] these are the examples of its published description
ASYNC_EXISTS = 'A merge request already exists for this pull request.'
ASYNC_GOES_ON = 'Merge request is in progress.'
ASYNC_DONE = 'Pull request was merged.'
ASYNC_MERGED = 'Pull request is already merged.'
ASYNC_QUEUED = 'Pull request is in the merge queue.'
METHOD_NOT_ALLOWED = '%s are not allowed on this repository.'  # [seen] octokit, Mergifyio/mergify#1812
NOT_PROTECTED = 'Branch not protected'  # [doc]
PRIMARY = 'API rate limit exceeded for user ID 1.'  # [doc]
SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'  # [doc]
ABUSE_HTML = '<!DOCTYPE html><html><head><title>Unicorn!</title></head><body>This page is taking too long to load.</body></html>'


class Answer:
    def __init__(self, status, body=None, headers=None):
        self.status, self.headers = status, dict(headers or {})
        self.body = b'' if body is None else json.dumps(body).encode()


class Refused(Exception):
    """errors: GitHub's 'errors' of a 422, dicts of resource, field, code, message."""

    def __init__(self, status, message, errors=None, headers=None):
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers

    def answer(self):
        body = {'message': self.message, 'documentation_url': 'https://docs.github.com/rest',
                'status': str(self.status)}
        if self.errors is not None:
            body['errors'] = self.errors
        return Answer(self.status, body, self.headers)


def custom(resource, message):
    return Refused(422, FAILED, [{'resource': resource, 'code': 'custom', 'message': message}])


def invalid(resource, field):
    return Refused(422, FAILED, [{'resource': resource, 'field': field, 'code': 'invalid'}])
