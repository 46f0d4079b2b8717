/**
 * Writes the bills of materials and validates each by the schema of CycloneDX 1.6.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import type { Tree } from '../check/tree.ts'
import { readLockfile } from './locked-packages.ts'
import type { Outcome } from './outcome.ts'
import { billOf } from './sbom.ts'
import { subjectsOf } from './subjects.ts'

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)

/** @returns what is wrong with a bill by the schema; nothing when it is valid. */
export async function schemaObjections(bill: string): Promise<readonly string[]> {
  const errors = await validator.validate(bill)
  return errors === null ? [] : [errors].flat().map((error) => JSON.stringify(error))
}

/** @param out - Folder of the files, which is made. */
export async function writeBills(tree: Tree, out: string): Promise<Outcome> {
  const name = 'bills of materials (CycloneDX 1.6)'
  const lockfile = readLockfile(tree.read('package-lock.json'))
  mkdirSync(out, { recursive: true })
  const lines: string[] = []
  let isValid = true
  for (const subject of subjectsOf(tree)) {
    const bill = `${JSON.stringify(billOf(lockfile, subject), undefined, 2)}\n`
    const file = join(out, `${subject.name.replace('@', '').replace('/', '-')}-${subject.version}.cdx.json`)
    writeFileSync(file, bill)
    const objections = await schemaObjections(bill)
    isValid &&= objections.length === 0
    lines.push(file, ...objections)
  }
  lines.push('of the images: not what their base images consist of; scan the built ones (docs/releasing.md)')
  return { name, state: isValid ? 'passed' : 'failed', lines }
}
