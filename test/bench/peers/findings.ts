/**
 * What a run found: rows of the table, targets, points of the plots. Written as JSON, and read again by the plots.
 *
 * @module
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { syncCost } from '../ground.ts'
import type { Figures } from './timing.ts'

/** One system under one load. */
export interface SystemRow extends Figures {
  readonly system: string
  readonly question: string
  readonly callers: number
}

/** A target of docs/performance.md, and what was measured. */
export interface TargetRow {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly most?: number
  readonly least?: number
  /** Of what size or with what reservation it was measured. */
  readonly note?: string
}

/** A row that could not be measured. */
export interface Missing {
  readonly what: string
  readonly reason: string
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** One line of a plot. */
export interface Series {
  readonly plot: 'load' | 'chain' | 'crowd' | 'pdps' | 'revocation'
  readonly name: string
  readonly points: readonly Point[]
}

export interface Machine {
  readonly at: string
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  readonly node: string
  readonly loadBefore: number
  readonly loadAfter: number
  /** One `fdatasync` of a small append, in milliseconds. */
  readonly syncMs: number
}

/** @param loadBefore - Load average before the run. */
export function machineNow(loadBefore: number): Machine {
  return {
    at: new Date().toISOString(),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
    // The disk that the PDPs' logs are on.
    syncMs: syncCost(process.cwd()),
  }
}

export interface Findings {
  readonly isQuick: boolean
  readonly machine: Machine
  readonly systems: readonly SystemRow[]
  readonly targets: readonly TargetRow[]
  readonly missing: readonly Missing[]
  readonly series: readonly Series[]
  /** Where the PDP's CPU time goes, largest first: shown beside missed targets. */
  readonly profile: readonly { readonly where: string; readonly share: number }[]
}

/** Collects what the parts find, in order. */
export class Notebook {
  readonly systems: SystemRow[] = []
  readonly targets: TargetRow[] = []
  readonly missing: Missing[] = []
  readonly series: Series[] = []
  readonly profile: { where: string; share: number }[] = []

  figure(system: string, question: string, callers: number): Figures | undefined {
    return this.systems.find((row) => row.system === system && row.question === question && row.callers === callers)
  }

  target(row: TargetRow): void {
    if (Number.isFinite(row.value)) this.targets.push(row)
    else this.missing.push({ what: row.what, reason: 'nothing to compare with was measured' })
  }
}

export const isMet = ({
  value,
  most = Number.POSITIVE_INFINITY,
  least = Number.NEGATIVE_INFINITY,
}: TargetRow): boolean => value <= most && value >= least
