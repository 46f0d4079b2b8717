/**
 * State model of the fenced writer, explored exhaustively by `writer.test.ts`. One process makes two changes of one tuple: it writes it without an
 * answer, then deletes it and reports that. The network may delay, repeat and drop each request; the process may crash once and restart.
 *
 * @module
 */

/** Variants of the writer: `marker` is the real one, each other variant omits one part of it. */
export type FenceKind = 'marker' | 'none' | 'look' | 'other-marker' | 'forgotten'

/** A request to the store, refused as a whole when a tuple to write exists. Deleting an absent tuple is ignored. */
interface Request {
  readonly name: string
  readonly writes: readonly string[]
  readonly deletes: readonly string[]
}

interface State {
  readonly store: readonly string[]
  /** Requests in flight, by name; each may arrive up to twice. */
  readonly network: readonly string[]
  readonly step: 'begin' | 'sent' | 'decided' | 'narrowing' | 'answered'
  /** Whether the process still knows that its first change is undecided. */
  readonly knows: boolean
  readonly crashed: boolean
}

const REQUESTS: Readonly<Record<string, Request>> = {
  widen: { name: 'widen', writes: ['authority', 'marker'], deletes: [] },
  withdraw: { name: 'withdraw', writes: ['marker'], deletes: [] },
  'withdraw-otherwise': { name: 'withdraw-otherwise', writes: ['other marker'], deletes: [] },
  narrow: { name: 'narrow', writes: [], deletes: ['authority'] },
}

/** Most copies of one request in flight. */
const COPIES = 2

export function violations({ fence }: { readonly fence: FenceKind }): {
  readonly states: number
  readonly found: readonly string[]
} {
  const seen = new Set<string>()
  const found: string[] = []
  const begin: State = { store: [], network: [], step: 'begin', knows: false, crashed: false }
  const queue: { readonly state: State; readonly trace: readonly string[] }[] = [{ state: begin, trace: [] }]
  for (let at = queue.pop(); at; at = queue.pop()) {
    const key = JSON.stringify(at.state)
    if (seen.has(key)) continue
    seen.add(key)
    if (at.state.step === 'answered' && at.state.store.includes('authority')) found.push(at.trace.join(', '))
    for (const [label, state] of steps(at.state, fence)) queue.push({ state, trace: [...at.trace, label] })
  }
  return { states: seen.size, found: found.slice(0, 1) }
}

type Step = readonly [label: string, state: State]

function steps(state: State, fence: FenceKind): readonly Step[] {
  return [...deliveries(state), ...repeats(state), ...crash(state, fence), ...process(state, fence)]
}

/** The network delivers or drops any request in flight. */
function deliveries(state: State): readonly Step[] {
  return [...new Set(state.network)].flatMap((name): Step[] => {
    const network = without(state.network, name)
    return [
      [`${name} lost`, { ...state, network }],
      [`${name} arrives`, { ...state, network, store: applied(state.store, name) }],
    ]
  })
}

function repeats(state: State): readonly Step[] {
  return [...new Set(state.network)]
    .filter((name) => state.network.filter((other) => other === name).length < COPIES)
    .map((name): Step => [`${name} doubled`, { ...state, network: [...state.network, name].sort() }])
}

/** A crash keeps the journal on disk, which lists the pending change, unless the variant omits the journal. */
function crash(state: State, fence: FenceKind): readonly Step[] {
  if (state.crashed || state.step === 'begin' || state.step === 'answered') return []
  const step = state.step === 'narrowing' ? 'decided' : state.step
  return [['crash', { ...state, step, crashed: true, knows: state.knows && fence !== 'forgotten' }]]
}

/** The process decides by reading the store, never by a request's answer. */
function process(state: State, fence: FenceKind): readonly Step[] {
  const send = (name: string, next: Partial<State>): Step => [
    `send ${name}`,
    { ...state, network: [...state.network, name].sort(), ...next },
  ]
  switch (state.step) {
    case 'begin':
      return [send('widen', { step: 'sent', knows: true })]
    case 'sent':
      return decide(state, fence, send)
    case 'decided':
      return [send('narrow', { step: 'narrowing' })]
    case 'narrowing':
      // The deletion reports success only after the process has seen its own Write carried out.
      return state.store.includes('authority') || state.network.includes('narrow')
        ? []
        : [['answered', { ...state, step: 'answered' }]]
    case 'answered':
      return []
  }
}

function decide(state: State, fence: FenceKind, send: (name: string, next: Partial<State>) => Step): readonly Step[] {
  const go = (label: string): Step => [label, { ...state, step: 'decided', knows: false }]
  if (fence === 'none' || !state.knows) return [go('give up')]
  if (fence === 'look') return [go('look')]
  if (fence === 'other-marker')
    return state.store.includes('other marker') ? [go('withdrawn')] : [...again(state, 'withdraw-otherwise', send)]
  // The marker exists once either the change's own Write or its withdrawal was carried out.
  return state.store.includes('marker') ? [go('marker read')] : [...again(state, 'withdraw', send)]
}

const again = (state: State, name: string, send: (name: string, next: Partial<State>) => Step): readonly Step[] =>
  state.network.filter((other) => other === name).length < COPIES ? [send(name, {})] : []

function applied(store: readonly string[], name: string): readonly string[] {
  const request = REQUESTS[name]
  if (!request || request.writes.some((tuple) => store.includes(tuple))) return store
  return [...new Set([...store.filter((tuple) => !request.deletes.includes(tuple)), ...request.writes])].sort()
}

function without(network: readonly string[], name: string): readonly string[] {
  const index = network.indexOf(name)
  return [...network.slice(0, index), ...network.slice(index + 1)]
}
