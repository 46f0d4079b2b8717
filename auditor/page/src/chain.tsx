/**
 * The chain as a picture: who gave to whom, on what terms, and where it is severed. Drawn at the width it has; the same is said in a list
 * for those who do not see it.
 *
 * @module
 */
import type { LoggedEntry } from '@mandate/protocol'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { bareLinks, type ChainLink, fullLinks, type LinkState } from './links.ts'
import { useLoaded } from './use.ts'
import { minuteOf, PARTY_WORD, partyOf, plural, resourceWords, short } from './words.ts'

export function Chain({ entry }: { readonly entry: LoggedEntry }): JSX.Element | null {
  const loaded = useLoaded((signal) => fullLinks(entry, signal), [entry.id])
  if (!entry.chain) return null
  if (entry.chain.length === 0) {
    return <p class="aside">No grant was needed, or none was found: nobody acted on another’s authority.</p>
  }
  const links = loaded.state === 'there' ? loaded.value : bareLinks(entry)
  return (
    <figure class="chain" aria-busy={loaded.state === 'loading'}>
      <Drawing links={links} owner={entry.owner} />
      <ol class="sr">
        {links.map((link) => (
          <li key={link.grant}>{inWords(link)}</li>
        ))}
      </ol>
      {loaded.state === 'failed' && (
        <figcaption class="aside">
          The grants themselves could not be read, so their limits and present state are not shown.
        </figcaption>
      )}
    </figure>
  )
}

function nameOf(party: string): string {
  const { kind, id } = partyOf(party)
  return kind === 'user' ? `${PARTY_WORD[kind]} ${short(id)}` : `${PARTY_WORD[kind]} ${id}`
}

const NOW_WORDS: Readonly<Record<LinkState, string>> = {
  live: 'live now',
  expired: 'expired now',
  revoked: 'revoked now',
  cut: 'cut off now',
  unknown: '…',
}
const THEN_WORDS: Readonly<Record<LinkState, string>> = {
  live: 'live then',
  expired: 'expired then',
  revoked: 'revoked then',
  cut: 'cut off then',
  unknown: '…',
}

function termsOf({ redelegations, limits, expiresAt, scope, actions }: ChainLink): readonly string[] {
  const passing =
    redelegations === undefined
      ? []
      : [redelegations === 0 ? 'not to be passed on' : `may be passed on ${plural(redelegations, 'time')}`]
  return [
    `${actions.join(', ')} on ${resourceWords(scope)}`,
    `until ${minuteOf(expiresAt)}`,
    ...passing,
    ...(limits ?? []),
    ...(limits?.length === 0 ? ['no limits of its own'] : []),
  ]
}

function inWords(link: ChainLink): string {
  const { delegator, delegate, thenState, nowState, grant } = link
  return `${nameOf(delegator)} gave ${nameOf(delegate)} grant ${grant}: ${termsOf(link).join('; ')}; ${THEN_WORDS[thenState]}, ${NOW_WORDS[nowState]}.`
}

/** Measures of the picture, in units of its own, which are CSS pixels at a root size of 16. */
const NODE_H = 44
const LINE_H = 20
const PAD = 14
const LEFT = 18
const TEXT_X = 46

interface Placed {
  readonly link: ChainLink
  readonly top: number
  readonly lines: readonly string[]
  readonly height: number
}

function placed(links: readonly ChainLink[], letters: number): readonly Placed[] {
  let top = NODE_H
  return links.map((link) => {
    const lines = termsOf(link).flatMap((term) => wrapped(term, letters))
    const height = PAD * 2 + LINE_H * (lines.length + 1) + 2
    const place = { link, top, lines, height }
    top += height + NODE_H
    return place
  })
}

/** Breaks at spaces: SVG does not. */
function wrapped(text: string, letters: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > letters) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

/** How wide a letter is, on the average. */
const LETTER = 7.3

