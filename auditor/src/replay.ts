/**
 * `mandate-audit replay`: evaluates the request of a logged decision again, and compares the outcomes. Needs a PDP.
 *
 * @module
 */
import { type Outcome, replaySchema } from '@mandate/protocol'
import {
  hasFlag,
  type ParsedOptions,
  type ProcessIo,
  parseDecisionId,
  parseServer,
  textOption,
  UsageError,
} from './command-line.ts'
import { escapeControls } from './format-text.ts'
import { requestPdp } from './pdp-client.ts'
import { EXIT, SourceError } from './source-error.ts'

export async function replay(options: ParsedOptions, { out, environment }: ProcessIo): Promise<number> {
  const id = parseDecisionId(options, 'replay')
  if (textOption(options, 'dir') !== undefined)
    throw new UsageError('replay needs --url: only a PDP can evaluate the request again.')
  const answer: unknown = await (
    await requestPdp(await parseServer(options, environment), replayPath(id, textOption(options, 'policy')))
  ).json()
  const parsed = replaySchema.safeParse(answer)
  if (!parsed.success) throw new SourceError(EXIT.data, 'the response is malformed')
  const { then: before, now, differs } = parsed.data
  if (hasFlag(options, 'json')) {
    out(`${JSON.stringify(answer)}\n`)
    return EXIT.ok
  }
  const verdict = differs.length === 0 ? 'the same' : `differs in ${differs.join(', ')}`
  out(`${[line('then', before), line('now', now), verdict].map(escapeControls).join('\n')}\n`)
  return EXIT.ok
}

/** @param policy - Version to evaluate with. @default the one in force */
function replayPath(id: string, policy: string | undefined): string {
  return `/v1/decisions/${id}/replay${policy === undefined ? '' : `?${new URLSearchParams({ policy })}`}`
}

/** One outcome on one line. */
function line(when: string, { at, decision, reasons, chain, policy }: Outcome): string {
  const codes = reasons.map(({ code }) => code).join(', ')
  const links = chain.map(({ delegate }) => delegate)
  const path = chain[0] ? `  ${[chain[0].delegator, ...links].join(' → ')}` : ''
  return `${when.padEnd(5)} ${at}  ${decision ? 'permit' : 'DENY'.padEnd(6)}  ${codes}${path}${policy ? `  ${policy}` : ''}`
}
