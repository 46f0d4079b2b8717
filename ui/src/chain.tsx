/**
 * A chain as an SVG picture: who gave to whom, on what terms, and which links have ended. It is drawn at the width of its container; screen
 * readers get the same as a list.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChainLink, LinkState } from './links.ts'
import { minuteOf, PARTY_WORD, partyOf, resourceWords, short, times } from './words.ts'

/** Words for the actions and scope of a link. Default: names as in the log. */
export type GivenWords = (link: Pick<ChainLink, 'actions' | 'scope'>) => string

const asLogged: GivenWords = ({ actions, scope }) => `${actions.join(', ')} on ${resourceWords(scope)}`

/** The reader's own name for a party; `undefined`: none, so the id is shown. */
export type NameOf = (party: string) => string | undefined

interface ChainPictureProps {
  readonly links: readonly ChainLink[]
  readonly owner: string | undefined
  /** Whether grants are still being loaded. */
  readonly busy?: boolean
  /** Caption below the picture. */
  readonly note?: string | undefined
  readonly nameOf?: NameOf
  readonly givenWords?: GivenWords
}

/** The picture of a chain, with a list for screen readers. */
export function ChainPicture(props: ChainPictureProps): JSX.Element {
  const { links, owner, busy = false, note, nameOf = () => undefined, givenWords = asLogged } = props
  const drawn = links.map((link) => ({ link, terms: termsOf(link, givenWords) }))
  return (
    <figure class="chain" aria-busy={busy}>
      <Drawing drawn={drawn} owner={owner} nameOf={nameOf} />
      <ol class="sr">
        {drawn.map((one) => (
          <li key={one.link.grant}>{inWords(one, nameOf)}</li>
        ))}
      </ol>
      {note !== undefined && <figcaption class="aside">{note}</figcaption>}
    </figure>
  )
}

function spoken(party: string, nameOf: NameOf): string {
  const { kind, id } = partyOf(party)
  return `${PARTY_WORD[kind]} ${nameOf(party) ?? (kind === 'user' ? short(id) : id)}`
}

const NOW_WORDS: Readonly<Record<LinkState, string>> = {
  live: 'live now',
  expired: 'expired now',
  revoked: 'revoked now',
  broken: 'broken now',
  cut: 'cut off now',
  unknown: '…',
}
const THEN_WORDS: Readonly<Record<LinkState, string>> = {
  live: 'live then',
  expired: 'expired then',
  revoked: 'revoked then',
  broken: 'broken then',
  cut: 'cut off then',
  unknown: '…',
}

/** A link with the lines of its terms. */
interface Drawn {
  readonly link: ChainLink
  readonly terms: readonly string[]
}

function termsOf(link: ChainLink, givenWords: GivenWords): readonly string[] {
  const { redelegations, limits, expiresAt } = link
  const passing =
    redelegations === undefined
      ? []
      : [redelegations === 0 ? 'not to be passed on' : `may be passed on ${times(redelegations)}`]
  return [
    givenWords(link),
    `until ${minuteOf(expiresAt)}`,
    ...passing,
    ...(limits ?? []),
    ...(limits?.length === 0 ? ['no limits of its own'] : []),
  ]
}

function inWords({ link, terms }: Drawn, nameOf: NameOf): string {
  const { delegator, delegate, thenState, nowState, grant } = link
  const states = [...(thenState === undefined ? [] : [THEN_WORDS[thenState]]), NOW_WORDS[nowState]].join(', ')
  return `${spoken(delegator, nameOf)} gave ${spoken(delegate, nameOf)} grant ${grant}: ${terms.join('; ')}; ${states}.`
}

/** Sizes in the units of the picture: CSS pixels at a root font size of 16 px. */
const NODE_H = 44
const LINE_H = 20
const PAD = 14
const LEFT = 18
const TEXT_X = 46

/** A link with its position in the picture. */
interface PlacedLink {
  readonly link: ChainLink
  readonly top: number
  readonly lines: readonly string[]
  readonly height: number
}

