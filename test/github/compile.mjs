// Does each schema of a cut description compile, by a validator that refuses what it does not know?
// usage: compile.mjs MODULES CUT
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {join} from 'node:path'

const [modules, cut] = process.argv.slice(2)
const Ajv = createRequire(join(modules, 'x'))('ajv').default
const api = JSON.parse(readFileSync(cut))
// Formats are words for people there ("repo.nwo"); lists of types are how null is said.
// 'schemas' is no word of JSON Schema.
const ajv = new Ajv({strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false,
	validateFormats: false})
ajv.addVocabulary(['schemas'])
ajv.addSchema({$id: 'api', schemas: api.schemas}, 'api', false, false)

let n = 0
const refer = schema => JSON.parse(JSON.stringify(schema).replaceAll('"#/schemas/', '"api#/schemas/'))
for (const name of Object.keys(api.schemas)) {
	ajv.compile({$ref: `api#/schemas/${name}`})
	n++
}
for (const op of Object.values(api.operations)) {
	for (const schema of [op.request, ...Object.values(op.answers), ...Object.values(op.query)]) {
		if (schema) {
			ajv.compile(refer(schema))
			n++
		}
	}
}
// One that allowed what it does not list would be no check.
const close = ajv.compile(refer(api.operations['PATCH /repos/{owner}/{repo}/issues/{number}'].request))
if (!close({state: 'closed', state_reason: 'completed'}) || close({state_reason: 'done'}) || close({stat: 'closed'}))
	throw new Error('the schema of a close does not tell right from wrong')
console.log(`${n} schemas`)
