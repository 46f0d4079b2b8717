/**
 * Vitest reporter that writes the results for the summary of `npm test` to the file `MANDATE_TEST_REPORT`. Unlike Vitest's JSON reporter it includes
 * the reasons of skipped tests.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import type { Reporter, TestModule } from 'vitest/node'
import type { Report } from './tally.ts'

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env['MANDATE_TEST_REPORT']
    if (file) writeFileSync(file, JSON.stringify(reportOf(modules)))
  }
}

function reportOf(modules: readonly TestModule[]): Report {
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  return {
    tests: tests.map((test) => {
      const result = test.result()
      const note = result.state === 'skipped' ? result.note : undefined
      return { name: test.fullName, state: result.state, ...(note === undefined ? {} : { note }) }
    }),
    broken: modules.filter(isBroken).map((module) => module.relativeModuleId),
  }
}

/** Whether a file failed to load or in its hooks, which no test result shows. */
function isBroken(module: TestModule): boolean {
  return (
    module.state() === 'failed' && ![...module.children.allTests()].some((test) => test.result().state === 'failed')
  )
}
