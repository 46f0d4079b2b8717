/**
 * The pack's cases with the result of each line. A line fills the form of the question.
 *
 * @module
 */
import type { AskedLine, CaseAnswer, Outline } from '@mandate/playground/api'
import { Glyph, plural } from '@mandate/ui'
import type { JSX } from 'preact'
import type { CaseResult } from './use-plays.ts'

interface CasesProps {
  readonly outline: Outline
  readonly results: readonly CaseResult[]
  /** Whether the results are those of texts before the last change. */
  readonly isOutdated: boolean
  readonly onLine: (line: AskedLine, index: number) => void
}

export function Cases({ outline, results, isOutdated, onLine }: CasesProps): JSX.Element {
  return (
    <section class="pane cases-pane" aria-labelledby="cases-title">
      <h2 id="cases-title">Cases</h2>
      <p class="aside" role="status">
        {isOutdated ? 'The pack has changed: results of the version before.' : summary(results)}
      </p>
      <ol class={isOutdated ? 'cases outdated' : 'cases'}>
        {outline.cases.map((one, index) => (
          <Case key={index} one={one} result={results[index]} onLine={(line) => onLine(line, index)} />
        ))}
      </ol>
    </section>
  )
}

const isPassed = (result: CaseResult): boolean =>
  result !== undefined &&
  'results' in result &&
  result.refused === undefined &&
  result.results.every(({ difference }) => difference === undefined)

function summary(results: readonly CaseResult[]): string {
  const done = results.filter((result) => result !== undefined)
  if (results.length === 0) return 'This pack has no cases.'
  if (done.length < results.length) return `Playing: ${done.length} of ${plural(results.length, 'case')} done`
  const failed = done.filter((result) => !isPassed(result)).length
  const all = plural(results.length, 'case')
  if (failed > 0) return `${failed} of ${all} failed`
  return results.length === 1 ? `${all} passed` : `All ${all} passed`
}

interface CaseProps {
  readonly one: Outline['cases'][number]
  readonly result: CaseResult
  readonly onLine: (line: AskedLine) => void
}

function Case({ one, result, onLine }: CaseProps): JSX.Element {
  const failure = failureOf(result)
  return (
    <li class="case">
      <h3>
        {result === undefined ? <Glyph name="open" /> : <Glyph name={isPassed(result) ? 'holds' : 'fails'} />}
        <span class="sr">{result === undefined ? 'playing: ' : isPassed(result) ? 'passed: ' : 'failed: '}</span>
        {one.name}
      </h3>
      {failure !== undefined && <p class="case-failure">{failure}</p>}
      <ul>
        {one.questions.map((line, at) => (
          <Line key={line.line} line={line} result={resultOf(result, at)} onLine={() => onLine(line)} />
        ))}
      </ul>
    </li>
  )
}

type LineResult = CaseAnswer['results'][number] | undefined

const resultOf = (result: CaseResult, at: number): LineResult =>
  result !== undefined && 'results' in result ? result.results[at] : undefined

function failureOf(result: CaseResult): string | undefined {
  if (result === undefined) return undefined
  if ('failure' in result) return result.failure
  const { refused } = result
  return refused && `${refused.file ?? ''}:${refused.line}: ${refused.message}`
}

function Line(props: { line: AskedLine; result: LineResult; onLine: () => void }): JSX.Element {
  const { line, result, onLine } = props
  const outcome = result === undefined ? 'open' : result.difference === undefined ? 'holds' : 'fails'
  const sent = Object.keys({ ...line.with, ...line.with_subject, ...line.with_action })
  return (
    <li class={`case-line case-line-${outcome}`}>
      <Glyph name={outcome} />
      <button type="button" class="link" onClick={onLine} title={`cases.yaml, line ${line.line}`}>
        {line.ask}
        {sent.length > 0 && <span class="case-sent"> with {sent.join(', ')}</span>}
      </button>
      <span class="case-promise">
        <span class="sr">
          {outcome === 'holds' ? 'passed: ' : outcome === 'fails' ? 'failed: ' : 'no result yet: '}
        </span>
        {result?.difference ?? line.promised}
      </span>
    </li>
  )
}
