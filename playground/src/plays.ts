/**
 * Checks and plays packs that exist as text only, each version on PDPs of its own. Runs in a worker thread: compiling and deciding block the thread.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  type CasedPack,
  checkTexts,
  type PlayIssuer,
  playQuestions,
  type RunningPlayed,
  StepFailed,
  startPlayed,
  startPlayIssuer,
  World,
} from '@mandate/cases'
import { PolicyError, type PolicySources } from '@mandate/pdp'
import { Fault } from '@mandate/protocol'
import { pino } from 'pino'
import type { z } from 'zod'
import type { AskAnswer, askRequestSchema, CaseAnswer, CheckAnswer, Question, Texts } from './api.ts'
import { mistakeOf, mistakesOf, outlineOf } from './outline.ts'

/** The pack's folder name, and the core model that its own extends. */
export interface PackFrame {
  readonly name: string
  readonly core: string
}

/** A PDP on which questions are asked. */
interface AskedWorld {
  readonly key: string
  readonly played: RunningPlayed
  readonly world: World
}

interface Checked {
  readonly key: string
  readonly sources: PolicySources
  readonly pack: CasedPack | undefined
  readonly answer: CheckAnswer
}

/** Plays one pack's versions. Keeps the newest one compiled, and one PDP for questions. */
export class Plays {
  readonly #frame: PackFrame
  readonly #issuer: Promise<PlayIssuer>
  #checked: Checked | undefined
  #asked: Promise<AskedWorld> | undefined
  #askedKey = ''

  constructor(frame: PackFrame) {
    this.#frame = frame
    this.#issuer = startPlayIssuer()
  }

  /** Checks a version. A mistake is a result, no error. */
  check(texts: Texts): CheckAnswer {
    return this.#examine(texts).answer
  }

  /** Plays one case on a PDP with an empty store. */
  async playCase(texts: Texts, index: number): Promise<CaseAnswer> {
    const { pack, sources } = this.#examine(texts)
    const played = pack?.file.cases[index]
    if (!pack || !played) return { results: [] }
    // Without facts.yaml, as `policy test` plays it: the sample facts are no part of a case.
    const pdp = await this.#start(pack, sources, 'frozen')
    try {
      const { refused, differences } = await playQuestions(pack, played, index, pdp)
      if (refused !== undefined) return { refused: mistakeOf(refused, this.#frame.name), results: [] }
      const lineOf = (at: number): number => Number(pack.where(['cases', index, 'then', at]).split(':').at(-1))
      return {
        results: differences.map((difference, at) => ({
          line: lineOf(at),
          ...(difference === undefined ? {} : { difference }),
        })),
      }
    } finally {
      // Nothing waits for a PDP to stop.
      pdp.close().catch(() => undefined)
    }
  }

  /** Asks one question on what the pack declares and the `given` of a case; without a case, on the facts of `facts.yaml` too. */
  async ask(request: z.infer<typeof askRequestSchema>): Promise<AskAnswer> {
    try {
      const { world } = await this.#world(request.texts, request.case)
      const { question } = request
      const asked = await world.ask({ ...question, ask: lineOf(question) })
      const grants = Object.fromEntries(
        world.grants.map(({ id, redelegations, limits }) => [id, { redelegations, limits: [...limits] }]),
      )
      return { decision: asked.decision, context: asked.context, request: asked.request, grants }
    } catch (error) {
      if (error instanceof StepFailed || error instanceof PolicyError)
        return { refused: mistakeOf(error.message, this.#frame.name) }
      if (error instanceof Fault) return { refused: { line: 1, message: error.detail ?? error.message } }
      throw error
    }
  }

  #examine(texts: Texts): Checked {
    const key = createHash('sha256').update(JSON.stringify(texts)).digest('hex')
    if (this.#checked?.key === key) return this.#checked
    const { name, core } = this.#frame
    const sources = { core, packs: [{ name, model: texts['model.fga'], manifest: texts['manifest.yaml'] }] }
    const [cases, facts] = [texts['cases.yaml'] || undefined, texts['facts.yaml'] || undefined]
    const { problems, packs, policies } = checkTexts(sources, () => ({ cases, facts }), { cases: 'optional' })
    const mistakes = mistakesOf(problems, name)
    const [pack] = problems.length === 0 ? packs : []
    const [compiled] = policies?.packs ?? []
    const answer = { mistakes, ...(pack && compiled ? { outline: outlineOf(pack, compiled) } : {}) }
    this.#checked = { key, sources, pack, answer }
    return this.#checked
  }

  /** The PDP of a version and case; the one of the version before is closed. */
  async #world(texts: Texts, index: number | undefined): Promise<AskedWorld> {
    const checked = this.#examine(texts)
    const key = `${checked.key} ${index ?? ''}`
    if (this.#asked && this.#askedKey === key) return this.#asked
    const before = this.#asked
    this.#askedKey = key
    this.#asked = this.#createWorld(checked, index, key)
    before?.then(({ played }) => played.close()).catch(() => undefined)
    // A world that could not be made is tried again.
    this.#asked.catch(() => {
      if (this.#askedKey === key) this.#asked = undefined
    })
    return this.#asked
  }

  async #createWorld({ pack, sources, answer }: Checked, index: number | undefined, key: string): Promise<AskedWorld> {
    const [mistake] = answer.mistakes
    if (!pack) throw new StepFailed(`the pack has a mistake: ${mistake?.message ?? 'it is empty'}`)
    const played = await this.#start(pack, sources, 'machine')
    try {
      if (index === undefined && pack.facts.length > 0)
        await played.pdp.operator.writeFacts(pack.manifest.domain, pack.facts)
      const world = new World(pack, played)
      await world.begin()
      if (index !== undefined) await world.play(pack.file.cases[index]?.given ?? [], ['cases', index, 'given'])
      return { key, played, world }
    } catch (error) {
      played.close().catch(() => undefined)
      throw error
    }
  }

  async #start(pack: CasedPack, sources: PolicySources, clock: 'machine' | 'frozen'): Promise<RunningPlayed> {
    return startPlayed({
      issuer: await this.#issuer,
      manifests: [pack.manifest],
      readPolicies: async () => sources,
      clock,
      logger: pino({ level: 'silent' }),
    })
  }
}

/** The question as a line of the notation. */
function lineOf({ subject, actor, persona, action, what }: Question): string {
  const by = actor === undefined ? '' : `${actor} for `
  const as = persona === undefined ? '' : ` as ${persona}`
  return `${by}${subject}${as} ${action} ${what}`
}
