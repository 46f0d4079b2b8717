/**
 * Comparison of two policy versions: which packs and lines differ, and which of the newest logged decisions they make differently.
 *
 * @module
 */
import type { PolicyComparison, PolicyRecord } from '@mandate/protocol'
import { counted, exactly, plural } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Failure } from '../parts.tsx'
import { useLoaded } from '../use.ts'
import { api } from './api.ts'
import { Cell, SIGN_IN, State, Table } from './parts.tsx'
import { type DiffLine, diffTexts, type FileDiff } from './text-diff.ts'
import { compareVersions } from './versions.ts'

interface Versions {
  readonly before: string
  readonly after: string
}

/** @param props.maySeeEntries - Whether the person may open entries of others: auditors may. */
export function Comparison(props: { policies: readonly PolicyRecord[]; maySeeEntries: boolean }): JSX.Element {
  const { policies, maySeeEntries } = props
  const inForce = policies.find(({ in_force }) => in_force) ?? policies[0]
  const other = policies.find(({ version }) => version !== inForce?.version)
  const [before, setBefore] = useState(other?.version ?? '')
  const [after, setAfter] = useState(inForce?.version ?? '')
  const changed = compareVersions(before, after).filter(({ change }) => change !== 'same')
  return (
    <section class="comparison" aria-labelledby="comparison">
      <h2 id="comparison">Compare two versions</h2>
      <div class="form">
        <Choice label="Before" policies={policies} version={before} onChoice={setBefore} />
        <Choice label="After" policies={policies} version={after} onChoice={setAfter} />
      </div>
      {changed.length === 0 ? (
        <p>Both are the same version.</p>
      ) : (
        <>
          <p>
            {changed.map(({ domain, change }) => (
              <span class="pack-change" key={domain}>
                {domain} <span class="differs">{change}</span>
              </span>
            ))}
          </p>
          <Files key={`${before} ${after}`} before={before} after={after} />
          <Decisions key={`of ${before} ${after}`} before={before} after={after} maySeeEntries={maySeeEntries} />
        </>
      )}
    </section>
  )
}

function Choice(props: {
  label: string
  policies: readonly PolicyRecord[]
  version: string
  onChoice: (version: string) => void
}): JSX.Element {
  const { label, policies, version, onChoice } = props
  return (
    <label class="field">
      <span>{label}</span>
      <select value={version} onChange={(event) => onChoice(event.currentTarget.value)}>
        {policies.map((policy) => (
          <option key={policy.version} value={policy.version}>
            {exactly(policy.loaded_at)}
            {policy.in_force ? ', in force' : ''}
          </option>
        ))}
      </select>
    </label>
  )
}

/** The lines that differ, file by file. */
function Files({ before, after }: Versions): JSX.Element {
  const files = useLoaded(
    async (signal) => {
      const [old, next] = await Promise.all([api.policyTexts(before, signal), api.policyTexts(after, signal)])
      return diffTexts(old, next)
    },
    [before, after],
  )
  if (files.state === 'loading') return <p class="waiting">Loading…</p>
  if (files.state === 'failed') return <Failure error={files.error} again={files.again} signIn={SIGN_IN} />
  return (
    <>
      {files.value.map((file) => (
        <FileChange key={file.path} file={file} />
      ))}
    </>
  )
}

function FileChange({ file: { path, change, added, removed, hunks } }: { readonly file: FileDiff }): JSX.Element {
  const counts = change === 'changed' ? `${counted(added)} added, ${counted(removed)} removed` : `file ${change}`
  return (
    <details class="file-change" open={change === 'changed'}>
      <summary>
        <code>{path}</code> <span class="aside">{hunks ? counts : change}</span>
      </summary>
      {hunks ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, which must be possible with the keyboard
        <section class="diff" tabIndex={0} aria-label={`Lines of ${path} that differ`}>
          <table>
            <thead class="sr">
              <tr>
                <th scope="col">Before</th>
                <th scope="col">After</th>
                <th scope="col">Line</th>
              </tr>
            </thead>
            {hunks.map((lines, at) => (
              <tbody key={at}>
                {lines.map((line) => (
                  <Line key={`${line.before ?? ''} ${line.after ?? ''}`} line={line} />
                ))}
              </tbody>
            ))}
          </table>
        </section>
      ) : (
        <p class="aside">The two files are too different to be compared line by line.</p>
      )}
    </details>
  )
}

const MARKS = { same: ' ', added: '+', removed: '−' } as const

