/**
 * Line plots as SVG text, without a library. They follow the reader's light or dark theme.
 *
 * @module
 */

/** Title and axes of a plot. */
export interface Plot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
}

interface Axis {
  readonly label: string
  /** `count`: whole numbers, from the least one on. */
  readonly scale: 'linear' | 'log' | 'count'
}

/** One line of a plot, its points in the order in which they are joined. */
export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const WIDTH = 720
const HEIGHT = 420
const FRAME = { left: 76, right: 44, top: 52, bottom: 116 } as const
/** Marks on one line, at most: a line of many points would be a row of marks. */
const MOST_MARKS = 25
const MARKS = ['circle', 'square', 'triangle', 'diamond'] as const

/** Colours that differ in lightness too, for print and for colour-blind readers; the second of each pair is for a dark background. */
const COLOURS = [
  ['#0b5cad', '#7cc0ff'],
  ['#b3470b', '#ffb27a'],
  ['#1d7a3f', '#7fdca0'],
  ['#7a3aa8', '#d3a8f5'],
] as const

/** @param caption - One line below the legend. */
export function drawPlot(plot: Plot, series: readonly Line[], caption: string): string {
  const points = series.flatMap((one) => one.points)
  const x = scaleOf(
    points.map((point) => point.x),
    plot.x,
    FRAME.left,
    WIDTH - FRAME.right,
  )
  const y = scaleOf(
    points.map((point) => point.y),
    plot.y,
    HEIGHT - FRAME.bottom,
    FRAME.top,
  )
  const bottom = HEIGHT - FRAME.bottom
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escaped(plot.title)}">`,
    `<title>${escaped(plot.title)}</title>`,
    `<style>${style()}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="${FRAME.left}" y="30">${escaped(plot.title)}</text>`,
    ...y.ticks.map(
      (at) =>
        `<line class="grid" x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${y.of(at)}" y2="${y.of(at)}"/><text class="tick" x="${FRAME.left - 8}" y="${y.of(at) + 4}" text-anchor="end">${figure(at)}</text>`,
    ),
    ...x.ticks.map(
      (at) =>
        `<line class="grid" x1="${x.of(at)}" x2="${x.of(at)}" y1="${FRAME.top}" y2="${bottom}"/><text class="tick" x="${x.of(at)}" y="${bottom + 18}" text-anchor="middle">${figure(at)}</text>`,
    ),
    `<path class="axis" d="M${FRAME.left} ${FRAME.top}V${bottom}H${WIDTH - FRAME.right}"/>`,
    `<text class="label" x="${(FRAME.left + WIDTH - FRAME.right) / 2}" y="${bottom + 40}" text-anchor="middle">${escaped(plot.x.label)}</text>`,
    `<text class="label" transform="translate(20 ${(FRAME.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(plot.y.label)}</text>`,
    ...series.map((one, at) => lineOf(one, at, x.of, y.of)),
    ...series.map((one, at) => legendOf(one.name, at, bottom + 58)),
    `<text class="note" x="${FRAME.left}" y="${HEIGHT - 8}">${escaped(caption)}</text>`,
    '</svg>',
    '',
  ].join('\n')
}

function style(): string {
  const rules = (index: 0 | 1): string =>
    COLOURS.map(
      (pair, at) => `.line${at}{stroke:${pair[index]};fill:none;stroke-width:2}.mark${at}{fill:${pair[index]}}`,
    ).join('')
  return [
    'text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.note{font-size:11px;fill:#59636e}',
    '.paper{fill:#ffffff}.grid{stroke:#d8dee4}.axis{stroke:#59636e;fill:none}',
    rules(0),
    '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#9198a1}',
    `${rules(1)}}`,
  ].join('')
}

function lineOf({ points }: Line, at: number, x: (value: number) => number, y: (value: number) => number): string {
  const path = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('')
  const every = Math.ceil(points.length / MOST_MARKS)
  const marked = points.filter((_, index) => index % every === 0 || index === points.length - 1)
  const marks = marked.map((point) => `${mark(at, x(point.x), y(point.y), `${figure(point.x)}, ${figure(point.y)}`)}`)
  return `<path class="line${at % COLOURS.length}" d="${path}"/>${marks.join('')}`
}

/** Shapes differ too: a plot must not depend on colour. */
function mark(at: number, x: number, y: number, title: string): string {
  const paths: Readonly<Record<(typeof MARKS)[number], string>> = {
    circle: `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z`,
    square: `M${x - 4} ${y - 4}h8v8h-8Z`,
    triangle: `M${x} ${y - 5}l5 9h-10Z`,
    diamond: `M${x} ${y - 5}l5 5l-5 5l-5 -5Z`,
  }
  return `<path class="mark${at % COLOURS.length}" d="${paths[MARKS[at % MARKS.length] ?? 'circle']}"><title>${escaped(title)}</title></path>`
}

/** Two columns. */
function legendOf(name: string, at: number, top: number): string {
  const x = FRAME.left + (at % 2) * 310
  const y = top + Math.floor(at / 2) * 20
  return `<path class="line${at % COLOURS.length}" d="M${x} ${y}h22"/>${mark(at, x + 11, y, name)}<text x="${x + 30}" y="${y + 4}">${escaped(name)}</text>`
}

interface Scale {
  readonly of: (value: number) => number
  readonly ticks: readonly number[]
}

/** From values to a place on the page. A linear scale begins at 0, so that a small difference looks small. */
function scaleOf(values: readonly number[], { scale }: Axis, from: number, to: number): Scale {
  const isLog = scale === 'log'
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const ticks = scale === 'count' ? counts(least, most) : isLog ? decades(least, most) : steps(most)
  const place = isLog ? Math.log10 : (value: number) => value
  const [low, high] = [place(ticks[0] ?? 0), place(ticks.at(-1) ?? 1)]
  return {
    ticks,
    of: (value) => Math.round((from + ((place(value) - low) / (high - low || 1)) * (to - from)) * 10) / 10,
  }
}

/** 1, 2 and 5 of every power of ten, around the values; powers alone where that would be too many. */
function decades(least: number, most: number): readonly number[] {
  const powers = Array.from({ length: 24 }, (_, at) => 10 ** (at - 12))
  const fine = powers.flatMap((power) => [power, 2 * power, 5 * power])
  const around = (all: readonly number[]): readonly number[] => {
    const first = all.findLastIndex((tick) => tick <= least)
    const last = all.findIndex((tick) => tick >= most)
    return all.slice(Math.max(0, first), last + 1)
  }
  const close = around(fine)
  const ticks = close.length > 9 ? around(powers) : close
  return ticks.length > 1 ? ticks : [least, least * 10]
}

/** Every whole number; steps from 0 where those would be too many. */
function counts(least: number, most: number): readonly number[] {
  const length = most - least + 1
  return length > 1 && length <= 10 ? Array.from({ length }, (_, at) => least + at) : steps(most)
}

function steps(most: number): readonly number[] {
  const rough = (most || 1) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step)
}

const figure = (value: number): string =>
  value.toLocaleString('en', { maximumSignificantDigits: value >= 1_000 ? 4 : 3 })
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
