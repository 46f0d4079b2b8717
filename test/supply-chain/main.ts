/**
 * `npm run supply-chain [-- PART…]`: what can be said about everything that this project takes from others and gives to others. Exit codes: 0 all parts
 * passed, 1 one found something, 69 (EX_UNAVAILABLE) one could not be done here, which is printed as NOT RUN.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkDependencies } from '../check/dependencies.ts'
import { checkPins } from '../check/pins.ts'
import { checkSecrets } from '../check/secrets.ts'
import { checkSource } from '../check/source-rules.ts'
import { openTree } from '../check/tree.ts'
import { audit } from './audit.ts'
import { checkDigests, pinImages } from './image-digests.ts'
import { EXIT, exitCodeOf, type Outcome, report } from './outcome.ts'
import { scanForSecrets } from './secrets.ts'
import { writeBills } from './write-bills.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BILLS = join(ROOT, 'test/artifacts/sbom')
const tree = openTree(ROOT)

/** Rules of `npm run check` that are about the supply chain. */
async function rules(): Promise<Outcome> {
  const objections = [checkPins, checkDependencies, checkSecrets]
    .flatMap((check) => check(tree))
    .concat(checkSource(tree))
  const lines = objections.map(({ file, line, wrong, mend }) => `${file}:${line}: ${wrong}: ${mend}`)
  return { name: 'pins, licences, reasons, source rules', state: lines.length === 0 ? 'passed' : 'failed', lines }
}

const PARTS: Readonly<Record<string, () => Promise<Outcome>>> = {
  rules,
  bills: () => writeBills(tree, BILLS),
  audit: () => audit(ROOT),
  images: async () => checkDigests(tree),
  secrets: () => scanForSecrets(ROOT),
}

/** Parts that change files are done when they are named. */
const CHANGES: typeof PARTS = {
  'pin-images': () => pinImages(tree, (file, text) => writeFileSync(join(ROOT, file), text)),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(Object.hasOwn(PARTS, name) || Object.hasOwn(CHANGES, name)))

if (unknown.length > 0) {
  const names = [...Object.keys(PARTS), ...Object.keys(CHANGES)].join(', ')
  process.stderr.write(`no part ${unknown.join(', ')}\nusage: npm run supply-chain [-- PART…], of ${names}\n`)
  process.exitCode = EXIT.usage
} else {
  const outcomes: Outcome[] = []
  for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
    const outcome = await (PARTS[name] ?? CHANGES[name])?.()
    if (outcome === undefined) continue
    outcomes.push(outcome)
    process.stdout.write(report(outcome, process.stdout.isTTY && process.env['NO_COLOR'] === undefined))
  }
  process.exitCode = exitCodeOf(outcomes)
}
