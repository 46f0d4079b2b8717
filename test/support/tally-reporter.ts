/**
 * Vitest reporter that writes the results for the summary of `npm test` to the file `MANDATE_TEST_REPORT`. Unlike Vitest's JSON reporter it includes
 * the reasons of skipped tests, and reports a test as skipped that failed only because this machine does not have a program (`MANDATE_MISSING_TOOLS`).
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { z } from 'zod'
import { MISSING_TOOLS, missingToolReason } from './missing-tool.ts'
import type { Report } from './tally.ts'

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env['MANDATE_TEST_REPORT']
    const missing = z.array(z.string()).parse(JSON.parse(process.env[MISSING_TOOLS] ?? '[]'))
    if (file) writeFileSync(file, JSON.stringify(reportOf(modules, errors, missing)))
  }
}

type Reported = Report['tests'][number]

function reportOf(
  modules: readonly TestModule[],
  errors: readonly SerializedError[],
  missing: readonly string[],
): Report {
  const tests: Reported[] = []
  const broken = errors.map(({ message }) => `error outside of tests: ${message}`)
  let excused = 0
  for (const module of modules) {
    // Hooks fail files and suites, not tests: their tests count as skipped.
    const hooks = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors())
    const fileReason = missingToolReason(hooks, missing)
    const results = [...module.children.allTests()].map((test) => ({ name: test.fullName, result: test.result() }))
    for (const { name, result } of results) {
      const reason = result.state === 'failed' ? missingToolReason(result.errors, missing) : undefined
      const note = reason ?? (result.state === 'skipped' ? (result.note ?? fileReason) : undefined)
      if (reason !== undefined) excused += 1
      tests.push({ name, state: reason === undefined ? result.state : 'skipped', ...(note !== undefined && { note }) })
    }
    const failsAlone = module.state() === 'failed' && !results.some(({ result }) => result.state === 'failed')
    if (failsAlone && fileReason === undefined) broken.push(module.relativeModuleId)
    if (failsAlone && fileReason !== undefined) excused += 1
  }
  return { tests, broken, excused }
}
