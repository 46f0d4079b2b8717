/**
 * Compiled programs of authorization models by the model's id, read from the store that keeps the models: a model is known here whichever PDP wrote
 * it, and a policy that is no longer in force can be evaluated for a replay.
 *
 * @module
 */
import { loadProgram, type Program } from '../engine/engine.ts'
import { LruCache } from '../runtime/lru-cache.ts'

export interface ProgramsOptions {
  /** Reads a model in the form that the engine takes. Rejects with `Fault('relations_unavailable')`. */
  readonly readModel: (modelId: string) => Promise<object>
  /** Called once for each model of which the engine leaves something, or all, to the store. */
  readonly onRefused: (modelId: string, refused: readonly string[]) => void
}

/** Models beside the one in force: of policies that are being replaced, and of decisions that are replayed. */
const CAPACITY = 8

export class Programs {
  readonly #options: ProgramsOptions
  readonly #programs = new LruCache<Program | 'refused'>(CAPACITY)
  readonly #loading = new Map<string, Promise<Program | 'refused'>>()

  constructor(options: ProgramsOptions) {
    this.#options = options
  }

  /** @returns `undefined` for a model that is not loaded; `refused` for one that the engine cannot evaluate at all. */
  get(modelId: string): Program | 'refused' | undefined {
    return this.#programs.get(modelId)
  }

  /** Reads and compiles a model; callers at the same time share it. */
  load(modelId: string): Promise<Program | 'refused'> {
    const running = this.#loading.get(modelId)
    if (running) return running
    const loading = this.#load(modelId).finally(() => this.#loading.delete(modelId))
    this.#loading.set(modelId, loading)
    return loading
  }

  async #load(modelId: string): Promise<Program | 'refused'> {
    const loaded = loadProgram(await this.#options.readModel(modelId))
    const refused = 'problems' in loaded ? loaded.problems : loaded.refused
    if (refused.length > 0) this.#options.onRefused(modelId, refused)
    const program = 'problems' in loaded ? 'refused' : loaded
    this.#programs.set(modelId, program)
    return program
  }
}
