/**
 * `npm run publish:check`: makes what would be published and looks whether it may be. `-- --write` brings `API.md` up to date.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { apiOf } from './api.ts'
import { PUBLISHED, pack, root } from './pack.ts'

const OUT = join(root, 'test/artifacts/packages')
const write = process.argv.includes('--write')

for (const name of PUBLISHED) {
  const { folder, tarball } = await pack(name, OUT)
  const objections = await objectionsTo(folder)
  if (name === 'pep') objections.push(...documented(join(root, name, 'API.md'), apiOf(folder)))
  for (const objection of objections) process.stderr.write(`${name}: ${objection}\n`)
  if (objections.length > 0) process.exitCode = 1
  else process.stdout.write(`${tarball}\n`)
}

async function objectionsTo(pkgDir: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pkgDir, strict: true })
  return messages.map((message) => formatMessage(message, pkg) ?? message.code)
}

function documented(file: string, api: string): readonly string[] {
  if (write) writeFileSync(file, api)
  return readFileSync(file, 'utf8') === api ? [] : ['API.md is not what the code says: -- --write']
}
