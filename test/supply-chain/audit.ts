/**
 * Known vulnerabilities of runtime dependencies, by `npm audit`. Where the registry has no such endpoint, or an endpoint without advisories, the audit did
 * not run, which is no success.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Outcome } from './outcome.ts'

const run = promisify(execFile)
const NAME = 'known vulnerabilities (npm audit)'

/** A version with a critical advisory since 2022 (CVE-2021-44906): a registry that knows none of it knows none. */
const VULNERABLE = { name: 'minimist', version: '0.0.8' }

const auditSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.string(),
      range: z.string(),
      via: z.array(z.union([z.string(), z.object({ title: z.string(), url: z.string() })])),
    }),
  ),
})

const failureSchema = z.object({ message: z.string() })

type Answer = { readonly vulnerabilities: readonly string[] } | { readonly failure: string }

/**
 * @param root - Folder with the `package-lock.json` that is audited, without dependencies of development.
 * @param env - Of npm: names the registry.
 */
export async function audit(root: string, env: NodeJS.ProcessEnv = process.env): Promise<Outcome> {
  const control = await auditVulnerable(env)
  if ('failure' in control) return notRun(control.failure)
  if (control.vulnerabilities.length === 0)
    return notRun(`the registry has no advisory for ${VULNERABLE.name} ${VULNERABLE.version}, so it has none at all`)
  const answer = await ask(root, env)
  if ('failure' in answer) return notRun(answer.failure)
  const { vulnerabilities } = answer
  return { name: NAME, state: vulnerabilities.length === 0 ? 'passed' : 'failed', lines: vulnerabilities }
}

const notRun = (why: string): Outcome => ({ name: NAME, state: 'not run', lines: [why] })

/** Audits a lockfile with the vulnerable package alone. */
async function auditVulnerable(env: NodeJS.ProcessEnv): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-audit-'))
  const { name, version } = VULNERABLE
  const manifest = { name: 'control', version: '1.0.0', dependencies: { [name]: version } }
  const packages = { '': manifest, [`node_modules/${name}`]: { version } }
  try {
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(
      join(folder, 'package-lock.json'),
      JSON.stringify({ ...manifest, lockfileVersion: 3, requires: true, packages }),
    )
    return await ask(folder, env)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** npm exits with 1 for vulnerabilities and for errors: the two differ in what it prints. */
async function ask(cwd: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const options = ['--json', '--omit=dev', '--audit-level=none', '--fetch-retries=0']
  const output = await run('npm', ['audit', ...options], { cwd, env, maxBuffer: 64 * 1024 * 1024 }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : ''),
  )
  const answer = parse(output)
  const audited = auditSchema.safeParse(answer)
  if (!audited.success)
    return { failure: failureSchema.safeParse(answer).data?.message ?? 'npm audit printed no report' }
  const vulnerabilities = Object.entries(audited.data.vulnerabilities).map(([name, { severity, range, via }]) => {
    const titles = via.map((one) => (typeof one === 'string' ? `through ${one}` : `${one.title} ${one.url}`))
    return `${name} ${range}: ${severity}: ${titles.join('; ')}`
  })
  return { vulnerabilities }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
