/**
 * `npm run tarballs -- DIR`: packs the libraries as they would be published, into DIR, and prints the files. To use them before they are on npm.
 *
 * @module
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { PUBLISHED, pack } from './pack.ts'

const [target, ...more] = process.argv.slice(2)

if (target === undefined || target.startsWith('-') || more.length > 0) {
  process.stderr.write('usage: npm run --silent tarballs -- DIR\n')
  process.exitCode = 64
} else {
  mkdirSync(target, { recursive: true })
  const work = mkdtempSync(join(tmpdir(), 'mandate-tarballs-'))
  try {
    for (const name of PUBLISHED) {
      const { tarball } = await pack(name, work)
      const file = join(resolve(target), basename(tarball))
      cpSync(tarball, file)
      process.stdout.write(`${file}\n`)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