function placeLinks(drawn: readonly Drawn[], letters: number): readonly PlacedLink[] {
  let top = NODE_H
  return drawn.map(({ link, terms }) => {
    const lines = terms.flatMap((term) => wrapText(term, letters))
    const height = PAD * 2 + LINE_H * (lines.length + 1) + 2
    const place = { link, top, lines, height }
    top += height + NODE_H
    return place
  })
}

/** Breaks a text at spaces, since SVG does not. @param letters - Longest line, in letters. */
function wrapText(text: string, letters: number): readonly string[] {
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

/** Average width of a letter. */
const LETTER = 7.3

/** The width of the container in units of the picture, independent of the font size. */
function useWidth(): { readonly box: { current: HTMLDivElement | null }; readonly width: number } {
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
  return { box, width }
}

function Drawing(props: { drawn: readonly Drawn[]; owner: string | undefined; nameOf: NameOf }): JSX.Element {
  const { drawn, owner, nameOf } = props
  const { box, width } = useWidth()
  const places = placeLinks(drawn, Math.floor((width - TEXT_X - 8) / LETTER))
  const last = places.at(-1)
  const height = (last ? last.top + last.height : 0) + NODE_H
  const first = drawn[0]?.link
  return (
    <div class="chain-box" ref={box}>
      <svg class="chain-picture" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        {places.map((place) => (
          <Span key={place.link.grant} place={place} />
        ))}
        {first && (
          <Node
            party={first.delegator}
            name={nameOf(first.delegator)}
            y={NODE_H / 2}
            role={first.delegator === owner ? 'owner' : undefined}
            isCut={false}
          />
        )}
        {places.map(({ link, top, height: spanned }, at) => (
          <Node
            key={link.grant}
            party={link.delegate}
            name={nameOf(link.delegate)}
            y={top + spanned + NODE_H / 2}
            role={at === places.length - 1 && link.thenState !== undefined ? 'acted' : undefined}
            isCut={!isGood(link.nowState)}
          />
        ))}
      </svg>
    </div>
  )
}

const isGood = (state: LinkState): boolean => state === 'live' || state === 'unknown'

interface NodeProps {
  readonly party: string
  readonly name: string | undefined
  readonly y: number
  readonly role: string | undefined
  readonly isCut: boolean
}

function Node({ party, name, y, role, isCut }: NodeProps): JSX.Element {
  const { kind, id } = partyOf(party)
  const isBare = kind === 'user' && name === undefined
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
      <text class={isBare ? 'node-name node-id' : 'node-name'} x={TEXT_X} y={y + 5}>
        {name ?? (isBare ? short(id, 22) : id)}
        <tspan class="node-role" dx="9">
          {role ? `${PARTY_WORD[kind]}, ${role}` : PARTY_WORD[kind]}
        </tspan>
      </text>
    </g>
  )
}

function Span({ place }: { readonly place: PlacedLink }): JSX.Element {
  const { link, top, lines, height } = place
  const from = top - NODE_H / 2 + 9
  const to = top + height + NODE_H / 2 - 9
  const isSevered = link.nowState === 'revoked' || link.nowState === 'expired' || link.thenState === 'broken'
  const middle = top + PAD + 15
  return (
    <g class={`span span-${link.nowState}`}>
      {isSevered ? (
        <>
          <path class="span-line" d={`M${LEFT} ${from}V${middle - 13}`} />
          <path class="span-line ended" d={`M${LEFT} ${middle + 13}V${to}`} />
          <path class="span-cross" d={`M${LEFT - 6} ${middle - 6}l12 12m0 -12l-12 12`} />
        </>
      ) : (
        <path class={link.nowState === 'cut' ? 'span-line ended' : 'span-line'} d={`M${LEFT} ${from}V${to}`} />
      )}
      <text class="span-states" x={TEXT_X} y={top + PAD + 14}>
        {link.thenState !== undefined && (
          <>
            <tspan class={isGood(link.thenState) ? 'state' : 'state bad'}>{THEN_WORDS[link.thenState]}</tspan>
            <tspan class="state-to" dx="7">
              →
            </tspan>
          </>
        )}
        <tspan
          class={isGood(link.nowState) ? 'state' : 'state bad'}
          {...(link.thenState === undefined ? {} : { dx: 7 })}
        >
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
