/**
 * A shell that stays open, for tests that run a page's commands as a reader does.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'

/** An open shell. */
export interface Shell {
  /** Runs commands and resolves to what they printed. @throws Error with the output when one of them fails. */
  readonly run: (commands: string) => Promise<string>
  /** Starts commands that go on, and resolves when they have printed this. @throws Error with the output when they end before. */
  readonly start: (commands: string, until: string) => Promise<void>
  /** Interrupts what runs, as Ctrl-C, and waits for its end. */
  readonly close: () => Promise<void>
}

/** Opens `bash` in a folder. */
export function openShell(cwd: string, env: Readonly<Record<string, string>>): Shell {
  const child = spawn('bash', ['--noprofile', '--norc'], { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let printed = ''
  const changes = new EventEmitter()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      changes.emit('change')
    })
  void ended.then(() => changes.emit('change'))
  const until = async (marker: string): Promise<string> => {
    while (!printed.includes(marker)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the shell ended:\n${printed}`)
      await once(changes, 'change')
    }
    return printed
  }
  child.stdin.write('set -eo pipefail\n')
  let count = 0
  return {
    run: async (commands) => {
      const marker = `::done ${++count}::`
      printed = ''
      child.stdin.write(`${commands}\necho '${marker}'\n`)
      return (await until(marker)).replace(`${marker}\n`, '')
    },
    start: async (commands, marker) => {
      child.stdin.write(`${commands}\n`)
      await until(marker)
    },
    close: async () => {
      child.stdin.end()
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT')
      await ended
    },
  }
}
