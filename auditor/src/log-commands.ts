/**
 * The commands on a decision log: options, texts and examples, for `mandate-audit` and `mandate log`. Imports nothing, so that help costs nothing; what a
 * command does is imported when it runs.
 *
 * @module
 */
import type { ParsedOptions, ProcessIo } from './command-line.ts'

/** An option of a command. */
export interface LogOption {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly short?: string
  /** Name of its value in the help: `PARTY`. */
  readonly value?: string
  readonly help: string
  readonly choices?: readonly string[]
}

/** A command on a log. */
export interface LogCommand {
  readonly summary: string
  /** Whether it takes the id of a decision. */
  readonly takesId: boolean
  readonly options: Readonly<Record<string, LogOption>>
  /** Command lines without the program's name: of `mandate-audit`, and of `mandate log`. */
  readonly examples: readonly string[]
  /** Imports the function that runs it and returns the exit code. */
  readonly load: () => Promise<(options: ParsedOptions, io: ProcessIo) => Promise<number>>
}

const text = (value: string, help: string): LogOption => ({ type: 'string', value, help })
const flag = (help: string): LogOption => ({ type: 'boolean', help })
const several = (value: string, help: string): LogOption => ({ ...text(value, help), multiple: true })
const helpOption: LogOption = { ...flag('print help'), short: 'h' }
const json = flag('print JSON')

/** Options that say where a log is read from. */
export const SOURCE_OPTIONS: Readonly<Record<string, LogOption>> = {
  url: several('URL', 'a PDP; repeatable, for several that share an index'),
  dir: text('LOG', 'a log directory, live or copied; works without a PDP'),
  'token-file': text('FILE', 'a file with a bearer token; default MANDATE_TOKEN'),
  json,
  help: helpOption,
}

/** The filters of the log. `test/unit` compares them with those of the protocol. */
export const FILTER_OPTIONS: Readonly<Record<string, LogOption>> = {
  subject: text('PARTY', 'whose authority was used: user:…, agent:… or service:…'),
  actor: text('PARTY', 'who acted'),
  member: text('PARTY', 'delegator or delegate in the chain of grants'),
  resource: text('TYPE:ID', 'the resource'),
  under: text('TYPE:ID', 'the resource and everything below it'),
  action: text('NAME', 'the action'),
  decision: { ...text('WHICH', 'the outcome'), choices: ['permit', 'deny'] },
  reason: text('CODE', 'code of any reason, or of a problem'),
  kind: text('KIND', 'kind of entry, such as evaluation or grant_issued'),
  caller: text('PARTY', 'who called the PDP'),
  grant: text('ID', 'a grant in the chain, or that was given or revoked'),
  from: text('TIME', 'RFC 3339, inclusive'),
  to: text('TIME', 'RFC 3339, exclusive'),
}

const key = several('VKEY', "the log's trusted verifier key, or a file with one key per line; repeatable")
const ID = '01KC0000000000000000000000'

/** By name. */
export const LOG_COMMANDS: Readonly<Record<string, LogCommand>> = {
  query: {
    summary: 'list entries, newest first',
    takesId: false,
    options: { ...SOURCE_OPTIONS, ...FILTER_OPTIONS, limit: text('N', 'how many; default 50') },
    examples: ['query --actor agent:booking-agent --decision deny', 'query --dir ./log --under workflow:w-17 --json'],
    load: async () => (await import('./query.ts')).query,
  },
  show: {
    summary: 'print one entry in full',
    takesId: true,
    options: SOURCE_OPTIONS,
    examples: [`show ${ID}`, `show --dir ./log ${ID}`],
    load: async () => (await import('./query.ts')).show,
  },
  verify: {
    summary: 'verify a whole log, or one entry by its proof; offline, with trusted keys',
    takesId: false,
    options: {
      dir: text('LOG', 'the log directory'),
      proof: text('FILE', 'the proof of one entry, as written by prove'),
      entry: text('FILE', 'that entry'),
      key,
      checkpoint: text('FILE', 'a checkpoint saved earlier: detects truncation and forks since then'),
      remember: flag('save the newest checkpoint to that file when the verification succeeds'),
      anchor: text('FILE', 'checkpoints kept by an anchor (PDP_ANCHOR_FILE)'),
      witness: several('VKEY', 'trusted key of a witness that must have cosigned; repeatable'),
      quorum: text('N', 'how many of these witnesses must have cosigned; default all'),
      archive: text('DIR', 'archive of the old ("sealed") entries'),
      'archive-key': text('FILE', 'the key of the archive'),
      sealed: flag('the same as --hashes-only'),
      'hashes-only': flag('verify archived entries by their hashes, without reading them'),
      json,
      help: helpOption,
    },
    examples: [
      'verify --dir ./log --key ./log.vkey --checkpoint ./seen.checkpoint --remember',
      'verify --proof hotel.tlog-proof --entry hotel.json --key ./log.vkey',
    ],
    load: async () => (await import('./verify-command.ts')).verify,
  },
  prove: {
    summary: 'write the proof that an entry is in the log',
    takesId: true,
    options: {
      ...SOURCE_OPTIONS,
      key: { ...key, help: 'verify the proof with this key first, and write nothing if that fails; repeatable' },
      out: text('FILE', 'file for the proof; default standard output'),
      'entry-out': text('FILE', "file for the entry's canonical JSON, the bytes that the log hashes"),
    },
    examples: [`prove ${ID} --out hotel.tlog-proof --entry-out hotel.json`],
    load: async () => (await import('./prove.ts')).prove,
  },
  watch: {
    summary: 'print new entries as they are logged, until Ctrl-C',
    takesId: false,
    options: { ...SOURCE_OPTIONS, ...FILTER_OPTIONS, limit: text('N', 'stop after so many') },
    examples: ['watch --member agent:booking-agent'],
    load: async () => (await import('./watch.ts')).watch,
  },
  export: {
    summary: 'write all matching entries to a file',
    takesId: false,
    options: {
      ...SOURCE_OPTIONS,
      ...FILTER_OPTIONS,
      format: { ...text('NAME', 'of the file; default jsonl'), choices: ['jsonl', 'csv', 'ocsf'] },
      out: text('FILE', 'the file, complete or not at all; default standard output'),
    },
    examples: ['export --dir ./log --from 2026-10-01T00:00:00Z --format csv --out october.csv'],
    load: async () => (await import('./export.ts')).exportEntries,
  },
  replay: {
    summary: 'evaluate the request of a decision again, and compare; needs a PDP',
    takesId: true,
    options: {
      ...SOURCE_OPTIONS,
      policy: text(
        'VERSION',
        'with this version of the policy, in place of the one in force; facts are the present ones',
      ),
    },
    examples: [`replay ${ID}`, `replay ${ID} --policy travel@66342e15dc78`],
    load: async () => (await import('./replay.ts')).replay,
  },
  witness: {
    summary: 'cosign checkpoints of logs that only append (C2SP tlog-witness), until Ctrl-C',
    takesId: false,
    options: {
      listen: text('HOST:PORT', 'address of its HTTP server'),
      log: several('ORIGIN=VKEY', 'a log and its key; repeatable'),
      state: text('DIR', "directory for the witness's key and the checkpoints that it cosigned"),
      name: text('NAME', 'name of the key when it is created; default mandate-witness.invalid'),
      help: helpOption,
    },
    examples: [
      'witness --listen 127.0.0.1:7500 --log example.com/foo=example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k --state ./witness',
    ],
    load: async () => (await import('./witness/cli.ts')).witness,
  },
}