function Line({ line: { kind, text, before, after } }: { readonly line: DiffLine }): JSX.Element {
  return (
    <tr class={`diff-${kind}`}>
      <td class="diff-number">{before}</td>
      <td class="diff-number">{after}</td>
      <td class="diff-text">
        <span aria-hidden="true">{MARKS[kind]} </span>
        {kind !== 'same' && <span class="sr">{kind}: </span>}
        {kind === 'added' ? <ins>{text}</ins> : kind === 'removed' ? <del>{text}</del> : text}
      </td>
    </tr>
  )
}

/** Compares decisions when asked to: it decides hundreds of requests twice, and is an entry of the log. */
function Decisions({ before, after, maySeeEntries }: Versions & { readonly maySeeEntries: boolean }): JSX.Element {
  const [isAsked, setAsked] = useState(false)
  return (
    <section class="decisions-compared" aria-labelledby="decisions-compared">
      <h3 id="decisions-compared">Decisions that differ</h3>
      <p class="aside">
        The newest 200 evaluations of the log, decided by both versions: on the facts of now, at the time of each entry.
        Nothing is enforced, and the comparison is an entry of the log.
      </p>
      <div aria-live="polite">
        {isAsked ? (
          <Compared before={before} after={after} maySeeEntries={maySeeEntries} />
        ) : (
          <button type="button" class="button" onClick={() => setAsked(true)}>
            Compare decisions
          </button>
        )}
      </div>
    </section>
  )
}

function Compared({ before, after, maySeeEntries }: Versions & { readonly maySeeEntries: boolean }): JSX.Element {
  const compared = useLoaded((signal) => api.comparePolicies(before, after, signal), [before, after])
  if (compared.state === 'loading') return <p class="waiting">Deciding again…</p>
  if (compared.state === 'failed') return <Failure error={compared.error} again={compared.again} signIn={SIGN_IN} />
  return <Result result={compared.value} maySeeEntries={maySeeEntries} />
}

const spelled = ({ decision, reason }: PolicyComparison['turned'][number]['before']): string =>
  `${decision ? 'permit' : 'deny'} ${reason}`

function Result(props: { result: PolicyComparison; maySeeEntries: boolean }): JSX.Element {
  const { complete, evaluations, made_again, not_made_again, otherwise_today, turned } = props.result
  const differing = turned.reduce((sum, { count }) => sum + count, 0)
  return (
    <>
      {!complete && (
        <div class="incomplete">
          <State name="fails">INCOMPLETE</State>
          <p>
            {counted(evaluations - made_again)} of {plural(evaluations, 'evaluation')} could not be decided again, so
            more may differ:
          </p>
          <ul>
            {not_made_again.map(({ why, count }) => (
              <li key={why}>
                {counted(count)}: {why}
              </li>
            ))}
          </ul>
        </div>
      )}
      <p class="differing">
        {differing === 0 ? 'None' : counted(differing)} of {plural(made_again, 'decision')} that could be made again{' '}
        {differing === 1 ? 'differs' : 'differ'}.
      </p>
      {turned.length > 0 && (
        <Table
          caption="Decisions that differ"
          heads={['Before', 'After', 'Number', ...(props.maySeeEntries ? ['Entries'] : [])]}
        >
          {turned.map(({ before, after, count, entries = [] }) => (
            <tr key={`${spelled(before)} ${spelled(after)}`}>
              <Cell label="Before">{spelled(before)}</Cell>
              <Cell label="After">
                <span class="differs">{spelled(after)}</span>
              </Cell>
              <Cell label="Number">{counted(count)}</Cell>
              {props.maySeeEntries && (
                <Cell label="Entries">
                  <Entries ids={entries} count={count} />
                </Cell>
              )}
            </tr>
          ))}
        </Table>
      )}
      {otherwise_today > 0 && (
        <p class="aside">
          {plural(otherwise_today, 'decision')} of the log {otherwise_today === 1 ? 'comes' : 'come'} out otherwise than
          logged with the version before, too: facts have changed since.
        </p>
      )}
    </>
  )
}

/** Links to entries on the auditor's page. */
function Entries({ ids, count }: { readonly ids: readonly string[]; readonly count: number }): JSX.Element {
  return (
    <span class="entry-links">
      {ids.map((id) => (
        <a key={id} href={`/decisions/${id}`}>
          <code>…{id.slice(-6)}</code>
        </a>
      ))}
      {count > ids.length && <span class="aside">and {counted(count - ids.length)} more</span>}
    </span>
  )
}
