// Send each recorded payload of @octokit/webhooks-examples to 'ganger serve', signed and not.
// usage: webhooks.mjs MODULES URL SECRET FOLDER; the texts in them go to FOLDER, a file each.
import {createHmac} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {join} from 'node:path'

const [modules, url, secret, folder] = process.argv.slice(2)
const events = createRequire(join(modules, 'x'))('@octokit/webhooks-examples')
const NEWS = ['issues', 'sub_issues', 'issue_dependencies', 'label', 'repository']
const sign = (body, key) => 'sha256=' + createHmac('sha256', key).update(body).digest('hex')
mkdirSync(folder)

async function post(event, id, body, signature) {
	const answer = await fetch(url, {method: 'POST', body, headers: {'Content-Type': 'application/json',
		'X-Hub-Signature-256': signature, 'X-GitHub-Event': event, 'X-GitHub-Delivery': id}})
	return answer.status
}

// Every text of a payload, as GitHub's API would answer with it.
function texts(value) {
	if (typeof value === 'string') return [value]
	return value && typeof value === 'object' ? Object.values(value).flatMap(texts) : []
}

let n = 0
const found = {202: 0, 204: 0}
for (const {name, examples} of events) {
	for (const example of examples) {
		const body = JSON.stringify(example), id = `delivery-${n++}`
		if (await post(name, id, body, sign(body, 'another')) !== 401 ||
			await post(name, id, body + ' ', sign(body, secret)) !== 401)
			throw new Error(`${name} ${id}: taken without its signature`)
		const want = NEWS.includes(name) ? 202 : 204
		const status = await post(name, id, body, sign(body, secret))
		if (status !== want) throw new Error(`${name} ${id}: ${status}, not ${want}`)
		if (await post(name, id, body, sign(body, secret)) !== 204) throw new Error(`${name} ${id}: taken twice`)
		found[status]++
		writeFileSync(join(folder, id), Buffer.concat([Buffer.from('200\n'), Buffer.from([0xff]),
			Buffer.from(texts(example).join('\n'))]))
	}
}
console.log(`${n} payloads of ${events.length} events: ${found[202]} news, ${found[204]} none; none without its signature`)