function Drawing(props: { links: readonly ChainLink[]; owner: string | undefined }): JSX.Element {
  const { links, owner } = props
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(520)
  useEffect(() => {
    const at = box.current
    if (!at) return
    const watch = new ResizeObserver(() => {
      const scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
      setWidth(Math.max(240, Math.round(at.clientWidth / scale)))
    })
    watch.observe(at)
    return () => watch.disconnect()
  }, [])
  const places = placed(links, Math.floor((width - TEXT_X - 8) / LETTER))
  const last = places.at(-1)
  const height = (last ? last.top + last.height : 0) + NODE_H
  const [first] = links
  return (
    <div class="chain-box" ref={box}>
      <svg class="chain-picture" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        {places.map((place) => (
          <Span key={place.link.grant} place={place} />
        ))}
        {first && (
          <Node
            party={first.delegator}
            y={NODE_H / 2}
            role={first.delegator === owner ? 'owner' : undefined}
            isCut={false}
          />
        )}
        {places.map(({ link, top, height: spanned }, at) => (
          <Node
            key={link.grant}
            party={link.delegate}
            y={top + spanned + NODE_H / 2}
            role={at === places.length - 1 ? 'acted' : undefined}
            isCut={!isGood(link.nowState)}
          />
        ))}
      </svg>
    </div>
  )
}

const isGood = (state: LinkState): boolean => state === 'live' || state === 'unknown'

function Node(props: { party: string; y: number; role: string | undefined; isCut: boolean }): JSX.Element {
  const { party, y, role, isCut } = props
  const { kind, id } = partyOf(party)
  return (
    <g class={isCut ? 'node cut' : 'node'}>
      {kind === 'user' ? (
        <circle class="node-mark" cx={LEFT} cy={y} r="9" />
      ) : (
        <rect
          class="node-mark"
          x={LEFT - 8}
          y={y - 8}
          width="16"
          height="16"
          rx="3"
          {...(kind === 'agent' ? { transform: `rotate(45 ${LEFT} ${y})` } : {})}
        />
      )}
      <text class={kind === 'user' ? 'node-name node-id' : 'node-name'} x={TEXT_X} y={y + 5}>
        {kind === 'user' ? short(id, 22) : id}
        <tspan class="node-role" dx="9">
          {role ? `${PARTY_WORD[kind]}, ${role}` : PARTY_WORD[kind]}
        </tspan>
      </text>
    </g>
  )
}

function Span({ place }: { readonly place: Placed }): JSX.Element {
  const { link, top, lines, height } = place
  const from = top - NODE_H / 2 + 9
  const to = top + height + NODE_H / 2 - 9
  const severed = link.nowState === 'revoked' || link.nowState === 'expired'
  const middle = top + PAD + 15
  return (
    <g class={`span span-${link.nowState}`}>
      {severed ? (
        <>
          <path class="span-line" d={`M${LEFT} ${from}V${middle - 13}`} />
          <path class="span-line ended" d={`M${LEFT} ${middle + 13}V${to}`} />
          <path class="span-cross" d={`M${LEFT - 6} ${middle - 6}l12 12m0 -12l-12 12`} />
        </>
      ) : (
        <path class={link.nowState === 'cut' ? 'span-line ended' : 'span-line'} d={`M${LEFT} ${from}V${to}`} />
      )}
      <text class="span-states" x={TEXT_X} y={top + PAD + 14}>
        <tspan class={isGood(link.thenState) ? 'state' : 'state bad'}>{THEN_WORDS[link.thenState]}</tspan>
        <tspan class="state-to" dx="7">
          →
        </tspan>
        <tspan class={isGood(link.nowState) ? 'state' : 'state bad'} dx="7">
          {NOW_WORDS[link.nowState]}
        </tspan>
      </text>
      {lines.map((line, at) => (
        <text class="span-term" x={TEXT_X} y={top + PAD + 14 + LINE_H * (at + 1)} key={line}>
          {line}
        </text>
      ))}
    </g>
  )
}
