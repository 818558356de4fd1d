// A story of Octokit, GitHub's own client, against the stand-in. usage: octokit.mjs MODULES URL
import assert from 'node:assert/strict'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'

const [modules, baseUrl] = process.argv.slice(2)
const {Octokit} = await import(pathToFileURL(join(modules, '@octokit/rest/dist-src/index.js')).href)
const api = new Octokit({auth: 'human-token', baseUrl, userAgent: 'story'})
const r = {owner: 'o', repo: 'r'}

const child = (await api.issues.create({...r, title: 'child', labels: ['a']})).data
assert.equal((await api.issues.addSubIssue({...r, issue_number: 1, sub_issue_id: child.id})).data.number, 1)
const children = await api.paginate(api.issues.listSubIssues, {...r, issue_number: 1, per_page: 1})
assert.deepEqual(children.map(i => i.number), [2, 3, 4])
const two = (await api.issues.get({...r, issue_number: 2})).data
await api.issues.addBlockedByDependency({...r, issue_number: 4, issue_id: two.id})
const blockers = (await api.issues.listDependenciesBlockedBy({...r, issue_number: 4})).data
assert.deepEqual(blockers.map(i => i.number), [2])

const main = (await api.git.getRef({...r, ref: 'heads/main'})).data.object.sha
const tree = (await api.git.getCommit({...r, commit_sha: main})).data.tree.sha
const work = (await api.git.createCommit({...r, message: 'work', tree, parents: [main]})).data.sha
await api.git.createRef({...r, ref: 'refs/heads/task/a', sha: work})
assert.equal((await api.git.getRef({...r, ref: 'heads/task/a'})).data.object.sha, work)
await assert.rejects(api.git.createRef({...r, ref: 'refs/heads/task/a', sha: work}), e => e.status === 422 &&
	e.message.startsWith('Reference already exists'))

const open = {...r, title: 'work', head: 'task/a', base: 'main', body: 'Closes #2'}
const pull = (await api.pulls.create(open)).data
await assert.rejects(api.pulls.create(open), e => e.status === 422 && /already exists for o:task\/a/.test(e.message))
const number = {...r, pull_number: pull.number}
assert.deepEqual((await api.pulls.list({...r, head: 'o:task/a'})).data.map(p => p.number), [pull.number])
await api.issues.addLabels({...r, issue_number: pull.number, labels: ['bug']})
await assert.rejects(api.pulls.merge({...number, sha: main}), e => e.status === 409)
await assert.rejects(api.pulls.checkIfMerged(number), e => e.status === 404)
assert.equal((await api.pulls.merge({...number, sha: work, merge_method: 'merge'})).data.merged, true)
assert.equal((await api.pulls.checkIfMerged(number)).status, 204)
assert.equal((await api.pulls.get(number)).data.merged, true)
assert.equal((await api.issues.get({...r, issue_number: 2})).data.state, 'closed')

const comment = (await api.issues.createComment({...r, issue_number: 3, body: 'one'})).data
await api.issues.updateComment({...r, comment_id: comment.id, body: 'two'})
assert.deepEqual((await api.issues.listComments({...r, issue_number: 3})).data.map(c => c.body), ['two'])
await api.issues.update({...r, issue_number: 3, state: 'closed', state_reason: 'completed'})
assert.equal((await api.checks.listForRef({...r, ref: work})).data.total_count, 0)
assert.equal((await api.repos.getCombinedStatusForRef({...r, ref: work})).data.state, 'pending')
assert.deepEqual((await api.repos.getBranchRules({...r, branch: 'main'})).data, [])
console.log('octokit is content')
